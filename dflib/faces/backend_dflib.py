"""Landmarks from dflib's own network, and how sure it is that it sees a face at all."""

from functools import lru_cache

import numpy as np

from dflib.faces.alignment import inverse, transform, warp
from dflib.faces.points import INNER, box_around
from dflib.faces.scenes import crop_matrix
from dflib.pictures import as_tensor

BATCH = 32  # faces that pass the network together


@lru_cache(maxsize=1)
def _network():
    from dflib.checkpoints import load, shipped

    from dflib.faces.network import LandmarkNetwork

    return load(shipped("landmarks"), LandmarkNetwork())[0].eval()


def network_landmarks(image, boxes, network=None, passes=2) -> np.ndarray:
    """Landmarks (N, 68, 2) float32 by dflib's network (or ``network``) for ``boxes`` (N, 4) in ``image``.

    The first pass looks at the box; each further one at the upright crop that the points of the one before ask for.
    """
    matrices = [crop_matrix(box) for box in boxes]
    for _ in range(passes):
        points, _ = _look(image, matrices, network or _network())
        matrices = [upright_crop(found) for found in points]
    return points.astype(np.float32)


def likeness(image, boxes, network=None) -> np.ndarray:
    """How sharply the network sees landmarks in ``boxes`` (N, 4) of ``image``, upright and upside-down: (N, 2).

    It is the highest cell of a heat map, averaged over all points but the jaw: the network, trained on upright faces,
    spreads its points where it is shown anything else, and a face on its head looks better to it upside-down.
    """
    matrices = [crop_matrix(box, angle) for angle in (0.0, 180.0) for box in boxes]
    return _look(image, matrices, network or _network())[1].reshape(2, -1).T


def upright_crop(landmarks) -> np.ndarray:
    """The crop matrix (2, 3) in which the face of ``landmarks`` (68, 2) stands upright."""
    right_eye, left_eye = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    angle = np.degrees(np.arctan2(*(left_eye - right_eye)[::-1]))
    # the box is measured along the face, then its centre is taken back into the picture
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    x0, y0, x1, y1 = box_around(landmarks @ rotation.T)
    centre = rotation.T @ [(x0 + x1) / 2, (y0 + y1) / 2]
    half = np.array([x1 - x0, y1 - y0]) / 2
    return crop_matrix(np.concatenate([centre - half, centre + half]), angle)


def _look(image, matrices, network):
    """Points (N, 68, 2) in the picture, seen through the crops of ``matrices``, and their likeness (N,)."""
    import torch

    from dflib.faces.network import SIDE, expected_points

    crops = np.stack([warp(image, matrix, (SIDE, SIDE)) for matrix in matrices])
    points, peaks = [], []
    with torch.inference_mode():
        for start in range(0, len(crops), BATCH):
            tensor = as_tensor(crops[start:start + BATCH])
            logits = network(tensor)
            points.append(expected_points(logits).numpy())
            peaks.append(logits[:, INNER].flatten(2).softmax(dim=2).amax(dim=2).mean(dim=1).numpy())
    points = np.concatenate(points).astype(np.float64)
    return np.stack([transform(p, inverse(matrix)) for p, matrix in zip(points, matrices)]), np.concatenate(peaks)
