"""How the edits of a StarGAN in training came nearer to the true ones: data/stargan/training.json.

    python tools/stargan_curve.py RUN_FOLDER        a run of `python -m dflib train stargan`

Read from what the run has left: its losses, and its sample sheets, whose people are rendered with every true edit.
"""
import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from dflib.datasets import RenderedFaces, edits
from dflib.datasets.domains import EDITS
from dflib.files import write_bytes
from dflib.media import read_image
from dflib.metrics.distances import psnr
from dflib.paths import DATA
from dflib.pictures import from_sheet
from dflib.synthesis.stargan.train import SHOWN
from dflib.training import record

ROWS, SHEETS = 60, 24                           # points of the losses, and sheets that are measured
LOSSES = ("class of reals", "class of fakes", "reconstruction")


def gains(sheet: np.ndarray, seeds, size: int) -> np.ndarray:
    """(people, 15) decibels by which each edit of a sheet is nearer to the truth than the picture is, where it should change.

    sheet: as `edit_sheet` draws it, a row for each of the people ``seeds``; nan for what is no edit. Where something should change is
    read from two renders: the sheet's own pictures were stored with losses, whose traces would pass for an edit.
    """
    pictures = from_sheet(sheet, size).reshape(len(seeds), len(EDITS) + 1, size, size, 3)
    found = np.full((len(seeds), len(EDITS)), np.nan)
    for row, seed in enumerate(seeds):
        for number, edit in enumerate(EDITS):
            plain, truth = (_rendered(int(seed), wanted, size)[None] for wanted in ((), (edit,)))
            region = edits.region_of(truth, plain)
            if region.any():
                made, before = (min(psnr(pictures[row, k:k + 1], truth, region)[0], 60) for k in (number + 1, 0))
                found[row, number] = made - before
    return found


@lru_cache(None)
def _rendered(seed, wanted, size):
    return edits.portrait(seed, wanted, size)


def curve(folder: Path) -> dict:
    """What is written of the run in ``folder``: losses (means of equal parts), and gains by kind of edit at some steps."""
    about = record.read(folder)
    size = about["recipe"]["size"]
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    parts = np.array_split(np.arange(len(rows)), min(ROWS, len(rows)))
    found = {"step": [rows[part[-1]]["step"] for part in parts]}
    found |= {name: [round(float(np.mean([rows[k][name] for k in part])), 4) for part in parts] for name in LOSSES}
    found["keeping_from"] = next((row["step"] for row in rows if "keeping" in row), None)      # the shipped run began without it

    people = RenderedFaces.render(about["recipe"]["people"], size=edits.SIZE, yaw=edits.TURNED, split="train").people
    seeds = people[np.linspace(0, len(people) - 1, SHOWN).astype(int)]      # as `stargan_run` shows them
    sheets = sorted((folder / "samples").glob("step_*.png"))
    sheets = [sheets[k] for k in np.unique(np.linspace(0, len(sheets) - 1, SHEETS).astype(int))]
    measured = np.stack([gains(read_image(path), seeds, size) for path in sheets])      # (sheets, people, edits)
    kinds = np.array([what for what, _ in EDITS])
    found["measured"] = [int(path.stem.split("_")[1]) for path in sheets]
    found["gain"] = {kind: [round(float(x), 2) for x in np.nanmean(measured[:, :, kinds == kind], axis=(1, 2))]
                     for kind in dict.fromkeys(kinds)}
    return found | {"made": f"{about['scale']} scale, {size} px; the gain of {len(seeds)} people it learns from"}


def main(folder):
    """Write data/stargan/training.json."""
    write_bytes(DATA / "stargan" / "training.json", (json.dumps(curve(Path(folder)), indent=1) + "\n").encode())
