"""Critics that look at frozen features: Projected GANs, Sauer et al. 2021 (https://arxiv.org/abs/2111.01007).

A discriminator that begins with nothing first has to learn what a face is. Here networks that know faces already are
frozen, their maps are mixed by fixed random convolutions (sec. 3.2), and small discriminators judge the mixtures, one
at each scale. What differs from the paper:

- the features are those of the course's two networks, which were trained on the cast for other tasks, not of one trained
  on ImageNet, in which the generators are scored;
- one more small discriminator sees patches of the picture itself, because those features overlook noise;
- no differentiable augmentation: networks that never met such colours see little in them. With the paper's changes of
  brightness, saturation and contrast the heads told generated faces from real ones with an AUC of 0.67 after 36 steps,
  without them 0.99 (one generator, held still).
"""
from __future__ import annotations

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from dflib.metrics.network import CROP, INPUT, FaceEncoder
from dflib.synthesis.stylegan.framing import known_frame

MAPS = (48, 96, 160)                            # channels of a FaceEncoder's maps of 16, 8 and 4 px
CUTS = (4, 6, 7)                                # how many of its layers make them
SIDES = (16, 8, 4)


class FeatureProjector(nn.Module):
    """P of eq. 2: pictures (B, 3, 64, 64) -> four mixtures of a frozen network's maps, (B, width, side, side), side 16 to 4.

    Cross-channel mixing is a random 1x1 convolution a scale, cross-scale mixing a random 3x3 one whose result is
    enlarged and added to the next finer scale (fig. 2). Both stay as drawn, so no feature can be overlooked for long:
    the random mixtures spread what a few prominent channels see.
    """

    def __init__(self, network: FaceEncoder, width: int = 32):
        super().__init__()
        self.layers = deepcopy(network.layers[:CUTS[-1]])
        self.across_channels = nn.ModuleList(nn.Conv2d(channels, width, 1, bias=False) for channels in MAPS)
        self.across_scales = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in MAPS)
        for conv in (*self.across_channels, *self.across_scales):
            nn.init.kaiming_normal_(conv.weight, a=1)               # keeps the variance
        self.requires_grad_(False)
        self.train()

    def train(self, mode: bool = True):
        return super().train(False)             # its batch norms keep the statistics that they came with

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i + 1 in CUTS:
                maps.append(x)
        mixed, coarser = [], None
        for features, channels, scales in zip(maps[::-1], self.across_channels[::-1], self.across_scales[::-1]):
            features = channels(features)
            if coarser is not None:
                features = features + F.interpolate(coarser, scale_factor=2, mode="bilinear", align_corners=False)
            coarser = scales(features)
            mixed.append(coarser)
        return mixed[::-1]


def head(side: int, inputs: int, width: int) -> nn.Sequential:
    """D_l of eq. 3 for one scale: halved down to 4 x 4, then one number, (B, inputs, side, side) -> (B, 1, 1, 1).

    Spectral normalisation (Miyato et al. 2018) keeps it from growing steep.
    """
    layers = []
    while side > 4:
        layers += [spectral_norm(nn.Conv2d(inputs, width, 4, 2, 1, bias=False)), nn.BatchNorm2d(width), nn.LeakyReLU(0.2)]
        inputs, side = width, side // 2
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(inputs, 1, 4)))


def patches(width: int) -> nn.Sequential:
    """A discriminator of patches of 22 px (Isola et al. 2017): (B, 3, S, S) -> (B, 1, S / 8, S / 8)."""
    def half(inputs, outputs):
        return spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1))

    return nn.Sequential(half(3, width), nn.LeakyReLU(0.2),
                         half(width, 2 * width), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2),
                         half(2 * width, 3 * width), nn.BatchNorm2d(3 * width), nn.LeakyReLU(0.2),
                         spectral_norm(nn.Conv2d(3 * width, 1, 3, padding=1)))


class ProjectedCritic(nn.Module):
    """Pictures (B, 3, S, S) as lesson 03 frames them -> scores, positive for "real": of features (B, 3 per network), of
    patches (B, (S / 8)^2).

    networks: FaceEncoders; frames: for each the part of a picture that it was trained to see, (2, 3) as of
    ``F.affine_grid``.
    """

    def __init__(self, networks, frames, width: int = 32, head_width: int = 48, patch_width: int = 48):
        super().__init__()
        self.projectors = nn.ModuleList(FeatureProjector(network, width) for network in networks)
        self.heads = nn.ModuleList(nn.ModuleList(head(side, width, head_width) for side in SIDES) for _ in networks)
        self.patches = patches(patch_width)
        self.register_buffer("frames", torch.as_tensor(frames, dtype=torch.float32))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        scores = []
        for frame, projector, heads in zip(self.frames, self.projectors, self.heads):
            scores += [head(features).flatten(1) for head, features in zip(heads, projector(framed(images, frame)))]
        return torch.cat(scores, dim=1), self.patches(images).flatten(1)


def framed(images: Tensor, frame: Tensor) -> Tensor:
    """The part ``frame`` (2, 3) of pictures (B, 3, S, S), as (B, 3, 64, 64); what lies outside repeats the border."""
    grid = F.affine_grid(frame.expand(len(images), 2, 3), (len(images), 3, INPUT, INPUT), align_corners=False)
    return F.grid_sample(images.float(), grid, "bilinear", "border", align_corners=False)


def shipped_critic() -> ProjectedCritic:
    """With the features of the shipped attribute network, which sees a whole crop of lesson 01, and of the identity network,
    which sees its middle larger."""
    from dflib.metrics import attributes, identity

    return ProjectedCritic((attributes.shipped(), identity.shipped()), (known_frame(), known_frame(INPUT / CROP)))


def critic_loss(critic: ProjectedCritic, reals: Tensor, fakes: Tensor) -> Tensor:
    """Hinge loss (Lim and Ye 2017): the mean over the features' scores and that over the patches' added, 4 for guesses of 0."""
    return sum(F.relu(1 - real).mean() + F.relu(1 + fake).mean() for real, fake in zip(critic(reals), critic(fakes.detach())))


def fooling_loss(critic: ProjectedCritic, fakes: Tensor) -> Tensor:
    """The generator's part: minus the mean scores."""
    return -sum(scores.mean() for scores in critic(fakes))
