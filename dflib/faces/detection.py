"""Finding faces: dflib's own detector, and scikit-image's cascade to compare it with."""

from functools import lru_cache

import cv2
import numpy as np
from scipy.special import expit

from dflib.faces.alignment import SIDE, transform, warp
from dflib.faces.backend_dflib import second_opinion, upright_crop
from dflib.faces.points import as_rgb, box_around
from dflib.pictures import as_tensor

LEVELS = (160, 320, 640)  # long sides in pixels at which a picture is searched
LARGEST = 165.0  # pixels: larger boxes are not taken from the finer levels, for coarser ones see those faces better
OVERLAP = 0.4  # two boxes with a larger intersection over union are one face
PROPOSED = 0.25  # the detector's score from which the landmark network looks at a place
CASCADE_SIDE, UPRIGHT_SIDE = 160, 40  # sides in pixels of a picture that the cascade searches, and of an upright crop
CASCADE_SHAPE = np.float32([[0.94, 0, 0.06, 0], [0, 0.985, 0, -0.165], [0.06, 0, 0.94, 0], [0, 0.015, 0, 1.165]])
# What the log odds of both networks together must exceed, and by how much more looks may raise those of the first.
# Chosen on renders of training people, upright and upside-down, and on the pictures that the detector trains before.
DOUBT, SLACK = 3.0, 1.5
CONFIRMED = 2.85  # log odds that a place has instead of the detector's where the cascade confirms it


def detect(image, threshold=0.5, networks=None) -> np.ndarray:
    """Boxes (N, 4) float32 ``x0 y0 x1 y1`` in pixels of all faces in ``image``, largest first; (0, 4) if there is none.

    ``image`` is uint8 RGB (H, W, 3); see `as_rgb` for what else is taken. A box holds brows, chin, jaw and part of the
    forehead and may reach beyond the border. Faces are found from about 1/12 of the long side of a small picture (1/45
    of one of 640 px or more) up to all of it, turned by up to 45° and tilted by up to 30°; upside-down faces are not.
    These limits hold for renders; in photographs a tilted face may be missed.
    ``threshold`` is the certainty from 0 to 1 from which something is a face. ``networks``: a DetectorNetwork and a
    LandmarkNetwork other than the shipped ones. All were trained on renders alone.
    """
    boxes, _ = detect_scored(image, threshold, networks)
    order = np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), kind="stable")
    return boxes[order]


def detect_scored(image, threshold=0.5, networks=None):
    """Boxes (N, 4) float32 and certainties (N,) float32 of the faces in ``image``, most certain first.

    The detector proposes places; the landmark network, which was trained to tell faces from what else a detector may
    propose, then looks at each and places the box anew. Each of them is fooled by photographs unlike any render, but
    seldom both by one place. Where they see nothing, the cascade, which was trained on photographs, is asked whether one of
    these places shows a face, turned upright as the landmarks say; and then for places of its own.
    """
    image = as_rgb(image)
    detector, judge = networks or (None, None)
    boxes, scores = propose(image, detector)
    odds = np.log(scores / (1 - scores))
    boxes, points, present = second_opinion(image, boxes, judge, least=DOUBT - np.maximum(odds, CONFIRMED) - SLACK)
    certain = expit(odds - DOUBT + present)
    if not (certain > threshold).any():
        certain = _confirmed(image, boxes, points, present, threshold)
    if not (certain > threshold).any():
        boxes, points, present = second_opinion(image, from_cascade(image), judge, least=DOUBT - CONFIRMED - SLACK)
        certain = _confirmed(image, boxes, points, present, threshold)
    sure = certain > threshold
    return _distinct(boxes[sure], certain[sure].astype(np.float32), nested=0.6)


def _confirmed(image, boxes, points, present, threshold):
    """How certain (N,) ``boxes`` (N, 4) with ``points`` (N, 68, 2) and log odds ``present`` (N,) are, asked of the cascade.

    0 for all that it denies, for those that would not pass with its word, and for a second box of a face.
    """
    certain = expit(CONFIRMED - DOUBT + present)
    answers = np.zeros(len(boxes))
    for row in np.argsort(-certain, kind="stable"):
        known = any(overlap(boxes[row], boxes[other]) > OVERLAP for other in np.flatnonzero(answers))
        if certain[row] > threshold and not known and seen_by_cascade(image, points[row]):
            answers[row] = certain[row]
    return answers


def seen_by_cascade(image, points) -> bool:
    """Whether the cascade finds the face of landmarks ``points`` (68, 2) in each of six upright crops, at its place.

    A face is found in all: nearer and farther, mirrored or not. What is none is now and then found in one.
    """
    for zoom in (0.9, 1.0, 1.1):
        for mirrored in (False, True):
            matrix = upright_crop(points, zoom, mirrored) * UPRIGHT_SIDE / SIDE
            matrix[:, 2] += 0.5 * UPRIGHT_SIDE / SIDE - 0.5          # pixel centres at integers in both crops
            squares = detect_cascade(warp(image, matrix, (UPRIGHT_SIDE, UPRIGHT_SIDE)))
            place = box_around(transform(points, matrix))
            if not any(overlap(square @ CASCADE_SHAPE, place) > OVERLAP for square in squares):
                return False
    return True


def from_cascade(image) -> np.ndarray:
    """The cascade's boxes (N, 4) in ``image``, searched at `CASCADE_SIDE` px, in the shape of the detector's own."""
    scale = min(1.0, CASCADE_SIDE / max(image.shape[:2]))
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]      # a very long picture keeps one row
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    stretch = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]] * 2, np.float32)
    found = (detect_cascade(small, step=1.25) + 0.5) * stretch - 0.5
    # measured on frontal renders and the astronaut: a face is a little narrower than the square and reaches lower
    return found @ CASCADE_SHAPE


def propose(image, network=None):
    """The detector's boxes (N, 4) and their scores (N,) in ``image``, uint8 RGB: every place above `PROPOSED`."""
    longest = max(image.shape[:2])
    # searched at the first level, enlarged by up to 4 for that, and at each further one that is not much enlargement
    sides = [min(LEVELS[0], 4 * longest)]
    sides += [min(side, longest) for before, side in zip(LEVELS, LEVELS[1:]) if longest > 1.1 * before]
    network = network or _network()
    found = [_search(image, side / longest, network) for side in sides]
    for level, side in list(enumerate(sides))[1:]:
        boxes, scores = found[level]
        small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) * side / longest < LARGEST
        found[level] = boxes[small], scores[small]
    return _distinct(*(np.concatenate(part) for part in zip(*found)))


def detect_cascade(image, step=1.15) -> np.ndarray:
    """Boxes (N, 4) float32 from scikit-image's cascade of local binary patterns (Liao et al. 2007), largest first.

    It knows frontal faces only, and its boxes are square and cut off the chin. ``image`` as for `detect`; ``step`` is
    the ratio of neighbouring sizes that are searched.
    """
    image = as_rgb(image)
    side = min(image.shape[:2])
    if side < 24:  # the cascade's own window
        return np.zeros((0, 4), np.float32)
    found = _cascade().detect_multi_scale(img=image, scale_factor=step, step_ratio=1, min_size=(24, 24),
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
    import torch

    from dflib.checkpoints import load, shipped
    from dflib.faces.detector_network import DetectorNetwork

    return load(shipped("detector"), DetectorNetwork())[0].eval().to(memory_format=torch.channels_last)


def _search(image, scale, network):
    """Boxes (N, 4) and scores (N,) of the detector in pixels of ``image``, searched at ``scale`` times its size."""
    import torch

    from dflib.faces.detector_network import STRIDE, decode

    height, width = (max(1, round(length * scale)) for length in image.shape[:2])
    level = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    padded = np.full((-(-height // STRIDE) * STRIDE, -(-width // STRIDE) * STRIDE, 3), 128, np.uint8)
    padded[:height, :width] = level
    tensor = as_tensor(padded[None])
    with torch.inference_mode():
        boxes, scores = decode(network(tensor)[0], PROPOSED)
    stretch = np.array([image.shape[1] / width, image.shape[0] / height] * 2, np.float32)
    return (boxes.numpy() + 0.5) * stretch - 0.5, scores.numpy()


def _distinct(boxes, scores, nested=np.inf):
    """The best box of each face, best first: what overlaps a better one, or lies mostly inside it, is dropped."""
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    shared, area = _shared(boxes[:, None], boxes[None]), _area(boxes)
    smaller, both = np.minimum(area[:, None], area[None]), area[:, None] + area[None] - shared
    one_face = (shared > OVERLAP * both) | (shared > nested * smaller)  # (N, N)
    kept = np.ones(len(boxes), bool)
    for row in range(len(boxes)):
        if kept[row]:
            kept[row + 1:] &= ~one_face[row, row + 1:]
    return boxes[kept], scores[kept]


def _shared(box, other):
    """Area (…,) that boxes (…, 4) have in common."""
    width = np.minimum(box[..., 2], other[..., 2]) - np.maximum(box[..., 0], other[..., 0])
    height = np.minimum(box[..., 3], other[..., 3]) - np.maximum(box[..., 1], other[..., 1])
    return np.maximum(width, 0.0) * np.maximum(height, 0.0)


def _area(box):
    return (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1])


def overlap(box, other) -> float:
    """Intersection over union of two boxes (4,), 0…1."""
    box, other = np.asarray(box), np.asarray(other)
    shared = _shared(box, other)
    return float(shared / max(_area(box) + _area(other) - shared, 1e-9))
