"""Arrays of pictures: to tensors and back, to another size, side by side on a sheet.

A picture is uint8 RGB (H, W, 3); as a tensor it is float32 (3, H, W) in [-1, 1].
"""
import math

import cv2
import numpy as np


def as_tensor(images):
    """Pictures (N, H, W, 3) uint8, an array or a tensor, to a float32 tensor (N, 3, H, W) in [-1, 1] on its device."""
    import torch

    if isinstance(images, np.ndarray):
        images = torch.from_numpy(np.ascontiguousarray(images))
    return images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def as_images(pictures) -> np.ndarray:
    """A tensor (N, 3, H, W) of about [-1, 1] to pictures (N, H, W, 3) uint8; what lies outside is clipped."""
    import torch

    levels = ((pictures.detach().float() + 1) * 127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def as_sheet(images, columns: "int | None" = None) -> np.ndarray:
    """Pictures (N, H, W, 3) of one size in rows of a picture, white where there are none left; a square by default."""
    images = np.asarray(images)
    columns = columns or math.ceil(math.sqrt(len(images)))
    rows, (height, width) = -(-len(images) // columns), images.shape[1:3]
    sheet = np.full((rows * columns, height, width, 3), 255, np.uint8)
    sheet[:len(images)] = images
    return sheet.reshape(rows, columns, height, width, 3).swapaxes(1, 2).reshape(rows * height, columns * width, 3)


def from_sheet(sheet: np.ndarray, side: int) -> np.ndarray:
    """The square pictures (N, side, side, 3) of a sheet, row by row."""
    rows, columns = sheet.shape[0] // side, sheet.shape[1] // side
    return sheet.reshape(rows, side, columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)


def square(image: np.ndarray, size: int) -> np.ndarray:
    """The central square of `image` (H, W, 3) resized to (size, size, 3)."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resized(image[top:top + side, left:left + side], size)


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """A square picture at another size: area average when it shrinks, bilinear when it grows."""
    if image.shape[0] == size:
        return np.ascontiguousarray(image)
    smooth = cv2.INTER_AREA if size < image.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(image, (size, size), interpolation=smooth)


def moved_points(points: np.ndarray, shape: tuple, size: int) -> np.ndarray:
    """Where `square` moves points (N, 2) of a picture of `shape` (H, W); pixel centres are at integers."""
    side = min(shape)
    corner = np.array([(shape[1] - side) // 2, (shape[0] - side) // 2])
    return ((points - corner + .5) * (size / side) - .5).astype(np.float32)
