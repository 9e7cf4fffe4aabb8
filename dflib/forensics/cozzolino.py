"""Co-occurrences as a convolutional network.

Cozzolino, Poggi, Verdoliva 2017, "Recasting residual-based local descriptors as convolutional neural networks"
(https://arxiv.org/abs/1703.04615). Every stage of the histogram of `cooccurrences` has a counterpart in a network:

    residuals of four neighbours    a convolution with the filter [1, −3, 3, −1] at four shifts
    quantising                      the nearest of 81 code words c ∈ {−1, 0, 1}⁴:  argmax_c ⟨r, c⟩ − STEP ‖c‖² / 2,
                                    which is a 1 x 1 convolution with a bias, and a maximum
    histogram                       the mean over all places
    linear SVM                      a linear layer

With the hard maximum it *is* the histogram, to the last bit. A softmax in its place lets gradients through, and
everything, the filter first, can be fine-tuned.
"""
import itertools

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dflib.forensics.histogram import STEP, WORDS, CooccurrenceSVM
from dflib.forensics.detector import Detector, central, gray, levels

FILTER = (1.0, -3.0, 3.0, -1.0)
#: Steepness of the softmax, per grey level: at 4, a residual half a level from the border is decided by e² to 1.
STEEPNESS = 4.0


class Descriptor(nn.Module):
    """Shares of 81 words along the rows: (N, 1, H, W) grey levels from 0 to 255 -> (N, 81)."""

    def __init__(self):
        super().__init__()
        filters = torch.zeros(4, 1, 1, 7)
        for shift in range(4):
            filters[shift, 0, 0, shift:shift + 4] = torch.tensor(FILTER)
        words = torch.tensor(list(itertools.product((-1.0, 0.0, 1.0), repeat=4)))           # (81, 4)
        self.filters = nn.Parameter(filters)
        self.words = nn.Parameter(words[:, :, None, None])
        self.bias = nn.Parameter(-STEP * words.square().sum(dim=1) / 2)

    def forward(self, x: Tensor, steepness: "float | None") -> Tensor:
        with torch.autocast(x.device.type, enabled=False):                      # half levels decide: no half precision
            residuals = F.conv2d(x, self.filters)                               # (N, 4, H, W - 6)
            nearness = F.conv2d(residuals, self.words, self.bias)               # (N, 81, H, W - 6)
        if steepness is None:
            chosen = F.one_hot(nearness.argmax(dim=1), WORDS).to(x.dtype)       # (N, H, W - 6, 81)
            return chosen.mean(dim=(1, 2))
        return (steepness * nearness).softmax(dim=1).mean(dim=(2, 3))


class Cozzolino(Detector):
    """Input: the central 128 x 128 pixels, grey levels (N, 1, 128, 128) from 0 to 255.

    steepness: of the softmax; None: the hard maximum, which has no gradients before the last layer. Columns are the
    rows of the picture on its side, with filters and words of their own.
    """

    native = True

    def __init__(self, classes: int = 2, size: int = 128, steepness: "float | None" = STEEPNESS):
        super().__init__(size, classes)
        self.steepness = steepness
        self.rows, self.columns = Descriptor(), Descriptor()
        self.classifier = nn.Linear(2 * WORDS, classes)

    def prepare(self, crops: np.ndarray) -> Tensor:
        return levels(gray(central(crops, self.size)))

    def descriptor(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, 162), what `cooccurrences` gives, with the hard maximum and the first weights."""
        return torch.cat([self.rows(x, self.steepness), self.columns(x.transpose(2, 3), self.steepness)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.descriptor(x))

    @torch.no_grad()
    def start_from(self, machine: CooccurrenceSVM) -> "Cozzolino":
        """Take over the plane of a fitted support vector machine: with the hard maximum the logits are the same."""
        if self.classes != 2:
            raise ValueError(f"A support vector machine knows two classes, this network {self.classes}.")
        nn.init.zeros_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)
        self.classifier.weight[1] = machine.plane.weight[0]
        self.classifier.bias[1] = machine.plane.bias[0]
        return self
