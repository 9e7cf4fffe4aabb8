"""Lesson 08 says of the comparison what its numbers say: whoever trains it anew and finds others must write the page anew."""
import json
from pathlib import Path

import nbformat
import pytest

from dflib.paths import CHECKPOINTS, DATA
from dflib.studies.detectors.plan import DETECTORS, PAPER, TITLES

NOTEBOOK = Path(__file__).parents[1] / "notebooks/08_five_detectors.ipynb"
FOUND = json.loads((DATA / "detectors/scores.json").read_text(encoding="utf-8"))
OF = {(row["name"], row["compression"], row["seed"]): row for row in FOUND["rows"]}
ROWS = {name: OF[name, "c23", 0] for name in DETECTORS}
BEST = "xception", "bayar", "mesoinception4"


@pytest.fixture(scope="module")
def page():
    return "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, 4).cells if cell.cell_type == "markdown")


def card(name):
    return json.loads((CHECKPOINTS / f"detector-{name}.json").read_text(encoding="utf-8"))


def test_two_trainings_at_c23_one_at_raw_and_c40_and_the_claims(page):
    assert set(OF) == ({(name, "c23", 0) for name in TITLES} | {(name, "c23", 1) for name in DETECTORS}
                       | {(name, coding, 0) for name in DETECTORS for coding in ("raw", "c40")})
    assert "at c23 there are two of each" in page


def test_a_second_seed_moves_them_and_one_is_dead(page):
    assert "Most move by one to four points" in page and "And one is **dead**" in page
    moved = {name: abs(OF[name, "c23", 1]["frame"]["accuracy"]["value"] - ROWS[name]["frame"]["accuracy"]["value"]) for name in DETECTORS}
    assert moved.pop("bayar") > 0.25 and OF["bayar", "c23", 1]["frame"]["accuracy"]["value"] == 0.5
    assert max(moved.values()) < 0.05 and sum(points > 0.005 for points in moved.values()) >= 4
    duels = {(d["first"], d["second"], d["seed"]): d["distinguishable"] for d in FOUND["differences"] if d["compression"] == "c23"}
    assert "Rahmouni beats the counts of words with the first, and fine-tuning the counts helps with the second only" in page
    assert [duels["cozzolino", "rahmouni", seed] for seed in (0, 1)] == [True, False]
    assert [duels["cooccurrences", "rahmouni", seed] for seed in (0, 1)] == [True, False]
    assert [duels["cooccurrences", "cozzolino", seed] for seed in (0, 1)] == [False, True]
    for rest in ("cooccurrences", "cozzolino", "rahmouni"):
        assert all(duels[tuple(sorted((rest, best), key=[*DETECTORS].index)) + (1,)] for best in ("mesoinception4", "xception"))


def test_the_two_claims(page):
    duels = {(d["first"], d["second"]): d for d in FOUND["differences"] if {d["first"], d["second"]} - set(DETECTORS)}
    gain = duels["efficientnet-scratch", "efficientnet-imagenet"]
    assert gain["distinguishable"] and f"gains {-100 * gain['value']:.0f} points" in page
    assert len(duels) == 3 and not any(duels[pair]["distinguishable"] for pair in duels if pair[1] != "efficientnet-imagenet")
    assert "gains Xception nothing measurable" in page and "make no difference in AUC that 30 pairs can show" in page


def test_the_best_three_cannot_be_told_apart_and_beat_the_rest(page):
    assert "cannot be told from each other, and all three are better than the rest" in page
    apart = {frozenset((d["first"], d["second"])): d for d in FOUND["differences"]
             if (d["compression"], d["seed"]) == ("c23", 0) and {d["first"], d["second"]} <= set(DETECTORS)}
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
