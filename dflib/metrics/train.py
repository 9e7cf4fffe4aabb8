"""Training the two scoring networks on renders of the cast.

    from dflib.metrics.train import ATTRIBUTES, IDENTITY, train
    run = train(IDENTITY["cpu"])                # 15 minutes on one core, and as long for the renders
    run = train(ATTRIBUTES["cpu"])              # half of it, the same renders

Nobody whom they learn from is of the validation or test split. `python -m dflib.metrics.train` trains both at the current
scale, scores them on people of the test split and writes the course's checkpoints with their cards.
"""
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
import torch

from dflib.cast.people.splits import split_of
from dflib.metrics import attributes as attribute_network
from dflib.metrics.attributes import AttributeNetwork, attribute_loss, face_attributes, targets
from dflib.metrics.augment import augment
from dflib.metrics.identity import WIDTH, IdentityNetwork, cosface, identity_embedding
from dflib.metrics.looks import Looks, render_looks
from dflib.metrics.verification import verify
from dflib.paths import CHECKPOINTS
from dflib.scale import current
from dflib.training import TrainingRun
from dflib.training.record import default_folder, describe, digest
from dflib.training.schedule import warm_cosine

FIRST = 10_000              # seed; the shipped pictures show others
DECAY = 1e-2                # of AdamW's weights
WARM_UP = 50                # steps


@dataclass(frozen=True)
class Recipe:
    """How one of the two networks is trained."""
    network: str            # "identity" or "attributes"
    people: int             # of the training split, eight pictures each
    steps: int
    batch: int = 96         # pictures in a step
    rate: float = 2e-3      # of AdamW; rises over WARM_UP steps, then falls to 0 along a cosine


IDENTITY = {"smoke": Recipe("identity", people=8, steps=3, batch=24), "cpu": Recipe("identity", people=850, steps=900),
            "gpu": Recipe("identity", people=850, steps=900)}
ATTRIBUTES = {"smoke": Recipe("attributes", people=8, steps=3, batch=24), "cpu": Recipe("attributes", people=850, steps=500),
              "gpu": Recipe("attributes", people=850, steps=500)}


def train(recipe: Recipe, data: "Looks | None" = None, folder=None, seed: int = 0) -> TrainingRun:
    """Train the network of `recipe`, going on from an earlier run in `folder`; `run.models["network"]` is the result.

    data: a `looks.Looks`, by default `recipe.people` people of the training split, rendered into the cache. folder: by
    default one in the cache, another for every recipe, scale and data. ValueError for a recipe of neither network, and
    for a folder that holds a run of another recipe or data.
    """
    if recipe.network not in RUNS:
        raise ValueError(f"A recipe trains {' or '.join(RUNS)}, not {recipe.network!r}.")
    looks = training_data(recipe) if data is None else data
    about = describe(recipe.network, recipe, f"{len(looks.images):,} looks {digest(looks.images)}, seed {seed}")
    run = RUNS[recipe.network](recipe, looks, folder or default_folder(about), seed, about)
    run.fit()
    return run


def training_data(recipe: Recipe) -> Looks:
    """What `train` learns from when it is given nothing else."""
    return looks_of("train", recipe.people)


def looks_of(split: str, people: int) -> Looks:
    """Looks of the first `people` people from seed FIRST on who belong to `split`."""
    return render_looks(islice((seed for seed in count(FIRST) if split_of(seed) == split), people))


def identity_run(recipe: Recipe, looks: Looks, folder, seed: int = 0, about=None) -> TrainingRun:
    """A run that trains an IdentityNetwork on `looks` with CosFace."""
    people, person = np.unique(looks.person, return_inverse=True)
    pictures, person = torch.from_numpy(looks.images), torch.from_numpy(person)
    torch.manual_seed(seed)
    network = IdentityNetwork().to(memory_format=torch.channels_last)       # a third faster on a CPU
    classes = torch.nn.Linear(WIDTH, len(people), bias=False)

    def step(run, i):
        network.train()
        rows = run.share(run.rng.permutation(len(pictures))[:recipe.batch])
        x = augment(pictures[rows].to(run.device), share=.8).contiguous(memory_format=torch.channels_last)
        loss = cosface(network(x), classes.weight, person[rows].to(run.device))
        run.update("adam", loss)
        return {"cosface": loss}

    return _run(recipe, {"network": network, "classes": classes}, folder, seed, about, step)


def attribute_run(recipe: Recipe, looks: Looks, folder, seed: int = 0, about=None) -> TrainingRun:
    """A run that trains an AttributeNetwork on `looks`."""
    pictures, goal = torch.from_numpy(looks.images), targets(looks.truth)
    torch.manual_seed(seed)
    network = AttributeNetwork().to(memory_format=torch.channels_last)

    def step(run, i):
        network.train()
        rows = run.share(run.rng.permutation(len(pictures))[:recipe.batch])
        # No flips: they would turn the yaw around.
        x = augment(pictures[rows].to(run.device), share=1., flip=False).contiguous(memory_format=torch.channels_last)
        loss = attribute_loss(network(x), {name: values[rows].to(run.device) for name, values in goal.items()})
        run.update("adam", loss)
        return {"attributes": loss}

    return _run(recipe, {"network": network}, folder, seed, about, step)


RUNS = {"identity": identity_run, "attributes": attribute_run}


def _run(recipe, models, folder, seed, about, step):
    parameters = [parameter for model in models.values() for parameter in model.parameters()]
    return TrainingRun(folder, models, {"adam": torch.optim.AdamW(parameters, recipe.rate, weight_decay=DECAY)}, step, recipe.steps,
                       seed, about=about, schedule=warm_cosine(recipe.steps, WARM_UP))


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


SCORES = {"identity": score_identity, "attributes": score_attributes}


def ship(run: TrainingRun, folder=CHECKPOINTS, people: int = 125) -> dict:
    """Write the network of a finished run into `folder`, scored on `people` people of the test split; returns its card."""
    name = run.about["technique"]
    scores = SCORES[name](run.models["network"], looks_of("test", people))
    data = (f"rendered cast only: {run.about['recipe']['people']} people from seed {FIRST} whose seeds end in 0-7, "
            f"8 shots each in three looks (dflib.metrics.looks); scored on {scores['people']} people whose seeds end in 9")
    return run.export(folder / f"{name}.safetensors", "network", f"python -m dflib train {name}", data, scores)


if __name__ == "__main__":
    for recipes in (IDENTITY, ATTRIBUTES):
        ship(train(recipes[current().name]))
