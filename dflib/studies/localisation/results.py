"""Training an entry, and what it says of every picture: log odds of fake and maps, kept in the cache part by part."""
import json
from dataclasses import asdict, replace
from functools import lru_cache

import numpy as np
import torch

from dflib.cast.renders import kept
from dflib.datasets import FaceForensics
from dflib.forensics.attention import AttentionDetector
from dflib.forensics.detector import Detector
from dflib.forensics.train import start_file
from dflib.scale import current, native_bfloat16
from dflib.studies.detectors.data import clips_of, cut_out, name_of, others_of
from dflib.studies.detectors.plan import FRAMES, PAPER_COLUMNS, Entry
from dflib.studies.detectors.results import learned_from, log_odds, told_of, trained
from dflib.studies.localisation.halves import LEAST, SOFT, halves
from dflib.studies.localisation.plan import methods_in, started
from dflib.training.record import digest

COMPRESSION = "c23"         # that all networks learn from


def parts_of(root, reals=None) -> dict:
    """Part -> its clips. "val"; "test", of the coding that is learned from, and "raw" and "c40" as far as the set has them;
    "other", controls and manipulations that are not learned from; "reals", a second set of real clips alone, where given."""
    parts = {"val": clips_of(root, "val", COMPRESSION, methods_in(root, COMPRESSION)),
             "test": clips_of(root, "test", COMPRESSION, methods_in(root, COMPRESSION))}
    for name in PAPER_COLUMNS:
        methods = methods_in(root, name)
        if name != COMPRESSION and methods:
            parts[name] = clips_of(root, "test", name, methods)
    parts["other"] = [clip for clips in others_of(root, COMPRESSION, methods_in(root, COMPRESSION)).values() for clip in clips]
    if reals is not None:
        parts["reals"] = list(FaceForensics(reals, compression=COMPRESSION, methods=()))
    return {name: clips for name, clips in parts.items() if clips}


def crops_in(part: str, clips: list, recipe):
    """The `FaceCrops` of a part, as large as the recipe says."""
    _, validation, test = FRAMES[current().name]
    return cut_out(clips, recipe.crop, validation if part == "val" else test, False)


def results_of(root, entry: Entry, reals=None) -> dict:
    """What a network says, as arrays; trained and tested now, or read from the cache.

    PART_logit, PART_kind, PART_group, PART_clip (N,), and PART_map (N, h, w) in [0, 1] of a network with attention, for the
    parts of `parts_of`; val_label (V,); halves_map, of what `halves` makes of test pictures. about: a dict of the entry, its
    recipe, steps, seconds, parameters, hardware, best validation score.
    """
    entry, methods = started(root, entry), methods_in(root, COMPRESSION)
    start = digest(start_file(entry.recipe))
    recipe = asdict(replace(entry.recipe, start="Xception of lesson 08"))
    learned = [name_of(clips_of(root, split, COMPRESSION, methods), FRAMES[current().name]) for split in ("train", "val")]
    depends = (current().name, recipe, start, entry.seed, learned)
    run = lru_cache(lambda: trained(root, entry, methods))
    parts = parts_of(root, reals)
    clips = {"train": len(clips_of(root, "train", COMPRESSION, methods)), **{name: len(parts[name]) for name in ("val", "test")}}

    def told():
        return {"about": np.array(json.dumps(told_of(run(), entry, recipe, clips)))}

    found = {"about": json.loads(str(kept("localisation", f"{entry.label}-about", depends, told)["about"]))}
    for part, clips in parts.items():
        def make(part=part, clips=clips):
            crops = crops_in(part, clips, entry.recipe)
            columns = {name: np.asarray(getattr(crops, f"{name}s")) for name in ("kind", "group", "clip")}
            return columns | judged(run().models["best"].network.eval(), crops.pictures)
        columns = kept("localisation", f"{entry.label}-{part}", (*depends, name_of(clips, FRAMES[current().name])), make)
        found |= {f"{part}_{name}": column for name, column in columns.items()}
    if "test_map" in found:
        def make_halves():
            crops, _ = halves(crops_in("test", parts["test"], entry.recipe))
            return {"map": judged(run().models["best"].network.eval(), crops.pictures)["map"]}
        named = (*depends, name_of(parts["test"], FRAMES[current().name]), SOFT, LEAST)
        found["halves_map"] = kept("localisation", f"{entry.label}-halves", named, make_halves)["map"]
    found["val_label"] = (found["val_kind"] != "real").astype(int)
    return found


@torch.no_grad()
def judged(network: Detector, pictures: np.ndarray) -> dict:
    """logit (N,), log odds of fake of crops (N, S, S, 3), and, with attention, map (N, h, w) in [0, 1]; one pass for both."""
    if not isinstance(network, AttentionDetector):
        return {"logit": log_odds(network, pictures)}
    logits, maps, place = [], [], next(network.parameters()).device
    for i in range(0, len(pictures), network.batch):
        with torch.autocast(place.type, torch.bfloat16, enabled=native_bfloat16()):
            said = network.with_map(network.prepare(pictures[i:i + network.batch]).to(place))
        logits.append(said[0].double().cpu())
        maps.append(said[1].float().clamp(0, 1).cpu())
    logits = torch.cat(logits).numpy()
    return {"logit": logits[:, 1] - logits[:, 0], "map": torch.cat(maps).numpy()}


def training_crops(root, entry: Entry) -> tuple:
    """(training crops, validation crops) of an entry."""
    return learned_from(root, entry, methods_in(root, COMPRESSION))
