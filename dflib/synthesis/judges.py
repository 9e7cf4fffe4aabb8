"""What the course's two networks see in generated faces: who it is, which attributes, and features for distances.

The networks of :mod:`dflib.metrics` know the crops of lesson 01; the generators are trained on wider ones (see
``train.aligned_faces``), so each picture is cut to the framing that the networks know first.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..metrics.network import CROP
from .latents import as_images
from .train import LOWER, ZOOM


def known_crop(pictures: Tensor) -> Tensor:
    """(B, 3, S, S) as trained on -> (B, 3, 80, 80), as ``faces.align`` frames a face; differentiable, keeps the dtype."""
    frame = torch.tensor([[ZOOM, 0, 0], [0, ZOOM, 2 * LOWER]], dtype=pictures.dtype, device=pictures.device)
    grid = F.affine_grid(frame.expand(len(pictures), 2, 3), (len(pictures), 3, CROP, CROP), align_corners=False)
    return F.grid_sample(pictures, grid, "bilinear", "border", align_corners=False)


def face_features(pictures: Tensor) -> Tensor:
    """`metrics.features.face_features` (B, 320) of pictures (B, 3, S, S) in [-1, 1], as the generators frame them."""
    from ..metrics.features import face_features as features_of_known

    return features_of_known(known_crop(pictures))


def attributes_of(images: np.ndarray) -> dict:
    """`metrics.face_attributes` of pictures (N, S, S, 3) uint8: name -> (N,)."""
    from ..metrics import face_attributes

    return face_attributes(_known_images(images))


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`metrics.identity_similarity` of pictures (N, S, S, 3) uint8, pair by pair: cosines (N,)."""
    from ..metrics import identity_similarity

    return identity_similarity(_known_images(a), _known_images(b))


def scores(images: np.ndarray, held_out: np.ndarray) -> dict:
    """How near generated pictures come to pictures that were held out, both (N, S, S, 3) uint8, S a power of two from 16.

    name -> number: ``frechet`` in `face_features`, ``sliced_wasserstein`` (x 1000, mean of the levels), ``precision`` and
    ``recall``. All depend on N: compare sets of one size only.
    """
    from ..metrics import frechet_distance, precision_recall
    from ..metrics.wasserstein import pyramid_wasserstein

    quality = precision_recall(held_out, images, features=face_features)
    found = {"frechet": frechet_distance(held_out, images, features=face_features),
             "sliced_wasserstein": pyramid_wasserstein(held_out, images)["mean"],
             "precision": quality.precision, "recall": quality.recall}
    return {name: round(float(value), 3) for name, value in found.items()}


def _known_images(images: np.ndarray) -> np.ndarray:
    return as_images(known_crop(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1))
