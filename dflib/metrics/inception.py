"""The Inception network behind published FIDs, with the layer names of its published weights.

Szegedy et al. 2016 (https://arxiv.org/abs/1512.00567), as in TensorFlow's file of 2015-12-05: average pooling leaves
the border out of its mean, and the last block pools by maximum. Layers are named as in torchvision.
"""
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, max_pool2d, relu

SIDE = 299          # of the input, pixels


class ConvBatchNorm(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel, stride: int = 1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        return relu(self.bn(self.conv(x)), inplace=True)


def same(inputs: int, outputs: int, kernel=1) -> ConvBatchNorm:
    """A convolution that keeps the size; kernel: a number, or (height, width)."""
    height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    return ConvBatchNorm(inputs, outputs, (height, width), padding=(height // 2, width // 2))


def half(inputs: int, outputs: int) -> ConvBatchNorm:
    """A 3x3 convolution of stride 2."""
    return ConvBatchNorm(inputs, outputs, 3, stride=2)


class Block(nn.Module):
    """Chains of convolutions side by side, and a pooled copy; their maps are concatenated in this order.

    chains: tuples of layer names, applied one after the other; one that ends in "a" has a twin in "b" that sees the
    same input. pooling: "average" and "maximum" keep the size, "half" halves it. After the first two
    comes the layer branch_pool.
    """

    def __init__(self, chains, pooling: str, **layers):
        super().__init__()
        self.chains, self.pooling = chains, pooling
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        outputs = []
        for chain in self.chains:
            y = x
            for name in chain:
                if name.endswith("a"):
                    y = torch.cat([getattr(self, name)(y), getattr(self, name[:-1] + "b")(y)], dim=1)
                else:
                    y = getattr(self, name)(y)
            outputs.append(y)
        return torch.cat([*outputs, self._pooled(x)], dim=1)

    def _pooled(self, x):
        if self.pooling == "half":
            return max_pool2d(x, 3, 2)
        if self.pooling == "maximum":
            return self.branch_pool(max_pool2d(x, 3, 1, 1))
        return self.branch_pool(avg_pool2d(x, 3, 1, 1, count_include_pad=False))


def block_a(inputs: int, pooled: int) -> Block:
    """35 x 35: (B, inputs, H, W) -> (B, 224 + pooled, H, W)."""
    return Block((("branch1x1",), ("branch5x5_1", "branch5x5_2"),
                  ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")), "average",
                 branch1x1=same(inputs, 64), branch5x5_1=same(inputs, 48), branch5x5_2=same(48, 64, 5),
                 branch3x3dbl_1=same(inputs, 64), branch3x3dbl_2=same(64, 96, 3), branch3x3dbl_3=same(96, 96, 3),
                 branch_pool=same(inputs, pooled))


def block_b(inputs: int) -> Block:
    """35 x 35 to 17 x 17: (B, 288, H, W) -> (B, 768, H/2, W/2)."""
    return Block((("branch3x3",), ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")), "half",
                 branch3x3=half(inputs, 384), branch3x3dbl_1=same(inputs, 64), branch3x3dbl_2=same(64, 96, 3),
                 branch3x3dbl_3=half(96, 96))


def block_c(inputs: int, narrow: int) -> Block:
    """17 x 17: (B, inputs, H, W) -> (B, 768, H, W)."""
    row, column = (1, 7), (7, 1)
    return Block((("branch1x1",), ("branch7x7_1", "branch7x7_2", "branch7x7_3"),
                  tuple(f"branch7x7dbl_{k}" for k in range(1, 6))), "average",
                 branch1x1=same(inputs, 192), branch7x7_1=same(inputs, narrow),
                 branch7x7_2=same(narrow, narrow, row), branch7x7_3=same(narrow, 192, column),
                 branch7x7dbl_1=same(inputs, narrow), branch7x7dbl_2=same(narrow, narrow, column),
                 branch7x7dbl_3=same(narrow, narrow, row), branch7x7dbl_4=same(narrow, narrow, column),
                 branch7x7dbl_5=same(narrow, 192, row), branch_pool=same(inputs, 192))


def block_d(inputs: int) -> Block:
    """17 x 17 to 8 x 8: (B, 768, H, W) -> (B, 1280, H/2, W/2)."""
    return Block((("branch3x3_1", "branch3x3_2"), tuple(f"branch7x7x3_{k}" for k in range(1, 5))), "half",
                 branch3x3_1=same(inputs, 192), branch3x3_2=half(192, 320), branch7x7x3_1=same(inputs, 192),
                 branch7x7x3_2=same(192, 192, (1, 7)), branch7x7x3_3=same(192, 192, (7, 1)),
                 branch7x7x3_4=half(192, 192))


def block_e(inputs: int, pooling: str) -> Block:
    """8 x 8: (B, inputs, H, W) -> (B, 2048, H, W)."""
    row, column = (1, 3), (3, 1)
    return Block((("branch1x1",), ("branch3x3_1", "branch3x3_2a"),
                  ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3a")), pooling,
                 branch1x1=same(inputs, 320), branch3x3_1=same(inputs, 384), branch3x3_2a=same(384, 384, row),
                 branch3x3_2b=same(384, 384, column), branch3x3dbl_1=same(inputs, 448),
                 branch3x3dbl_2=same(448, 384, 3), branch3x3dbl_3a=same(384, 384, row),
                 branch3x3dbl_3b=same(384, 384, column), branch_pool=same(inputs, 192))


class Inception(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] of any size to the features before the classifier, (B, 2048)."""

    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = half(3, 32), ConvBatchNorm(32, 32, 3)
        self.Conv2d_2b_3x3 = same(32, 64, 3)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = same(64, 80), ConvBatchNorm(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = block_a(192, 32), block_a(256, 64), block_a(288, 64)
        self.Mixed_6a = block_b(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = (block_c(768, n) for n in (128, 160, 160, 192))
        self.Mixed_7a, self.Mixed_7b, self.Mixed_7c = block_d(768), block_e(1280, "average"), block_e(2048, "maximum")
        self.fc = nn.Linear(2048, 1008)         # in the file, though the features come before it

    def forward(self, x):
        x = x.to(self.fc.weight)
        # As in TensorFlow's graph: values 0..255, less 128, over 128.
        x = (tensorflow_resized((x + 1) * 127.5, SIDE) - 128) / 128
        x = max_pool2d(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))), 3, 2)    # (B, 64, 73, 73)
        x = max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)), 3, 2)                        # (B, 192, 35, 35)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))                                     # (B, 288, 35, 35)
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))       # (B, 768, 17, 17)
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))                                     # (B, 2048, 8, 8)
        return x.mean(dim=(2, 3))


def tensorflow_resized(x, side: int):
    """(B, C, H, W) -> (B, C, side, side), bilinear between corners, as TensorFlow 1 did it: pixel i lies at i H / side.

    Other resizing moves an FID by whole points (Parmar et al. 2022, https://arxiv.org/abs/2104.11222).
    """
    for axis in (2, 3):
        length = x.shape[axis]
        place = torch.arange(side, device=x.device, dtype=x.dtype) * (length / side)
        low = place.long().clamp(max=length - 1)
        shape = [1] * 4
        shape[axis] = side
        share = (place - low).view(shape)
        x = torch.lerp(x.index_select(axis, low), x.index_select(axis, (low + 1).clamp(max=length - 1)), share)
    return x
