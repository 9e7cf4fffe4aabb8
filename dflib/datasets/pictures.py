"""What every set of pictures can do: single pictures, stacks and tensors, all at one size."""
import cv2
import numpy as np


class Pictures:
    """Base of the picture sets: a subclass has `__len__`, `image(i)` and `__getitem__`."""

    def images(self, indices=None) -> np.ndarray:
        """Stack of pictures (N, H, W, 3) uint8, all of them without `indices`; they must have one size."""
        indices = range(len(self)) if indices is None else indices
        return np.stack([self.image(int(i)) for i in indices])

    def tensors(self, indices=None):
        """The same stack as a torch tensor (N, 3, H, W) float32 in [-1, 1]."""
        import torch

        return torch.from_numpy(self.images(indices)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)

    def _checked(self, i) -> int:
        """i as a position from 0; IndexError outside, which also ends a loop over the set."""
        return range(len(self))[i]


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
