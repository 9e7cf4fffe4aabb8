"""Pretraining on the cast: Xception learns what people look like before it learns what fakes look like.

In the paper Xception knows ImageNet before it sees a fake. The course has no million photographs, but some thousand people
whose hair, sex, age and skin are known. None of them is in the forensics set.
"""
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional as F

from dflib.datasets import RenderedFaces
from dflib.datasets.domains import COLUMNS, cast_labels
from dflib.forensics import build_detector
from dflib.forensics.train import Recipe as Detectors
from dflib.forensics.train import flipped, network_options
from dflib.scale import current, native_bfloat16
from dflib.training import TrainingRun
from dflib.training.record import default_folder, describe
from dflib.training.schedule import warm_cosine

STEPS = {"smoke": 2, "cpu": 500, "gpu": 5000}
NAMES = "hair_colour", "female", "age", "tone"


@dataclass(frozen=True)
class Recipe:
    """How long, and for which network."""
    network: dict
    steps: int
    batch: int
    rate: float


def people(detector: Detectors) -> Path:
    """The checkpoint of Xception, built as `detector` says, that tells hair, sex, age and skin of the cast's training people.

    Its last layer has an output for each; whoever starts from it leaves that layer out. Trained where it is missing.
    """
    options = network_options(replace(detector, start=None))
    recipe = Recipe(options, STEPS[current().name], detector.batch, detector.rate)
    about = describe("xception-people", asdict(recipe), "the cast's training people: hair, sex, age, skin")
    folder = default_folder(about)
    path = folder.with_name(f"{folder.name}-{recipe.steps}.safetensors")
    if not path.is_file():
        run = people_run(folder, recipe, about)
        run.fit()
        run.export(path, "network", "dflib.studies.detectors.pretrain.people", about["data"], {})
    return path


def people_run(folder, recipe: Recipe, about=None) -> TrainingRun:
    """A run that trains it."""
    faces = RenderedFaces("train", size=128)
    pictures = faces.images()
    labels, known = (torch.from_numpy(array[:, :COLUMNS[0]]).float()
                     for array in cast_labels({name: faces.attribute(name) for name in NAMES}))
    torch.manual_seed(0)
    network = build_detector("xception", classes=COLUMNS[0], **recipe.network)

    def step(run, i):
        network.train()
        rows = run.share(run.rng.permutation(len(pictures))[:recipe.batch])
        x = network.prepare(flipped(pictures[rows], torch.rand(len(rows)).numpy() < 0.5)).to(run.device)
        with torch.autocast(run.device.type, torch.bfloat16, enabled=run.device.type == "cuda" or native_bfloat16()):
            logits = network(x)
        weight = known[rows].to(run.device)
        losses = F.binary_cross_entropy_with_logits(logits.float(), labels[rows].to(run.device), reduction="none")
        loss = (losses * weight).sum() / weight.sum()
        run.update("adam", loss)
        return {"attributes": loss}

    optimizer = torch.optim.Adam(network.parameters(), recipe.rate)
    return TrainingRun(folder, {"network": network}, {"adam": optimizer}, step, recipe.steps, about=about,
                       schedule=warm_cosine(recipe.steps))
