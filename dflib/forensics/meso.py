"""MesoNet: two small networks between pixels and meaning.

Afchar, Nozick, Yamagishi, Echizen 2018, "MesoNet: a compact facial video forgery detection network"
(https://arxiv.org/abs/1809.00888). Compression wipes out the noise that co-occurrences live on, and high-level parts
look right in a good fake, so these look at a scale in between: four stages, then 16 numbers.

Layers stand in the order in which the authors' Keras code makes them, which is what `published` relies on.
"""
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dflib.forensics.detector import Detector, levels

EPSILON = 1e-3              # of batch normalisation in Keras; with torch's 1e-5 outputs differ by 40 %


class Meso(Detector):
    """What both have in common. Input: RGB (N, 3, 256, 256) from 0 to 1, resized to the nearest pixel like the authors
    (Keras, with Pillow).

    stages: two feature stages of the subclass, each followed by batch normalisation and a halving; channels: theirs.
    With two classes there is one output, as in the authors' files: the logit of *real*; that of fake is 0.
    """

    batch = 4               # its maps are large: of more pictures they do not fit into a processor's cache

    def __init__(self, classes: int, size: int, stages, channels):
        super().__init__(size, classes)
        if size < 32:
            raise ValueError(f"MesoNet needs crops of 32 px or more, not {size}.")
        self.stage1, self.stage2 = stages
        self.stage3 = nn.Conv2d(channels[1], 16, 5, padding=2)
        self.stage4 = nn.Conv2d(16, 16, 5, padding=2)
        self.norms = nn.ModuleList(nn.BatchNorm2d(c, eps=EPSILON) for c in (*channels, 16, 16))
        side = -(-size // 8) // 4                                       # three halvings that round up, one by 4 down
        self.dense = nn.Linear(16 * side * side, 16)
        self.classifier = nn.Linear(16, 1 if classes == 2 else classes)
        self.dropout = nn.Dropout(0.5)

    def prepare(self, crops: np.ndarray) -> Tensor:
        place = (2 * np.arange(self.size) + 1) * crops.shape[1] // (2 * self.size)      # the pixel under each one's centre
        return levels(crops[:, place[:, None], place]) / 255

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.norms[0](F.relu(self.stage1(x))), 2, ceil_mode=True)
        x = F.max_pool2d(self.norms[1](F.relu(self.stage2(x))), 2, ceil_mode=True)
        x = F.max_pool2d(self.norms[2](F.relu(self.stage3(x))), 2, ceil_mode=True)
        x = F.max_pool2d(self.norms[3](F.relu(self.stage4(x))), 4)                          # (N, 16, 8, 8)
        x = F.leaky_relu(self.dense(self.dropout(x.flatten(1))), 0.1)
        logits = self.classifier(self.dropout(x))
        return logits if self.classes > 2 else torch.cat([logits, torch.zeros_like(logits)], dim=1)


class Meso4(Meso):
    """Four plain convolutions; 27,977 parameters to train."""

    def __init__(self, classes: int = 2, size: int = 256):
        super().__init__(classes, size, (nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 5, padding=2)), (8, 8))


class Inception(nn.Module):
    """Four branches side by side: (N, C, H, W) -> (N, a + b + c + d, H, W), before the ReLU of each.

    A 1 x 1 convolution to each branch; in three of them a 3 x 3 one after it, with holes of 1, 2 and 3 pixels. A ReLU
    follows every convolution, the last one's outside.
    """

    def __init__(self, channels: int, a: int, b: int, c: int, d: int):
        super().__init__()
        self.widths = (a, b, c, d)
        self.narrow = nn.ModuleList(nn.Conv2d(channels, width, 1) for width in self.widths)
        self.wide = nn.ModuleList(nn.Conv2d(width, width, 3, padding=hole, dilation=hole)
                                  for hole, width in ((1, b), (2, c), (3, d)))

    def forward(self, x: Tensor) -> Tensor:
        first, *others = [narrow(x) for narrow in self.narrow]
        return torch.cat([first, *(wide(F.relu(y)) for wide, y in zip(self.wide, others))], dim=1)


class MesoInception4(Meso):
    """Its first two stages are inception blocks; 28,615 parameters to train."""

    def __init__(self, classes: int = 2, size: int = 256):
        super().__init__(classes, size, (Inception(3, 1, 4, 4, 2), Inception(11, 2, 4, 4, 2)), (11, 12))
