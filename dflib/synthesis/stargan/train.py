"""Training StarGAN on the rendered cast: the paper's recipe, and one for two cores.

    python -m dflib train stargan           at the current scale; an interrupted run goes on
"""
from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dflib.datasets.domains import COLUMNS, EDITS, edited
from dflib.datasets.edits import LabelledFaces, TrueEdits, apart_faces, cast_faces, expression_faces
from dflib.metrics import edit_judges
from dflib.paths import CHECKPOINTS
from dflib.pictures import as_images, as_sheet, as_tensor
from dflib.scale import current, native_bfloat16
from dflib.synthesis.stargan import stargan
from dflib.synthesis.stargan.labels import even_chances, legal_targets
from dflib.training import Average, TrainingRun
from dflib.training.record import default_folder, describe, digest

SHOWN = 6               # people on the sample sheet, each with every edit


@dataclass(frozen=True)
class Recipe:
    """How large, how long, how fast. A step is one of the critic; every ``critic_steps``-th has one of the generator."""

    size: int
    width: int                          # maps of the first layers of both networks
    steps: int
    batch: int = 16                     # as many from each data set
    blocks: int = 6
    critic_steps: int = 5
    loss: str = "wasserstein"           # with WGAN-GP's penalty, as in the paper, or "logistic" with R1
    penalty: float = stargan.PENALTY    # weight of either
    reconstruction: float = stargan.RECONSTRUCTION
    keeping: float = 0.0                # of `keeping_loss`, which the paper has not
    noise: float = 0.0                  # at most so much on what the critic sees, of 2; the paper has none
    rate: float = 1e-4                  # of Adam, betas 0.5 and 0.999; falls to 0 over the last half of the steps
    half_life: int = 10_000             # images, of both networks' average
    people: int | None = None           # how many of the cast to render for the first data set; None is the shipped set
    apart: int = 0                      # people to render whose hair, sex, age and skin are drawn apart, for one more
    expressions: int = 400              # people rendered for the last one, which knows expressions


RECIPES = {
    "smoke": Recipe(32, width=4, steps=4, batch=4, blocks=1, critic_steps=2, expressions=4),
    # One critic step and R1, so that the generator gets most of the time; Adam's rate for small networks; a picture that is
    # asked for its own label comes back. A step takes 1.2 s of a core with bf16, about twice as much without: nearly
    # seven core-hours with it.
    "cpu": Recipe(64, width=32, steps=20_000, batch=18, critic_steps=1, loss="logistic", penalty=0.002, reconstruction=4.0,
                  keeping=6.0, noise=0.2, rate=4e-4, people=8000, apart=4000, expressions=1000),
    # The paper's: 200,000 steps of batch 16.
    "gpu": Recipe(128, width=64, steps=200_000, people=18_000, expressions=4000),
}
LOSSES = {"wasserstein": (stargan.critic_losses, stargan.generator_losses),
          "logistic": (stargan.logistic_critic_losses, stargan.logistic_generator_losses)}


def train(recipe: Recipe | None = None, data=None, folder=None, seed: int = 0) -> TrainingRun:
    """Train and return the run, whose ``averaged`` is the StarGAN to use; goes on where an earlier run stopped.

    data: a tuple of `LabelledFaces`; by default the shipped cast, and people rendered with the five expressions.
    folder: of the run, by default in the cache. ValueError when it holds a run of another recipe or other data, and for
    pictures of another size than the recipe's.
    """
    recipe = recipe or RECIPES[current().name]
    data = data or training_data(recipe)
    named = "; ".join(f"{faces.name}, {len(faces):,} pictures {digest(faces.images, faces.labels)}" for faces in data)
    about = describe("stargan", recipe, f"{named}, seed {seed}")
    run = stargan_run(folder or default_folder(about), data, recipe, seed, about)
    run.fit()
    return run


def training_data(recipe: Recipe) -> tuple:
    """What `train` learns from when it is given nothing else: two or three sets of `LabelledFaces`.

    Of those drawn apart the first are left out, for the judges learned of them.
    """
    apart = [apart_faces(recipe.size, recipe.apart, after=edit_judges.PEOPLE)] if recipe.apart else []
    return cast_faces(recipe.size, people=recipe.people), *apart, expression_faces(recipe.size, recipe.expressions)


def stargan_run(folder, data, recipe: Recipe, seed: int = 0, about=None) -> TrainingRun:
    """A run in ``folder`` that has not begun yet; arguments as for `train`, about as in TrainingRun."""
    for faces in data:
        if faces.images.shape[1:3] != (recipe.size, recipe.size):
            raise ValueError(f"The recipe is for pictures of {recipe.size} px, and {faces.name} has "
                             f"{faces.images.shape[1]} px.")
    torch.manual_seed(seed)
    networks = stargan.StarGAN(recipe.size, recipe.width, recipe.blocks, COLUMNS)
    generator, critic = networks.generator, networks.critic
    critic_losses, generator_losses = LOSSES[recipe.loss]

    def step(run, i):
        reals, labels, targets, known = batch(run, data, recipe.batch)
        turn = (i + 1) % recipe.critic_steps == 0               # of the generator, which reuses the critic's fakes
        with autocast(run):
            with torch.set_grad_enabled(turn):
                fakes = generator(reals, targets)
            realness, classes, penalty = critic_losses(critic, noisy(reals, recipe.noise), noisy(fakes, recipe.noise),
                                                       labels, known)
        losses = {"critic": realness, "class of reals": classes, "penalty": penalty}
        _update(run, "critic", realness + stargan.CLASSES * classes + recipe.penalty * penalty)
        if turn:
            with autocast(run):
                fooling, classes, restored = generator_losses(
                    generator, lambda x: critic(noisy(x, recipe.noise)), reals, fakes, labels, targets, known)
            losses |= {"generator": fooling, "class of fakes": classes, "reconstruction": restored}
            total = fooling + stargan.CLASSES * classes + recipe.reconstruction * restored
            if recipe.keeping:
                with autocast(run):
                    losses["keeping"] = stargan.keeping_loss(generator, reals, labels)
                total = total + recipe.keeping * losses["keeping"]
            _update(run, "generator", total)
        return losses

    shown = data[0].of(np.linspace(0, len(data[0]) - 1, SHOWN).astype(int), "shown")
    optimizers = {name: torch.optim.Adam(network.parameters(), recipe.rate, betas=(0.5, 0.999))
                  for name, network in (("generator", generator), ("critic", critic))}
    return TrainingRun(folder, {"stargan": networks}, optimizers, step, recipe.steps, seed, about=about,
                       samples=lambda run: edit_sheet(run.averaged.generator, shown),
                       average=Average("stargan", recipe.half_life, recipe.batch),
                       schedule=lambda i: min(1.0, 2 * (1 - i / recipe.steps)))


def pairs_run(folder, truth: TrueEdits, recipe: Recipe, seed: int = 0, about=None) -> TrainingRun:
    """A run that tells the same generator what every edit should look like: the upper bound of what it could learn.

    The loss is |G(x, c) - true edit|, the critic is not used, and ``recipe.steps`` are the generator's. Only the cast has
    such pairs: with photographs nobody knows the true edit, which is why StarGAN needs its three losses.
    """
    torch.manual_seed(seed)
    networks = stargan.StarGAN(recipe.size, recipe.width, recipe.blocks, COLUMNS)
    targets = torch.from_numpy(truth.targets())

    def step(run, i):
        rows = run.share(run.rng.integers(len(truth.row), size=recipe.batch))
        arrays = truth.images[truth.row[rows]], truth.truth[rows]
        pair = [as_tensor(images).to(run.device).contiguous() for images in arrays]
        mirror = torch.rand(len(rows), 1, 1, 1, device=run.device) < 0.5
        picture, wanted = (torch.where(mirror, x.flip(3), x) for x in pair)
        with autocast(run):
            loss = (networks.generator(picture, targets[rows].to(run.device)) - wanted).abs().mean()
        _update(run, "generator", loss)
        return {"distance": loss}

    optimizer = torch.optim.Adam(networks.generator.parameters(), recipe.rate, betas=(0.5, 0.999))
    return TrainingRun(folder, {"stargan": networks}, {"generator": optimizer}, step, recipe.steps, seed, about=about,
                       average=Average("stargan", recipe.half_life, recipe.batch),
                       schedule=lambda i: min(1.0, 2 * (1 - i / recipe.steps)))


def batch(run: TrainingRun, data, size: int) -> tuple:
    """(pictures (B, 3, S, S), labels (B, 12), targets (B, 12), known (B, 12)) of this process, as many from each set.

    Hair colours come evenly. Half of the pictures are mirrored: no label knows left from right.
    """
    parts = []
    for faces in data:
        chances = even_chances(faces.labels, faces.known)
        rows = run.share(run.rng.choice(len(faces), size=size // len(data), p=chances))
        targets = legal_targets(faces.labels[rows], faces.known[rows], run.rng)
        parts.append((faces.images[rows], faces.labels[rows], targets, faces.known[rows]))
    images, *rest = (np.concatenate(columns) for columns in zip(*parts))
    reals = as_tensor(images).to(run.device).contiguous()       # channels last is half as fast in training on a CPU
    mirror = torch.rand(len(reals), 1, 1, 1, device=run.device) < 0.5
    return torch.where(mirror, reals.flip(3), reals), *(torch.from_numpy(part).to(run.device) for part in rest)


def noisy(images: Tensor, most: float) -> Tensor:
    """What the critic may see of pictures (B, 3, S, S): about every second with normal noise, of a strength from 0 to ``most``.

    Instance noise (Sønderby et al. 2017). Under it faint patterns do not say what a picture is, so that a generator cannot
    please the class loss by them; in the others the critic sees whether there is one.
    """
    if not most:
        return images
    strength = most * (2 * torch.rand(len(images), 1, 1, 1, device=images.device) - 1).clamp(min=0)
    return images + strength * torch.randn_like(images)


@contextmanager
def autocast(run: TrainingRun):
    """Convolutions in 16 bits where the GPU or the processor has them; the casted weights are forgotten afterwards."""
    with torch.autocast(run.device.type, torch.bfloat16, enabled=run.device.type == "cuda" or native_bfloat16()):
        yield
    torch.clear_autocast_cache()


def _update(run: TrainingRun, name: str, loss: Tensor) -> None:
    with torch.autocast(run.device.type, enabled=False):
        run.update(name, loss)


@torch.no_grad()
def edit_sheet(generator, faces: LabelledFaces) -> np.ndarray:
    """A row for each picture: itself, then every edit of EDITS, (H, W, 3) uint8."""
    device = next(generator.parameters()).device
    columns = [faces.images]
    for edit in EDITS:
        targets = torch.from_numpy(np.stack([edited(label, edit) for label in faces.labels]))
        columns.append(as_images(generator(as_tensor(faces.images).to(device), targets.to(device))))
    return as_sheet(np.stack(columns, axis=1).reshape(-1, *faces.images.shape[1:]), len(columns))


def ship(run: TrainingRun, recipe: Recipe, data: str, scores: dict) -> dict:
    """Write both averaged networks to data/checkpoints, in eight bits a weight; returns the card."""
    path = CHECKPOINTS / f"stargan-{recipe.size}.safetensors"
    return run.export(path, "average", "python -m dflib train stargan", data, scores, precision="int8")
