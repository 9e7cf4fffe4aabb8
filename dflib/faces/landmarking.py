"""68 landmarks per face, by dflib's own network or by the face-alignment package."""

import warnings
from functools import lru_cache

import numpy as np

from dflib.faces.backend_dflib import network_landmarks
from dflib.faces.backend_face_alignment import WeightsUnavailable, face_alignment_landmarks, face_alignment_model
from dflib.faces.detection import detect
from dflib.faces.points import as_rgb

BACKENDS = ("auto", "face-alignment", "dflib")


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
    backend, image = backend_used(backend), as_rgb(image)
    boxes = detect(image) if boxes is None else _check_boxes(boxes)
    if not len(boxes):
        return np.zeros((0, 68, 2), np.float32)
    return network_landmarks(image, boxes) if backend == "dflib" else face_alignment_landmarks(image, boxes)


def backend_used(backend: str) -> str:
    """"dflib" or "face-alignment", whichever ``backend`` means on this machine; ValueError for an unknown one."""
    if backend not in BACKENDS:
        raise ValueError(f"Unknown landmark backend {backend!r}: choose one of {', '.join(BACKENDS)}.")
    if backend == "auto":
        return "face-alignment" if _face_alignment_usable() else "dflib"
    return backend


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
