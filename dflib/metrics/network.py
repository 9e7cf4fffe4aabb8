"""The small convolutional network that identity and attributes share, and the crops it looks at."""
import numpy as np
from torch import nn

from dflib import faces
from dflib.pictures import as_tensor, resized

CROP = 80           # side of the canonical crops of `faces.align`, pixels: 23 cm of face and hair
INPUT = 64          # side of what the network sees: the centre of a crop, or all of it made smaller


class Residual(nn.Module):
    """x + two 3x3 convolutions with batch norm (He et al. 2016), (B, C, H, W) -> (B, out, H / stride, W / stride)."""

    def __init__(self, channels: int, out: int, stride: int = 1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.PReLU(out),
            nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out))
        self.skip = nn.Identity() if stride == 1 and out == channels else nn.Sequential(
            nn.AvgPool2d(stride), nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out))
        self.activation = nn.PReLU(out)

    def forward(self, x):
        return self.activation(self.skip(x) + self.body(x))


class FaceEncoder(nn.Module):
    """Pictures (B, 3, 64, 64) in [-1, 1] to `width` numbers (B, width); 0.7 million parameters for 128.

    A last convolution as large as its 4 x 4 input weighs every place by itself, because eyes always lie where the
    alignment puts them (MobileFaceNets, Chen et al. 2018, https://arxiv.org/abs/1804.07573).
    """

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24), nn.PReLU(24),            # (B, 24, 32, 32)
            Residual(24, 48, 2),                                                                # (B, 48, 16, 16)
            Residual(48, 96, 2), Residual(96, 96),                                              # (B, 96, 8, 8)
            Residual(96, 160, 2),                                                               # (B, 160, 4, 4)
            nn.Conv2d(160, 160, 4, groups=160, bias=False), nn.BatchNorm2d(160), nn.Flatten(),  # (B, 160)
            nn.Linear(160, width))

    def forward(self, x):
        return self.layers(x)


def crops(images, landmarks=None) -> np.ndarray:
    """Canonical crops (N, 80, 80, 3) uint8 of one picture (H, W, 3) or of N.

    landmarks: (68, 2) or (N, 68, 2) in their pixels; without them the pictures are crops of `faces.align` already,
    square and of any size. ValueError for anything else.
    """
    single = isinstance(images, np.ndarray) and images.ndim == 3
    images = [images] if single else list(images)
    if landmarks is None:
        for image in images:
            if image.shape[0] != image.shape[1]:
                raise ValueError("Pictures without landmarks must be square crops of faces.align, "
                                 f"not {image.shape[1]} x {image.shape[0]}.")
        return np.stack([resized(image, CROP) for image in images])
    landmarks = np.asarray(landmarks)[None] if single else landmarks
    if len(landmarks) != len(images):
        raise ValueError(f"There are {len(images)} pictures but landmarks for {len(landmarks)}.")
    return np.stack([faces.align(image, points, CROP)[0] for image, points in zip(images, landmarks)])


def as_input(pictures: np.ndarray, centre: bool):
    """Crops (N, 80, 80, 3) uint8 as the network's input (N, 3, 64, 64): their centre, or all of them made smaller."""
    tensor = as_tensor(pictures)
    margin = (CROP - INPUT) // 2
    if centre:
        return tensor[:, :, margin:-margin, margin:-margin].contiguous()
    return nn.functional.interpolate(tensor, INPUT, mode="bilinear", antialias=True)
