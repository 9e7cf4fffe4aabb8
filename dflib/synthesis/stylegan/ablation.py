"""Configurations A to F of the StyleGAN paper's table 1: what it adds to its predecessor, step by step.

A  progressive GAN: z through a dense layer, pixel normalisation, nearest upsampling and average pooling
B  + blurred (bilinear) resampling
C  + mapping network and styles
D  + the learned constant in place of the traditional input
E  + noise
F  + mixing regularisation, the full model

Differences: the paper's B also trains longer and is tuned, and its rows for CelebA-HQ, and A for FFHQ, have the WGAN-GP
loss; here all rows have the same loss and recipe.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dflib.synthesis.stylegan.stylegan import SQRT2, Discriminator, Generator, Mapping, leaky

CONFIGURATIONS = {
    "A": "progressive GAN", "B": "blurred resampling", "C": "mapping and styles", "D": "learned constant", "E": "noise",
    "F": "mixing regularisation"}

#: The paper's table 1: FID on CelebA-HQ and on FFHQ.
PAPER_FID = {"A": (7.79, 8.04), "B": (6.11, 5.25), "C": (5.34, 4.85), "D": (5.07, 4.88), "E": (5.06, 4.42), "F": (5.17, 4.40)}


class DenseStart(nn.Module):
    """The traditional input of a generator: the latent through a dense layer, whose bias is the first layer's."""

    def __init__(self, latent: int, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels * 16, latent))
        self.scale = SQRT2 / 4 / latent ** 0.5          # a quarter of the usual gain, as in the progressive GAN

    def forward(self, w: Tensor) -> Tensor:             # (B, D) -> (B, C, 4, 4)
        return F.linear(w, self.weight * self.scale).reshape(len(w), -1, 4, 4)


class PixelNormLayer(nn.Module):
    """What followed a convolution before there were styles: bias, leaky ReLU, unit RMS over the channels of a pixel."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:           # a StyledLayer's arguments
        x = leaky(x + self.bias[:, None, None].to(x))
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


def configure(generator: Generator, discriminator: Discriminator, configuration: str) -> None:
    """Turn both networks, new and of the full model, into a configuration. ValueError for an unknown one.

    E and F are the same networks; mixing is a matter of training.
    """
    if configuration not in CONFIGURATIONS:
        raise ValueError(f"Unknown configuration {configuration!r}: it is one of {', '.join(CONFIGURATIONS)}.")
    if configuration in "ABC":
        generator.blocks[0].start = DenseStart(generator.latent, generator.blocks[0].conv1.weight.shape[0])
    if configuration in "AB":
        generator.mapping = Mapping(generator.latent, layers=0)                 # only the normalisation of z
        for block in generator.blocks:
            block.layer0, block.layer1 = (PixelNormLayer(block.conv1.weight.shape[0]) for _ in range(2))
    if configuration in "CD":
        for block in generator.blocks:
            for layer in (block.layer0, block.layer1):
                layer.noise_strength.requires_grad_(False)                      # stays at zero
    if configuration == "A":
        for block in (*generator.blocks, *discriminator.blocks):
            block.blur = _unchanged


def _unchanged(x: Tensor) -> Tensor:
    return x
