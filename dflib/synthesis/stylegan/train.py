"""Training StyleGAN: the paper's recipe with progressive growing, one for a CPU core with another discriminator, the ablation.

    python -m dflib train stylegan                      the recipe of the current scale
    python -m dflib train stylegan --data FOLDER        on the reader's own pictures
    python tools/ablation.py --rows C                   a row of the paper's table 1

A run that was interrupted goes on. ``DFLIB_SCALE`` chooses the scale. What differs from the paper in every recipe: smaller
networks, larger steps, a weaker R1 that is evaluated now and then, and one batch of generated pictures a step, which the
discriminator learns from before the generator does. That of two cores does not grow; strided.py says what judges instead.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dflib.paths import CHECKPOINTS
from dflib.scale import current, native_bfloat16
from dflib.training import Average, TrainingRun
from dflib.training.record import default_folder, describe, digest
from dflib.synthesis.stylegan.ablation import configure
from dflib.pictures import as_images, as_sheet, as_tensor
from dflib.synthesis.stylegan.framing import TURNED, aligned_faces
from dflib.synthesis.stylegan.latents import draw, fixed_noise
from dflib.synthesis.stylegan.strided import StridedDiscriminator
from dflib.synthesis.stylegan.stylegan import Discriminator, Generator, discriminator_loss, generator_loss

RATES = {128: 1.5, 256: 2.0, 512: 3.0, 1024: 3.0}           # of Adam, in units of the recipe's, which serves up to 64 px
SHEET = (4, 8)                                              # rows and columns of the sample pictures


@dataclass(frozen=True)
class Recipe:
    """How large, how long, how fast. Images are counted as the discriminator sees them."""

    resolution: int
    latent: int
    base: int                           # see stylegan.channels_at
    limit: int
    batches: dict                       # resolution -> pictures a step; one that is not named has the next larger one's
    start: int                          # the resolution to begin with: the last one without growing
    growing: int                        # images to fade a resolution in, and as many to settle
    images: int                         # in all
    people: int | None                  # how many of the cast to render; None is the shipped set
    rate: float = 1e-3                  # of Adam
    gamma: float = 10.0                 # of R1
    strided: bool = False               # whether strided.py's discriminator takes the paper's place, which cannot grow
    ahead: float = 1.0                  # rate of the discriminator, in units of the generator's
    lazy: int = 1                       # R1 is evaluated in every lazy-th step, times this (Karras et al. 2020, sec. 2.2)
    half_life: int = 10_000             # images, of the generator's average
    falling: float = 0.0                # share of the steps, at the end, in which the rates fall to 0
    configuration: str = "F"

    @property
    def mixing(self) -> float:
        """Probability that a picture has two styles (sec. 3.1)."""
        return 0.9 if self.configuration == "F" else 0.0


RECIPES = {
    "smoke": Recipe(32, latent=32, base=512, limit=32, batches={32: 4}, start=16, growing=4, images=12, people=6,
                    lazy=2),
    # Small networks and few pictures want larger steps and a weaker penalty, whose gradients add up over pixels: the
    # paper's 10 is for 1024 px (Karras et al. 2020, arXiv:2006.06676, use 0.0002 · pixels / batch: 0.05 here).
    # Without growing and against strided.py's discriminator, for from nothing that drew people after minutes where the
    # paper's took hours (data/race). A step takes 0.26 s of a core with bf16, 0.17 s of two.
    "cpu": Recipe(64, latent=256, base=2048, limit=128, batches={64: 16}, start=64, growing=0, images=512_000,
                  people=10_000, rate=2e-3, gamma=1.0, strided=True, ahead=0.25, lazy=8, half_life=20_000, falling=0.6),
    # Steps count, not only pictures: with larger batches and phases of 234 to 468 steps (an H200, 269,000 pictures in three
    # and a half minutes) heads were there and eyes were not.
    "gpu": Recipe(128, latent=256, base=4096, limit=112, batches={128: 32}, start=8, growing=32_000, images=700_000,
                  people=18_000, rate=2e-3, gamma=0.5, lazy=16),
}


@dataclass(frozen=True)
class Stage:
    """What one step looks like."""

    resolution: int
    fade: float         # weight of the newest resolution
    batch: int
    first: bool         # the first step at this resolution


class Plan:
    """Which step is at which resolution: settle at the first, then fade in and settle the next, up to the last."""

    def __init__(self, recipe: Recipe):
        self._parts, self.steps, seen = [], 0, 0    # parts: (first step, steps, resolution, batch, whether it fades in)
        resolution = recipe.start
        while True:
            batch = recipe.batches[min(r for r in recipe.batches if r >= resolution)]
            for fading in (False,) if resolution == recipe.start else (True, False):
                last = resolution == recipe.resolution and not fading
                steps = max(1, -(-(max(recipe.images - seen, 0) if last else recipe.growing) // batch))
                self._parts.append((self.steps, steps, resolution, batch, fading))
                self.steps, seen = self.steps + steps, seen + steps * batch
            if resolution == recipe.resolution:
                return
            resolution *= 2

    def at(self, step: int) -> Stage:
        """The stage of a step, counted from 0; what follows the end is like the end."""
        first, steps, resolution, batch, fading = [part for part in self._parts if part[0] <= step][-1]
        begins = step == first and (fading or first == 0)
        return Stage(resolution, (step - first + 0.5) / steps if fading else 1.0, batch, begins)

    def cost(self, step: int) -> int:
        """Time of a step relative to others: each resolution in use, from 4 px, adds about the same, for channels halve.

        Measured on one core with base 1024 and limit 96: 0.23 s at 8 px, 0.55 to 0.62 s at 64 px, faded in or not.
        """
        stage = self.at(step)
        return stage.batch * (stage.resolution.bit_length() - 2)


def prepared(pictures: Tensor, stage: Stage) -> Tensor:
    """uint8 (B, S, S, 3) -> (B, 3, r, r) in [-1, 1]: half of them mirrored; fading in goes from doubled to sharp."""
    x = as_tensor(pictures)
    mirror = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
    x = F.avg_pool2d(torch.where(mirror, x.flip(3), x), x.shape[-1] // stage.resolution)
    if stage.fade < 1.0:
        x = torch.lerp(F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="nearest"), x, stage.fade)
    return x


def training_styles(generator: Generator, stage: Stage, count: int, mixing: float) -> Tensor:
    """Styles (count, L, D) of fresh z's; some pictures change over to a second one at a random layer."""
    z = torch.randn(2 * count, generator.latent, device=generator.w_average.device)
    w1, w2 = generator.mapping(z).chunk(2)
    generator.track_average(w1)
    layers = 2 * (generator.resolutions.index(stage.resolution) + 1)            # that are in use
    crossover = torch.randint(1, layers, (count,), device=z.device)
    mixed = torch.rand(count, device=z.device) < mixing
    return generator.mixed_styles(w1, w2, torch.where(mixed, crossover, generator.layers))


def stylegan_run(folder, pictures: np.ndarray, recipe: Recipe, seed: int = 0, about=None, samples=None,
                 sample_seconds: float = 30.0) -> TrainingRun:
    """A run in ``folder`` that trains ``recipe`` on pictures (N, S, S, 3) uint8, S a multiple of its resolution.

    about, samples, sample_seconds: as in TrainingRun; ``sample_sheet`` by default.
    """
    torch.manual_seed(seed)
    size = dict(resolution=recipe.resolution, base=recipe.base, limit=recipe.limit)
    generator, discriminator = Generator(latent=recipe.latent, **size), Discriminator(**size)
    configure(generator, discriminator, recipe.configuration)
    if recipe.strided:
        discriminator = StridedDiscriminator(recipe.resolution)
    models = {"generator": generator, "discriminator": discriminator}
    plan, pictures = Plan(recipe), torch.from_numpy(pictures)
    faster = native_bfloat16()

    def step(run, i):
        nonlocal pictures
        pictures = pictures.to(run.device)
        stage = plan.at(i)
        if stage.first:                 # the moments of layers that were idle mean nothing (the official code also clears
                                        # them when a resolution has faded in)
            for optimizer in run.optimizers.values():
                optimizer.state.clear()
        rows = run.share(run.rng.integers(len(pictures), size=stage.batch))
        reals = prepared(pictures[rows], stage)
        gamma = recipe.gamma if i % recipe.lazy == 0 else 0.0
        with torch.autocast("cpu", torch.bfloat16) if faster else nullcontext():
            fakes = made(stage, len(rows))
            loss, penalty = discriminator_loss(discriminator, reals, fakes, gamma, stage.fade)
            _update(run, "discriminator", loss + recipe.lazy * penalty)
            fooling = generator_loss(discriminator, fakes, stage.fade)
            _update(run, "generator", fooling)
        return {"generator": fooling, "discriminator": loss, **({"r1": penalty} if gamma else {})}

    def made(stage, count):
        styles = training_styles(generator, stage, count, recipe.mixing)
        return generator.synthesise(styles, None, stage.resolution, stage.fade)

    def falling(i):
        return min(1.0, (1 - i / plan.steps) / recipe.falling) if recipe.falling else 1.0

    def sheet(run):
        return sample_sheet(run.averaged, plan.at(run.done - 1))

    def adam(network, rate):
        return torch.optim.Adam([p for p in network.parameters() if p.requires_grad], rate, betas=(0.0, 0.99), eps=1e-8)

    optimizers = {name: adam(network, recipe.rate * (1.0 if name == "generator" else recipe.ahead))
                  for name, network in models.items()}
    return TrainingRun(folder, models, optimizers, step, plan.steps, seed, about=about, samples=samples or sheet,
                       sample_seconds=sample_seconds,
                       average=Average("generator", recipe.half_life, recipe.batches[recipe.resolution]),
                       schedule=lambda i: RATES.get(plan.at(i).resolution, 1.0) * falling(i), cost=plan.cost)


def _update(run: TrainingRun, name: str, loss: Tensor) -> None:
    """An update outside autocast, whose cache of casted weights is emptied, because they are old now."""
    with torch.autocast(run.device.type, enabled=False):
        run.update(name, loss)
    torch.clear_autocast_cache()


@torch.no_grad()
def sample_sheet(generator: Generator, stage: Stage, psi: float = 0.7) -> np.ndarray:
    """A grid of the same people at every call, (H, W, 3) uint8, at full size whatever the stage."""
    rows, columns = SHEET
    styles = generator.styles(generator.mapping(draw(generator, rows * columns)), psi)
    noise = fixed_noise(generator)
    made = [generator.synthesise(part, noise, stage.resolution, stage.fade) for part in styles.split(columns)]
    side = generator.resolution
    return as_sheet(as_images(F.interpolate(torch.cat(made).float(), (side, side), mode="nearest")), columns)


def training_pictures(recipe: Recipe, split: str = "train") -> np.ndarray:
    """(N, S, S, 3) uint8: aligned people of the cast, of one split; of those who are held out only the first picture."""
    from dflib.datasets import RenderedFaces

    if recipe.people is None:
        faces = RenderedFaces(split)
    else:
        finer = 2 * recipe.resolution               # for the crop takes a half to two thirds of a render
        faces = RenderedFaces.render(recipe.people, size=finer, yaw=TURNED, split=split)
    return aligned_faces(faces, recipe.resolution, None if split == "train" else faces.shots == faces.people)


def training_data(recipe: Recipe) -> np.ndarray:
    """What `train` learns from when it is given nothing else."""
    return training_pictures(recipe)


def train(recipe: Recipe | None = None, data=None, folder=None, seed: int = 0) -> TrainingRun:
    """Train at the current scale, going on where an earlier run stopped; ``run.averaged`` is the result.

    recipe: RECIPES of the scale by default. data: pictures (N, S, S, 3) uint8, a folder of pictures, or None for the cast.
    folder: where the run is kept, by default in the cache. ValueError when it holds a run of another recipe or data.
    """
    run = run_of(recipe, data, folder, seed)
    run.fit()
    return run


def run_of(recipe: Recipe | None = None, data=None, folder=None, seed: int = 0) -> TrainingRun:
    """The run that ``train`` fits."""
    from dflib.datasets import ImageFolder

    recipe = recipe or RECIPES[current().name]
    if data is None:
        data = training_data(recipe)
    elif not isinstance(data, np.ndarray):
        data = ImageFolder(data, size=recipe.resolution).images()
    about = describe("stylegan", recipe, f"{len(data):,} pictures {digest(data)}, seed {seed}")
    return stylegan_run(folder or default_folder(about), data, recipe, seed, about)


def ship(run: TrainingRun, data: str, scores: dict) -> dict:
    """Write the averaged generator of ``run`` to data/checkpoints, in half precision; returns its card."""
    path = CHECKPOINTS / f"stylegan-{run.averaged.resolution}.safetensors"
    return run.export(path, "average", "python -m dflib train stylegan", data, scores, precision="float16")
