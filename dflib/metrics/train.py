"""Recipes of the two shipped scoring networks.

    python -m dflib.metrics.train identity      renders 975 people (15 minutes of one core), trains for as long
    python -m dflib.metrics.train attributes    the same pictures, half the training

With --ship the result replaces the network in data/checkpoints, else it goes to the cache. Both may be interrupted and called
again. The people that score a network end in 9 (`datasets.split_of`): nobody who trained it.
"""
import argparse
import math
from itertools import count, islice

import numpy as np
import torch

from dflib.datasets import split_of
from dflib.paths import DATA
from dflib.metrics import attributes as attribute_network
from dflib.metrics.attributes import AttributeNetwork, attribute_loss, face_attributes, targets
from dflib.metrics.augment import augment
from dflib.metrics.identity import WIDTH, IdentityNetwork, cosface, identity_embedding
from dflib.metrics.looks import render_looks
from dflib.metrics.verification import verify
from dflib.paths import cache_dir
from dflib.scale import current
from dflib.training import TrainingRun

FIRST = 10_000              # seed; the shipped pictures show others
TRAIN_PEOPLE, TEST_PEOPLE = 850, 125
BATCH = 96
STEPS = {"identity": 900, "attributes": 500}
RATE, DECAY = 2e-3, 1e-2    # of AdamW
WARM_UP = 50                # steps


def looks_of(split: str, people: int):
    """Looks of the first `people` people from seed FIRST on who belong to `split`."""
    seeds = islice((seed for seed in count(FIRST) if split_of(seed) == split), people)
    return render_looks(seeds)


def schedule(steps: int):
    """Factor of the learning rate in step i: a short rise, then a cosine to 0."""
    return lambda i: min(1, (i + 1) / WARM_UP) * .5 * (1 + math.cos(math.pi * i / steps))


def identity_run(looks, folder, steps: int = STEPS["identity"], seed: int = 0) -> TrainingRun:
    """A run that trains an IdentityNetwork on `looks` with CosFace."""
    people, person = np.unique(looks.person, return_inverse=True)
    pictures, person = torch.from_numpy(looks.images), torch.from_numpy(person)
    torch.manual_seed(seed)
    network = IdentityNetwork().to(memory_format=torch.channels_last)       # a third faster on a CPU
    classes = torch.nn.Linear(WIDTH, len(people), bias=False)

    def step(run, i):
        network.train()
        rows = run.share(run.rng.permutation(len(pictures))[:BATCH])
        x = augment(pictures[rows].to(run.device), share=.8).contiguous(memory_format=torch.channels_last)
        loss = cosface(network(x), classes.weight, person[rows].to(run.device))
        run.update("adam", loss)
        return {"cosface": loss}

    optimizer = torch.optim.AdamW([*network.parameters(), *classes.parameters()], RATE, weight_decay=DECAY)
    return TrainingRun(folder, {"network": network, "classes": classes}, {"adam": optimizer}, step, steps, seed,
                       schedule=schedule(steps))


def attribute_run(looks, folder, steps: int = STEPS["attributes"], seed: int = 0) -> TrainingRun:
    """A run that trains an AttributeNetwork on `looks`."""
    pictures, goal = torch.from_numpy(looks.images), targets(looks.truth)
    torch.manual_seed(seed)
    network = AttributeNetwork().to(memory_format=torch.channels_last)

    def step(run, i):
        network.train()
        rows = run.share(run.rng.permutation(len(pictures))[:BATCH])
        # No flips: they would turn the yaw around.
        x = augment(pictures[rows].to(run.device), share=1., flip=False).contiguous(memory_format=torch.channels_last)
        loss = attribute_loss(network(x), {name: values[rows].to(run.device) for name, values in goal.items()})
        run.update("adam", loss)
        return {"attributes": loss}

    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    return TrainingRun(folder, {"network": network}, {"adam": optimizer}, step, steps, seed, schedule=schedule(steps))


def score_identity(network, looks) -> dict:
    """Verification scores on people that the network has not seen."""
    embeddings = identity_embedding(looks.images, network=network.cpu())
    return verify(embeddings, looks.person, looks.look, looks.truth["tone"], looks.truth["female"])


def score_attributes(network, looks) -> dict:
    """AUC of each yes-or-no attribute, mean absolute error of each number, accuracy of each choice."""
    from sklearn.metrics import roc_auc_score

    found, scores = face_attributes(looks.images, network=network.cpu()), {"people": len(np.unique(looks.person))}
    third = np.digitize(looks.truth["tone"], (1 / 3, 2 / 3))
    for name in attribute_network.YES_NO:
        scores[f"{name}_auc"] = round(float(roc_auc_score(looks.truth[name], found[name])), 4)
    for name in attribute_network.NUMBERS:
        scores[f"{name}_mae"] = round(float(np.abs(found[name] - looks.truth[name]).mean()), 3)
    for name in attribute_network.CHOICES:
        scores[f"{name}_accuracy"] = round(float((found[name] == looks.truth[name]).mean()), 4)
    right = (found["female"] > .5) == looks.truth["female"]
    for k, group in enumerate(("light", "medium", "dark")):
        scores[f"female_accuracy_{group}"] = round(float(right[third == k].mean()), 4)
        smile_error = np.abs(found["smile"] - looks.truth["smile"])[third == k]
        scores[f"smile_mae_{group}"] = round(float(smile_error.mean()), 3)
    return scores


RUNS = {"identity": (identity_run, score_identity), "attributes": (attribute_run, score_attributes)}


def train(name: str, steps: "int | None" = None, destination=None) -> dict:
    """Train and score the network `name` at the current scale and write it to `destination`; returns its card.

    The destination is a file in the cache unless given, so that a trial never replaces what the course ships.
    """
    run_of, score = RUNS[name]
    scale = current()
    learners = looks_of("train", scale.pick(smoke=8, cpu=TRAIN_PEOPLE, gpu=TRAIN_PEOPLE))
    steps = steps or scale.pick(smoke=3, cpu=STEPS[name], gpu=STEPS[name])
    run = run_of(learners, cache_dir() / "runs" / f"{name}-{scale.name}", steps)
    run.fit()
    scores = score(run.models["network"], looks_of("test", scale.pick(smoke=8, cpu=TEST_PEOPLE, gpu=TEST_PEOPLE)))
    data = (f"rendered cast only: {len(np.unique(learners.person))} people from seed {FIRST} whose seeds end in 0-7, "
            f"8 shots each in three looks (dflib.metrics.looks); scored on {scores['people']} people whose seeds end in 9")
    return run.export(destination or cache_dir() / "runs" / f"{name}.safetensors", "network",
                      f"python -m dflib.metrics.train {name} --ship", data, scores)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a scoring network at the current scale.")
    parser.add_argument("name", choices=sorted(RUNS))
    parser.add_argument("--steps", type=int, help="training steps (default: the recipe's)")
    parser.add_argument("--ship", action="store_true", help="replace the network in data/checkpoints (default: write to the cache)")
    arguments = parser.parse_args()
    train(arguments.name, arguments.steps, DATA / "checkpoints" / f"{arguments.name}.safetensors" if arguments.ship else None)
