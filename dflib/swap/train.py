"""Training the DeepFakes autoencoder on two (or more) people's faces, at three scales.

    python -m dflib train autoencoder                                two actors of the cast, at the current scale
    python -m dflib train autoencoder --data one.mp4 other.mp4       the reader's own videos: of people who agreed

A run that was interrupted goes on. The gpu recipe has the original's batch at twice its side; at the original's width, 128,
it would have 41 times as many parameters as at 20.

**The cure.** The original's recipe (``plain``) fails on people who differ strongly (data/cure measures each part). So the input

1. is masked outside the hull of the face: hair and background are gone;
2. has its colours standardised with its person's mean and spread: skin is nobody's, while light and shade stay;
3. becomes a code that is standardised per person (see `autoencoder`);

and the loss counts the face and its surroundings only, half of it as DSSIM. The warp is gentler, the light random, and the
rate falls to 0.

**Sharp eyes and a mouth that opens** (``SHARP``): a mean over pixels hardly sees a lid that closes. So a pixel of eyes and
mouth counts six times, edges count as edges (`autoencoder.gradient`), DSSIM looks at two scales, faces are drawn evenly over
turn and openings, and the last steps see faces as they are, unwarped. With w the weight of a pixel, x the face and y what is
made of it,

    loss = MAE_w(y, x) + (DSSIM_w(y, x) + DSSIM_w(y/2, x/2)) / 2 + gradient GRAD_w(y, x) - PLEASE mean critic(y)

where y/2 is the picture at half its side. The last term comes last (``critic``): a small network learns to tell skin, lashes
and teeth from what the decoders paint, in reconstructions and in swaps alike.
"""
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dflib import media
from dflib.datasets import ActorClips
from dflib.datasets.facesets import FIRST, MARGIN, FaceSet, face_set, performed_faces, poses, video_faces
from dflib.manipulate import follower
from dflib.metrics.identity import identities
from dflib.scale import current
from dflib.swap.autoencoder import PatchCritic, SwapAutoencoder, dssim, gradient, mae, masked, unpacked
from dflib.swap.warp import Warp, random_pairs, relit
from dflib.training import TrainingRun
from dflib.training.record import default_folder, describe, digest
from dflib.training.schedule import warm_cosine

PEOPLE = ("ana", "ben")                 # of ActorClips: they differ in skin, hair, sex and shape
GENTLE = Warp(rotation=6.0, shift=0.02, flip=0.0, jitter=2 / 160)
LIGHT = 0.25                            # see warp.relit
PLEASE = 0.2                            # weight of the critic; it learns TIMES as fast as the network
TIMES = 10
BINS = 8                                # of turn and openings, over which faces are drawn evenly
FEWEST = 4                              # faces of a person
LEVEL = 1 / 127.5                       # one of 255, in pictures from -1 to 1
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
    emphasis: float = 0.0   # how much more a pixel of eyes and mouth counts than another of the face
    gradient: float = 0.0   # weight of the difference of slopes
    even: bool = False      # draw faces evenly over turn, opening of the lips and opening of the lids
    straight: float = 0.0   # share of the steps, the last ones, in which nothing is warped
    critic: float = 0.0     # share of the steps, the last ones, in which the decoders must also please a critic
    finest: int = 1         # fewest channels of a decoder's layer
    bf16: bool = False      # multiply in bfloat16 on a CPU too; worth it where the processor has instructions for it


SHARP = dict(emphasis=5.0, gradient=0.5, even=True, straight=0.2)
RECIPES = {
    "smoke": Recipe(32, width=8, batch=8, steps=20, rate=2e-3, performances=1, fps=8.0, critic=0.3, finest=4, **SHARP),
    "cpu": Recipe(64, width=16, batch=16, steps=2400, rate=2e-3, performances=48, fps=3.0),     # more lights, not more frames
    "gpu": Recipe(128, width=20, batch=64, steps=8000, rate=1e-3, performances=48, fps=8.0, **SHARP),
}
# The network in data/checkpoints: as wide as fits into its file, trained on one core of a processor that multiplies bfloat16.
# It did not begin at random, but with a network of the gpu recipe before SHARP, made wider (see `ship`).
SHIPPED = Recipe(128, width=30, batch=12, steps=1300, rate=1e-3, performances=96, fps=4.0, critic=0.31, finest=16, bf16=True,
                 **SHARP)


def colours(faces: FaceSet) -> Tensor:
    """(2, 3): mean and standard deviation of each channel over a person's skin, in pictures from -1 to 1.

    The standard deviation is at least LEVEL: skin of one colour would otherwise be divided by 0.
    """
    skin = faces.crops[faces.masks] / 127.5 - 1
    return torch.tensor(np.stack([skin.mean(0), skin.std(0).clip(LEVEL)]), dtype=torch.float32)


def autoencoder_run(folder: "str | Path", sets: list, recipe: Recipe, seed: int = 0, network: type = SwapAutoencoder,
                    how: "Warp | None" = None, light: float = LIGHT, loss: "Callable | None" = None,
                    measure: "Callable | None" = None, log_every: int = 10, about: "dict | None" = None) -> TrainingRun:
    """A run in ``folder`` that trains ``recipe`` on a FaceSet of each person, cut for ``recipe.size``.

    For ablations: ``network`` is `SwapAutoencoder` or `SeparateEncoders`, ``how`` the augmentation instead of the recipe's,
    ``light`` that of `warp.relit`, ``loss`` takes the place of `reconstruction_loss`, and
    ``measure(network) -> dict of numbers`` is asked every ``log_every`` steps and shown and logged beside the losses. Previews
    show, for each person, six faces as they are, through the own decoder, and through the next person's. ValueError for
    fewer than two people.
    """
    if len(sets) < 2:
        raise ValueError(f"A swap needs the faces of two people at least, not of {len(sets)}.")
    torch.manual_seed(seed)
    model = network(recipe.size, recipe.width, len(sets), aligned=not recipe.plain, finest=recipe.finest)
    if not recipe.plain:
        model.colours.copy_(torch.stack([colours(faces) for faces in sets]))
    model = model.to(memory_format=torch.channels_last)         # a quarter faster on a CPU
    models, optimizers = {"autoencoder": model}, {"adam": torch.optim.Adam(model.parameters(), recipe.rate, betas=(0.5, 0.999))}
    if recipe.critic:
        models["critic"] = critic = PatchCritic(len(sets)).to(memory_format=torch.channels_last)
        optimizers["critic"] = torch.optim.Adam(critic.parameters(), TIMES * recipe.rate, betas=(0.5, 0.999))
    data = [faces.tensor() for faces in sets]
    chances = [even_chances(poses(faces.landmarks)) if recipe.even else None for faces in sets]
    how, loss = how or (Warp() if recipe.plain else GENTLE), loss or reconstruction_loss

    def step(run, i):
        model.train()
        left = recipe.steps - i
        warp = replace(how, jitter=0.0) if left <= round(recipe.straight * recipe.steps) else how
        losses, batches = {}, []
        for person, faces in enumerate(data):
            rows = run.share(run.rng.choice(len(faces), size=recipe.batch, p=chances[person]))
            faces = data[person] = faces.to(run.device)
            chosen = faces[rows].float()
            inputs, targets = random_pairs(chosen if recipe.plain else relit(chosen, light), recipe.size, warp)
            with torch.autocast(run.device.type, torch.bfloat16, enabled=recipe.bf16 or run.device.type == "cuda"):
                codes, made = reconstructed(model, person, inputs)
            losses[f"person {person}"] = loss(made, targets, recipe)
            batches.append((codes, made, *unpacked(targets)))
        total = sum(losses.values())
        if left <= round(recipe.critic * recipe.steps):
            with torch.autocast(run.device.type, torch.bfloat16, enabled=recipe.bf16 or run.device.type == "cuda"):
                pleased, told = criticised(model, critic, batches)
            run.update("critic", told)
            total = total + PLEASE * pleased
            losses |= {"critic": told, "pleased": pleased}
        run.update("adam", total)
        if measure and (i + 1) % log_every == 0:
            losses |= measure(model.eval())
        return losses

    return TrainingRun(folder, models, optimizers, step, recipe.steps, seed, samples=lambda run: preview(model, data),
                       schedule=warm_cosine(recipe.steps), log_every=log_every, about=about)


def even_chances(values: np.ndarray) -> np.ndarray:
    """(N,) chances of drawing each of N faces so that each column of values (N, K) comes out evenly, in the mean over columns.

    Turned heads, open mouths and closed eyes are rare, and what is rare is learned last.
    """
    columns = []
    for column in values.T:
        low, high = np.percentile(column, (1, 99))
        bins = np.clip((column - low) / max(high - low, 1e-9) * BINS, 0, BINS - 1).astype(int)
        share = 1 / np.bincount(bins, minlength=BINS)[bins]
        columns.append(share / share.sum())
    return np.mean(columns, 0)


def reconstructed(model: SwapAutoencoder, person: int, inputs: Tensor) -> tuple:
    """Codes (B, 8 width) and pictures (B, 3, S, S) of one person's warped faces (B, 5, S, S)."""
    seen, hull = unpacked(inputs)
    seen = masked(seen, hull) if model.aligned else seen
    codes = model.encode(seen.contiguous(memory_format=torch.channels_last), person)
    return codes, model.decode(codes, person)


def weights(targets: Tensor, recipe: Recipe) -> Tensor:
    """How much each pixel of faces (B, 5, S, S) counts, (B, 1, S, S): those of the face and a margin, eyes and mouth more."""
    margin = recipe.size // 16                                  # what lies around one face is inside another's
    inside = F.max_pool2d(unpacked(targets)[1], 2 * margin + 1, 1, margin)
    return inside * (1 + recipe.emphasis * targets[:, 4:] / 255)


def reconstruction_loss(made: Tensor, targets: Tensor, recipe: Recipe) -> Tensor:
    """How far pictures made (B, 3, S, S) from warped faces are from the faces before the warp, targets (B, 5, S, S)."""
    (wanted, _), made = unpacked(targets), made.contiguous()
    if recipe.plain:
        return mae(made, wanted, torch.ones_like(wanted[:, :1]))
    counted = weights(targets, recipe)
    if not recipe.gradient:
        return mae(made, wanted, counted) + dssim(made, wanted, counted) / 2
    coarse = (F.avg_pool2d(x, 2) for x in (made, wanted, counted))
    structure = (dssim(made, wanted, counted) + dssim(*coarse)) / 2
    return mae(made, wanted, counted) + structure + recipe.gradient * gradient(made, wanted, counted)


def criticised(model: SwapAutoencoder, critic: PatchCritic, batches: list) -> tuple:
    """(loss of the decoders, loss of the critic), hinge losses; batches: (codes, made, wanted, mask) of each person.

    The decoder of a person has to please with that person's faces and with those of the person before: a swap.
    """
    pleased, told = 0.0, 0.0
    for person, (_, made, wanted, mask) in enumerate(batches):
        codes, _, _, other_mask = batches[person - 1]
        fakes = torch.cat([made * mask, model.decode(codes, person) * other_mask])
        pleased = pleased - critic(fakes, person).mean()
        told = told + F.relu(1 - critic(wanted * mask, person)).mean() + F.relu(1 + critic(fakes.detach(), person)).mean()
    return pleased / len(batches), told / len(batches)


def centre(faces: Tensor) -> Tensor:
    """The middle (B, C, S, S) of crops (B, C, MARGIN S, MARGIN S): what the network sees when nothing is augmented."""
    size = round(faces.shape[-1] / MARGIN)
    edge = (faces.shape[-1] - size) // 2
    return faces[..., edge:edge + size, edge:edge + size]


@torch.no_grad()
def preview(model: SwapAutoencoder, data: list) -> np.ndarray:
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


def training_faces(people: "list | tuple", recipe: Recipe) -> list:
    """A FaceSet for each of ``people``: names of `ActorClips`, filmed anew, paths of videos, Videos such as recordings, or sets.

    No two people give the same performance, nor the one of a shipped clip: as in life, no picture of one has a counterpart
    of the other. ValueError for a person of whom there are fewer than FEWEST pictures, as a photograph.
    """
    clips, sets = ActorClips(), []
    for number, who in enumerate(people):
        if isinstance(who, FaceSet):
            sets.append(who)
        elif isinstance(who, media.Recording):
            sets.append(face_set(who, recipe.size, follower()))
        elif str(who) in clips.names:
            first = FIRST + number * recipe.performances
            sets.append(performed_faces(clips[str(who)].person(), recipe.size, range(first, first + recipe.performances), recipe.fps))
        else:
            sets.append(video_faces(getattr(who, "path", who), recipe.size, identity=identities))
        if len(sets[-1]) < FEWEST:
            raise ValueError(f"A person is learned from a clip with at least {FEWEST} pictures of the face; "
                             f"{getattr(who, 'path', who)} has {len(sets[-1])}.")
    return sets


def train(recipe: "Recipe | None" = None, data: "list | None" = None, folder: "str | Path | None" = None, seed: int = 0) -> TrainingRun:
    """Train ``recipe`` (the current scale's) on ``data``, going on where an earlier run of the same recipe and pictures stopped.

    data: two people or more, each as for `training_faces`; by default two actors of the cast. ``folder`` is by default one in
    the cache that belongs to recipe and pictures, so that a video of the same name but of somebody else begins anew.
    Returns the run; ``run.models["autoencoder"]`` is the result. Raises what reading the videos raises, and ValueError for a
    folder that holds a run of another recipe or other pictures.
    """
    recipe = recipe or RECIPES[current().name]
    sets = training_faces(data, recipe) if data else training_data(recipe)
    about = describe("autoencoder", recipe, content(sets))
    run = autoencoder_run(folder or default_folder(about), sets, recipe, seed, about=about)
    run.fit()
    return run


def training_data(recipe: Recipe) -> list:
    """What `train` learns from when it is given nothing else: a FaceSet of each of PEOPLE."""
    return training_faces(PEOPLE, recipe)


def taught(source: media.Video, target: media.Video) -> SwapAutoencoder:
    """The network that knows the people of two Videos as 0 and 1, trained at the current scale: for `deepfake.DeepFake`."""
    return train(data=(source, target)).models["autoencoder"]


def content(sets: list) -> str:
    """What FaceSets hold, in a line: how many faces of each person, or of all of many, and a hash of all their pixels."""
    pixels = digest(*(array for faces in sets for array in (faces.crops, np.packbits(faces.masks))))
    counts = " and ".join(str(len(faces)) for faces in sets) if len(sets) < 4 else f"{sum(map(len, sets))}"
    return f"{counts} faces of {len(sets)} people, {pixels}" if len(sets) > 3 else f"{counts} faces, {pixels}"

