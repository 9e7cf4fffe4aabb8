"""The constrained convolutional network.

Bayar and Stamm 2016, "A deep learning approach to universal image manipulation detection using a new convolutional
layer" (https://doi.org/10.1145/2909827.2930786). A network left to itself looks at what is shown. Its first layer is
therefore kept to *prediction errors*: each filter w has

    w(0, 0) = −1    and    Σ_{(m, n) ≠ (0, 0)} w(m, n) = 1

so that it subtracts each pixel from a guess made of its neighbours, and answers 0 on anything flat. The constraint is
put back after every step of the optimiser, as in the paper's algorithm 1.
"""
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dflib.forensics.detector import Detector, central, gray, levels

FILTERS, SIDE = 12, 5
#: A sum closer to 0 than this is not divided by: that would blow the filter up, or give NaN.
SMALLEST_SUM = 1e-2


@torch.no_grad()
def constrained(weight: Tensor) -> Tensor:
    """The filters (O, I, k, k), k odd, under the constraint, each slice (k, k) by itself; a new tensor.

    Centre to 0, divide by the sum, centre to −1. Where the sum is nearly 0, what it lacks of 1 is spread evenly
    instead.
    """
    middle, neighbours = weight.shape[-1] // 2, weight.shape[-1] * weight.shape[-2] - 1
    w = weight.clone()
    w[..., middle, middle] = 0
    total = w.sum(dim=(-2, -1), keepdim=True)
    total = torch.where((total - 1).abs() < 1e-6, torch.ones_like(total), total)     # what holds stays as it is
    safe = total.abs() >= SMALLEST_SUM
    w = torch.where(safe, w / torch.where(safe, total, torch.ones_like(total)), w + (1 - total) / neighbours)
    w[..., middle, middle] = -1
    return w


class BayarStamm(Detector):
    """Input: the central 128 x 128 pixels, grey levels (N, 1, 128, 128) from 0 to 255.

    dense: width of the first dense layer. 4,096 is the paper's and makes 45.2 million parameters, nearly all of them
    there; what the course ships is narrower.
    """

    native = True

    def __init__(self, classes: int = 2, size: int = 128, dense: int = 4096):
        super().__init__(size, classes)
        side = ((((size - 4) - 7) // 2 + 1 - 3) // 2 + 1 - 4 - 3) // 2 + 1          # 12 for 128 px
        if side < 1:
            raise ValueError(f"The constrained network needs crops of 39 px or more, not {size}.")
        self.residual = nn.Conv2d(1, FILTERS, SIDE, bias=False)                     # (N, 12, 124, 124)
        self.conv2 = nn.Conv2d(FILTERS, 64, 7, stride=2)                            # (N, 64, 59, 59), pooled to 29
        self.conv3 = nn.Conv2d(64, 48, 5)                                           # (N, 48, 25, 25), pooled to 12
        self.dense1 = nn.Linear(48 * side * side, dense)
        self.dense2 = nn.Linear(dense, 4096)
        self.classifier = nn.Linear(4096, classes)
        self.dropout = nn.Dropout(0.5)
        nn.init.normal_(self.residual.weight, 1.0, 1.0)                             # sums far from 0
        self.constrain()
        self.register_load_state_dict_post_hook(lambda network, _: network.constrain())

    @torch.no_grad()
    def constrain(self) -> None:
        """Put the constraint back: after every step, and by itself after loading."""
        self.residual.weight.copy_(constrained(self.residual.weight))

    def prepare(self, crops: np.ndarray) -> Tensor:
        return levels(gray(central(crops, self.size)))

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):                      # in half precision it would not hold
            x = self.residual(x.float())                                            # no ReLU: a residual has a sign
        x = F.max_pool2d(F.relu(self.conv2(x)), 3, 2)
        x = F.max_pool2d(F.relu(self.conv3(x)), 3, 2)
        x = self.dropout(F.relu(self.dense1(x.flatten(1))))
        return self.classifier(self.dropout(F.relu(self.dense2(x))))
