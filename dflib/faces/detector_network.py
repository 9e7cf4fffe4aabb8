"""The face detector's network: one map of face centres, and the offset and size of the box at each centre.

After Zhou et al. 2019, "Objects as Points" (https://arxiv.org/abs/1904.07850), in small.
"""

import torch
from torch import nn
from torch.nn import functional as F

from dflib.faces.network import Upwards, block

CELL = 8  # pixels of a side of a cell of the output
UNIT = 32.0  # pixels: the size that a predicted log size of 0 stands for
STRIDE = 32  # the sides of the input must be multiples of this


class DetectorNetwork(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] -> (B, 5, H / 8, W / 8).

    The five are the logit of a face's centre, the centre's offset x and y in cells, and the box's log width and height.
    """

    def __init__(self, width=16):
        super().__init__()
        w = width
        self.stem = block(3, w, 2)  # 1/2
        self.down1 = nn.Sequential(block(w, 2 * w, 2), block(2 * w, 2 * w))  # 1/4
        self.down2 = nn.Sequential(block(2 * w, 3 * w, 2), block(3 * w, 3 * w))  # 1/8
        self.down3 = nn.Sequential(block(3 * w, 5 * w, 2), block(5 * w, 5 * w))  # 1/16
        self.down4 = nn.Sequential(block(5 * w, 6 * w, 2), block(6 * w, 6 * w), block(6 * w, 6 * w))  # 1/32
        self.up3 = Upwards(6 * w, 5 * w)
        self.up2 = Upwards(5 * w, 3 * w)
        self.head = nn.Sequential(block(3 * w, 4 * w), nn.Conv2d(4 * w, 5, 1))
        nn.init.constant_(self.head[-1].bias[0], -4.0)  # at first hardly any cell is a face

    def forward(self, images):
        fine = self.down2(self.down1(self.stem(images)))
        middle = self.down3(fine)
        return self.head(self.up2(self.up3(self.down4(middle), middle), fine))


def targets(boxes, cells):
    """What the network should say about one square picture of ``cells`` × ``cells`` cells, for ``boxes`` (N, 4).

    Returns heat (cells, cells) in [0, 1] with a 1 at every centre's cell, geometry (4, cells, cells) and present
    (cells, cells) bool, true where the geometry counts.
    """
    heat = torch.zeros(cells, cells)
    geometry = torch.zeros(4, cells, cells)
    present = torch.zeros(cells, cells, dtype=torch.bool)
    grid = torch.arange(cells)
    for x0, y0, x1, y1 in torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4).tolist():
        x, y = ((x0 + x1 + 1) / 2) / CELL - 0.5, ((y0 + y1 + 1) / 2) / CELL - 0.5  # centre in cells
        column, row = min(max(round(x), 0), cells - 1), min(max(round(y), 0), cells - 1)
        sigma_x, sigma_y = max((x1 - x0) / CELL / 9, 0.35), max((y1 - y0) / CELL / 9, 0.35)
        bell = torch.exp(-0.5 * (((grid - column) / sigma_x) ** 2 + ((grid - row) / sigma_y)[:, None] ** 2))
        heat = torch.maximum(heat, bell)
        # neighbours of the centre learn the box too, so that a peak one cell off still has a good one
        near = bell >= 0.6
        present |= near
        size = torch.tensor([x1 - x0, y1 - y0]).clamp(min=1.0).div(UNIT).log()
        values = torch.stack([(x - grid).expand(cells, cells), (y - grid)[:, None].expand(cells, cells),
                              size[0].expand(cells, cells), size[1].expand(cells, cells)])
        geometry = torch.where(near, values, geometry)
    return heat, geometry, present


def detector_loss(output, heat, geometry, present, weight):
    """Penalty-reduced focal loss of the centres (equation 1 of the paper) plus L1 of offset and log size.

    ``output`` (B, 5, h, w); ``heat``, ``present`` and ``weight`` (B, h, w); ``geometry`` (B, 4, h, w). ``weight`` is 0
    where a face is neither demanded nor forbidden.
    """
    logit = output[:, 0]
    probability = logit.sigmoid()
    centre = (heat == 1) & (weight > 0)
    positive = -((1 - probability) ** 2 * F.logsigmoid(logit))[centre].sum()
    negative = -((1 - heat) ** 4 * probability**2 * F.logsigmoid(-logit) * weight)[~centre].sum()
    count = centre.sum().clamp(min=1)
    difference = (output[:, 1:] - geometry).abs().sum(dim=1)
    return (positive + negative) / count + difference[present].sum() / present.sum().clamp(min=1)


def decode(output, threshold):
    """Boxes (N, 4) and scores (N,) in input pixels of one picture's output (5, h, w): the peaks above ``threshold``."""
    score = output[0].sigmoid()
    peak = F.max_pool2d(score[None, None], 3, stride=1, padding=1)[0, 0]
    rows, columns = torch.nonzero((score == peak) & (score > threshold), as_tuple=True)
    dx, dy, log_width, log_height = output[1:, rows, columns]
    x, y = (columns + dx + 0.5) * CELL - 0.5, (rows + dy + 0.5) * CELL - 0.5
    half_width, half_height = log_width.exp() * UNIT / 2, log_height.exp() * UNIT / 2
    boxes = torch.stack([x - half_width, y - half_height, x + half_width, y + half_height], dim=1)
    return boxes, score[rows, columns]
