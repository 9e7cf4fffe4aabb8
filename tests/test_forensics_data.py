"""The shipped forensics set: whole, unchanged, small enough, read like FaceForensics++, and what its card says of it."""
import hashlib
import json

import numpy as np
import pytest

from dflib import media
from dflib.datasets import FaceForensics
from dflib.paths import DATA
from dflib.studies.forensics_set import plan, scores, ship

ROOT = DATA / "forensics"


def test_every_file_is_the_one_that_was_shipped():
    sums = dict(line.split("  ")[::-1] for line in (ROOT / "SHA256SUMS").read_text().splitlines())
    files = {str(path.relative_to(ROOT)): path for path in ROOT.rglob("*") if path.is_file()}
    assert set(files) - {"SHA256SUMS", "README.md"} == set(sums)
    assert all(hashlib.sha256(files[name].read_bytes()).hexdigest() == value for name, value in sums.items())
    assert sum(path.stat().st_size for path in files.values()) < 22 * 2 ** 20


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_it_is_read_as_faceforensics(split):
    data = FaceForensics(ROOT, split, methods=(*FaceForensics.METHODS, "Synthesis"))
    people = 2 * len(data.pairs)
    assert len(data) == 6 * people and not data.missing and data.labels.sum() == 5 * people
    clip = next(clip for clip in data if clip.method == "NeuralTextures")
    frames, masks = clip.frames(4), clip.masks(4)
    assert frames[0].shape == (160, 160, 3) and masks[0].shape == (160, 160) and 0.005 < np.mean(masks) < 0.5
    labels = {str(media.read_label(clip.path)) for clip in list(data)[::40]}
    assert len(labels) == 1                                     # a file does not say whether it is a fake
    if split == "test":
        assert len(FaceForensics(ROOT, split, "c40")) == 5 * people


def test_actors_are_those_of_the_plan():
    about, everybody = json.loads((ROOT / "actors.json").read_text()), {actor.id: actor for actor in plan.actors_of(130)}
    assert len(about["actors"]) >= 100
    for name, entry in about["actors"].items():
        actor = everybody[name]
        assert (entry["person"], entry["performance"], entry["split"]) == (actor.person, actor.performance, actor.split)
    pairs = [[one.id, other.id] for one, other in plan.pairs_of(plan.actors_of(130))["test"]]
    assert all(pair in pairs for pair in json.loads((ROOT / "splits" / "test.json").read_text()))


def test_the_card_says_what_the_results_say():
    card, found = (ROOT / "README.md").read_text(), json.loads((ROOT / "scores.json").read_text())
    assert scores.table(found) in card
    for leak, result in json.loads((ROOT / "leaks.json").read_text()).items():
        assert result["wrong"]["low"] > 0.8 and result["own"]["high"] < 0.6
        assert f"| {leak} | {ship.bounds(result['wrong'])} | {ship.bounds(result['own'])} |" in card
    assert ship.people_table(json.loads((ROOT / "actors.json").read_text())["actors"]) in card
