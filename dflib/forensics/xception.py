"""Xception, the network that wins the comparison.

Chollet 2017, "Xception: deep learning with depthwise separable convolutions" (https://arxiv.org/abs/1610.02357), in the
form whose weights are published for PyTorch: names, strides and paddings follow those files.

A 3 x 3 convolution from C to D channels multiplies 9 C D times at each place. Split into one 3 x 3 filter a channel and
a 1 x 1 convolution that mixes them, it multiplies 9 C + C D times: an eighth to a ninth.
"""
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dflib.forensics.detector import Detector, resized
from dflib.pictures import as_tensor


class SeparableConv2d(nn.Module):
    """A filter of its own for each channel, then a 1 x 1 convolution across channels: (N, C, H, W) -> (N, D, H, W)."""

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.conv1(x))


class Block(nn.Module):
    """x + `convolutions` times (ReLU, 3 x 3 convolution, batch norm), and a pooling by 2 where stride is 2.

    start_with_relu: whether there is one before the first convolution. grow_first: whether the number of channels
    changes in the first convolution or in the last.
    """

    def __init__(self, channels: int, out: int, convolutions: int, stride: int, convolution,
                 start_with_relu: bool = True, grow_first: bool = True):
        super().__init__()
        if out != channels or stride != 1:
            self.skip = nn.Conv2d(channels, out, 1, stride=stride, bias=False)
            self.skipbn = nn.BatchNorm2d(out)
        else:
            self.skip = None
        layers = []
        widths = [channels, *([out] if grow_first else [channels]) * (convolutions - 1), out]
        for before, after in zip(widths, widths[1:]):
            layers += [nn.ReLU(), convolution(before, after), nn.BatchNorm2d(after)]
        if not start_with_relu:
            layers = layers[1:]
        if stride != 1:
            layers.append(nn.MaxPool2d(3, stride, padding=1))
        self.rep = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        kept = x if self.skip is None else self.skipbn(self.skip(x))
        return self.rep(x) + kept


def full_convolution(channels: int, out: int) -> nn.Conv2d:
    """The 3 x 3 convolution that a separable one stands in for."""
    return nn.Conv2d(channels, out, 3, padding=1, bias=False)


class Xception(Detector):
    """Input: RGB (N, 3, 299, 299) in [-1, 1]. 20,811,050 parameters with two classes, 36 convolutions in 14 modules.

    width: factor of every number of channels. separable: False puts full convolutions in place of the separable ones;
    see `equal_multiplications`. size: any from 64 px up, for there is no dense layer on places.
    """

    def __init__(self, classes: int = 2, size: int = 299, width: float = 1.0, separable: bool = True):
        super().__init__(size, classes)
        kind = SeparableConv2d if separable else full_convolution
        c32, c64, c128, c256, c728, c1024, c1536, c2048 = (
            max(1, round(width * c)) for c in (32, 64, 128, 256, 728, 1024, 1536, 2048))
        self.conv1, self.bn1 = nn.Conv2d(3, c32, 3, 2, bias=False), nn.BatchNorm2d(c32)             # (N, 32, 149, 149)
        self.conv2, self.bn2 = nn.Conv2d(c32, c64, 3, bias=False), nn.BatchNorm2d(c64)              # (N, 64, 147, 147)
        self.block1 = Block(c64, c128, 2, 2, kind, start_with_relu=False)                           # (N, 128, 74, 74)
        self.block2 = Block(c128, c256, 2, 2, kind)                                                 # (N, 256, 37, 37)
        self.block3 = Block(c256, c728, 2, 2, kind)                                                 # (N, 728, 19, 19)
        for i in range(4, 12):                                                                      # the middle flow
            self.add_module(f"block{i}", Block(c728, c728, 3, 1, kind))                             # (N, 728, 19, 19)
        self.block12 = Block(c728, c1024, 2, 2, kind, grow_first=False)                             # (N, 1024, 10, 10)
        self.conv3, self.bn3 = kind(c1024, c1536), nn.BatchNorm2d(c1536)                            # (N, 1536, 10, 10)
        self.conv4, self.bn4 = kind(c1536, c2048), nn.BatchNorm2d(c2048)                            # (N, 2048, 10, 10)
        self.fc = nn.Linear(c2048, classes)

    def prepare(self, crops: np.ndarray) -> Tensor:
        return resized(as_tensor(crops), self.size).contiguous(memory_format=torch.channels_last)

    def features(self, x: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, 2048, S / 32, S / 32), before the last ReLU."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        for i in range(1, 13):
            x = getattr(self, f"block{i}")(x)
        x = F.relu(self.bn3(self.conv3(x)))
        return self.bn4(self.conv4(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.features(x)).mean(dim=(2, 3)))


def multiplications(network: nn.Module, shape: tuple) -> int:
    """How often `network` multiplies in its convolutions and dense layers for one input of `shape` (N, C, H, W)."""
    counted = 0

    def count(layer, _, out):
        nonlocal counted
        each = layer.weight[0].numel()              # multiplications for one number of the result
        counted += out.numel() * each

    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            network(torch.zeros(shape, device=layers[0].weight.device))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return counted


def equal_multiplications(size: int, width: float = 1.0) -> float:
    """The width at which Xception with full convolutions multiplies as often as the separable one of `width`."""
    def needed(width, separable):
        with torch.device("meta"):                  # shapes alone
            return multiplications(Xception(size=size, width=width, separable=separable), (1, 3, size, size))

    goal, low, high = needed(width, True), 0.0, width
    for _ in range(12):                             # halving the interval
        middle = (low + high) / 2
        low, high = (middle, high) if needed(middle, False) < goal else (low, middle)
    return (low + high) / 2
