"""Alignment: the least-squares similarity of two point sets, the canonical crop of a face, and the way back.

Reference: S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", IEEE Trans.
Pattern Analysis and Machine Intelligence 13(4), 1991, https://doi.org/10.1109/34.88573.
"""

import cv2
import numpy as np

from dflib.faces.points import INNER, as_rgb, check_points

SIDE = 96  # pixels of a side of the crop that the landmark network sees

# Where landmarks 17…67 of the cast's mean face (half woman, half man), seen from the front at 80 cm, lie in a crop of
# side 1: the eyes at a height of 0.4 and the face's 21 cm from edge to edge, room for hairline, chin and a margin.
TEMPLATE = np.array([
    (0.252, 0.285), (0.290, 0.267), (0.337, 0.265), (0.385, 0.273), (0.432, 0.280), (0.568, 0.280),
    (0.615, 0.273), (0.663, 0.265), (0.710, 0.267), (0.748, 0.285), (0.500, 0.391), (0.500, 0.450),
    (0.500, 0.505), (0.500, 0.580), (0.431, 0.601), (0.467, 0.609), (0.500, 0.614), (0.533, 0.609),
    (0.569, 0.601), (0.271, 0.395), (0.320, 0.371), (0.379, 0.372), (0.430, 0.402), (0.379, 0.416),
    (0.320, 0.416), (0.570, 0.402), (0.621, 0.372), (0.680, 0.371), (0.729, 0.395), (0.680, 0.416),
    (0.621, 0.416), (0.377, 0.706), (0.431, 0.686), (0.474, 0.680), (0.500, 0.686), (0.526, 0.680),
    (0.569, 0.686), (0.623, 0.706), (0.566, 0.760), (0.529, 0.770), (0.500, 0.777), (0.471, 0.770),
    (0.434, 0.760), (0.400, 0.709), (0.465, 0.721), (0.500, 0.726), (0.535, 0.721), (0.600, 0.709),
    (0.535, 0.721), (0.500, 0.726), (0.465, 0.721),
])

PORTRAIT_ZOOM, PORTRAIT_LOWER = 0.85, 0.04      # a portrait is the canonical crop, wider and with the face lower


def similarity(src, dst) -> np.ndarray:
    """The similarity (…, 2, 3) that takes ``src`` (…, N, 2) closest to ``dst`` (…, N, 2) in the least-squares sense.

    ``matrix[:, :2] = scale · rotation``, never a reflection, and ``matrix[:, 2]`` is the translation (Umeyama 1991,
    equations 34–43). Leading dimensions are batches. ValueError if the shapes differ, if there are fewer than two
    points, if a number is not finite or if all points of a ``src`` coincide.
    """
    src, dst = np.asarray(src, dtype=np.float64), np.asarray(dst, dtype=np.float64)
    if src.shape != dst.shape or src.ndim < 2 or src.shape[-1] != 2:
        raise ValueError(f"Both point sets must have the same shape (…, N, 2), not {src.shape} and {dst.shape}.")
    if src.shape[-2] < 2:
        raise ValueError(f"A similarity needs at least two points, not {src.shape[-2]}.")
    if not (np.isfinite(src).all() and np.isfinite(dst).all()):
        raise ValueError("Both point sets must be finite numbers.")
    src_mean, dst_mean = src.mean(axis=-2, keepdims=True), dst.mean(axis=-2, keepdims=True)
    src_centred, dst_centred = src - src_mean, dst - dst_mean
    variance = (src_centred**2).sum(axis=(-2, -1)) / src.shape[-2]
    if (variance <= 1e-20 * np.maximum(1.0, np.abs(src).max(axis=(-2, -1)) ** 2)).any():
        raise ValueError("All points of the first set coincide, so no scale or rotation exists.")
    covariance = np.swapaxes(dst_centred, -1, -2) @ src_centred / src.shape[-2]  # (…, 2, 2), eq. 38
    u, d, vh = np.linalg.svd(covariance)
    sign = np.ones_like(d)
    sign[..., -1] = np.where(np.linalg.det(u) * np.linalg.det(vh) < 0, -1.0, 1.0)  # eq. 39: a rotation, no mirror
    linear = (u * sign[..., None, :]) @ vh  # eq. 40
    linear *= ((d * sign).sum(axis=-1) / variance)[..., None, None]  # eq. 42
    translation = dst_mean - src_mean @ np.swapaxes(linear, -1, -2)  # eq. 41, as a row
    return np.concatenate([linear, np.swapaxes(translation, -1, -2)], axis=-1)


def transform(points, matrix) -> np.ndarray:
    """``points`` (…, N, 2) moved by the affine ``matrix`` (…, 2, 3)."""
    matrix = np.asarray(matrix)
    return np.asarray(points) @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]


def inverse(matrix) -> np.ndarray:
    """The affine map (…, 2, 3) that undoes ``matrix`` (…, 2, 3); numpy's LinAlgError if it has none."""
    matrix = np.asarray(matrix, dtype=np.float64)
    linear = np.linalg.inv(matrix[..., :2])
    return np.concatenate([linear, -linear @ matrix[..., 2:]], axis=-1)


def alignment_matrix(landmarks, size=128) -> np.ndarray:
    """The similarity (2, 3) from the picture to a canonical crop of ``size`` pixels, given ``landmarks`` (68, 2)."""
    # a crop of side 1 has its first pixel's corner, not its centre, at 0
    return similarity(check_points(landmarks)[INNER], TEMPLATE * size - 0.5)


def portrait_matrix(landmarks, size=128) -> np.ndarray:
    """The similarity (2, 3) to a wider crop of ``size`` pixels, 27 cm, that holds the hair; ``landmarks`` (68, 2)."""
    template = (TEMPLATE - 0.5) * PORTRAIT_ZOOM + 0.5 + (0.0, PORTRAIT_LOWER)
    return similarity(check_points(landmarks)[INNER], template * size - 0.5)


def canonical_of_portrait(portrait, size=128) -> np.ndarray:
    """The canonical crop (size, size, 3) inside a portrait (S, S, 3) that was framed by `portrait_matrix`."""
    zoom = size / (PORTRAIT_ZOOM * len(portrait))
    corner = (np.array([0.5, 0.5 + PORTRAIT_LOWER]) - 0.5 * PORTRAIT_ZOOM) * len(portrait)   # of its first pixel's edge
    shift = (0.5 - corner) * zoom - 0.5
    return warp(portrait, np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]]), (size, size))


def crop_matrix(box, angle=0.0, zoom=1.0, shift=(0.0, 0.0)) -> np.ndarray:
    """The similarity (2, 3) from a picture to the landmark network's crop (96, 96) of a face with ``box`` (4,).

    ``angle`` in degrees is how far the face leans (clockwise in the picture); it stands upright in the crop. ``zoom``
    enlarges the face and ``shift`` moves the crop's centre, in shares of its side.
    """
    x0, y0, x1, y1 = box
    side = 1.2 * max(x1 - x0, y1 - y0) / zoom
    turn = np.radians(angle)
    right = np.array([np.cos(turn), np.sin(turn)])
    down = np.array([-right[1], right[0]])
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2]) + side * (shift[0] * right + shift[1] * down)
    corners = centre + side / 2 * np.stack([-right - down, right - down, -right + down])
    return similarity(corners, np.array([[0, 0], [SIDE, 0], [0, SIDE]]) - 0.5)


def align(image, landmarks, size=128):
    """The canonical crop of one face: ``(crop (size, size, 3) uint8, matrix (2, 3))``.

    ``image`` is uint8 RGB (H, W, 3) (see `as_rgb` for what else is taken), ``landmarks`` (68, 2) in its pixels. All
    but the jaw points are fitted to the mean face; ``matrix`` takes picture pixels to crop pixels. Beyond the border
    of the picture its edge pixels are repeated. ValueError for other shapes.
    """
    image = as_rgb(image)
    if size != int(size) or size < 1:
        raise ValueError(f"The side of a crop must be a whole number of pixels from 1, not {size}.")
    matrix = alignment_matrix(landmarks, size)
    return warp(image, matrix, (int(size), int(size))), matrix


def paste(image, crop, matrix, mask=None) -> np.ndarray:
    """``image`` (H, W, 3) with ``crop`` (S, S, 3) put back where ``matrix`` (2, 3), as from `align`, took it from.

    ``mask`` (S, S), in crop pixels, says how much of the crop to use: bool, or float from 0 to 1; None means all of it.
    Returns a new uint8 array in which every pixel outside the mask equals the original. ValueError for other shapes.
    """
    image, crop = as_rgb(image), as_rgb(crop)
    height, width = crop.shape[:2]
    mask = np.ones((height, width), np.float32) if mask is None else np.asarray(mask, dtype=np.float32)
    if mask.shape != (height, width):
        raise ValueError(f"The mask must have the crop's shape {(height, width)}, not {mask.shape}.")
    if not (mask.min() >= 0 and mask.max() <= 1):
        raise ValueError("The mask must lie between 0 and 1.")
    back = inverse(matrix)
    corners = transform([[-1, -1], [width, -1], [-1, height], [width, height]], back)
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=0)) + 1, (image.shape[1], image.shape[0])).astype(int)
    result = image.copy()
    if x0 >= x1 or y0 >= y1:  # the crop lies outside the picture
        return result
    back[:, 2] -= (x0, y0)
    size = (x1 - x0, y1 - y0)
    weight = warp(mask, back, size, cv2.BORDER_CONSTANT)[..., None]
    region = image[y0:y1, x0:x1].astype(np.float32)
    mixed = region + weight * (warp(crop, back, size).astype(np.float32) - region)
    result[y0:y1, x0:x1] = np.where(weight > 0, np.rint(mixed), region).astype(np.uint8)
    return result


def warp(image, matrix, size, border=cv2.BORDER_REPLICATE) -> np.ndarray:
    """``image`` (H, W[, C]) moved by ``matrix`` (2, 3) onto a canvas of ``size`` (width, height) pixels.

    Bilinear; when the image shrinks, each output pixel averages several samples, so that nothing flickers.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    shrink = 1.0 / max(np.sqrt(abs(np.linalg.det(matrix[:, :2]))), 1e-6)
    samples = int(np.clip(np.ceil(shrink - 0.25), 1, 16))
    if samples == 1:
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)
    fine = matrix * samples
    fine[:, 2] += 0.5 * (samples - 1)  # pixel centres at integers on both grids
    canvas = (size[0] * samples, size[1] * samples)
    return cv2.resize(cv2.warpAffine(image, fine, canvas, flags=cv2.INTER_LINEAR, borderMode=border), size,
                      interpolation=cv2.INTER_AREA)
