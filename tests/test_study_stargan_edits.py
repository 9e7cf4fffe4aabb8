"""The study of StarGAN's edits: means and intervals of what it measured, aims, and the upper bound that learns from true edits."""
import json

import numpy as np
import pytest

from dflib import media
from dflib.datasets.domains import EDITS
from dflib.datasets.edits import TrueEdits
from dflib.studies import stargan_edits
from dflib.synthesis.stargan import train

NAMES = list(EDITS)


def truth_of(kinds, people):
    """TrueEdits with nothing but whose edit is which."""
    count, given = len(kinds), max(people) + 1
    empty = np.zeros((count, 8, 8, 3), np.uint8)
    return TrueEdits(np.zeros((given, 8, 8, 3), np.uint8), *[np.zeros((given, 12))] * 2, *[np.zeros(given)] * 3, np.array(people),
                     np.array([NAMES.index(kind) for kind in kinds]), empty, empty[..., 0] > 0)


def test_means_by_kind_with_intervals_over_people():
    truth = truth_of([("hair", "blond"), ("hair", "grey"), ("hair", "blond"), ("skin", "dark")], [0, 0, 1, 1])
    values = np.array([10.0, 12, 20, 5])
    row = stargan_edits.row_of({name: values for name in stargan_edits.COLUMNS}, {"psnr_inside": np.array([9.0, 9, 9, 9])}, truth)
    assert list(row) == ["hair"]                            # one person's skin has no interval
    assert row["hair"]["psnr_outside"] == [14.0, 11.0, 20.0]        # people are drawn, not edits: both of person 0 (mean 11) or person 1
    assert row["hair"]["gain"] == [5.0, 2.0, 11.0]


def test_an_aim_is_reached_by_both_judges_or_not():
    scores = {"gain": [3.0, 1, 4], "psnr_outside": [25.9, 20, 30], "identity": [-0.05, -1, 1], "psnr_inside": [9, 9, 9],
              "taken_own": [0.9, 0, 1], "taken_imagenet": [0.79, 0, 1]}
    assert stargan_edits.reached({"hair": scores}) == {"hair": ["gain", "identity"]}
    assert stargan_edits.reached({"hair": scores | {"taken_imagenet": [0.8, 0, 1]}}) == {"hair": ["gain", "identity", "taken"]}


def test_study_is_written_down_and_pairs_learn_once(tmp_path, monkeypatch):
    for name, value in (("DFLIB_CACHE", str(tmp_path / "cache")), ("DFLIB_SCALE", "smoke")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(stargan_edits, "FOLDER", tmp_path)
    monkeypatch.setattr(stargan_edits, "PEOPLE", 2)
    monkeypatch.setattr(stargan_edits, "SHOWN", 1)
    stargan_edits.main([])
    written = json.loads((tmp_path / "scores.json").read_text())
    assert list(written["rows"]) == ["nothing done", "StarGAN", "change alone", "pairs", "true edit"]
    for row in written["rows"].values():
        assert {"gender", "expression"} <= set(row)
        assert all(low <= mean <= high for kind in row.values() for mean, low, high in kind.values())
    assert written["rows"]["true edit"]["gender"]["psnr_outside"] == [60, 60, 60]
    whole, alone = (written["rows"][name]["gender"]["psnr_outside"][0] for name in ("StarGAN", "change alone"))
    assert alone > whole + 2                                # dB: what G does to every picture is gone
    assert all(kind["gain"] == [0, 0, 0] for kind in written["rows"]["nothing done"].values())
    assert written["reached"]["nothing done"]["gender"] == ["psnr_outside", "identity"] and written["about"]["people"] == 2
    assert list(written["leakage"]) == ["StarGAN", "change alone", "true edit"]
    assert all(0 <= share <= 100 for by in written["leakage"].values() for share in by.values())
    assert media.read_image(tmp_path / "edits.png").shape == (4 * 64, (len(EDITS) + 1) * 64, 3)     # StarGAN, its change, pairs, truth
    monkeypatch.setattr(train, "_update", lambda *_: pytest.fail("trained twice"))
    stargan_edits.main([])
    assert json.loads((tmp_path / "scores.json").read_text())["rows"] == written["rows"]
