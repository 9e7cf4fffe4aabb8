"""Both networks of a DCGAN for faces of 32 px (Radford et al. 2016, https://arxiv.org/abs/1511.06434)."""
from __future__ import annotations

from torch import nn

LATENT = 64                 # numbers in z


class FaceGenerator(nn.Sequential):
    """z (B, latent) -> pictures (B, 3, 32, 32) in [-1, 1]."""

    def __init__(self, latent: int = LATENT, width: int = 32):
        def doubled(before, after):                                                    # (B, before, s, s) -> (B, after, 2s, 2s)
            return [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]

        super().__init__(
            nn.Unflatten(1, (latent, 1, 1)),                                           # (B, latent, 1, 1)
            nn.ConvTranspose2d(latent, 4 * width, 4, bias=False),                      # (B, 4 width, 4, 4)
            nn.BatchNorm2d(4 * width), nn.ReLU(inplace=True),
            *doubled(4 * width, 2 * width),                                            # (B, 2 width, 8, 8)
            *doubled(2 * width, width),                                                # (B, width, 16, 16)
            nn.ConvTranspose2d(width, 3, 4, 2, 1), nn.Tanh())                          # (B, 3, 32, 32)
        self.latent = latent
        self.apply(small_weights)


class FaceDiscriminator(nn.Sequential):
    """Pictures (B, 3, 32, 32) -> logits (B,)."""

    def __init__(self, width: int = 32):
        def halved(before, after):                                                     # (B, before, s, s) -> (B, after, s/2, s/2)
            return [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2, inplace=True)]

        super().__init__(
            nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),             # (B, width, 16, 16)
            *halved(width, 2 * width),                                                 # (B, 2 width, 8, 8)
            *halved(2 * width, 4 * width),                                             # (B, 4 width, 4, 4)
            nn.Conv2d(4 * width, 1, 4), nn.Flatten(0))                                 # (B,)
        self.apply(small_weights)


def small_weights(module: nn.Module) -> None:
    """The initialisation of the paper: standard deviation 0.02, scales of batch norm about 1."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
