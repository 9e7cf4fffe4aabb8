"""What all forensic networks have in common, and how face crops become their inputs."""
import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Detector(nn.Module):
    """A network that tells fake faces from real ones.

    size            side of its input, pixels
    prepare(crops)  square face crops (N, S, S, 3) uint8 RGB -> the tensor that `forward` wants
    forward(x)      logits (N, classes): class 0 is real, class 1 fake (further ones are kinds of fakes)
    constrain()     what has to hold for the weights, restored after every step of training; nothing for most
    batch           crops that are judged at once
    native          whether crops must not be resampled: of a large face only the middle is looked at, see `faces.crops.cut`
    """

    batch = 32
    native = False

    def __init__(self, size: int, classes: int = 2):
        super().__init__()
        self.size, self.classes = size, classes

    def prepare(self, crops: np.ndarray) -> Tensor:
        raise NotImplementedError

    def constrain(self) -> None:
        """Nothing, unless a network overrides it."""

    @torch.no_grad()
    def logits(self, crops: np.ndarray, bfloat16: bool = False) -> np.ndarray:
        """Logits (N, classes), float64, of crops (N, S, S, 3) uint8, with dropout off and tracked batch statistics.

        bfloat16: multiply in half precision, twice as fast where the processor can; logits change by a percent or so.
        """
        checked(crops)
        was_training, place = self.training, next(iter(self.state_dict().values())).device
        self.eval()
        parts = [torch.zeros(0, self.classes, dtype=torch.float64)]
        try:
            with torch.autocast(place.type, torch.bfloat16, enabled=bfloat16):
                for i in range(0, len(crops), self.batch):
                    parts.append(self(self.prepare(crops[i:i + self.batch]).to(place)).double().cpu())
        finally:
            self.train(was_training)
        return torch.cat(parts).numpy()

    def probability(self, crops: np.ndarray, bfloat16: bool = False) -> np.ndarray:
        """P(fake), (N,) float64, of square face crops (N, S, S, 3) uint8: all that is not class 0. Not calibrated."""
        logits = torch.from_numpy(self.logits(crops, bfloat16))
        return logits.softmax(dim=1)[:, 1:].sum(dim=1).numpy()


def checked(crops) -> np.ndarray:
    """`crops` if they are square uint8 pictures (N, S, S, 3); else ValueError."""
    if not isinstance(crops, np.ndarray) or crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[3] != 3 \
            or crops.shape[1] != crops.shape[2] or crops.shape[1] == 0:
        found = f"{crops.dtype} {crops.shape}" if isinstance(crops, np.ndarray) else type(crops).__name__
        raise ValueError(f"Face crops are an array (N, S, S, 3) of uint8, not {found}.")
    return crops


def central(crops: np.ndarray, size: int) -> np.ndarray:
    """The middle `size` x `size` pixels of (N, S, S, ...), not resampled: that would wash out the traces looked for.

    Smaller crops are continued by their mirror image.
    """
    side = crops.shape[1]
    if side < size:
        before = (size - side) // 2
        margin = (before, size - side - before)
        mode = "reflect" if side > 1 else "edge"
        return np.pad(crops, [(0, 0), margin, margin] + [(0, 0)] * (crops.ndim - 3), mode)
    start = (side - size) // 2
    return crops[:, start:start + size, start:start + size]


def gray(crops: np.ndarray) -> np.ndarray:
    """(N, S, S, 3) uint8 RGB -> (N, S, S) uint8, 0.299 R + 0.587 G + 0.114 B rounded."""
    n, height, width, _ = crops.shape
    if n == 0:
        return np.zeros((0, height, width), np.uint8)
    below_each_other = np.ascontiguousarray(crops).reshape(n * height, width, 3)
    return cv2.cvtColor(below_each_other, cv2.COLOR_RGB2GRAY).reshape(n, height, width)


def levels(crops: np.ndarray) -> Tensor:
    """(N, H, W, 3) or (N, H, W) uint8 -> (N, 3 or 1, H, W) float32 from 0 to 255, colours still innermost in memory."""
    tensor = torch.from_numpy(np.ascontiguousarray(crops)).float()
    return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor[:, None]


def resized(pictures: Tensor, size: int) -> Tensor:
    """(N, C, S, S) -> (N, C, size, size), bilinear, averaged where it gets smaller."""
    if pictures.shape[-1] == size or not len(pictures):
        return pictures
    return F.interpolate(pictures, (size, size), mode="bilinear", antialias=True)
