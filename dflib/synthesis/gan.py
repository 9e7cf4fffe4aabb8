"""Goodfellow's game: its theorems by numerical integration, small players for points, and a DCGAN for faces of 32 px.

Goodfellow et al. 2014 (https://arxiv.org/abs/1406.2661). A discriminator answers with a *logit* l; its probability of
"real" is D = 1 / (1 + exp(-l)), and log D = -softplus(-l), log(1 - D) = -softplus(l) stay exact when D is 0 or 1.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..scale import cache_dir, current
from ..training import TrainingRun
from .latents import as_images

# ---- the theorems, for densities p and q given as numbers on an evenly spaced grid x


def gaussian(x, mean: float = 0.0, deviation: float = 1.0) -> np.ndarray:
    """Density of N(mean, deviation²) at x."""
    return np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))


def optimal_discriminator(p, q) -> np.ndarray:
    """p / (p + q): the probability of "real" that is best against a fixed generator (proposition 1)."""
    return p / (p + q)


def game_value(logit, p, q, x) -> float:
    """V(D, G) = E_p[log D] + E_q[log(1 - D)] in nats; logit of D and densities at x. The best logit is log(p / q)."""
    return float(np.trapezoid(-p * np.logaddexp(0, -logit) - q * np.logaddexp(0, logit), x))


def jensen_shannon(p, q, x) -> float:
    """Jensen-Shannon divergence in nats: 0 for equal densities, log 2 for densities that share no point."""
    middle = (p + q) / 2
    entropies = _times_log(p, p) - _times_log(p, middle) + _times_log(q, q) - _times_log(q, middle)
    return float(np.trapezoid(entropies, x)) / 2


def _times_log(weight, value):
    """weight · log(value), and 0 where the weight is 0."""
    return weight * np.log(np.where(weight > 0, value, 1.0))


# ---- the losses, from logits (B,)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-V: the mean of -log D on real plus the mean of -log(1 - D) on fake."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def minimax_loss(fake: Tensor) -> Tensor:
    """What the theorem says the generator should lower: the mean of log(1 - D)."""
    return -F.softplus(fake).mean()


def non_saturating_loss(fake: Tensor) -> Tensor:
    """What every generator lowers in practice: the mean of -log D."""
    return F.softplus(-fake).mean()


GENERATOR_LOSSES = {"minimax": minimax_loss, "non-saturating": non_saturating_loss}


def r1_penalty(discriminator, reals: Tensor, gamma: float) -> Tensor:
    """gamma/2 · mean |gradient of the logit at a real point|² (Mescheder et al. 2018, arXiv:1801.04406)."""
    reals = reals.detach().requires_grad_(True)
    gradient, = torch.autograd.grad(discriminator(reals).sum(), reals, create_graph=True)
    return gamma / 2 * gradient.square().flatten(1).sum(1).mean()


# ---- points in the plane


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


def descend(optimizer, loss: Tensor) -> None:
    """One step of an optimiser, which moves its own parameters and no others."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
        parameter.grad = gradient
    optimizer.step()


# ---- faces of 32 px: DCGAN (Radford et al. 2016, https://arxiv.org/abs/1511.06434)


class FaceGenerator(nn.Sequential):
    """z (B, latent) -> pictures (B, 3, 32, 32) in [-1, 1]."""

    def __init__(self, latent: int = 64, width: int = 32):
        def doubled(before, after):
            convolution = nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)
            return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]

        super().__init__(
            nn.Unflatten(1, (latent, 1, 1)), nn.ConvTranspose2d(latent, 4 * width, 4, bias=False),
            nn.BatchNorm2d(4 * width), nn.ReLU(inplace=True),
            *doubled(4 * width, 2 * width), *doubled(2 * width, width),
            nn.ConvTranspose2d(width, 3, 4, 2, 1), nn.Tanh())
        self.latent = latent
        self.apply(_small_weights)


class FaceDiscriminator(nn.Sequential):
    """Pictures (B, 3, 32, 32) -> logits (B,)."""

    def __init__(self, width: int = 32):
        def halved(before, after):
            convolution = nn.Conv2d(before, after, 4, 2, 1, bias=False)
            return [convolution, nn.BatchNorm2d(after), nn.LeakyReLU(0.2, inplace=True)]

        super().__init__(
            nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
            *halved(width, 2 * width), *halved(2 * width, 4 * width), nn.Conv2d(4 * width, 1, 4), nn.Flatten(0))
        self.apply(_small_weights)


def _small_weights(module: nn.Module) -> None:
    """The initialisation of the paper: deviation 0.02, batch norm about 1."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


SHEET = 16                  # faces in a row and rows in a sample sheet: enough of them to measure
SIDE = 32                   # pixels of a face
BATCH = 64
RATES = {"generator": 5e-4, "discriminator": 2e-4}      # with the paper's 2e-4 for both the discriminator wins early
HALF_LIFE = 5_000           # images, of the generator's average
STEPS = {"smoke": 30, "cpu": 1200, "gpu": 20_000}


def face_run(folder, pictures: np.ndarray, steps: int, width: int = 32, seed: int = 0,
             sample_seconds: float = 10.0) -> TrainingRun:
    """A run in ``folder`` that trains a DCGAN on pictures (N, 32, 32, 3) uint8; ``run.averaged`` makes its sheets."""
    torch.manual_seed(seed)
    players = {"generator": FaceGenerator(width=width), "discriminator": FaceDiscriminator(width)}
    generator, discriminator = players.values()
    reals = torch.from_numpy(pictures).permute(0, 3, 1, 2)

    def step(run, i):
        rows = run.share(run.rng.integers(len(reals), size=BATCH))
        real = reals[rows].to(run.device).float() / 127.5 - 1
        real = torch.where(torch.rand(len(real), 1, 1, 1, device=run.device) < 0.5, real.flip(3), real)
        fake = generator(torch.randn(len(real), generator.latent, device=run.device))
        loss = discriminator_loss(discriminator(real), discriminator(fake.detach()))
        run.update("discriminator", loss)
        fooling = non_saturating_loss(discriminator(fake))
        run.update("generator", fooling)
        return {"generator": fooling, "discriminator": loss}

    optimizers = {name: torch.optim.Adam(player.parameters(), RATES[name], betas=(0.5, 0.999))
                  for name, player in players.items()}
    return TrainingRun(folder, players, optimizers, step, steps, seed, average=("generator", HALF_LIFE, BATCH),
                       samples=lambda run: as_sheet(faces_of(run.averaged)), sample_seconds=sample_seconds)


@torch.no_grad()
def faces_of(generator: FaceGenerator, count: int = SHEET * SHEET, seed: int = 0) -> np.ndarray:
    """The same ``count`` people at every call, (count, 32, 32, 3) uint8."""
    z = np.random.default_rng(seed).standard_normal((count, generator.latent))
    parameter = next(generator.parameters())
    return as_images(generator(torch.from_numpy(z).to(parameter)))


def as_sheet(faces: np.ndarray, columns: int = SHEET) -> np.ndarray:
    """Faces (N, S, S, 3), a multiple of ``columns``, in rows of a picture (H, W, 3)."""
    rows, side = len(faces) // columns, faces.shape[1]
    return faces.reshape(rows, columns, side, side, 3).swapaxes(1, 2).reshape(rows * side, columns * side, 3)


def from_sheet(sheet: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The faces (N, side, side, 3) of a sheet, which TrainingRun keeps in its folder ``samples``."""
    rows, columns = sheet.shape[0] // side, sheet.shape[1] // side
    return sheet.reshape(rows, side, columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)


def train(name: str = "gan", folder: "Path | str | None" = None) -> TrainingRun:
    """Train on the cast at the current scale, going on where an earlier run stopped; ``run.averaged`` is the result.

    name: what the command line calls it. folder: where the run is kept, by default in the cache.
    """
    from ..datasets import RenderedFaces

    scale = current()
    folder = folder or cache_dir() / "runs" / f"{name}-{scale.name}"
    run = face_run(folder, RenderedFaces(split="train", size=SIDE).images(), STEPS[scale.name])
    run.fit()
    return run
