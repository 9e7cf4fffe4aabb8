"""How good the networks are on renders, where the truth is known: by yaw and by skin tone."""

from functools import partial

import cv2
import numpy as np

from dflib.faces.backend_dflib import network_landmarks
from dflib.faces.detection import detect, detect_cascade, overlap
from dflib.faces.points import box_around, landmark_error

YAW_EDGES = (0, 10, 20, 30, 40)  # degrees either way
TONE_EDGES = (0.0, 1 / 3, 2 / 3, 1.0)  # thirds of the range of the cast's skin, light to dark
ASTRONAUT = np.array([178.0, 70, 268, 182])  # the box of her face in scikit-image's photograph, by hand
FOUND = 0.4  # intersection over union from which a box is that face


def network_errors(renders, networks=None) -> np.ndarray:
    """Landmark errors (N,) in per cent of dflib's networks (or ``networks``, as for `detect`) on ``renders``.

    A face that the detector misses is measured from its true box, so that every face counts.
    """
    errors = np.empty(len(renders))
    for row, (image, truth) in enumerate(zip(renders.image, renders.landmarks)):
        true_box = box_around(truth)
        boxes = [box for box in detect(image, networks=networks) if overlap(box, true_box) > FOUND] or [true_box]
        errors[row] = landmark_error(network_landmarks(image, boxes[:1], networks and networks[1])[0], truth)
    return errors


def hits(renders, finder=detect, found=FOUND) -> np.ndarray:
    """Whether ``finder(image) -> boxes`` finds exactly one face in each of ``renders``, at its place: (N,) bool."""
    return np.array([
        len(boxes) == 1 and overlap(boxes[0], box_around(truth)) > found
        for boxes, truth in ((finder(image), truth) for image, truth in zip(renders.image, renders.landmarks))
    ])


def copies() -> list:
    """A hundred copies of scikit-image's astronaut: (what was done, picture (H, W, 3) uint8, box (4,) of her face).

    Coded at 20 JPEG qualities; 25 sizes from 150 to 1500 px, and the same mirrored; 15 times darker or lighter; 15
    times cut off at the left and the top, which moves her over the cells of the networks.
    """
    from skimage import data

    photograph, side = data.astronaut(), 512

    def resized(picture, box, size):
        way = cv2.INTER_AREA if size < side else cv2.INTER_CUBIC
        return cv2.resize(picture, (size, size), interpolation=way), (box + 0.5) * size / side - 0.5

    made = []
    for quality in np.linspace(15, 98, 20).round().astype(int):
        coded = cv2.imencode(".jpg", photograph, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
        made.append((f"quality {quality}", cv2.imdecode(coded, cv2.IMREAD_COLOR), ASTRONAUT))
    x0, y0, x1, y1 = ASTRONAUT
    mirrored = np.ascontiguousarray(photograph[:, ::-1]), np.array([side - 1 - x1, y0, side - 1 - x0, y1])
    for size in np.geomspace(150, 1500, 25).round().astype(int):
        made.append((f"{size} px", *resized(photograph, ASTRONAUT, size)))
        made.append((f"{size} px, mirrored", *resized(*mirrored, size)))
    for factor in np.linspace(0.3, 1.7, 15):
        made.append((f"brightness {factor:.1f}", np.clip(photograph * factor, 0, 255).astype(np.uint8), ASTRONAUT))
    for number in range(15):
        left, top = 3 * number, 7 * number % 40
        cut = np.ascontiguousarray(photograph[top:, left:])
        made.append((f"without {left} columns and {top} rows", cut, ASTRONAUT - [left, top, left, top]))
    return made


def by_bins(values, keys, edges) -> dict:
    """Mean of ``values`` (N,) where ``keys`` (N,) lie between neighbouring ``edges``: {"0–10": mean, …}, rounded."""
    values, keys = np.asarray(values, dtype=float), np.asarray(keys)
    means = {}
    for low, high in zip(edges, edges[1:]):
        rows = (keys >= low) & ((keys < high) | (high == edges[-1]) & (keys == high))
        if rows.any():
            means[f"{low:.2g}–{high:.2g}"] = round(float(values[rows].mean()), 4)
    return means


def landmark_scores(renders, networks=None) -> dict:
    """Figures of the landmark network on ``renders``, name -> number: errors in per cent of the outer-eye distance.

    ``networks``: as for `detect`, the shipped ones by default.
    """
    errors, yaw = network_errors(renders, networks), np.abs(renders.yaw)
    return {
        "error up to 20 degrees of yaw": round(float(errors[yaw <= 20].mean()), 4),
        "error up to 40 degrees of yaw": round(float(errors[yaw <= 40].mean()), 4),
        **{f"error at yaw {name}": value for name, value in by_bins(errors, yaw, YAW_EDGES).items()},
        **{f"error at skin tone {name}": value for name, value in by_bins(errors, renders.tone, TONE_EDGES).items()},
    }


def detector_scores(renders, networks=None) -> dict:
    """Shares from 0 to 1 of what the detector and the cascade find in ``renders`` up to 40 degrees, and in photographs.

    ``networks``: as for `detect`, the shipped ones by default.
    """
    renders = renders[np.abs(renders.yaw) <= 40]
    yaw, finder = np.abs(renders.yaw), partial(detect, networks=networks)
    scores = {"a face in the upside-down picture": round(float(np.mean([len(finder(image[::-1, ::-1])) > 0
                                                                        for image in renders.image])), 4)}
    scores["the face found in copies of a photograph"] = round(float(np.mean([
        any(overlap(found, box) > FOUND for found in finder(picture)) for _, picture, box in copies()])), 4)
    # a cascade's box is square and ends above the chin: any overlap of a third is taken for a hit
    for name, found in (("detector", hits(renders, finder)), ("cascade", hits(renders, detect_cascade, 0.33))):
        scores[f"{name} found exactly the face"] = round(float(found.mean()), 4)
        for what, keys, edges in (("yaw", yaw, YAW_EDGES), ("skin tone", renders.tone, TONE_EDGES)):
            scores.update({f"{name} at {what} {span}": mean for span, mean in by_bins(found, keys, edges).items()})
    return scores
