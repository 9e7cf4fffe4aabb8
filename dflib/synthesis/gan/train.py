"""Training the DCGAN on faces of 32 px."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from dflib.paths import cache_dir
from dflib.pictures import as_images, as_sheet, as_tensor
from dflib.scale import current
from dflib.synthesis.gan.gan import FaceDiscriminator, FaceGenerator
from dflib.synthesis.gan.losses import discriminator_loss, non_saturating_loss
from dflib.training import TrainingRun

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
    reals = torch.from_numpy(pictures)

    def step(run, i):
        rows = run.share(run.rng.integers(len(reals), size=BATCH))
        real = as_tensor(reals[rows].to(run.device))
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
                       samples=lambda run: as_sheet(faces_of(run.averaged), SHEET), sample_seconds=sample_seconds)


@torch.no_grad()
def faces_of(generator: FaceGenerator, count: int = SHEET * SHEET, seed: int = 0) -> np.ndarray:
    """The same ``count`` people at every call, (count, 32, 32, 3) uint8."""
    z = np.random.default_rng(seed).standard_normal((count, generator.latent))
    parameter = next(generator.parameters())
    return as_images(generator(torch.from_numpy(z).to(parameter)))


def train(name: str = "gan", folder: "Path | str | None" = None) -> TrainingRun:
    """Train on the cast at the current scale, going on where an earlier run stopped; ``run.averaged`` is the result.

    name: what the command line calls it. folder: where the run is kept, by default in the cache.
    """
    from dflib.datasets import RenderedFaces

    scale = current()
    folder = folder or cache_dir() / "runs" / f"{name}-{scale.name}"
    run = face_run(folder, RenderedFaces(split="train", size=SIDE).images(), STEPS[scale.name])
    run.fit()
    return run
