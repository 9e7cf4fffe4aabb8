"""How faces are framed for StyleGAN: eyes and mouth always in the same place, as large as in lesson 01's crops."""
from __future__ import annotations

import cv2
import numpy as np
import torch.nn.functional as F
from torch import Tensor, tensor

from dflib.faces.alignment import TEMPLATE, similarity, warp
from dflib.faces.points import INNER
from dflib.metrics.network import CROP

ZOOM, LOWER = 1.0, 0.04                                     # a crop of lesson 01, moved towards the hair
TURNED = 25                                                 # degrees of yaw


def aligned_faces(faces, size: int, chosen=None) -> np.ndarray:
    """Crops (N, size, size, 3) uint8 of ``RenderedFaces``, eyes and mouth always in the same place, with most of the hair.

    FFHQ is aligned in the same way (app. A): what need not be learned leaves more for what must. Heads turned by more
    than ``TURNED`` degrees are left out; what lies outside a render is mirrored at its border. chosen: (N,) bool, which of
    the faces are wanted, by default all.
    """
    straight = np.abs(faces.attribute("yaw")) <= TURNED
    rows = np.flatnonzero(straight if chosen is None else straight & chosen)
    wanted = ((TEMPLATE - 0.5) * ZOOM + 0.5 + (0.0, LOWER)) * size - 0.5
    landmarks = faces.landmarks[rows][:, INNER]
    matrices = similarity(landmarks, np.broadcast_to(wanted, landmarks.shape))
    return np.stack([warp(faces.image(row), matrix, (size, size), cv2.BORDER_REFLECT)
                     for row, matrix in zip(rows, matrices)])


def known_crop(pictures: Tensor) -> Tensor:
    """(B, 3, S, S) as trained on -> (B, 3, 80, 80), as ``faces.align`` frames a face; differentiable, keeps the dtype."""
    frame = tensor([[ZOOM, 0, 0], [0, ZOOM, 2 * LOWER]], dtype=pictures.dtype, device=pictures.device)
    grid = F.affine_grid(frame.expand(len(pictures), 2, 3), (len(pictures), 3, CROP, CROP), align_corners=False)
    return F.grid_sample(pictures, grid, "bilinear", "border", align_corners=False)
