"""The augmentation of DeepFakes as it is usually written: picture by picture, each resampled twice, in NumPy and OpenCV."""
import cv2
import numpy as np

from dflib import faces

NODES = 5


def pixels(positions: np.ndarray, side: int) -> np.ndarray:
    """Positions from -1 to 1 as pixels of a picture of `side` pixels, with pixel centres at integers."""
    return (np.asarray(positions) + 1) * side / 2 - 0.5


def random_pair(picture: np.ndarray, size: int, matrix: np.ndarray, shifts: np.ndarray, middle: "int | None" = None) -> tuple:
    """(input, target), each (size, size, C), of a picture (S, S, C); matrix (2, 3) and shifts (2, 5, 5) as from `warp.draw`.

    `middle` pixels of the picture become `size`: as many, or 160 that become 64 in the original, which starts from 256.
    """
    side = picture.shape[0]
    affine = np.array(matrix, np.float64)
    affine[:, 2] = pixels(affine[:, 2], side) - affine[:, :2] @ pixels([0, 0], side)
    moved = cv2.warpAffine(picture, affine, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                           borderMode=cv2.BORDER_REPLICATE)
    reach = (middle or size) / side
    x, y = np.meshgrid(np.linspace(-reach, reach, NODES), np.linspace(-reach, reach, NODES))
    nodes = pixels(np.stack([x, y]) + 2 * reach * shifts, side).astype(np.float32)
    wide, edge = size * NODES // (NODES - 1), size // 8
    maps = [cv2.resize(axis, (wide, wide))[edge:edge + size, edge:edge + size] for axis in nodes]
    warped = cv2.remap(moved, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    goal = np.stack([x, y]) / reach * size / 2 + size / 2 - 0.5
    back = faces.similarity(nodes.reshape(2, -1).T, goal.reshape(2, -1).T)
    target = cv2.warpAffine(moved, back, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return warped, target
