"""Masks of a face: its hull from landmarks, and soft edges."""

import cv2
import numpy as np

from dflib.faces.points import check_points, forehead


def hull_mask(landmarks, shape, with_forehead=True) -> np.ndarray:
    """Mask (H, W) bool of the convex hull of ``landmarks`` (68, 2) in a picture of ``shape`` (H, W[, C]).

    With ``with_forehead`` the hull rises above the brows to about the hairline, else it ends at the brows. Parts
    outside the picture are cut off. ValueError for other shapes.
    """
    points = check_points(landmarks)
    if len(shape) < 2 or min(shape[:2]) < 1:
        raise ValueError(f"The shape of a picture must be (height, width), not {tuple(shape)}.")
    if with_forehead:
        points = np.concatenate([points, forehead(points)])
    # 4 binary places of a pixel; far points are pulled in so that OpenCV's 32-bit coordinates hold them
    limit = 4.0 * max(shape[:2])
    fixed = np.round(np.clip(points, -limit, limit) * 16).astype(np.int32)
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(fixed), 1, shift=4)
    return mask.astype(bool)


def soft_mask(mask, width) -> np.ndarray:
    """``mask`` (H, W) bool as float32 from 0 at its edge to 1 from ``width`` pixels inside, along a smooth step.

    The soft edge lies inside the mask, so nothing outside it is ever touched; the border of the picture is no edge.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype != bool:
        raise ValueError(f"The mask must be a bool array of shape (H, W), not {mask.dtype} {mask.shape}.")
    if not width > 0:
        raise ValueError(f"The width of the soft edge must be positive, not {width}.")
    if mask.all():
        return np.ones(mask.shape, np.float32)
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    t = np.clip(depth / np.float32(width), 0, 1)
    return t * t * (3 - 2 * t)
