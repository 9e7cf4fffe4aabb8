"""Lesson 08 says of the comparison what its numbers say: whoever trains it anew and finds others must write the page anew."""
import json
from pathlib import Path

import nbformat
import pytest

from dflib.paths import CHECKPOINTS, DATA
from dflib.studies.detectors.plan import DETECTORS, PAPER, TITLES

NOTEBOOK = Path(__file__).parents[1] / "notebooks/08_five_detectors.ipynb"
FOUND = json.loads((DATA / "detectors/scores.json").read_text(encoding="utf-8"))
ROWS = {row["name"]: row for row in FOUND["rows"]}
BEST = "xception", "bayar", "mesoinception4"


@pytest.fixture(scope="module")
def page():
    return "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, 4).cells if cell.cell_type == "markdown")


def card(name):
    return json.loads((CHECKPOINTS / f"detector-{name}.json").read_text(encoding="utf-8"))


def test_one_training_of_each_at_c23(page):
    assert [(row["name"], row["compression"], row["seed"]) for row in FOUND["rows"]] == [(name, "c23", 0) for name in DETECTORS]
    assert "*one* training of each" in page and "Until then" in page


def test_the_best_three_cannot_be_told_apart_and_beat_the_rest(page):
    assert "cannot be told from each other, and all three are better than the rest" in page
    apart = {frozenset((d["first"], d["second"])): d for d in FOUND["differences"]}
    for pair, difference in apart.items():
        inside = len(pair & set(BEST))
        if inside != 0:
            assert difference["distinguishable"] == (inside == 1), pair
        if inside == 1:
            better = difference["value"] if difference["first"] in BEST else -difference["value"]
            assert better > 0, pair
    accuracy = {name: row["frame"]["accuracy"]["value"] for name, row in ROWS.items()}
    assert max(PAPER, key=lambda name: PAPER[name][1]) == "xception"
    assert "is level with it" in page and abs(accuracy["mesoinception4"] - accuracy["xception"]) < 0.02
    assert sorted(accuracy, key=accuracy.get)[:3] == ["cooccurrences", "cozzolino", "rahmouni"]
    reals = ROWS["xception"]["frame"]["kinds"]["real"]["accuracy"]
    assert f"calls {100 * (1 - reals):.0f} of a hundred real pictures fake" in page


def test_what_they_see(page):
    assert "Every detector calls **every one** of these videos fake" in page
    for name, row in ROWS.items():
        called = {kind: told["called fake"]["value"] for kind, told in row["others"].items()}
        assert called["Enlarged"] == 1.0, name
        assert min(called["SelfDeepfakes"], called["Synthesis"]) > 0.9, name
        assert (called["PastedBack"] == 1) == (name not in ("cooccurrences", "cozzolino")), name
        alarms = 1 - row["video"]["kinds"]["real"]["accuracy"]
        assert abs(called["TrueSwap"] - alarms) < 0.12, name        # as often as an untouched video


def test_at_c40_everybody_gets_one_answer(page):
    assert "near 50 %" in page
    for name in DETECTORS:
        by = card(name)["scores"]["compression"]
        assert 0.45 < by["c40"]["accuracy"] < 0.6, name
        assert by["c23"]["auc"] - by["c40"]["auc"] > 0.05, name


@pytest.mark.parametrize("name", DETECTORS)
def test_each_ships_and_says_how_often_it_errs(name):
    from dflib.forensics.examine import judge_from

    judge = judge_from(CHECKPOINTS / f"detector-{name}.safetensors")
    assert "it called" in judge.worth and judge.temperature == pytest.approx(ROWS[name]["calibration"]["temperature"], abs=1e-3)
    assert sum(parameter.numel() for parameter in judge.network.parameters()) == ROWS[name]["parameters"]
    assert name in TITLES
