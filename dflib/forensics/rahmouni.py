"""Statistics of feature maps: Stats-2L.

Rahmouni, Nozick, Yamagishi, Echizen 2017, "Distinguishing computer graphics from natural images using convolution
neural networks" (https://doi.org/10.1109/WIFS.2017.8267647). Two layers of filters, and then not *where* they answered
but how: mean, minimum, maximum and variance of each map.
"""
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dflib.forensics.detector import Detector, central, gray, levels


def statistics(maps: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, 4 C): all means, all minima, all maxima, all variances (biased, picture by picture)."""
    return torch.cat([maps.mean(dim=(2, 3)), maps.amin(dim=(2, 3)), maps.amax(dim=(2, 3)),
                      maps.var(dim=(2, 3), correction=0)], dim=1)


class Rahmouni(Detector):
    """Input: the central 100 x 100 pixels, grey (N, 1, 100, 100) from 0 to 1. 284,034 parameters, whatever the size."""

    native = True

    def __init__(self, classes: int = 2, size: int = 100):
        super().__init__(size, classes)
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)                                 # (N, 32, 100, 100)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)                                # (N, 64, 100, 100), no pooling
        self.dense = nn.Linear(4 * 64, 1024)
        self.dropout = nn.Dropout(0.5)
        self.classifier = nn.Linear(1024, classes)

    def prepare(self, crops: np.ndarray) -> Tensor:
        return levels(gray(central(crops, self.size))) / 255

    def forward(self, x: Tensor) -> Tensor:
        maps = F.relu(self.conv2(F.relu(self.conv1(x))))
        return self.classifier(self.dropout(F.relu(self.dense(statistics(maps)))))
