"""Training the DeepFakes autoencoder on two (or more) people's faces, at three scales.

    python -m dflib.swap.train                          two actors of the cast, at the current scale
    python -m dflib.swap.train one.mp4 other.mp4        the reader's own videos: of people who agreed

A run that was interrupted goes on. The gpu recipe has the original's batch at twice its side, and
width 20, so that the network can be shipped; at the original's width, 128, it would have 41 times as many parameters.

**The cure.** The original's recipe (``plain``) fails on people who differ strongly: the encoder learns whom it sees, from
hair, background and the colour of skin, and each decoder relies on codes that only its own person gives. So the input

1. is masked outside the hull of the face: hair and background are gone;
2. has its colours standardised with its person's mean and spread: skin is nobody's, while light and shade stay;
3. becomes a code that is standardised per person (see `autoencoder`);

and the loss counts the face and its surroundings only, half of it as DSSIM. The warp is gentler, the light random, and the
rate falls to 0.
"""
import argparse
import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dflib.datasets import ActorClips
from dflib.paths import cache_dir
from dflib.scale import current
from dflib.swap.autoencoder import SwapAutoencoder, dssim, mae
from dflib.datasets.facesets import FIRST, MARGIN, FaceSet, performed_faces, video_faces
from dflib.swap.warp import Warp, random_pairs, relit
from dflib.training import TrainingRun

PEOPLE = ("ana", "ben")                 # of ActorClips: they differ in skin, hair, sex and shape
GENTLE = Warp(rotation=6.0, shift=0.02, flip=0.0, jitter=2 / 160)
LIGHT = 0.25                            # see warp.relit
WARM_UP = 50                            # steps
COLUMNS = 6                             # faces of each person on a preview


@dataclass(frozen=True)
class Recipe:
    """How large, how long, how fast."""
    size: int
    width: int
    batch: int              # faces of each person in a step
    steps: int
    rate: float
    performances: int       # of each person, if the cast plays: everyone gives others, each in another light
    fps: float              # at which they are filmed
    plain: bool = False     # the original's recipe, without the cure


RECIPES = {
    "smoke": Recipe(32, width=8, batch=8, steps=20, rate=2e-3, performances=1, fps=8.0),
    "cpu": Recipe(64, width=16, batch=16, steps=2400, rate=2e-3, performances=48, fps=3.0),     # more lights, not more frames
    "gpu": Recipe(128, width=20, batch=64, steps=8000, rate=1e-3, performances=48, fps=8.0),
}


def colours(faces: FaceSet) -> Tensor:
    """(2, 3): mean and standard deviation of each channel over a person's skin, in pictures from -1 to 1."""
    skin = faces.crops[faces.masks] / 127.5 - 1
    return torch.tensor(np.stack([skin.mean(0), skin.std(0)]), dtype=torch.float32).clamp(min=-1)


def unpacked(faces: Tensor) -> tuple:
    """Pictures (B, 3, S, S) in [-1, 1] and masks (B, 1, S, S) from 0 to 1 of (B, 4, S, S) levels."""
    return faces[:, :3] / 127.5 - 1, faces[:, 3:] / 255


def masked(pictures: Tensor, masks: Tensor) -> Tensor:
    """What the encoder sees: the pictures inside the masks, and 0 outside."""
    return torch.where(masks > 0.5, pictures, 0.0)


def autoencoder_run(folder, sets, recipe: Recipe, seed: int = 0, network=SwapAutoencoder, how: "Warp | None" = None,
                    measure=None, log_every: int = 10) -> TrainingRun:
    """A run in ``folder`` that trains ``recipe`` on a FaceSet of each person, cut for ``recipe.size``.

    For ablations: ``network`` is `SwapAutoencoder` or `SeparateEncoders`, ``how`` the augmentation instead of the recipe's,
    ``measure(network) -> dict of numbers`` is asked every ``log_every`` steps and shown and logged beside the losses. Previews
    show, for each person, six faces as they are, through the own decoder, and through the next person's. ValueError for
    fewer than two people.
    """
    if len(sets) < 2:
        raise ValueError(f"A swap needs the faces of two people at least, not of {len(sets)}.")
    torch.manual_seed(seed)
    model = network(recipe.size, recipe.width, len(sets), aligned=not recipe.plain)
    if not recipe.plain:
        model.colours.copy_(torch.stack([colours(faces) for faces in sets]))
    model = model.to(memory_format=torch.channels_last)         # a quarter faster on a CPU
    data = [faces.tensor() for faces in sets]
    how = how or (Warp() if recipe.plain else GENTLE)

    def step(run, i):
        model.train()
        losses = {}
        for person, faces in enumerate(data):
            rows = run.share(run.rng.integers(len(faces), size=recipe.batch))
            faces = data[person] = faces.to(run.device)
            chosen = faces[rows].float()
            inputs, targets = random_pairs(chosen if recipe.plain else relit(chosen, LIGHT), recipe.size, how)
            losses[f"person {person}"] = reconstruction_loss(model, person, inputs, targets, recipe.plain)
        run.update("adam", sum(losses.values()))
        if measure and (i + 1) % log_every == 0:
            losses |= measure(model.eval())
        return losses

    optimizer = torch.optim.Adam(model.parameters(), recipe.rate, betas=(0.5, 0.999))
    return TrainingRun(folder, {"autoencoder": model}, {"adam": optimizer}, step, recipe.steps, seed,
                       samples=lambda run: preview(model, data), schedule=falling(recipe.steps), log_every=log_every)


def reconstruction_loss(model, person: int, inputs: Tensor, targets: Tensor, plain: bool) -> Tensor:
    """How far warped faces (B, 4, S, S) of one person are from being straightened out to the targets (B, 4, S, S)."""
    (seen, hull), (wanted, counted) = unpacked(inputs), unpacked(targets)
    if plain:
        return mae(model(seen, person, person), wanted, torch.ones_like(counted))
    margin = model.size // 16                                   # what lies around one face is inside another's
    counted = F.max_pool2d(counted, 2 * margin + 1, 1, margin)
    made = model(masked(seen, hull).contiguous(memory_format=torch.channels_last), person, person)
    return mae(made, wanted, counted) + dssim(made, wanted, counted) / 2


def falling(steps: int):
    """Factor of the learning rate in step i: a short rise, then half a cosine down to 0."""
    return lambda i: min(1, (i + 1) / WARM_UP) * (1 + math.cos(math.pi * i / steps)) / 2


def centre(faces: Tensor) -> Tensor:
    """The middle (B, C, S, S) of crops (B, C, MARGIN S, MARGIN S): what the network sees when nothing is augmented."""
    size = round(faces.shape[-1] / MARGIN)
    edge = (faces.shape[-1] - size) // 2
    return faces[..., edge:edge + size, edge:edge + size]


@torch.no_grad()
def preview(model: SwapAutoencoder, data) -> np.ndarray:
    """Rows of faces, (H, W, 3) uint8: for each person of data [(N, 4, S, S) uint8]: source, reconstruction, swap."""
    device, rows = next(model.parameters()).device, []
    was_training = model.training
    model.eval()
    for person, faces in enumerate(data):
        chosen = np.linspace(0, len(faces) - 1, COLUMNS).astype(int)
        pictures, masks = unpacked(centre(faces[chosen]).to(device).float())
        seen = masked(pictures, masks) if model.aligned else pictures
        rows += [pictures, model(seen, person, person), model(seen, person, (person + 1) % len(data))]
    model.train(was_training)
    sheet = torch.cat([torch.cat(list(row.float()), 2) for row in rows], 1)
    return ((sheet.permute(1, 2, 0).clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()


def training_faces(people, recipe: Recipe) -> list:
    """A FaceSet for each of ``people``: names of `ActorClips`, filmed anew, or paths of videos.

    No two people give the same performance, nor the one of a shipped clip: as in life, no picture of one has a counterpart
    of the other.
    """
    clips, sets = ActorClips(), []
    for number, who in enumerate(map(str, people)):
        first = FIRST + number * recipe.performances
        sets.append(performed_faces(clips[who].person(), recipe.size, range(first, first + recipe.performances), recipe.fps)
                    if who in clips.names else video_faces(who, recipe.size))
    return sets


def train(name: str = "autoencoder", people=PEOPLE, recipe: "Recipe | None" = None) -> TrainingRun:
    """Train at the current scale, going on where an earlier run stopped; ``run.models["autoencoder"]`` is the result."""
    default = RECIPES[current().name]
    recipe = recipe or default
    folder = f"{name}-{current().name}"
    if (tuple(people), recipe) != (PEOPLE, default):            # each other pair, and each other recipe, has its own
        folder += "-" + hashlib.sha256(repr((list(map(str, people)), recipe)).encode()).hexdigest()[:8]
    run = autoencoder_run(cache_dir() / "runs" / folder, training_faces(people, recipe), recipe)
    run.fit()
    return run


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the DeepFakes autoencoder at the current scale.")
    parser.add_argument("videos", nargs="*", type=Path, help="a video of each person (default: two actors of the cast)")
    parser.add_argument("--steps", type=int, help="training steps (default: the recipe's)")
    arguments = parser.parse_args()
    own = RECIPES[current().name]
    train(people=arguments.videos or PEOPLE, recipe=replace(own, steps=arguments.steps or own.steps))
