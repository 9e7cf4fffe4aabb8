"""Training examples for both networks, composed from renders: crops of one face, and pictures with several or none.

The people of a `renders.Renders` set are cut out, so that the same person can stand before any background, near or far,
tilted, partly covered or upside-down.
"""

import cv2
import numpy as np

from dflib.faces.alignment import SIDE, crop_matrix, transform
from dflib.faces.augment import occlude, photometric, texture
from dflib.faces.points import MIRROR, box_around

CANVAS = 160  # pixels of a side of the pictures that the detector is trained on


def landmark_example(renders, rng):
    """One augmented crop (96, 96, 3) u8 of a face and its landmarks (68, 2) f32 in crop pixels."""
    row = rng.integers(len(renders))
    landmarks = renders.landmarks[row]
    matrix = crop_matrix(box_around(landmarks), rng.uniform(-25, 25), np.exp(rng.uniform(-0.25, 0.25)),
                         rng.uniform(-0.1, 0.1, 2))
    crop, points = _crop(renders, row, matrix, rng), transform(landmarks, matrix)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
        points = (points * (-1, 1) + (SIDE - 1, 0))[MIRROR]
    if rng.random() < 0.35:
        crop = occlude(crop, rng)
    return photometric(crop, rng), points.astype(np.float32)


def faceless_example(renders, rng, clutter=()):
    """One augmented crop (96, 96, 3) u8 in which no upright face fills the crop: what a detector may propose.

    Half are pieces of a `background`; the others show a person turned over or on the side, beside the crop's middle,
    far too small or far too large.
    """
    if rng.random() < 0.5:
        picture = background(renders, rng, clutter)
        side = int(rng.integers(SIDE // 2, CANVAS + 1))
        y, x = rng.integers(0, CANVAS - side + 1, 2)
        crop = cv2.resize(picture[y:y + side, x:x + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    else:
        row, kind = rng.integers(len(renders)), rng.integers(3)
        angle, zoom, shift = rng.uniform(-25, 25), np.exp(rng.uniform(-0.25, 0.25)), rng.uniform(-0.1, 0.1, 2)
        if kind == 0:
            angle = rng.uniform(70, 290)
        elif kind == 1:
            way, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.45, 0.9)
            shift = far * np.array([np.cos(way), np.sin(way)])
        else:
            zoom = rng.uniform(0.2, 0.4) if rng.random() < 0.5 else rng.uniform(2.5, 4)
        crop = _crop(renders, row, crop_matrix(box_around(renders.landmarks[row]), angle, zoom, shift), rng)
        crop = crop[:, ::-1] if rng.random() < 0.5 else crop
    if rng.random() < 0.2:
        crop = occlude(crop, rng)
    return photometric(np.ascontiguousarray(crop), rng)


def _crop(renders, row, matrix, rng):
    """The crop (96, 96, 3) of one render that ``matrix`` asks for, half the time before another background."""
    crop = cv2.warpAffine(renders.image[row], matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=_border(rng))
    if rng.random() < 0.5:
        matte = cv2.warpAffine(renders.matte[row], matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR,
                               borderMode=cv2.BORDER_REPLICATE)
        crop = _over(texture(rng, SIDE, SIDE), crop, matte)
    return crop


def _border(rng):
    return cv2.BORDER_REPLICATE if rng.random() < 0.7 else cv2.BORDER_CONSTANT


def _over(under, upper, matte):
    weight = matte[..., None].astype(np.float32) / 255
    return np.rint(under + weight * (upper.astype(np.float32) - under)).astype(np.uint8)


def scene(renders, rng, clutter=()):
    """One picture (160, 160, 3) u8 with its face boxes (N, 4) and the boxes (M, 4) of faces that do not count.

    ``clutter`` is a sequence of uint8 pictures without faces for backgrounds. Faces are 13 to 150 px, tilted by at most
    32°. Not counted either way: a face mostly cut off or covered. Upside-down people are background.
    """
    canvas = background(renders, rng, clutter)
    wanted, unsure = [], []
    count = rng.choice(5, p=[0.12, 0.5, 0.2, 0.1, 0.08])
    for _ in range(count):
        row = rng.integers(len(renders))
        landmarks = renders.landmarks[row]
        box = box_around(landmarks)
        size = np.exp(rng.uniform(np.log(13), np.log(150 if count < 3 else 60)))
        upside_down = rng.random() < 0.15
        angle = np.clip(rng.normal() * 12, -32, 32) + (180 if upside_down else 0)
        matrix = _placement(box, size, angle, rng.uniform(0, CANVAS, 2), rng.random() < 0.5)
        matte = renders.matte[row] if rng.random() < 0.6 else np.full_like(renders.matte[row], 255)
        matte = _warp(matte, matrix)
        placed = transform(landmarks, matrix)
        new = box_around(placed)
        if any(_covered(matte, old) > 0.3 for old in wanted):
            continue
        canvas = _over(canvas, _warp(renders.image[row], matrix), matte)
        if upside_down:
            continue
        inside = _share_inside(new)
        (wanted if inside > 0.65 and size > 12.5 else unsure).append(new)
    if rng.random() < 0.15:  # the gray bars of a picture that is not square
        canvas = canvas.copy()
        bar = int(rng.integers(1, CANVAS // 3))
        if not any(box[3] > CANVAS - bar for box in wanted + unsure):
            canvas[CANVAS - bar:] = 128
    return photometric(canvas, rng), np.reshape(wanted, (-1, 4)), np.reshape(unsure, (-1, 4))


def background(renders, rng, clutter):
    """A picture (160, 160, 3) u8 without a face: a texture, a piece of clutter, or people cut up and scattered."""
    kind = rng.random()
    if kind < 0.45 and len(clutter):
        picture = clutter[rng.integers(len(clutter))]
        side = int(min(picture.shape[:2]) * rng.uniform(0.25, 1))
        y, x = (rng.integers(0, length - side + 1) for length in picture.shape[:2])
        piece = cv2.resize(picture[y:y + side, x:x + side], (CANVAS, CANVAS), interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(np.rot90(piece, rng.integers(4)))
    canvas = texture(rng, CANVAS, CANVAS)
    if kind > 0.8:  # hair, clothes, skin and single features, but no face: small tiles shuffled
        picture = cv2.resize(renders.image[rng.integers(len(renders))], (CANVAS, CANVAS), interpolation=cv2.INTER_AREA)
        for _ in range(rng.integers(4, 30)):
            side = int(rng.integers(10, 26))
            (y0, x0), (y1, x1) = rng.integers(0, CANVAS - side, (2, 2))
            canvas[y1:y1 + side, x1:x1 + side] = picture[y0:y0 + side, x0:x0 + side]
    return canvas


def _placement(box, size, angle, centre, mirrored):
    """The affine map (2, 3) that puts the face of ``box`` at ``centre``, ``size`` pixels long, turned by ``angle``."""
    x0, y0, x1, y1 = box
    scale, turn = size / max(x1 - x0, y1 - y0), np.radians(angle)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    return np.concatenate([linear, (centre - linear @ [(x0 + x1) / 2, (y0 + y1) / 2])[:, None]], axis=1)


def _warp(image, matrix):
    """Render onto the canvas; strongly reduced people are averaged first, as a camera would."""
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 0.6:
        factor = int(np.clip(round(1 / scale), 2, 8))
        small = cv2.resize(image, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
        matrix = matrix.copy()
        matrix[:, 2] += matrix[:, :2].sum(axis=1) * 0.5 * (factor - 1)  # the centre of each averaged tile
        matrix[:, :2] *= factor
        image = small
    return cv2.warpAffine(image, matrix, (CANVAS, CANVAS), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def _covered(matte, box):
    """How much of ``box`` the person of ``matte`` would cover, 0…1."""
    x0, y0, x1, y1 = np.clip(np.round(box), 0, CANVAS).astype(int)
    return matte[y0:y1, x0:x1].mean() / 255 if x1 > x0 and y1 > y0 else 0.0


def _share_inside(box):
    """How much of the area of ``box`` lies on the canvas, 0…1."""
    x0, y0, x1, y1 = box
    width, height = min(x1, CANVAS - 1) - max(x0, 0), min(y1, CANVAS - 1) - max(y0, 0)
    return max(width, 0) * max(height, 0) / max((x1 - x0) * (y1 - y0), 1e-6)
