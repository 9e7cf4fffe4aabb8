"""Landmarks from dflib's own network, and its second opinion on whether there is a face at all."""

from functools import lru_cache

import numpy as np

from dflib.faces.alignment import SIDE, crop_matrix, inverse, transform, warp
from dflib.faces.points import box_around
from dflib.pictures import as_tensor

BATCH = 32  # faces that pass the network together
LOOKS = (1.0, False), (1.1, True)  # zoom, and whether mirrored, of all looks but the first


@lru_cache(maxsize=1)
def _network():
    import torch

    from dflib.checkpoints import load, shipped
    from dflib.faces.network import LandmarkNetwork

    return load(shipped("landmarks"), LandmarkNetwork())[0].eval().to(memory_format=torch.channels_last)


def network_landmarks(image, boxes, network=None, passes=2) -> np.ndarray:
    """Landmarks (N, 68, 2) float32 by dflib's network (or ``network``) for ``boxes`` (N, 4) in ``image``.

    The first pass looks at the box; each further one at the upright crop that the points of the one before ask for.
    """
    matrices = [crop_matrix(box) for box in boxes]
    for _ in range(passes):
        points, _ = _look(image, matrices, network or _network())
        matrices = [upright_crop(found) for found in points]
    return points.astype(np.float32)


def second_opinion(image, boxes, network=None, least=-np.inf):
    """What dflib's network (or ``network``) makes of ``boxes`` (N, 4): better boxes, landmarks (N, 68, 2), log odds (N,).

    The first look at a box finds landmarks, the others show the same face upright in the crop that they ask for: so it
    counts little how well a box was placed. The log odds that there is a face are the mean of these `LOOKS`, less what a
    last look finds in the crop turned over, where a face on its head is seen best. Boxes with log odds under ``least``
    (a number or (N,)) at the first look are left as they are.
    """
    boxes, network = np.array(boxes, np.float32).reshape(-1, 4), network or _network()
    if not len(boxes):
        return boxes, np.zeros((0, 68, 2)), np.zeros(0, np.float32)
    points, odds = _look(image, [crop_matrix(box) for box in boxes], network)
    worth = np.flatnonzero(odds > least)
    if len(worth):
        crops = [upright_crop(found, zoom, mirrored) for zoom, mirrored in LOOKS for found in points[worth]]
        over = [turned_over(crop) for crop in crops[:len(worth)]]
        seen, each = _look(image, crops + over, network)
        *upright, turned = each.reshape(len(LOOKS) + 1, -1)
        points[worth], odds[worth] = seen[:len(worth)], np.mean(upright, axis=0) - np.maximum(turned, 0)
        boxes[worth] = box_around(points[worth])
    return boxes, points, odds


def upright_crop(landmarks, zoom=1.0, mirrored=False) -> np.ndarray:
    """The crop matrix (2, 3) in which the face of ``landmarks`` (68, 2) stands upright, ``mirrored`` or not."""
    right_eye, left_eye = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    angle = np.degrees(np.arctan2(*(left_eye - right_eye)[::-1]))
    # the box is measured along the face, then its centre is taken back into the picture
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    x0, y0, x1, y1 = box_around(landmarks @ rotation.T)
    centre = rotation.T @ [(x0 + x1) / 2, (y0 + y1) / 2]
    half = np.array([x1 - x0, y1 - y0]) / 2
    matrix = crop_matrix(np.concatenate([centre - half, centre + half]), angle, zoom)
    return matrix * [[-1], [1]] + [[0, 0, SIDE - 1], [0, 0, 0]] if mirrored else matrix


def turned_over(matrix):
    """The crop matrix (2, 3) that shows what ``matrix`` does upside-down."""
    return [[0, 0, SIDE - 1], [0, 0, SIDE - 1]] - matrix


def _look(image, matrices, network):
    """Points (N, 68, 2) in the picture, seen through the crops of ``matrices``, and the log odds (N,) of a face."""
    import torch

    from dflib.faces.network import expected_points

    crops = np.stack([warp(image, matrix, (SIDE, SIDE)) for matrix in matrices])
    points, odds = [], []
    with torch.inference_mode():
        for start in range(0, len(crops), BATCH):
            logits, present = network(as_tensor(crops[start:start + BATCH]))
            points.append(expected_points(logits).numpy())
            odds.append(present.numpy())
    points = np.concatenate(points).astype(np.float64)
    return np.stack([transform(p, inverse(matrix)) for p, matrix in zip(points, matrices)]), np.concatenate(odds)
