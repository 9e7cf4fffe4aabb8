"""Training the DCGAN on faces of 32 px."""
from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch

from dflib.faces import align
from dflib.pictures import as_images, as_sheet, as_tensor
from dflib.scale import current, native_bfloat16
from dflib.synthesis.gan.gan import FaceDiscriminator, FaceGenerator
from dflib.synthesis.gan.losses import discriminator_loss, non_saturating_loss
from dflib.training import Average, TrainingRun
from dflib.training.record import default_folder, describe, digest

SHEET = 16                  # faces in a row and rows in a sample sheet: enough of them to measure
SIDE = 32                   # pixels of a face
TURNED = 30                 # degrees of yaw


@dataclass(frozen=True)
class Recipe:
    """How large, how long, how fast, from whom."""

    steps: int
    width: int = 32                     # channels of the widest maps
    batch: int = 64
    rate: float = 5e-4                  # of Adam for the generator
    slower: float = 0.4                 # the discriminator's, in units of it: with equal ones it wins early
    half_life: int = 5_000              # pictures, of the generator's average
    more: int = 0                       # people to render besides the shipped ones, two pictures of each


RECIPES = {"smoke": Recipe(30), "cpu": Recipe(1200), "gpu": Recipe(20_000, more=3000)}
SHIPPED = Recipe(6_241, more=3000)


def gan_run(folder, pictures: np.ndarray, recipe: Recipe, seed: int = 0, about=None, sample_seconds: float = 10.0) -> TrainingRun:
    """A run in ``folder`` that trains a DCGAN on pictures (N, 32, 32, 3) uint8; ``run.averaged`` makes its sheets."""
    torch.manual_seed(seed)
    generator, discriminator = FaceGenerator(width=recipe.width), FaceDiscriminator(recipe.width)
    reals = torch.from_numpy(pictures)
    faster = native_bfloat16()

    def step(run, i):
        rows = run.share(run.rng.integers(len(reals), size=recipe.batch))
        real = as_tensor(reals[rows].to(run.device))
        real = torch.where(torch.rand(len(real), 1, 1, 1, device=run.device) < 0.5, real.flip(3), real)
        with torch.autocast("cpu", torch.bfloat16) if faster else nullcontext():
            fake = generator(torch.randn(len(real), generator.latent, device=run.device))
            loss = discriminator_loss(discriminator(real), discriminator(fake.detach()))
            run.update("discriminator", loss)
            fooling = non_saturating_loss(discriminator(fake))
            run.update("generator", fooling)
        return {"generator": fooling, "discriminator": loss}

    optimizers = {"generator": torch.optim.Adam(generator.parameters(), recipe.rate, betas=(0.5, 0.999)),
                  "discriminator": torch.optim.Adam(discriminator.parameters(), recipe.slower * recipe.rate, betas=(0.5, 0.999))}
    return TrainingRun(folder, {"generator": generator, "discriminator": discriminator}, optimizers, step, recipe.steps, seed,
                       about=about, average=Average("generator", recipe.half_life, recipe.batch),
                       samples=lambda run: as_sheet(faces_of(run.averaged), SHEET), sample_seconds=sample_seconds)


def latents_of(generator: FaceGenerator, count: int, seed: int = 0) -> torch.Tensor:
    """The same ``count`` latents at every call, (count, latent), where the generator's weights are."""
    z = np.random.default_rng(seed).standard_normal((count, generator.latent))
    return torch.from_numpy(z).to(next(generator.parameters()))


@torch.no_grad()
def faces_of(generator: FaceGenerator, count: int = SHEET * SHEET, seed: int = 0) -> np.ndarray:
    """The same ``count`` people at every call, (count, 32, 32, 3) uint8."""
    return as_images(generator(latents_of(generator, count, seed)))


def on_arc(start: torch.Tensor, end: torch.Tensor, way: float) -> torch.Tensor:
    """The latent at ``way`` (0 to 1) from start to end, (latent,): as long as latents are, where the straight mean is shorter."""
    return ((1 - way) * start + way * end) / math.hypot(1 - way, way)


def people_of(split: str) -> np.ndarray:
    """The cast's people of a split, (N, 32, 32, 3) uint8, eyes and mouth in the same place; heads turned far are left out."""
    from dflib.datasets import RenderedFaces

    return _aligned(RenderedFaces(split))


def training_data(recipe: "Recipe | None" = None) -> np.ndarray:
    """What `train` learns from when it is given nothing else: the shipped people, and as many more as the recipe renders."""
    from dflib.datasets import RenderedFaces

    if not (recipe and recipe.more):
        return people_of("train")
    more = RenderedFaces.render(recipe.more, shots=2, size=96, yaw=25, split="train")
    return np.concatenate([people_of("train"), _aligned(more)])


def _aligned(rendered):
    rows, landmarks = np.flatnonzero(np.abs(rendered.attribute("yaw")) <= TURNED), rendered.landmarks
    return np.stack([align(rendered.image(row), landmarks[row], SIDE)[0] for row in rows])


def train(recipe: "Recipe | None" = None, data: "np.ndarray | None" = None, folder=None, seed: int = 0) -> TrainingRun:
    """Train at the current scale, going on where an earlier run stopped; ``run.averaged`` is the result.

    recipe: RECIPES of the scale by default. data: pictures (N, 32, 32, 3) uint8, the cast's training people by default.
    folder: where the run is kept, by default in the cache. ValueError when it holds a run of another recipe or data.
    """
    recipe = recipe or RECIPES[current().name]
    pictures = training_data(recipe) if data is None else data
    about = describe("gan", recipe, f"{len(pictures):,} pictures {digest(pictures)}, seed {seed}")
    run = gan_run(folder or default_folder(about), pictures, recipe, seed, about)
    run.fit()
    return run
