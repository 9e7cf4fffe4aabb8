"""EfficientNet-Lite0 as a detector: what the winners of the DFDC built on, in its smallest form."""
import numpy as np
from torch import Tensor, nn

from dflib.forensics.detector import Detector, resized
from dflib.metrics.efficientnet import EfficientNetLite0
from dflib.pictures import as_tensor


class EfficientNetDetector(Detector):
    """Input: RGB (N, 3, 224, 224) in [-1, 1]; `network` is that of `dflib.metrics.efficientnet` with another head."""

    def __init__(self, classes: int = 2, size: int = 224):
        super().__init__(size, classes)
        self.network = EfficientNetLite0(classes)
        for module in self.network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.1               # faces are no photographs of everything: forget sooner than there

    def prepare(self, crops: np.ndarray) -> Tensor:
        return resized(as_tensor(crops), self.size)

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)

    def start_from(self, trained: EfficientNetLite0) -> "EfficientNetDetector":
        """Take over everything of a trained network but its head."""
        state = {name: value for name, value in trained.state_dict().items() if not name.startswith("fc.")}
        self.network.load_state_dict({**self.network.state_dict(), **state})
        return self
