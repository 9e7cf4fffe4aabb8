"""The enhancer of *Deepfakes* (`swap.enhance`), learned from training actors: their own faces through their own decoders.

No swap has a true picture to learn from, but a face given back by its own decoder has: the frame itself. A decoder blurs both
much alike, so what sharpens the one sharpens the other. (These frames the decoder has seen; other people's it draws a little worse.)
"""
from dataclasses import replace

import torch

from dflib.studies.forensics_set.network import LOSSES
from dflib.swap.autoencoder import SwapAutoencoder
from dflib.swap.deepfake import decoded
from dflib.swap.enhance import Enhancer
from dflib.swap.train import centre, reconstruction_loss
from dflib.training import TrainingRun
from dflib.training.record import default_folder, describe, digest
from dflib.training.schedule import warm_cosine

STEPS, BATCH, RATE = 1000, 16, 2e-3


def examples_of(film, model: SwapAutoencoder) -> tuple:
    """uint8 tensors (N, 3, S, S) and (N, 5, 2 S, 2 S): a Film's faces as the actor's network draws them, and what they should be.

    model: knows the actor as 0; the five channels are those of `FaceSet.tensor`.
    """
    small, large = (centre(film.faces(size).tensor()) for size in (model.size, 2 * model.size))
    crops, masks = small[:, :3].permute(0, 2, 3, 1).numpy(), small[:, 3].numpy() > 0
    return torch.from_numpy(decoded(model, crops, masks, 0, 0)).permute(0, 3, 1, 2), large


def train(examples, steps: int = STEPS, folder=None, seed: int = 0, bf16: bool = True) -> TrainingRun:
    """Learn an Enhancer, ``run.models["enhancer"]`` of the result, from `examples_of` several Films, going on where it stopped."""
    drawn, wanted = (torch.cat(column) for column in zip(*examples))
    about = describe("forensics-enhancer", {"steps": steps, "batch": BATCH, "rate": RATE, "bf16": bf16},
                     f"{len(examples)} clips, {digest(drawn.numpy(), wanted.numpy())}")
    run = enhancer_run(folder or default_folder(about), drawn, wanted, steps, seed, bf16, about)
    run.fit()
    run.models["enhancer"].eval()
    return run


def enhancer_run(folder, drawn, wanted, steps: int, seed: int = 0, bf16: bool = True, about=None) -> TrainingRun:
    """The TrainingRun of `train`."""
    torch.manual_seed(seed)
    losses = replace(LOSSES, size=wanted.shape[-1])
    model = Enhancer().to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(model.parameters(), RATE, betas=(0.5, 0.99))

    def step(run, i):
        rows = run.rng.integers(len(drawn), size=BATCH)
        mirrored = torch.from_numpy(run.rng.random(BATCH) < 0.5)[:, None, None, None]
        inputs, targets = (torch.where(mirrored, part.flip(3), part).to(run.device)
                           for part in (drawn[rows].float(), wanted[rows].float()))
        with torch.autocast(run.device.type, torch.bfloat16, enabled=bf16):
            made = model(inputs / 127.5 - 1)
        loss = reconstruction_loss(made, targets, losses)
        run.update("adam", loss)
        return {"loss": loss}

    return TrainingRun(folder, {"enhancer": model}, {"adam": adam}, step, steps, seed, schedule=warm_cosine(steps), about=about)
