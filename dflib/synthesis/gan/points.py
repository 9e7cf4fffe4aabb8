"""The game on points of the plane: two perceptrons, eight modes on a ring, and what each rule does to them."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from dflib.synthesis.gan.losses import GENERATOR_LOSSES, discriminator_loss, r1_penalty


class Perceptron(nn.Sequential):
    """Fully connected layers of the given widths with ``activation`` between them; (B, first) -> (B, last)."""

    def __init__(self, *widths: int, activation=nn.ReLU):
        layers = []
        for before, after in zip(widths, widths[1:]):
            layers += [nn.Linear(before, after), activation()]
        super().__init__(*layers[:-1])


MODES = 8
SPREAD = 0.05               # standard deviation of a mode, on a ring of radius 1
_ANGLES = 2 * np.pi * np.arange(MODES) / MODES
CENTRES = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], 1)


def ring(count: int) -> Tensor:
    """Points (count, 2) of eight narrow Gaussians on the unit circle, all equally likely."""
    return torch.from_numpy(CENTRES).float()[torch.randint(MODES, (count,))] + SPREAD * torch.randn(count, 2)


def coverage(points) -> tuple[int, float]:
    """(modes covered, share of good samples) of points (N, 2).

    A sample is good within three deviations of a mode. A mode is covered by a quarter of the N / 8 it should have.
    """
    distance = np.linalg.norm(np.asarray(points)[:, None] - CENTRES, axis=2)            # (N, 8)
    good = distance.min(1) < 3 * SPREAD
    counts = np.bincount(distance.argmin(1)[good], minlength=MODES)
    return int((counts >= len(good) / MODES / 4).sum()), float(good.mean())


@dataclass(frozen=True)
class Rules:
    """How a game is played. beta1 is Adam's first momentum; r1 the weight of the penalty, 0 for none."""

    loss: str = "non-saturating"
    discriminator_steps: int = 1
    beta1: float = 0.5
    r1: float = 0.0
    rate: float = 1e-3
    width: int = 128
    batch: int = 256


@dataclass(frozen=True, eq=False)
class Moment:
    """A game at one step."""

    step: int
    points: np.ndarray      # (512, 2) float32, what the generator makes of the same 512 latents
    belief: np.ndarray      # (48, 48) float32, D on a grid over [-EXTENT, EXTENT]², row 0 at the top
    modes: int
    good: float


EXTENT = 1.6                # half the side of the square that is drawn; the ring has radius 1
LATENT = 2                  # of the generator of points


def play(rules: Rules, steps: int, sample=ring, every: int = 50, seed: int = 0) -> list[Moment]:
    """Train two perceptrons against each other on ``sample(count) -> (count, 2)``; a Moment every so many steps."""
    torch.manual_seed(seed)
    generator = Perceptron(LATENT, rules.width, rules.width, 2)
    discriminator = Perceptron(2, rules.width, rules.width, 1)
    optimizers = [torch.optim.Adam(player.parameters(), rules.rate, betas=(rules.beta1, 0.99))
                  for player in (generator, discriminator)]
    latents = torch.randn(512, LATENT)
    line = torch.linspace(-EXTENT, EXTENT, 48)
    grid = torch.stack(torch.meshgrid(line, -line, indexing="xy"), 2).view(-1, 2)
    moments = []
    for step in range(steps + 1):
        if step % every == 0:
            with torch.no_grad():
                points, belief = generator(latents).numpy(), torch.sigmoid(discriminator(grid)).view(48, 48).numpy()
            moments.append(Moment(step, points, belief, *coverage(points)))
        for _ in range(rules.discriminator_steps):
            reals = sample(rules.batch)
            with torch.no_grad():
                fakes = generator(torch.randn(rules.batch, LATENT))
            loss = discriminator_loss(discriminator(reals), discriminator(fakes))
            if rules.r1:
                loss = loss + r1_penalty(discriminator, reals, rules.r1)
            descend(optimizers[1], loss)
        fakes = discriminator(generator(torch.randn(rules.batch, LATENT)))
        descend(optimizers[0], GENERATOR_LOSSES[rules.loss](fakes))
    return moments


def descend(optimizer, loss: Tensor) -> None:
    """One step of an optimiser, which moves its own parameters and no others."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
        parameter.grad = gradient
    optimizer.step()


REAL, FAKE = np.array([0, 114, 178]), np.array([230, 159, 0])       # blue and orange of Okabe and Ito's palette


def moment_image(moment: Moment, size: int = 320) -> np.ndarray:
    """A game at one step, (size, size, 3) uint8: bluer where D says real, a ring round a mode, a dot for a sample."""
    belief = moment.belief[..., None]
    colours = 255 - 0.55 * (255 - (belief * REAL + (1 - belief) * FAKE))
    canvas = cv2.resize(colours.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    pixels = size / (2 * EXTENT)

    def dot(point, radius, colour, thickness):
        centre = (size / 2 + pixels * point * (1, -1)) * 16 - 8
        if np.abs(centre).max() < 32_000:                                           # OpenCV counts in 16 bits
            cv2.circle(canvas, tuple(int(v) for v in centre), int(16 * radius), colour, thickness, cv2.LINE_AA, shift=4)

    for point in moment.points:
        dot(point, size / 130, (20, 20, 20), -1)
    for centre in CENTRES:
        dot(centre, 3 * SPREAD * pixels, (255, 255, 255), 2)
    return canvas
