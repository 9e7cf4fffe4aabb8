"""A face enhancer: what a swap network draws, twice as large and sharp.

Small swap networks draw smooth faces: no lashes, one tooth. DeepFaceLab (Perov et al. 2020, https://arxiv.org/abs/2005.05535,
"FaceEnhancer") therefore sharpens what was swapped by a second network that knows sharp faces, whoever's they are; it learns
once, from many people, and is then used for everybody. Here a small U-Net says what has to be added to the enlarged picture (Kim et al.
2016, "Accurate image super-resolution using very deep convolutional networks"). Faces are aligned, so it is also told where in
the face it is (not on which side: it learns from mirrored faces too).
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.1             # of the leaky ReLU
FINEST = 16             # channels at the full size


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, padding=1), nn.LeakyReLU(SLOPE))


class Enhancer(nn.Module):
    """Aligned faces (B, 3, S, S) in [-1, 1] -> the same (B, 3, 2 S, 2 S); S a multiple of 4. width: channels at size S."""

    def __init__(self, width: int = 32):
        super().__init__()
        a, b, c = width, 2 * width, 3 * width
        self.first = nn.Sequential(conv(5, a), conv(a, a))                          # (B, a, S, S)
        self.second = nn.Sequential(conv(a, b, 2), conv(b, b))                      # (B, b, S/2, S/2)
        self.third = nn.Sequential(conv(b, c, 2), conv(c, c), conv(c, c))           # (B, c, S/4, S/4)
        self.fourth = conv(b + c, b)                                                # (B, b, S/2, S/2)
        self.fifth = conv(a + b, a)                                                 # (B, a, S, S)
        self.up = nn.Sequential(conv(a, 4 * FINEST), nn.PixelShuffle(2))            # (B, FINEST, 2 S, 2 S)
        self.to_rgb = nn.Conv2d(FINEST, 3, 3, padding=1)

    def forward(self, faces: Tensor) -> Tensor:
        count, _, height, width = faces.shape
        y, x = (torch.linspace(-1, 1, side, device=faces.device) for side in (height, width))
        where = torch.stack(torch.meshgrid(x, y, indexing="xy")).expand(count, 2, height, width)
        fine = self.first(torch.cat([faces, where], 1).contiguous(memory_format=torch.channels_last))
        middle = self.second(fine)
        middle = self.fourth(torch.cat([F.interpolate(self.third(middle), scale_factor=2), middle], 1))
        fine = self.fifth(torch.cat([F.interpolate(middle, scale_factor=2), fine], 1))
        large = F.interpolate(faces.float(), scale_factor=2, mode="bicubic", align_corners=False)
        return large + self.to_rgb(self.up(fine)).float()
