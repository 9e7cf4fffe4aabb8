"""Both networks of a DCGAN for faces of 32 px (Radford et al. 2016, https://arxiv.org/abs/1511.06434)."""
from __future__ import annotations

from torch import nn


class FaceGenerator(nn.Sequential):
    """z (B, latent) -> pictures (B, 3, 32, 32) in [-1, 1]."""

    def __init__(self, latent: int = 64, width: int = 32):
        def doubled(before, after):
            convolution = nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)
            return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]

        super().__init__(
            nn.Unflatten(1, (latent, 1, 1)), nn.ConvTranspose2d(latent, 4 * width, 4, bias=False),
            nn.BatchNorm2d(4 * width), nn.ReLU(inplace=True),
            *doubled(4 * width, 2 * width), *doubled(2 * width, width),
            nn.ConvTranspose2d(width, 3, 4, 2, 1), nn.Tanh())
        self.latent = latent
        self.apply(_small_weights)


class FaceDiscriminator(nn.Sequential):
    """Pictures (B, 3, 32, 32) -> logits (B,)."""

    def __init__(self, width: int = 32):
        def halved(before, after):
            convolution = nn.Conv2d(before, after, 4, 2, 1, bias=False)
            return [convolution, nn.BatchNorm2d(after), nn.LeakyReLU(0.2, inplace=True)]

        super().__init__(
            nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
            *halved(width, 2 * width), *halved(2 * width, 4 * width), nn.Conv2d(4 * width, 1, 4), nn.Flatten(0))
        self.apply(_small_weights)


def _small_weights(module: nn.Module) -> None:
    """The initialisation of the paper: deviation 0.02, batch norm about 1."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
