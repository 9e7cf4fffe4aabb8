"""How good the networks are on renders, where the truth is known: by yaw and by skin tone."""

import numpy as np

from .detection import detect, overlap
from .landmarking import network_landmarks
from .points import box_around, interocular

YAW_EDGES = (0, 10, 20, 30, 40)  # degrees either way
TONE_EDGES = (0.0, 1 / 3, 2 / 3, 1.0)  # thirds of the range of the cast's skin, light to dark
FOUND = 0.4  # intersection over union from which a box is that face


def landmark_errors(found, truth) -> np.ndarray:
    """Mean distance of the 68 points (…,) of ``found`` to ``truth`` (…, 68, 2), in per cent of the outer-eye distance."""
    distance = np.linalg.norm(np.asarray(found) - np.asarray(truth), axis=-1).mean(axis=-1)
    return 100 * distance / interocular(truth)


def network_errors(renders, network=None) -> np.ndarray:
    """Landmark errors (N,) in per cent of dflib's network (or ``network``) on ``renders``, given what `detect` finds.

    A face that the detector misses is measured from its true box, so that every face counts; detection has its own score.
    """
    errors = np.empty(len(renders))
    for row, (image, truth) in enumerate(zip(renders.image, renders.landmarks)):
        true_box = box_around(truth)
        boxes = [box for box in detect(image) if overlap(box, true_box) > FOUND] or [true_box]
        errors[row] = landmark_errors(network_landmarks(image, boxes[:1], network)[0], truth)
    return errors


def hits(renders, finder=detect) -> np.ndarray:
    """Whether ``finder(image) -> boxes`` finds exactly one face in each of ``renders``, at the true place: (N,) bool."""
    return np.array([
        len(boxes) == 1 and overlap(boxes[0], box_around(truth)) > FOUND
        for boxes, truth in ((finder(image), truth) for image, truth in zip(renders.image, renders.landmarks))
    ])


def by_bins(values, keys, edges) -> dict:
    """Mean of ``values`` (N,) where ``keys`` (N,) lie between neighbouring ``edges``: {"0–10": mean, …}, rounded."""
    values, keys = np.asarray(values, dtype=float), np.asarray(keys)
    means = {}
    for low, high in zip(edges, edges[1:]):
        rows = (keys >= low) & ((keys < high) | (high == edges[-1]) & (keys == high))
        if rows.any():
            means[f"{low:.2g}–{high:.2g}"] = round(float(values[rows].mean()), 4)
    return means


def report(renders) -> dict:
    """All figures of both networks on ``renders`` as plain numbers, for the checkpoint cards."""
    errors, found = network_errors(renders), hits(renders)
    yaw = np.abs(renders.yaw)
    return {
        "landmark error, % of outer-eye distance, by yaw": by_bins(errors, yaw, YAW_EDGES),
        "landmark error by skin tone": by_bins(errors, renders.tone, TONE_EDGES),
        "landmark error up to 20 degrees": round(float(errors[yaw <= 20].mean()), 4),
        "landmark error up to 40 degrees": round(float(errors[yaw <= 40].mean()), 4),
        "exactly one face at the true place, by yaw": by_bins(found, yaw, YAW_EDGES),
        "exactly one face at the true place, by skin tone": by_bins(found, renders.tone, TONE_EDGES),
        "a face in the upside-down picture": round(float(np.mean([len(detect(i[::-1, ::-1])) > 0 for i in renders.image])), 4),
    }
