"""Training an entry of the comparison, and what it says of every test picture and of every control, kept in the cache."""
import json
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from dflib.cast.renders import kept
from dflib.forensics import NETWORKS
from dflib.forensics.detector import Detector
from dflib.forensics.train import about_run, train
from dflib.scale import current, hardware, native_bfloat16
from dflib.studies.detectors import pretrain, table
from dflib.studies.detectors.data import clips_of, cut_out, name_of, others_of
from dflib.studies.detectors.plan import FRAMES, METHODS, Entry
from dflib.training import TrainingRun
from dflib.training.record import default_folder, digest


def prepared(entry: Entry) -> Entry:
    """The entry with the checkpoint that it starts from, which is made where it is missing."""
    if entry.name != "xception-people":
        return entry
    return replace(entry, recipe=replace(entry.recipe, start=str(pretrain.people(entry.recipe))))


def learned_from(root, entry: Entry, methods=METHODS) -> tuple:
    """(training crops, validation crops) of an entry."""
    return tuple(cut_out(clips_of(root, split, entry.compression, methods), entry.recipe.crop, frames, native(entry))
                 for split, frames in zip(("train", "val"), FRAMES[current().name]))


def native(entry: Entry) -> bool:
    """Whether its crops must not be resampled."""
    module, kind = NETWORKS[entry.recipe.detector]
    return getattr(import_module(f"dflib.forensics.{module}"), kind).native


def trained(root, entry: Entry, methods=METHODS) -> TrainingRun:
    """The finished run of an entry: trained now, or where it stopped; ``run.models["best"].network`` is the result."""
    entry = prepared(entry)
    return train(entry.recipe, learned_from(root, entry, methods), seed=entry.seed)


def run_folder(root, entry: Entry, methods=METHODS) -> Path:
    """Where the run of an entry is kept."""
    return default_folder(about_run(entry.recipe, learned_from(root, entry, methods), entry.seed))


def scores_of(root, split: str, compression: str, judge, methods=METHODS) -> dict:
    """What a `forensics.examine.Judge` scores on a split of a labelled set: {"frame", "video"}, each as `table.scored`."""
    crops = cut_out(clips_of(root, split, compression, methods), judge.crop, FRAMES[current().name][2], judge.network.native)
    frames = {"score": judge.scores(crops.pictures), "kind": np.asarray(crops.kinds), "group": np.asarray(crops.groups),
              "clip": np.asarray(crops.clips)}
    return {"frame": table.scored(frames), "video": table.scored(table.by_video(frames))}


def told_of(run: TrainingRun, entry: Entry, recipe: dict, clips: dict) -> dict:
    """What is told of a finished run: entry, recipe, steps, seconds, parameters, best validation score, hardware, frames, and
    clips {split: number}."""
    network, scale = run.models["best"].network, current().name
    return {"name": entry.name, "compression": entry.compression, "seed": entry.seed, "recipe": recipe, "scale": scale,
            "steps": run.done, "seconds": round(run.history[-1]["seconds"], 1),
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "validation": float(run.models["best"].score), "hardware": hardware(), "threads": torch.get_num_threads(),
            "frames": FRAMES[scale], "clips": clips}


def log_odds(network: Detector, pictures: np.ndarray) -> np.ndarray:
    """(N,) log odds of fake of crops (N, S, S, 3) uint8."""
    logits = network.logits(pictures, native_bfloat16())
    return np.logaddexp.reduce(logits[:, 1:], axis=1) - logits[:, 0]


def results_of(root, entry: Entry, methods=METHODS) -> dict:
    """What a network says, as arrays; trained and tested now, or read from the cache.

    val_logit, val_label (V,): of validation people. test_logit, test_kind, test_group, test_clip (N,): of test people.
    other_logit, other_kind, other_group, other_clip (M,): of controls and of manipulations not learned from. about: JSON of
    the entry, steps, seconds, parameters, hardware, best validation score.
    """
    entry, scale = prepared(entry), current().name
    parts = {split: clips_of(root, split, entry.compression, methods) for split in ("train", "val", "test")}
    others = [clip for clips in others_of(root, entry.compression, methods).values() for clip in clips]
    start = digest(Path(entry.recipe.start)) if entry.recipe.start and Path(entry.recipe.start).is_file() else ""
    recipe = asdict(replace(entry.recipe, start="people" if start else entry.recipe.start))
    depends = (scale, recipe, start, entry.seed, [name_of(clips, FRAMES[scale], native(entry))
                                                  for clips in (*parts.values(), others)])

    def make():
        run = trained(root, entry, methods)
        network, frames = run.models["best"].network.eval(), FRAMES[scale][2]
        _, val = learned_from(root, entry, methods)
        columns = {"val_logit": log_odds(network, val.pictures), "val_label": val.labels}
        for name, clips in (("test", parts["test"]), ("other", others)):
            if clips:
                crops = cut_out(clips, entry.recipe.crop, frames, native(entry))
                columns |= {f"{name}_logit": log_odds(network, crops.pictures), f"{name}_kind": np.asarray(crops.kinds),
                            f"{name}_group": np.asarray(crops.groups), f"{name}_clip": np.asarray(crops.clips)}
        told = told_of(run, entry, recipe, {split: len(clips) for split, clips in parts.items()})
        return columns | {"about": np.array(json.dumps(told))}
    found = kept("detector-results", entry.label, depends, make)
    return {**found, "about": json.loads(str(found["about"]))}
