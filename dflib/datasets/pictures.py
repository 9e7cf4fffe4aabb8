"""What every set of pictures can do: single pictures, stacks and tensors, all at one size."""
import numpy as np


class Pictures:
    """Base of the picture sets: a subclass has `__len__`, `image(i)` and `__getitem__`."""

    def images(self, indices=None) -> np.ndarray:
        """Stack of pictures (N, H, W, 3) uint8, all of them without `indices`; they must have one size."""
        indices = range(len(self)) if indices is None else indices
        return np.stack([self.image(int(i)) for i in indices])

    def tensors(self, indices=None):
        """The same stack as a torch tensor (N, 3, H, W) float32 in [-1, 1]."""
        from dflib.pictures import as_tensor

        return as_tensor(self.images(indices))

    def _checked(self, i) -> int:
        """i as a position from 0; IndexError outside, which also ends a loop over the set."""
        return range(len(self))[i]
