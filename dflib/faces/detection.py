"""Finding faces: dflib's own detector, and scikit-image's cascade to compare it with."""

from functools import lru_cache

import cv2
import numpy as np

from .points import as_rgb

LEVELS = (160, 320, 640)  # long sides in pixels at which a picture is searched
LARGEST = 165.0  # pixels: larger boxes are not taken from the finer levels, for coarser ones see those faces better
OVERLAP = 0.4  # two boxes with a larger intersection over union are one face


def detect(image, threshold=0.5) -> np.ndarray:
    """Boxes (N, 4) float32 ``x0 y0 x1 y1`` in pixels of the faces in ``image``, largest first; (0, 4) if there is none.

    ``image`` is uint8 RGB (H, W, 3); see `as_rgb` for what else is taken. A box holds brows, chin, jaw and part of the
    forehead and may reach beyond the border. Faces are found from about 1/12 of the long side of a small picture (1/45
    of one of 640 px or more) up to all of it, turned by up to 45° and tilted by up to 30°; faces on their head are not.
    ``threshold`` is the score from 0 to 1 from which a peak is a face. The network was trained on renders alone.
    """
    boxes, scores = detect_scored(image, threshold)
    order = np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), kind="stable")
    return boxes[order]


def detect_scored(image, threshold=0.5):
    """Boxes (N, 4) float32 and scores (N,) float32 of the faces in ``image``, most certain first."""
    image = as_rgb(image)
    longest = max(image.shape[:2])
    # a picture is enlarged by at most a factor of 4, and searched at every level that it fills, and the next
    sides = [min(side, 4 * longest) for number, side in enumerate(LEVELS)
             if number == 0 or longest > 1.1 * LEVELS[number - 1]]
    sides[-1] = min(sides[-1], max(longest, LEVELS[0])) if len(sides) > 1 else sides[-1]
    found = [_detect_level(image, side / longest, threshold) for side in sides]
    for level, (boxes, scores) in enumerate(found):
        if level:
            small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) * sides[level] / longest < LARGEST
            found[level] = boxes[small], scores[small]
    boxes, scores = (np.concatenate(part) for part in zip(*found))
    return _distinct(boxes, scores)


def detect_cascade(image) -> np.ndarray:
    """Boxes (N, 4) float32 from scikit-image's cascade of local binary patterns (Liao et al. 2007), largest first.

    It knows frontal faces only, and its boxes are square and cut off the chin. ``image`` as for `detect`.
    """
    image = as_rgb(image)
    side = min(image.shape[:2])
    if side < 24:  # the cascade's own window
        return np.zeros((0, 4), np.float32)
    found = _cascade().detect_multi_scale(img=image, scale_factor=1.15, step_ratio=1, min_size=(24, 24),
                                          max_size=(side, side))
    boxes = np.array([[box["c"], box["r"], box["c"] + box["width"] - 1, box["r"] + box["height"] - 1] for box in found],
                     np.float32).reshape(-1, 4)
    return boxes[np.argsort(-(boxes[:, 2] - boxes[:, 0]), kind="stable")]


@lru_cache(maxsize=1)
def _cascade():
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())


@lru_cache(maxsize=1)
def _network():
    from dflib.checkpoints import load, shipped

    from .detector_network import DetectorNetwork

    return load(shipped("detector"), DetectorNetwork())[0].eval()


def _detect_level(image, scale, threshold):
    """Boxes (N, 4) and scores (N,) in pixels of ``image``, searched at ``scale`` times its size."""
    import torch

    from .detector_network import STRIDE, decode

    height, width = (max(1, round(length * scale)) for length in image.shape[:2])
    level = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    padded = np.full((-(-height // STRIDE) * STRIDE, -(-width // STRIDE) * STRIDE, 3), 128, np.uint8)
    padded[:height, :width] = level
    tensor = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        boxes, scores = decode(_network()(tensor)[0], threshold)
    stretch = np.array([image.shape[1] / width, image.shape[0] / height] * 2, np.float32)
    return (boxes.numpy() + 0.5) * stretch - 0.5, scores.numpy()


def _distinct(boxes, scores):
    """The most certain box of each face, most certain first (greedy non-maximum suppression)."""
    order = np.argsort(-scores, kind="stable")
    kept = []
    for row in order:
        if all(overlap(boxes[row], boxes[other]) <= OVERLAP for other in kept):
            kept.append(row)
    return boxes[kept], scores[kept]


def overlap(box, other) -> float:
    """Intersection over union of two boxes (4,), 0…1."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
    return float(shared / max(sum(areas) - shared, 1e-9))
