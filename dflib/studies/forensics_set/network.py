"""The network of *Deepfakes* for many actors: lesson 05's, learned in two parts.

One encoder and 130 decoders, with every actor in every step, would cost more than an hour and give the encoder a few hundred
steps. So

1. encoder and *one* decoder learn from training actors, a few of them in a step (`train`). Codes are standardised per actor and
   name nobody, so this decoder draws what all faces have in common: pose, expression, light. It is everybody's start;
2. the encoder stays as it is, the statistics of an actor's codes are taken once, and the actor's own decoder learns
   on alone, from `film.learned_faces` (`own`). Poses that these do not show it has from its start.

Losses and augmentation are `swap.train`'s, with the weights on eyes, mouth and edges (SHARP).
"""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dflib.cast import renders
from dflib.datasets.facesets import poses
from dflib.swap import train as swap_training
from dflib.swap.autoencoder import SwapAutoencoder, masked, unpacked
from dflib.swap.train import GENTLE, LIGHT, even_chances, reconstruction_loss
from dflib.swap.warp import Warp, random_pairs, relit
from dflib.training import TrainingRun
from dflib.training.record import default_folder, describe, digest
from dflib.training.schedule import warm_cosine

LOSSES = swap_training.Recipe(64, 16, 8, 0, 0, 0, 0, **swap_training.SHARP)
STRAIGHT = 0.2          # share of the steps, the last ones, in which nothing is warped
STILL = Warp(GENTLE.rotation, GENTLE.zoom, GENTLE.shift, GENTLE.flip, jitter=0.0)
RATE, BATCH, MEASURED = 4e-3, 16, 16        # of the second part; batches from which the statistics are taken


@dataclass(frozen=True)
class Recipe:
    """How large, how long, how fast: the first part."""
    size: int = 64
    width: int = 16
    finest: int = 16        # fewest channels of a decoder's layer
    actors: int = 3         # in a step
    batch: int = 16         # faces of each of them
    steps: int = 4500
    rate: float = 2e-3
    bf16: bool = True


def train(sets, recipe: Recipe = Recipe(), folder=None, seed: int = 0) -> TrainingRun:
    """Learn the start from FaceSets of some actors, going on where an earlier run stopped.

    ``run.models["autoencoder"]`` of the result is a SwapAutoencoder of one person, who is nobody.
    """
    about = describe("forensics-autoencoder", recipe, swap_training.content(sets))
    run = network_run(folder or default_folder(about), sets, recipe, seed, about)
    run.fit()
    run.models["autoencoder"].eval()
    return run


def network_run(folder, sets, recipe: Recipe, seed: int = 0, about=None) -> TrainingRun:
    """The TrainingRun of `train`."""
    torch.manual_seed(seed)
    model = SwapAutoencoder(recipe.size, recipe.width, 1, aligned=True, finest=recipe.finest).to(memory_format=torch.channels_last)
    skins = [swap_training.colours(faces) for faces in sets]
    data, chances = [faces.tensor() for faces in sets], [even_chances(poses(faces.landmarks)) for faces in sets]
    adam = torch.optim.Adam(model.parameters(), recipe.rate, betas=(0.5, 0.999))

    def step(run, i):
        model.train()
        chosen = run.rng.choice(len(data), size=min(recipe.actors, len(data)), replace=False)
        pairs = [drawn(run.rng, data[p], chances[p], recipe.batch, recipe.size, i < (1 - STRAIGHT) * recipe.steps) for p in chosen]
        inputs, targets = zip(*pairs)
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bf16):
            codes = model.encoder(torch.cat([seen(part, skins[p]) for part, p in zip(inputs, chosen)]))
            codes = torch.cat([F.batch_norm(part, None, None, training=True) for part in codes.split(recipe.batch)])
            made = model.decode(codes, 0)
        loss = reconstruction_loss(made, torch.cat(targets), LOSSES)
        run.update("adam", loss)
        return {"loss": loss}

    return TrainingRun(folder, {"autoencoder": model}, {"adam": adam}, step, recipe.steps, seed,
                       schedule=warm_cosine(recipe.steps), about=about)


def drawn(rng, faces: Tensor, chances, count: int, size: int, warped: bool) -> tuple:
    """Inputs and targets (count, 5, size, size) of one actor's faces (N, 5, S, S) uint8, in other lights."""
    rows = rng.choice(len(faces), size=count, p=chances)
    return random_pairs(relit(faces[rows].float(), LIGHT), size, GENTLE if warped else STILL)


def seen(inputs: Tensor, skin: Tensor) -> Tensor:
    """What the encoder gets of an actor's faces (B, 5, S, S): masked, in colours of which skin (2, 3) has mean 0 and spread 1."""
    faces, (mean, spread) = masked(*unpacked(inputs)), skin[..., None, None]
    standard = torch.where((faces != 0).any(1, keepdim=True), (faces - mean) / spread, 0.0)
    return standard.contiguous(memory_format=torch.channels_last)


def own(start: SwapAutoencoder, name: str, faces, steps: int, bf16: bool = True, seed: int = 0) -> SwapAutoencoder:
    """The network of one actor, from a FaceSet of `film.learned_faces`: the start with the actor's colours, statistics and decoder.

    Kept in the cache; ``name`` is for people who look into its folder.
    """
    model = SwapAutoencoder(start.size, start.width, 1, aligned=True, finest=start.decoders[0].to_rgb.in_channels)
    model.load_state_dict(start.state_dict())

    def make():
        learn_own(model.to(memory_format=torch.channels_last), faces, steps, bf16, seed)
        return {key: value.numpy() for key, value in model.state_dict().items() if not key.startswith("encoder")}

    weights = digest(*(value.numpy() for value in start.state_dict().values()))
    depends = (weights, swap_training.content([faces]), steps, bf16, seed, RATE, BATCH, MEASURED, STRAIGHT)
    found = renders.kept("forensics-decoders", name, depends, make)
    model.load_state_dict({key: torch.from_numpy(value) for key, value in found.items()}, strict=False)
    return model.eval()


def learn_own(model: SwapAutoencoder, faces, steps: int, bf16: bool, seed: int) -> None:
    """The second part, for one actor."""
    rng, data, chances = np.random.default_rng(seed), faces.tensor(), even_chances(poses(faces.landmarks))
    torch.manual_seed(seed)
    model.train().colours[0] = skin = swap_training.colours(faces)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):      # of faces as the decoder meets them: in other lights
        codes = torch.cat([model.encoder(seen(drawn(rng, data, chances, BATCH, model.size, True)[0], skin)) for _ in range(MEASURED)])
        model.norms[0].running_mean.copy_(codes.float().mean(0))
        model.norms[0].running_var.copy_(codes.float().var(0))
    model.norms[0].eval()
    decoder = model.decoders[0]
    adam, schedule = torch.optim.Adam(decoder.parameters(), RATE, betas=(0.5, 0.999)), warm_cosine(steps, 10)
    for i in range(steps):
        adam.param_groups[0]["lr"] = RATE * schedule(i)
        inputs, targets = drawn(rng, data, chances, BATCH, model.size, i < (1 - STRAIGHT) * steps)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            with torch.no_grad():
                maps = model.encoder.spread(model.norms[0](model.encoder(seen(inputs, skin))))
            made = decoder(maps)
        loss = reconstruction_loss(made, targets, LOSSES)
        adam.zero_grad()
        loss.backward()
        adam.step()


def joined(one: SwapAutoencoder, other: SwapAutoencoder) -> SwapAutoencoder:
    """The network that knows two actors, as 0 and 1, of the networks that know one each."""
    both = SwapAutoencoder(one.size, one.width, 2, aligned=True, finest=one.decoders[0].to_rgb.in_channels)
    both.encoder.load_state_dict(one.encoder.state_dict())
    for number, model in enumerate((one, other)):
        both.norms[number].load_state_dict(model.norms[0].state_dict())
        both.decoders[number].load_state_dict(model.decoders[0].state_dict())
        both.colours[number] = model.colours[0]
    return both.eval()
