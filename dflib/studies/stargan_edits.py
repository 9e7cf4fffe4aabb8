"""StarGAN's edits of people that nobody learned from, beside their bounds: data/stargan/scores.json.

    python -m dflib.studies.stargan_edits       first the generator of `pairs` learns, three quarters of an hour of one core

The shipped network stands between *nothing done* and the *true edit*: its pictures as the paper shows them, and the *change alone*
(`edit.changed_pictures`). Beside it stands *pairs*, a generator of the scale's recipe told what every edit should look like
(`pairs_run`), which no photograph could teach it: a bound for colours, and no bound for what a mean over pixels hardly counts.
Writes scores.json and edits.png.
"""
import argparse
import json
from dataclasses import replace

import numpy as np
import torch

from dflib.datasets.domains import EDITS
from dflib.datasets.edits import TrueEdits, true_edits
from dflib.files import write_bytes
from dflib.media import write_image
from dflib.metrics import edit_judges, edit_scores
from dflib.metrics.classification import interval
from dflib.paths import DATA
from dflib.pictures import as_images, as_sheet, as_tensor
from dflib.scale import current, hardware
from dflib.synthesis.stargan import edit, train
from dflib.training.record import default_folder, describe, digest

FOLDER = DATA / "stargan"
PEOPLE, SHOWN = 60, 4               # test people that are scored; of them on the sheet
#: Training people whose true edits teach the upper bound, and its steps, at each scale.
PAIRS = {"smoke": (2, 3), "cpu": (600, 6000), "gpu": (8000, 40_000)}
COLUMNS = ("psnr_inside", "psnr_outside", "identity", "taken_own", "taken_imagenet")
# What an edit should reach (the course's own aims): dB above doing nothing inside, dB outside, cosine less the true edit's, share
# by both judges.
AIMS = {"gain": 3.0, "psnr_outside": 26.0, "identity": -0.1, "taken": 0.8}


def pairs(size: int):
    """The finished TrainingRun of the upper bound; goes on where it stopped."""
    people, steps = PAIRS[current().name]
    truth = true_edits(size, people, "train")
    recipe = replace(train.RECIPES[current().name], size=size, steps=steps, batch=16)
    about = describe("stargan-pairs", recipe, f"true edits of {people} people {digest(truth.truth)}")
    run = train.pairs_run(default_folder(about), truth, recipe, about=about)
    run.fit()
    return run


def edited_by(generator, truth: TrueEdits) -> np.ndarray:
    """(M, S, S, 3) uint8: what a generator makes of every picture of ``truth`` for every edit."""
    pictures, wanted = truth.images[truth.row], torch.from_numpy(truth.targets())
    return as_images(edit.edited_pictures(generator, as_tensor(pictures), wanted))


def changed_by(model, truth: TrueEdits) -> np.ndarray:
    """As `edited_by`, of each picture the change alone."""
    pictures, wanted = as_tensor(truth.images[truth.row]), torch.from_numpy(truth.targets())
    own = edit.own_labels(model.critic, pictures, torch.from_numpy(truth.labels[truth.row]), wanted)
    return as_images(edit.changed_pictures(model.generator, pictures, own, wanted))


def row_of(found: dict, nothing: dict, truth: TrueEdits) -> dict:
    """kind -> {score: [mean, low, high]} with 95 % intervals over people; "gain" is PSNR inside above doing nothing."""
    columns = {name: found[name] for name in COLUMNS} | {"gain": found["psnr_inside"] - nothing["psnr_inside"]}
    kinds, row = np.array([what for what, _ in EDITS])[truth.edit], {}
    for kind in edit_scores.KINDS:
        some = kinds == kind
        if len(np.unique(truth.row[some])) < 2:         # too few for an interval
            continue
        told = {name: interval(np.mean, truth.row[some], values[some]) for name, values in columns.items()}
        row[kind] = {name: [round(number, 3) for number in (one.value, one.low, one.high)] for name, one in told.items()}
    return row


def reached(row: dict) -> dict:
    """kind -> which of AIMS its means reach."""
    def met(scores):
        mean = {name: numbers[0] for name, numbers in scores.items()}
        mean["taken"] = min(mean["taken_own"], mean["taken_imagenet"])
        return [name for name, least in AIMS.items() if mean[name] >= least]
    return {kind: met(scores) for kind, scores in row.items()}


def leakage(pictures, truth: TrueEdits, judges) -> dict:
    """judge -> per cent: how often an edit changes its answer to something else than what was asked."""
    return {judge.name: round(edit_scores.leaked(edit_scores.matrix(pictures, truth, judge)), 1) for judge in judges}


def sheet(truth: TrueEdits, made: dict) -> np.ndarray:
    """Rows (H, W, 3) for the first people: the picture and every edit by each of ``made``; an edit that is none is white."""
    rows = []
    for person in range(SHOWN):
        for pictures in made.values():
            row = np.full((len(EDITS) + 1, *truth.images.shape[1:]), 255, np.uint8)
            row[0] = truth.images[person]
            for number in np.flatnonzero(truth.row == person):
                row[truth.edit[number] + 1] = pictures[number]
            rows.append(row)
    return as_sheet(np.concatenate(rows), len(EDITS) + 1)


def main(arguments=None) -> None:
    """See the module."""
    argparse.ArgumentParser(prog="python -m dflib.studies.stargan_edits", description=__doc__.splitlines()[0]).parse_args(arguments)
    model, card = edit.load()
    upper = pairs(model.size)
    truth, judges = true_edits(model.size, PEOPLE), edit_judges.shipped()
    made = {"StarGAN": edited_by(model.generator, truth), "change alone": changed_by(model, truth),
            "pairs": edited_by(upper.averaged.generator, truth)}
    found = edit_scores.references(truth, judges) | {name: edit_scores.scores(pictures, truth, judges) for name, pictures in made.items()}
    found = {name: found[name] for name in ("nothing done", *made, "true edit")}
    rows = {name: row_of(scores, found["nothing done"], truth) for name, scores in found.items()}
    people, steps = PAIRS[current().name]
    about = {"size": model.size, "people": PEOPLE, "edits": len(truth.row), "hardware": hardware(),
             "network": f"SHA-256 {card['sha256'][:12]}, {card['steps']:,} steps", "pairs": {"people": people, "steps": steps, "seed": 0}}
    done = {"about": about, "aims": AIMS, "rows": rows, "reached": {name: reached(row) for name, row in rows.items()},
            "groups": {name: {group: {key: round(values[key], 3) for key in COLUMNS} for group, values in
                              edit_scores.by_group(scores, truth).items()} for name, scores in found.items()}}
    shown = {**made, "true edit": truth.truth}
    done["leakage"] = {name: leakage(shown[name], truth, judges) for name in ("StarGAN", "change alone", "true edit")}
    write_bytes(FOLDER / "scores.json", (json.dumps(done, indent=1) + "\n").encode())
    write_image(FOLDER / "edits.png", sheet(truth, shown), note=f"edits: {', '.join(shown)}")


if __name__ == "__main__":
    main()
