"""What *NeuralTextures* starts from: a renderer, and a texture that suits everybody, learned from training actors' clips.

Each actor has a texture of their own beside the common one, and all of them one renderer. A new target begins with an own
texture of nothing, and goes on from there (`swap.neural_textures`).
"""
import torch
from torch import nn

from dflib import media
from dflib.swap.neural_textures import RATES, NeuralTextures, Start, Texture, loss_of
from dflib.training import TrainingRun
from dflib.training.record import default_folder, describe, digest
from dflib.training.schedule import warm_cosine

STEPS, ACTORS, FRAMES = 500, 2, 4       # actors in a step, and frames of each of them
KEEP = 1e-3                              # weight of the own textures' squares: what all have goes into the common one


def train(films, steps: int = STEPS, folder=None, seed: int = 0, bf16: bool = True) -> TrainingRun:
    """Learn a Start, ``run.models["start"]`` of the result, from Films, going on where an earlier run stopped."""
    examples = [examples_of(film) for film in films]
    about = describe("forensics-textures", {"steps": steps, "bf16": bf16, "rates": RATES, "keep": KEEP},
                     f"{len(films)} clips, {digest(*(parts[2].numpy() for parts in examples))}")
    run = textures_run(folder or default_folder(about), examples, steps, seed, bf16, about)
    run.fit()
    run.models["start"].eval()
    return run


def examples_of(film) -> tuple:
    """`NeuralTextures.examples` of a Film's own frames."""
    method = NeuralTextures()
    method.learn(media.Recording("nobody", list(film.frames[:1]), 1), film.recording(), film.follow(), progress=False)
    return method.examples(film.runs, progress=False)


def textures_run(folder, examples: list, steps: int, seed: int = 0, bf16: bool = True, about=None) -> TrainingRun:
    """The TrainingRun of `train`."""
    torch.manual_seed(seed)
    start, textures = Start().to(memory_format=torch.channels_last), nn.ModuleList(Texture() for _ in examples)
    adam = torch.optim.Adam([{"params": [*start.texture.parameters(), *textures.parameters()], "lr": RATES["texture"]},
                             {"params": start.renderer.parameters(), "lr": RATES["renderer"]}], betas=(0.5, 0.99))

    def step(run, i):
        total = 0.0
        for person in run.rng.choice(len(examples), size=min(ACTORS, len(examples)), replace=False):
            rows = torch.from_numpy(run.rng.integers(len(examples[person][0]), size=FRAMES))
            uv, around, wanted, counted = (part[rows] for part in examples[person])
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                made = start(uv, around, textures[person])
            total = total + loss_of(made, wanted, counted)
            total = total + KEEP * sum(level.square().mean() for level in textures[person].levels)
        run.update("adam", total)
        return {"loss": total}

    return TrainingRun(folder, {"start": start, "textures": textures}, {"adam": adam}, step, steps, seed,
                       schedule=warm_cosine(steps), about=about)
