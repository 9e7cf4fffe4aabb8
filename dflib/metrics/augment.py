"""Random changes of training crops: small errors of alignment, and what cameras and blending do to faces."""
import math

import torch
from torch.nn import functional

from dflib.metrics.network import INPUT


def augment(pictures, share: float, flip: bool = True):
    """Crops (B, 80, 80, 3) uint8 tensor to inputs (B, 3, 64, 64) float32 in [-1, 1], each changed differently.

    share: of the crop's side that the input shows, .8 for the identity network and 1 for the attribute network.
    Rotation within 6 degrees, size within 8 %, shift within 4 %, flip, exposure, tint, low resolution, noise, all from
    torch's global generator.
    """
    b, device = len(pictures), pictures.device

    def uniform(low, high, *shape):
        return torch.rand(b, *shape, device=device) * (high - low) + low

    x = pictures.permute(0, 3, 1, 2).float().div_(255)
    angle, size = uniform(-6, 6) * math.pi / 180, share * torch.exp(uniform(-.08, .08))
    mirror = torch.where(uniform(0, 1) < .5, -1., 1.) if flip else torch.ones(b, device=device)
    cos, sin = size * angle.cos(), size * angle.sin()
    matrix = torch.stack([torch.stack([cos * mirror, -sin, uniform(-.08, .08)], 1),
                          torch.stack([sin * mirror, cos, uniform(-.08, .08)], 1)], 1)       # (B, 2, 3)
    grid = functional.affine_grid(matrix, [b, 3, INPUT, INPUT], align_corners=False)
    x = functional.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
    x = x * torch.exp(uniform(-.25, .25, 1, 1, 1)) * torch.exp(uniform(-.06, .06, 3, 1, 1))
    # A third of the batch loses detail: a swapped face comes from a 32 to 64 pixel network.
    lost = b // 3
    if lost:
        side = int(torch.randint(20, 48, (1,)))
        small = functional.interpolate(x[:lost], side, mode="bilinear", antialias=True)
        x[:lost] = functional.interpolate(small, INPUT, mode="bilinear")
    x = x + torch.randn_like(x) * uniform(0, .03, 1, 1, 1)
    return x.clamp_(0, 1).mul_(2).sub_(1)
