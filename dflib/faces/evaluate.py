"""How good the networks are on renders, where the truth is known: by yaw and by skin tone."""

import numpy as np

from dflib.faces.backend_dflib import network_landmarks
from dflib.faces.detection import detect, detect_cascade, overlap
from dflib.faces.points import box_around, interocular

YAW_EDGES = (0, 10, 20, 30, 40)  # degrees either way
TONE_EDGES = (0.0, 1 / 3, 2 / 3, 1.0)  # thirds of the range of the cast's skin, light to dark
FOUND = 0.4  # intersection over union from which a box is that face


def landmark_errors(found, truth) -> np.ndarray:
    """Mean distance (…,) of the 68 points of ``found`` to ``truth`` (…, 68, 2), in % of the outer-eye distance."""
    distance = np.linalg.norm(np.asarray(found) - np.asarray(truth), axis=-1).mean(axis=-1)
    return 100 * distance / interocular(truth)


def network_errors(renders, network=None) -> np.ndarray:
    """Landmark errors (N,) in per cent of dflib's network (or ``network``) on ``renders``, given what `detect` finds.

    A face that the detector misses is measured from its true box, so that every face counts.
    """
    errors = np.empty(len(renders))
    for row, (image, truth) in enumerate(zip(renders.image, renders.landmarks)):
        true_box = box_around(truth)
        boxes = [box for box in detect(image) if overlap(box, true_box) > FOUND] or [true_box]
        errors[row] = landmark_errors(network_landmarks(image, boxes[:1], network)[0], truth)
    return errors


def hits(renders, finder=detect, found=FOUND) -> np.ndarray:
    """Whether ``finder(image) -> boxes`` finds exactly one face in each of ``renders``, at its place: (N,) bool."""
    return np.array([
        len(boxes) == 1 and overlap(boxes[0], box_around(truth)) > found
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


def landmark_scores(renders) -> dict:
    """Figures of the landmark network on ``renders``, name -> number: errors in per cent of the outer-eye distance."""
    errors, yaw = network_errors(renders), np.abs(renders.yaw)
    return {
        "error up to 20 degrees of yaw": round(float(errors[yaw <= 20].mean()), 4),
        "error up to 40 degrees of yaw": round(float(errors[yaw <= 40].mean()), 4),
        **{f"error at yaw {name}": value for name, value in by_bins(errors, yaw, YAW_EDGES).items()},
        **{f"error at skin tone {name}": value for name, value in by_bins(errors, renders.tone, TONE_EDGES).items()},
    }


def detector_scores(renders) -> dict:
    """Figures of the detector and of the cascade on ``renders`` up to 40 degrees, name -> share from 0 to 1."""
    renders = renders[np.abs(renders.yaw) <= 40]
    yaw = np.abs(renders.yaw)
    scores = {"a face in the upside-down picture": round(float(np.mean([len(detect(image[::-1, ::-1])) > 0
                                                                        for image in renders.image])), 4)}
    # a cascade's box is square and ends above the chin: any overlap of a third is taken for a hit
    for name, found in (("detector", hits(renders)), ("cascade", hits(renders, detect_cascade, 0.33))):
        scores[f"{name} found exactly the face"] = round(float(found.mean()), 4)
        for what, keys, edges in (("yaw", yaw, YAW_EDGES), ("skin tone", renders.tone, TONE_EDGES)):
            scores.update({f"{name} at {what} {span}": mean for span, mean in by_bins(found, keys, edges).items()})
    return scores
