"""The landmark network: a small U-shaped convolutional network with heat maps, trained only on rendered faces.

Heat maps with a differentiable peak follow Sun et al. 2018, "Integral Human Pose Regression"
(https://arxiv.org/abs/1711.08229); that one network says where the landmarks are and whether there is a face at all
follows Zhang et al. 2016, "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks"
(https://arxiv.org/abs/1604.02878); training on renders alone follows Wood et al. 2021, "Fake it till you make it"
(https://arxiv.org/abs/2109.15102).
"""

import torch
from torch import nn
from torch.nn import functional as F

CELL = 4  # pixels of a side of a heat map's cell


def block(inputs, outputs, stride=1):
    """3×3 convolution, batch normalisation, ReLU: (B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Upwards(nn.Module):
    """One step up the U: the coarse map is enlarged and added to the fine one, then both are mixed."""

    def __init__(self, coarse, fine):
        super().__init__()
        self.narrow = nn.Conv2d(coarse, fine, 1)
        self.mix = block(fine, fine)

    def forward(self, coarse, fine):  # (B, coarse, H, W), (B, fine, 2H, 2W) -> (B, fine, 2H, 2W)
        return self.mix(fine + F.interpolate(self.narrow(coarse), scale_factor=2.0, mode="nearest"))


class LandmarkNetwork(nn.Module):
    """Crops (B, 3, 96, 96) in [-1, 1] -> heat map logits (B, 68, 24, 24), and the logit (B,) of an upright face."""

    def __init__(self, width=20):
        super().__init__()
        w = width
        self.stem = nn.Sequential(block(3, w, 2), block(w, w))  # 48 × 48
        self.down1 = nn.Sequential(block(w, 2 * w, 2), block(2 * w, 2 * w))  # 24 × 24
        self.down2 = nn.Sequential(block(2 * w, 4 * w, 2), block(4 * w, 4 * w))  # 12 × 12
        self.down3 = nn.Sequential(block(4 * w, 8 * w, 2), block(8 * w, 8 * w))  # 6 × 6
        self.up2 = Upwards(8 * w, 4 * w)
        self.up1 = Upwards(4 * w, 2 * w)
        self.head = nn.Conv2d(2 * w, 68, 1)
        self.presence = nn.Linear(8 * w, 1)

    def forward(self, images):
        fine = self.down1(self.stem(images))  # (B, 2w, 24, 24)
        middle = self.down2(fine)  # (B, 4w, 12, 12)
        coarse = self.down3(middle)  # (B, 8w, 6, 6)
        return self.head(self.up1(self.up2(coarse, middle), fine)), self.presence(coarse.mean(dim=(2, 3)))[:, 0]


def cell_centres(cells, device=None):
    """Crop coordinate of the centre of each of ``cells`` cells, (cells,), with pixel centres at integers."""
    return (torch.arange(cells, device=device, dtype=torch.float32) + 0.5) * CELL - 0.5


def expected_points(logits):
    """Mean position (B, 68, 2) in crop pixels of the distributions that heat map logits (B, 68, H, W) stand for."""
    heat = logits.flatten(2).softmax(dim=2).view_as(logits)
    y = (heat.sum(dim=3) * cell_centres(logits.shape[2], logits.device)).sum(dim=2)
    x = (heat.sum(dim=2) * cell_centres(logits.shape[3], logits.device)).sum(dim=2)
    return torch.stack([x, y], dim=2)


def landmark_loss(logits, points, sigma=1.0):
    """Cross-entropy of the heat maps (B, 68, H, W) to a Gaussian plus the smooth L1 distance of their means in pixels.

    ``points`` (B, 68, 2) are crop pixels; ``sigma`` is the width of the Gaussian in cells.
    """
    height, width = logits.shape[2:]
    limit = points.new_tensor([width * CELL - 1.0, height * CELL - 1.0])
    cells = (points.clamp(min=0.0).minimum(limit) + 0.5) / CELL - 0.5  # a point outside is sought at the border
    y = torch.arange(height, device=points.device) - cells[..., 1:]  # (B, 68, H)
    x = torch.arange(width, device=points.device) - cells[..., :1]  # (B, 68, W)
    squares = y[..., :, None] ** 2 + x[..., None, :] ** 2
    target = (-0.5 * squares / sigma**2).flatten(2).softmax(dim=2)
    cross_entropy = -(target * logits.flatten(2).log_softmax(dim=2)).sum(dim=2).mean()
    return 0.1 * cross_entropy + F.smooth_l1_loss(expected_points(logits), points)
