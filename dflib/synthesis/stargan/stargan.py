"""StarGAN (Choi et al., CVPR 2018, arXiv:1711.09020): one generator for every edit, in the order of the paper.

Exact reformulations make it fast (a test proves the gradients equal): the gradient penalty follows the critic's chain
of transposed convolutions instead of differentiating twice, a replicated label is convolved only where that makes a
difference, the convolution to three maps is done row by row of its kernel, and instance normalisation is group
normalisation with one group a map.

Shapes: B pictures (B, 3, S, S) in [-1, 1]; labels (B, n) of zeros and ones, n columns over all data sets.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.01                    # of the critic's leaky ReLU (table 5)
CLASSES, RECONSTRUCTION, PENALTY = 1.0, 10.0, 10.0      # lambda_cls, lambda_rec (sec. 3.1), lambda_gp (sec. 4.2)


# ---------------------------------------- the mask vector (sec. 3.3)
def with_mask(labels: Tensor, columns: tuple) -> Tensor:
    """Labels (B, n) with the mask vector, (B, n + number of sets): which data sets each label speaks of (eq. 7).

    columns: how many columns belong to each data set, n in all; with one set there is no mask. Here the mask follows
    from the label: a set is spoken of if one of its columns is not 0, and a label of zeros is one of the first set.
    """
    if len(columns) == 1:
        return labels
    speaks = torch.stack([part.ne(0).any(dim=1) for part in labels.split(columns, dim=1)], dim=1)       # (B, sets)
    speaks[:, 0] |= ~speaks.any(dim=1)
    return torch.cat([labels, speaks.to(labels)], dim=1)


# ---------------------------------------- networks (app. 7.2, tables 4 and 5)
class InstanceNorm(nn.Module):
    """Each map of each picture to mean 0 and variance 1, then scaled and shifted (Ulyanov et al. 2016).

    The statistics are always the picture's own: there are no running ones, and so ``eval()`` changes nothing.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:                                     # (B, C, H, W) -> the same
        return F.group_norm(x, x.shape[1], self.weight, self.bias, eps=1e-5)


class Residual(nn.Module):
    """x + what two 3x3 convolutions make of it, (B, C, H, W) -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), InstanceNorm(channels), nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), InstanceNorm(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.main(x)


def convolved_label(label: Tensor, weight: Tensor, size: tuple) -> Tensor:
    """The label (B, n), replicated over a picture of ``size``, convolved with ``weight`` (w, n, 7, 7): (B, w, *size).

    All places that are 3 px or more from the border see the same, so that 7 x 7 px are enough to compute all of it.
    """
    m = F.conv2d(label[:, :, None, None].expand(-1, -1, 7, 7), weight, padding=3)               # (B, w, 7, 7)
    m = torch.cat([m[:, :, :3], m[:, :, 3:4].expand(-1, -1, size[0] - 6, -1), m[:, :, 4:]], dim=2)
    return torch.cat([m[..., :3], m[..., 3:4].expand(-1, -1, -1, size[1] - 6), m[..., 4:]], dim=3)


def convolved_to_few(x: Tensor, weight: Tensor) -> Tensor:
    """x (B, C, H, W) convolved with ``weight`` (o, C, k, k), k odd, zeros around it: (B, o, H, W), for a small o.

    A processor multiplies into some 16 maps at once, whether they are needed or not. So each row of the kernel makes o maps of its
    own, k * o in all, in one convolution; shifted by their rows they are summed.
    """
    few, _, k, _ = weight.shape
    rows = F.conv2d(x, weight.permute(2, 0, 1, 3).flatten(0, 1).unsqueeze(2), padding=(0, k // 2))      # (B, k * o, H, W)
    rows = F.pad(rows, (0, 0, k // 2, k // 2)).unflatten(1, (k, few))
    return sum(rows[:, i, :, i:i + x.shape[2]] for i in range(k))


class Generator(nn.Module):
    """G(x, c): pictures and target labels to edited pictures (table 4). 8,430,528 parameters with ``columns=(5,)``.

    columns: how many columns of the label belong to each data set, (7, 5) for DOMAINS. width: maps of the first layer.
    The sides of pictures are multiples of 4. Convolutions have no bias, which the normalisation would take away again.
    It takes away a label's contribution as well, except along the border: only there, where the zero padding begins,
    does the replicated label meet something else. Padding by reflection would hide it wholly.
    """

    def __init__(self, columns: tuple = (7, 5), width: int = 64, blocks: int = 6):
        super().__init__()
        self.columns = tuple(columns)
        labels = sum(columns) + (len(columns) if len(columns) > 1 else 0)       # with the mask vector
        w = width
        self.main = nn.Sequential(
            nn.Conv2d(3 + labels, w, 7, padding=3, bias=False), InstanceNorm(w), nn.ReLU(inplace=True),  # (B, w, S, S)
            nn.Conv2d(w, 2 * w, 4, 2, 1, bias=False), InstanceNorm(2 * w), nn.ReLU(inplace=True),        # S/2
            nn.Conv2d(2 * w, 4 * w, 4, 2, 1, bias=False), InstanceNorm(4 * w), nn.ReLU(inplace=True),    # S/4
            *[Residual(4 * w) for _ in range(blocks)],                                                   # S/4
            nn.ConvTranspose2d(4 * w, 2 * w, 4, 2, 1, bias=False), InstanceNorm(2 * w), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * w, w, 4, 2, 1, bias=False), InstanceNorm(w), nn.ReLU(inplace=True),      # S
            nn.Conv2d(w, 3, 7, padding=3, bias=False), nn.Tanh())

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Pictures (B, 3, S, S) as ``labels`` (B, n) want them, as large. ValueError for labels of another shape."""
        if labels.shape != (len(images), sum(self.columns)):
            raise ValueError(f"{len(images)} pictures need labels of shape {(len(images), sum(self.columns))}, "
                             f"not {tuple(labels.shape)}.")
        first = self.main[0].weight                     # (w, 3 + labels, 7, 7): the picture's part, then the label's
        wanted = with_mask(labels.to(images), self.columns)
        x = F.conv2d(images, first[:, :3], padding=3) + convolved_label(wanted, first[:, 3:], images.shape[2:])
        *middle, last, squash = self.main[1:]
        for layer in middle:
            x = layer(x)
        return squash(convolved_to_few(x, last.weight))


class Discriminator(nn.Module):
    """D(x): realness of patches and the logits of all label columns (table 5). 44,762,048 parameters at 128 px, n = 5.

    size: side of the pictures, a power of two; each layer halves it, down to 2 px (the paper's six layers at 128 px).
    """

    def __init__(self, size: int = 64, labels: int = 12, width: int = 64):
        super().__init__()
        if size < 8 or size & (size - 1):
            raise ValueError(f"The side of a picture must be a power of two from 8 upwards, not {size}.")
        widths = [3] + [width * 2 ** i for i in range(size.bit_length() - 2)]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(widths, widths[1:]))
        self.source = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        self.classes = nn.Conv2d(widths[-1], labels, 2, bias=False)

    def forward(self, images: Tensor) -> tuple:
        """(realness (B, 1, 2, 2), higher is more real; logits (B, n)) of pictures (B, 3, size, size)."""
        x = images
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        with torch.autocast(x.device.type, enabled=False):      # bf16's eight bits are too few for scores
            x = x.to(self.source.weight)
            return self.source(x), self.classes(x).flatten(1)

    def input_gradient(self, images: Tensor) -> Tensor:
        """Gradient (B, 3, size, size) of each picture's summed realness with respect to the picture.

        Between its kinks the critic is linear: the gradient is one way back through transposed convolutions, each
        followed by the slope, 1 or SLOPE, that the leaky ReLU had there. The weights get the gradients that
        differentiating twice would give them (the slopes are constant), in two thirds of the time.
        """
        slopes = []
        with torch.no_grad():
            x = images
            for layer in self.layers:
                x = F.leaky_relu(layer(x), SLOPE)
                slopes.append(torch.where(x > 0, 1.0, SLOPE))
        g = F.conv_transpose2d(torch.ones_like(x[:, :1]), self.source.weight, padding=1)
        for layer, slope in zip(reversed(self.layers), reversed(slopes)):
            g = F.conv_transpose2d(g * slope, layer.weight, stride=2, padding=1)
        return g.to(images)


class StarGAN(nn.Module):
    """Both networks for DOMAINS: what a checkpoint holds, so that training can go on and D can say what a picture is."""

    def __init__(self, size: int = 64, width: int = 64, blocks: int = 6, columns: tuple = (7, 5)):
        super().__init__()
        self.size = size
        self.generator = Generator(columns, width, blocks)
        self.critic = Discriminator(size, sum(columns), width)


# ---------------------------------------- losses (sec. 3.1 and 4.2)
def gradient_norms(critic, images: Tensor) -> Tensor:
    """Norms (B,) of d(sum of D_src) / d(image) for any critic, by differentiating: ``input_gradient``'s plain form."""
    images = images.detach().requires_grad_(True)
    gradient, = torch.autograd.grad(critic(images)[0].sum(), images, create_graph=True)
    return torch.linalg.vector_norm(gradient.flatten(1), dim=1)         # its derivative at 0 is 0 and not nan


def gradient_penalty(critic: Discriminator, reals: Tensor, fakes: Tensor) -> Tensor:
    """How far the critic's slope is from 1 between a real and a fake picture: mean of (norm - 1)^2 (eq. 8)."""
    share = torch.rand(len(reals), 1, 1, 1, device=reals.device)
    between = share * reals + (1 - share) * fakes.detach()
    norms = torch.linalg.vector_norm(critic.input_gradient(between).flatten(1), dim=1)
    return (norms - 1).square().mean()


def classification_loss(logits: Tensor, labels: Tensor, known: Tensor | None = None) -> Tensor:
    """Binary cross-entropy, summed over the columns and averaged over the pictures (eq. 2 and 3).

    logits, labels (B, n); known (B, n) bool: columns that count, all by default. Where a picture comes from one of
    several data sets, only that set's columns are known (sec. 3.3).
    """
    losses = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (losses if known is None else losses * known).sum(dim=1).mean()


def critic_losses(critic: Discriminator, reals: Tensor, fakes: Tensor, labels: Tensor,
                  known: Tensor | None = None) -> tuple:
    """(adversarial, classification, penalty) to be lowered by D: of eq. 8 the negative, eq. 2, and the penalty.

    reals (B, 3, S, S) with their own ``labels`` (B, n); fakes as many, of which no gradient is taken.
    D's loss (eq. 5) is adversarial + CLASSES · classification + PENALTY · penalty.
    """
    realness, logits = critic(torch.cat([reals, fakes.detach()]))
    real, fake = realness.chunk(2)
    return (fake.mean() - real.mean(), classification_loss(logits[:len(reals)], labels, known),
            gradient_penalty(critic, reals, fakes))


def generator_losses(generator: Generator, critic: Discriminator, reals: Tensor, fakes: Tensor, labels: Tensor,
                     targets: Tensor, known: Tensor | None = None) -> tuple:
    """(adversarial, classification, reconstruction) to be lowered by G: eq. 8, 3 and 4.

    fakes = generator(reals, targets) with its graph; labels are the pictures' own, to which the fakes are turned back.
    G's loss (eq. 6) is adversarial + CLASSES · classification + RECONSTRUCTION · reconstruction.
    """
    realness, logits = critic(fakes)
    restored = generator(fakes, labels)
    return -realness.mean(), classification_loss(logits, targets, known), (reals - restored).abs().mean()


# ---------------------------------------- for little time: one step of the critic for each of the generator
def logistic_critic_losses(critic: Discriminator, reals: Tensor, fakes: Tensor, labels: Tensor,
                           known: Tensor | None = None) -> tuple:
    """As ``critic_losses``, with the non-saturating logistic loss and R1 (Mescheder et al. 2018, eq. 9, without gamma).

    WGAN-GP needs a critic that is nearly optimal, hence five steps; this loss does with one, as in StarGAN v2 (Choi et
    al. 2020). The penalty is the mean of the squared norm of the slope at the reals, halved.
    """
    realness, logits = critic(torch.cat([reals, fakes.detach()]))
    real, fake = realness.chunk(2)
    slope = critic.input_gradient(reals).flatten(1)
    return (F.softplus(fake).mean() + F.softplus(-real).mean(), classification_loss(logits[:len(reals)], labels, known),
            slope.square().sum(dim=1).mean() / 2)


def logistic_generator_losses(generator: Generator, critic: Discriminator, reals: Tensor, fakes: Tensor, labels: Tensor,
                              targets: Tensor, known: Tensor | None = None) -> tuple:
    """As ``generator_losses``, with the non-saturating loss -log D."""
    realness, logits = critic(fakes)
    restored = generator(fakes, labels)
    return F.softplus(-realness).mean(), classification_loss(logits, targets, known), (reals - restored).abs().mean()


def keeping_loss(generator: Generator, reals: Tensor, labels: Tensor) -> Tensor:
    """|G(x, c') - x|: a picture that is asked for its own label comes back. Every fourth picture is enough.

    The paper has no such loss, and `labels.legal_targets` never asks for what is there already; AttGAN (He et al. 2019) learns by
    it in place of eq. 4. What it is worth: data/stargan.
    """
    return (generator(reals[::4], labels[::4]) - reals[::4]).abs().mean()
