"""How well a map says where a picture was changed, and how many fakes are found at a given rate of false alarms.

The scores of Dang, Liu, Stehouwer, Liu, Jain 2020, "On the detection of digital face manipulation"
(https://arxiv.org/abs/1910.01717). Maps are binarised at a threshold (0.1 there), the truth alike; I is where both are
set, U where either is, and |·| the share of the whole map.
"""
import math

import numpy as np

THRESHOLD = 0.1


def iinc(map, truth, threshold: float = THRESHOLD) -> float:
    """Inverse intersection non-containment of the paper, from 0, best, to 1.

    map (H, W) in [0, 1], truth (H, W) bool or in [0, 1]. 1 / (3 − |U|) times: 0 where both are empty, 1 where exactly
    one is, else 2 − |I| / |map| − |I| / |truth|. Unlike IoU it tells a map inside the truth from one beside it.
    ValueError for other shapes or numbers.
    """
    found, true = _binary(map, truth, threshold)
    union, both = (found | true).mean(), (found & true).mean()
    if not found.any() and not true.any():
        lacking = 0.0
    elif not found.any() or not true.any():
        lacking = 1.0
    else:
        lacking = 2 - both / found.mean() - both / true.mean()
    return float(lacking / (3 - union))


def pbca(map, truth, threshold: float = THRESHOLD) -> float:
    """Pixel-wise binary classification accuracy: the share of places where both agree. Arguments as in `iinc`."""
    found, true = _binary(map, truth, threshold)
    return float((found == true).mean())


def iou(map, truth, threshold: float = THRESHOLD) -> float:
    """|I| / |U|, and 1 where both are empty: nothing to find, nothing found. Arguments as in `iinc`."""
    found, true = _binary(map, truth, threshold)
    union = (found | true).sum()
    return float((found & true).sum() / union) if union else 1.0


def cosine(map, truth) -> float:
    """Cosine of the angle between map and truth as vectors, not binarised; 1 where both are all 0, 0 where one is."""
    a, b = _checked(map, "map"), _checked(truth, "truth")
    _same_shape(a, b)
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float((a * b).sum() / lengths) if lengths else float(not a.any() and not b.any())


def true_detect_rate(labels, scores, false_detect_rate: float) -> float:
    """TDR at a given FDR: the share of fakes above the lowest threshold that at most that share of reals reaches.

    labels (N,), 1 = fake; scores (N,), larger = more fake. ValueError when there are too few reals for one of them to
    be that share (0.1 % needs 1,000), or no fakes.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, float)
    reals, fakes = np.sort(scores[labels == 0])[::-1], scores[labels == 1]
    if not 0 < false_detect_rate < 1:
        raise ValueError(f"A rate of false detections lies between 0 and 1, not at {false_detect_rate}.")
    needed = math.ceil(round(1 / false_detect_rate, 6))
    if len(reals) < needed:
        raise ValueError(f"A false detection rate of {100 * false_detect_rate:g} % cannot be told from {len(reals)} "
                         f"real ones: {needed} are needed at least.")
    if len(fakes) == 0:
        raise ValueError("There are no fakes to detect.")
    allowed = math.floor(round(false_detect_rate * len(reals), 6))      # so many reals may be above
    # Above the first real that may not: reals of one score are above together or not at all.
    return float((fakes > reals[allowed]).mean())


def _binary(map, truth, threshold: float) -> tuple:
    found, true = _checked(map, "map"), _checked(truth, "truth")
    _same_shape(found, true)
    return found > threshold, true > threshold


def _checked(values, name: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "bfiu":
        raise ValueError(f"A {name} is an array (H, W) of numbers in [0, 1], not {values.dtype} {values.shape}.")
    values = values.astype(float)
    if not (values.min() >= 0 and values.max() <= 1):       # not so for NaN either
        raise ValueError(f"A {name} has numbers in [0, 1], not from {values.min():g} to {values.max():g}.")
    return values


def _same_shape(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape:
        raise ValueError(f"Map and truth have one size, not {a.shape} and {b.shape}.")
