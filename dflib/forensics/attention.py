"""Where was it changed? An attention map inside a detector.

Dang, Liu, Stehouwer, Liu, Jain 2020, "On the detection of digital face manipulation"
(https://arxiv.org/abs/1910.01717). Between two blocks of any network, a map M (N, 1, h, w) is made from the features F
and multiplied with them:

    F′ = F ⊙ M

so that what comes after sees only where the map is large, and the map can be read. It is made in one of two ways:

    direct regression       M = sigmoid(separable 3 x 3 convolution of F)
    appearance model (MAM)  M = M̄ + Σ_i α_i P_i, the mean map and ten prototypes; only α comes from F

and learns from exact maps, from labels alone, or from nothing but the classification: `map_loss`.
"""
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dflib.forensics.detector import Detector
from dflib.forensics.xception import SeparableConv2d

PLACE = "block7"        # the fourth block of Xception's middle flow
PROTOTYPES = 10
#: What the largest value of a fake's map is drawn to when only its label is known.
PEAK = 0.75
SUPERVISIONS = ("supervised", "weak", "unsupervised")


class DirectRegression(nn.Module):
    """Features (N, C, h, w) -> map (N, 1, h, w) in (0, 1); 10 C parameters, 7,280 for Xception's 728 channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.convolution = SeparableConv2d(channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.convolution(x))


class AppearanceModel(nn.Module):
    """Features (N, C, h, w) -> map (N, 1, h, w): the manipulation appearance model (MAM).

    mean (h, w) and prototypes (K, h, w) are those of `principal_maps`. α is 0 at first, so the map begins as the mean;
    it may leave [0, 1] a little, and is not clipped.
    """

    def __init__(self, channels: int, mean: np.ndarray, prototypes: np.ndarray):
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer("prototypes", torch.as_tensor(prototypes, dtype=torch.float32))
        self.convolution = SeparableConv2d(channels, max(1, channels // 2))
        self.weights = nn.Linear(max(1, channels // 2), len(self.prototypes))
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2:] != self.mean.shape:
            raise ValueError(f"The appearance model's maps are {tuple(self.mean.shape)}, the features here "
                             f"{tuple(x.shape[2:])}: crops must have the size it was made for.")
        alpha = self.weights(F.relu(self.convolution(x)).mean(dim=(2, 3)))                  # (N, K)
        return (self.mean + torch.einsum("nk,khw->nhw", alpha, self.prototypes))[:, None]


def principal_maps(maps: np.ndarray, count: int = PROTOTYPES) -> tuple:
    """Mean (h, w) and `count` prototypes (count, h, w) of training maps (N, h, w), float64.

    Principal components, each as long as its standard deviation: α of about ±1 gives what is usual. They have both
    signs.
    ValueError for fewer than count + 1 maps.
    """
    maps = np.asarray(maps, float)
    if len(maps) <= count:
        raise ValueError(f"{count} prototypes need {count + 1} maps at least, not {len(maps)}.")
    mean = maps.mean(axis=0)
    _, lengths, directions = np.linalg.svd((maps - mean).reshape(len(maps), -1), full_matrices=False)
    components = lengths[:count, None] / np.sqrt(len(maps) - 1) * directions[:count]
    return mean, components.reshape(count, *mean.shape)


class Attention(nn.Module):
    """Features (N, C, h, w) times the map that `make_map` finds in them; it is kept in `map`, (N, 1, h, w)."""

    def __init__(self, make_map: nn.Module):
        super().__init__()
        self.make_map = make_map
        self.map = None

    def forward(self, x: Tensor) -> Tensor:
        self.map = self.make_map(x)
        return x * self.map


class AttentionDetector(Detector):
    """A detector with attention after one of its blocks, which is changed in place.

    backbone    any Detector, say Xception or one that has been trained
    block       the name of one of its modules that gives feature maps (N, C, h, w); "block7", the fourth of Xception's
                middle flow, is the paper's choice: 728 channels, 19 x 19 for 299 px
    maps        None: direct regression; else training maps (N, h, w) for an appearance model, h and w as the features
                have them (`features_after`, `at_grid`); zeros will do for a network whose weights are loaded afterwards
    """

    def __init__(self, backbone: Detector, block: str = PLACE, maps: "np.ndarray | None" = None):
        super().__init__(backbone.size, backbone.classes)
        channels = features_after(backbone, block)[0]
        make_map = DirectRegression(channels) if maps is None else AppearanceModel(channels, *principal_maps(maps))
        parent, _, name = block.rpartition(".")
        inside = backbone.get_submodule(parent)
        setattr(inside, name, nn.Sequential(getattr(inside, name), Attention(make_map)))
        self.backbone, self.block = backbone, block

    def prepare(self, crops: np.ndarray) -> Tensor:
        return self.backbone.prepare(crops)

    def constrain(self) -> None:
        self.backbone.constrain()

    def forward(self, x: Tensor) -> Tensor:
        return self.with_map(x)[0]

    def with_map(self, x: Tensor) -> tuple:
        """Logits (N, classes) and the map (N, h, w) that led to them."""
        logits, attention = self.backbone(x), self.backbone.get_submodule(self.block)[1]
        found, attention.map = attention.map, None
        return logits, found[:, 0]

    @torch.no_grad()
    def maps(self, crops: np.ndarray) -> np.ndarray:
        """(N, h, w) float32 in [0, 1], larger where crops (N, S, S, 3) uint8 look changed."""
        was_training, place = self.training, next(self.parameters()).device
        self.eval()
        parts = [self.with_map(self.prepare(crops[i:i + self.batch]).to(place))[1]
                 for i in range(0, len(crops), self.batch)]
        self.train(was_training)
        return torch.cat(parts).clamp(0, 1).cpu().numpy()


def with_attention(backbone: Detector, kind: str) -> AttentionDetector:
    """A backbone with attention of a `kind` ("regression" or "appearance") in the paper's place, for weights to come."""
    side = features_after(backbone, PLACE)[1]
    return AttentionDetector(backbone, PLACE, None if kind == "regression" else np.zeros((PROTOTYPES + 1, side, side)))


@torch.no_grad()
def features_after(backbone: Detector, block: str) -> tuple:
    """(C, h, w) of what the module `block` of a detector gives; ValueError if there is none, or if it gives no maps."""
    found = {}
    try:
        module = backbone.get_submodule(block)
    except AttributeError:
        raise ValueError(f"{type(backbone).__name__} has no block {block!r}.") from None
    hook = module.register_forward_hook(lambda module, inputs, output: found.update(shape=tuple(output.shape)))
    try:
        backbone.logits(np.zeros((1, backbone.size, backbone.size, 3), np.uint8))
    finally:
        hook.remove()
    if len(found.get("shape", ())) != 4:
        raise ValueError(f"The block {block!r} of {type(backbone).__name__} gives no maps of features.")
    return found["shape"][1:]


def at_grid(masks: np.ndarray, side: int) -> np.ndarray:
    """Masks (N, H, W), bool or in [0, 1], as maps (N, side, side) float32: the share of each field that is set."""
    tensor = torch.from_numpy(np.asarray(masks, np.float32))[:, None]
    return F.adaptive_avg_pool2d(tensor, side)[:, 0].numpy()


def map_loss(found: Tensor, labels: Tensor, supervision: str, truth: "Tensor | None" = None) -> Tensor:
    """The map's part of the loss, a mean over the batch; the whole loss is cross-entropy + 1 · this.

    found (N, h, w); labels (N,), 0 for real. "supervised": mean |M − truth|, truth (N, h, w), 0 for reals, 1 for wholly
    made pictures. "weak": for reals mean |M|, for fakes |max M − 0.75|. "unsupervised": 0. ValueError for another word.
    """
    if supervision == "supervised":
        return (found - truth).abs().mean()
    if supervision == "weak":
        flat = found.flatten(1)
        return torch.where(labels == 0, flat.abs().mean(dim=1), (flat.amax(dim=1) - PEAK).abs()).mean()
    if supervision == "unsupervised":
        return found.new_zeros(())
    raise ValueError(f"Unknown supervision {supervision!r}: known are {', '.join(SUPERVISIONS)}.")
