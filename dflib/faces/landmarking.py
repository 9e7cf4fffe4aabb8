"""68 landmarks per face, by dflib's own network or by the face-alignment package."""

import warnings
from functools import lru_cache

import numpy as np

from .alignment import inverse, transform, warp
from .backend_face_alignment import WeightsUnavailable, face_alignment_landmarks, face_alignment_model
from .detection import detect
from .points import as_rgb, box_around
from .scenes import crop_matrix

BACKENDS = ("auto", "face-alignment", "dflib")
BATCH = 32  # faces that pass the network together


def landmarks(image, backend="auto", boxes=None) -> np.ndarray:
    """Landmarks (N, 68, 2) float32 in pixels of the faces in ``image``, in the order of their boxes.

    ``image`` is uint8 RGB (H, W, 3); see `as_rgb` for what else is taken. ``boxes`` (N, 4) are as from `detect`, which
    is asked when they are None: largest face first, and (0, 68, 2) when there is none. Points may lie beyond the
    border.

    ``backend``: "dflib" is a network trained on renders alone; its jaw line marks fixed places of the head, also where
    the cheek hides them. "face-alignment" is the network of Bulat and Tzimiropoulos 2017, trained on photographs, whose
    jaw line follows the visible contour; its first use fetches 91 MiB. "auto" takes face-alignment where its weights
    can be had and else dflib's, with one warning.

    ValueError for another backend or shape; `WeightsUnavailable` (an OSError) from "face-alignment" without weights.
    """
    if backend not in BACKENDS:
        raise ValueError(f"Unknown landmark backend {backend!r}: choose one of {', '.join(BACKENDS)}.")
    image = as_rgb(image)
    boxes = detect(image) if boxes is None else _check_boxes(boxes)
    if not len(boxes):
        return np.zeros((0, 68, 2), np.float32)
    if backend == "dflib" or (backend == "auto" and not _face_alignment_usable()):
        return network_landmarks(image, boxes)
    return face_alignment_landmarks(image, boxes)


def _check_boxes(boxes):
    boxes = np.asarray(boxes, dtype=np.float32)
    if boxes.size == 0:
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"Boxes must have the shape (N, 4), not {boxes.shape}.")
    if not (np.isfinite(boxes).all() and (boxes[:, 2:] > boxes[:, :2]).all()):
        raise ValueError("Each box must hold finite x0 y0 x1 y1 with x0 < x1 and y0 < y1.")
    return boxes


@lru_cache(maxsize=1)
def _face_alignment_usable() -> bool:
    """Whether face-alignment's weights are here or can be fetched; asked once per process."""
    try:
        face_alignment_model()
    except WeightsUnavailable as reason:
        warnings.warn(f"{reason} dflib's own landmark network is used instead.", stacklevel=3)
        return False
    return True


@lru_cache(maxsize=1)
def _network():
    from dflib.checkpoints import load, shipped

    from .network import LandmarkNetwork

    return load(shipped("landmarks"), LandmarkNetwork())[0].eval()


def network_landmarks(image, boxes, network=None, passes=2) -> np.ndarray:
    """Landmarks (N, 68, 2) float32 by dflib's network (or ``network``) for ``boxes`` (N, 4) in ``image``.

    The first pass looks at the box; each further one at the upright crop that the points of the one before ask for.
    """
    network = network or _network()
    matrices = [crop_matrix(box) for box in boxes]
    for _ in range(passes):
        points = _pass(image, matrices, network)
        matrices = [upright_crop(found) for found in points]
    return points.astype(np.float32)


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


def _pass(image, matrices, network):
    """Points (N, 68, 2) in the picture, seen through the crops of ``matrices``."""
    import torch

    from .network import SIDE, expected_points

    crops = np.stack([warp(image, matrix, (SIDE, SIDE)) for matrix in matrices])
    found = []
    with torch.inference_mode():
        for start in range(0, len(crops), BATCH):
            tensor = torch.from_numpy(crops[start:start + BATCH]).permute(0, 3, 1, 2).float() / 127.5 - 1
            found.append(expected_points(network(tensor)).numpy())
    points = np.concatenate(found).astype(np.float64)
    return np.stack([transform(p, inverse(matrix)) for p, matrix in zip(points, matrices)])
