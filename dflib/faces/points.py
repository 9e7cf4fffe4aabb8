"""The 68 landmarks: their groups, their mirror image, the face box around them, and the images they live in.

The numbering is that of the iBUG 300-W annotation (Sagonas et al. 2013), counted from 0. "Left" and "right" are the
person's own, so the right eye is on the left of the picture. Points are pixels, x to the right and y down, with pixel
centres at integers.
"""

import numpy as np

GROUPS = {
    "jaw": slice(0, 17),
    "right_brow": slice(17, 22),
    "left_brow": slice(22, 27),
    "nose": slice(27, 36),
    "right_eye": slice(36, 42),
    "left_eye": slice(42, 48),
    "mouth": slice(48, 68),
}
INNER = slice(17, 68)  # all but the jaw line: the points that move least with pose and hair

# landmarks[..., MIRROR, :] renumbers the points of a mirrored picture
MIRROR = np.array(
    list(range(16, -1, -1))
    + list(range(26, 16, -1))
    + [27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)

FOREHEAD = 0.25  # the face box and the full-face hull rise above the brows by this share of the brow-to-chin distance


def forehead(landmarks) -> np.ndarray:
    """(…, 10, 2) points on the forehead above the ten brow points of ``landmarks`` (…, 68, 2)."""
    landmarks = np.asarray(landmarks)
    brows = landmarks[..., 17:27, :]
    upwards = brows.mean(axis=-2, keepdims=True) - landmarks[..., 8:9, :]
    return brows + FOREHEAD * upwards


def box_around(landmarks) -> np.ndarray:
    """Face boxes (…, 4) x0 y0 x1 y1 of ``landmarks`` (…, 68, 2): the 68 points and the forehead.

    This is what the detector is trained to return.
    """
    landmarks = np.asarray(landmarks)
    points = np.concatenate([landmarks, forehead(landmarks)], axis=-2)
    return np.concatenate([points.min(axis=-2), points.max(axis=-2)], axis=-1)


def interocular(landmarks) -> np.ndarray:
    """Distance in pixels between the outer corners of the eyes, (…,), the usual yardstick of landmark errors."""
    landmarks = np.asarray(landmarks)
    return np.linalg.norm(landmarks[..., 45, :] - landmarks[..., 36, :], axis=-1)


def landmark_error(points, truth, visible=None):
    """Mean distance of ``points`` to ``truth`` in per cent of that between the outer eye corners, (N,) or one number.

    points, truth: (68, 2) or (N, 68, 2) pixels. visible: (…, 68) bool, the points that count, all by default.
    ValueError for other shapes.
    """
    points, truth = np.asarray(points, np.float64), np.asarray(truth, np.float64)
    if points.shape != truth.shape or points.shape[-2:] != (68, 2):
        raise ValueError(f"Both sets of landmarks must be (68, 2) or (N, 68, 2), not {points.shape} and {truth.shape}.")
    weight = np.ones(points.shape[:-1]) if visible is None else np.asarray(visible, np.float64)
    distance = np.linalg.norm(points - truth, axis=-1)
    return 100 * (distance * weight).sum(-1) / weight.sum(-1) / interocular(truth)


def check_points(landmarks) -> np.ndarray:
    """``landmarks`` as float64 (68, 2); ValueError for other shapes or not finite."""
    points = np.asarray(landmarks, dtype=np.float64)
    if points.shape != (68, 2):
        raise ValueError(f"Landmarks must have the shape (68, 2), not {points.shape}.")
    if not np.isfinite(points).all():
        raise ValueError("Landmarks must be finite numbers.")
    return points


def as_rgb(image) -> np.ndarray:
    """``image`` as uint8 RGB (H, W, 3).

    Grayscale (H, W) or (H, W, 1) is repeated into three channels, the alpha of (H, W, 4) is dropped and 16-bit values
    are divided by 257. Everything else raises ValueError: floats, because their range is a guess, and empty arrays.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f"An image must be a NumPy array, not {type(image).__name__}.")
    if image.dtype == np.uint16:
        image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.dtype != np.uint8:
        raise ValueError(f"An image must hold uint8 (or uint16) values, not {image.dtype}.")
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4):
        raise ValueError(f"An image must have the shape (H, W, 3), (H, W, 4), (H, W, 1) or (H, W), not {image.shape}.")
    if image.size == 0:
        raise ValueError(f"The image is empty: its shape is {image.shape}.")
    if image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    return np.ascontiguousarray(image[..., :3])
