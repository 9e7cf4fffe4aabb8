"""Finding faces: dflib's own detector, and scikit-image's cascade to compare it with."""

from functools import lru_cache

import cv2
import numpy as np

from dflib.faces.backend_dflib import likeness
from dflib.faces.points import as_rgb
from dflib.pictures import as_tensor

LEVELS = (160, 320, 640)  # long sides in pixels at which a picture is searched
LARGEST = 165.0  # pixels: larger boxes are not taken from the finer levels, for coarser ones see those faces better
OVERLAP = 0.4  # two boxes with a larger intersection over union are one face
CASCADE_SIDE, CASCADE_SCORE = 256, 0.65
CASCADE_SHAPE = np.float32([[0.94, 0, 0.06, 0], [0, 0.985, 0, -0.165], [0.06, 0, 0.94, 0], [0, 0.015, 0, 1.165]])
PROPOSED, PROPOSALS = 0.25, 12  # the detector's score from which a place is looked at more closely, and how many are
# Chosen by hand on renders, the same upside-down, and photographs of scikit-image with and without faces: the likeness
# at which a proposal of score 0.5 is as likely as not, and how much sharper landmarks must be upright than turned over.
SHARP, UPRIGHT = 0.06, 1.16


def detect(image, threshold=0.5) -> np.ndarray:
    """Boxes (N, 4) float32 ``x0 y0 x1 y1`` in pixels of the faces in ``image``, largest first; (0, 4) if there is none.

    ``image`` is uint8 RGB (H, W, 3); see `as_rgb` for what else is taken. A box holds brows, chin, jaw and part of the
    forehead and may reach beyond the border. Faces are found from about 1/12 of the long side of a small picture (1/45
    of one of 640 px or more) up to all of it, turned by up to 45° and tilted by up to 30°; faces on their head are not.
    These limits hold for renders; in a photograph a face tilted by more than about 10° may be missed.
    ``threshold`` is the certainty from 0 to 1 from which something is a face. The networks were trained on renders alone.
    """
    boxes, _ = detect_scored(image, threshold)
    order = np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), kind="stable")
    return boxes[order]


def detect_scored(image, threshold=0.5):
    """Boxes (N, 4) float32 and certainties (N,) float32 of the faces in ``image``, most certain first.

    The detector proposes places; the landmark network then looks at each, and where it sees no landmarks sharply there
    is no face. Each of them is fooled by photographs unlike any render, but seldom both by the same place.
    """
    image = as_rgb(image)
    boxes, scores = _judge(image, *propose(image), threshold)
    if not len(boxes):  # the cascade was trained on photographs: its word counts where the networks see nothing
        boxes = from_cascade(image)
        boxes, scores = _judge(image, boxes, np.full(len(boxes), CASCADE_SCORE, np.float32), threshold)
    return boxes, scores


def _judge(image, boxes, scores, threshold):
    """The distinct ones of ``boxes`` (N, 4) that are faces, and how certain that is, given the proposals' ``scores``."""
    if len(boxes):
        scores = certainty(scores, likeness(image, boxes))
    sure = scores > threshold
    return _distinct(boxes[sure], scores[sure], nested=0.6)


def from_cascade(image) -> np.ndarray:
    """The cascade's boxes (N, 4) in ``image``, searched at `CASCADE_SIDE` px, in the shape of the detector's own."""
    scale = min(1.0, CASCADE_SIDE / max(image.shape[:2]))
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]      # a very long picture keeps one row
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    stretch = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]] * 2, np.float32)
    found = (detect_cascade(small) + 0.5) * stretch - 0.5
    # measured on frontal renders and the astronaut: a face is a little narrower than the square and reaches lower
    return found @ CASCADE_SHAPE


def certainty(scores, sharpness) -> np.ndarray:
    """How sure (N,), 0…1, a face is, given the proposals' ``scores`` (N,) and the landmarks' `likeness` (N, 2)."""
    upright, turned = sharpness.T
    odds = 3 * np.log(scores / (1 - scores)) + 6 * np.log(upright / SHARP)
    return np.where(upright > UPRIGHT * turned, 1 / (1 + np.exp(-odds)), 0).astype(np.float32)


def propose(image):
    """The detector's best boxes (N, 4) and their scores (N,) in ``image``, uint8 RGB: at most `PROPOSALS`."""
    longest = max(image.shape[:2])
    # searched at the first level, enlarged by up to 4 for that, and at each further one that is not much enlargement
    sides = [min(LEVELS[0], 4 * longest)]
    sides += [min(side, longest) for before, side in zip(LEVELS, LEVELS[1:]) if longest > 1.1 * before]
    found = [_search(image, side / longest) for side in sides]
    for level, side in list(enumerate(sides))[1:]:
        boxes, scores = found[level]
        small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) * side / longest < LARGEST
        found[level] = boxes[small], scores[small]
    boxes, scores = _distinct(*(np.concatenate(part) for part in zip(*found)))
    return boxes[:PROPOSALS], scores[:PROPOSALS]


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

    from dflib.faces.detector_network import DetectorNetwork

    return load(shipped("detector"), DetectorNetwork())[0].eval()


def _search(image, scale):
    """Boxes (N, 4) and scores (N,) of the detector in pixels of ``image``, searched at ``scale`` times its size."""
    import torch

    from dflib.faces.detector_network import STRIDE, decode

    height, width = (max(1, round(length * scale)) for length in image.shape[:2])
    level = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    padded = np.full((-(-height // STRIDE) * STRIDE, -(-width // STRIDE) * STRIDE, 3), 128, np.uint8)
    padded[:height, :width] = level
    tensor = as_tensor(padded[None])
    with torch.inference_mode():
        boxes, scores = decode(_network()(tensor)[0], PROPOSED)
    stretch = np.array([image.shape[1] / width, image.shape[0] / height] * 2, np.float32)
    return (boxes.numpy() + 0.5) * stretch - 0.5, scores.numpy()


def _distinct(boxes, scores, nested=1.0):
    """The best box of each face, best first: greedy suppression of what overlaps, or lies mostly inside, a better one."""
    kept = []
    for row in np.argsort(-scores, kind="stable"):
        if all(overlap(boxes[row], boxes[other]) <= OVERLAP and _inside(boxes[row], boxes[other]) <= nested
               for other in kept):
            kept.append(row)
    return boxes[kept], scores[kept]


def _shared(box, other):
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def _area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def _inside(box, other):
    """The part of the smaller of two boxes (4,) that lies in the larger, 0…1."""
    return _shared(box, other) / max(min(_area(box), _area(other)), 1e-9)


def overlap(box, other) -> float:
    """Intersection over union of two boxes (4,), 0…1."""
    shared = _shared(box, other)
    return float(shared / max(_area(box) + _area(other) - shared, 1e-9))
