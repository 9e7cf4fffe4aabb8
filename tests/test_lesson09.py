"""Lesson 09 says of the maps what their numbers say: whoever trains them anew and finds others must write the page anew."""
import json
from pathlib import Path

import nbformat
import pytest

from dflib.paths import CHECKPOINTS, DATA
from dflib.studies.localisation.measure import PARTLY
from dflib.studies.localisation.plan import AGAIN, TITLES

NOTEBOOK = Path(__file__).parents[1] / "notebooks/09_where_was_it_changed.ipynb"
FOUND = json.loads((DATA / "localisation/scores.json").read_text(encoding="utf-8"))
ROWS = {(row["name"], row["seed"]): row for row in FOUND["rows"]}
MAPS = {key: row["maps"]["test"][PARTLY] for key, row in ROWS.items() if "maps" in row}


@pytest.fixture(scope="module")
def page():
    return "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, 4).cells if cell.cell_type == "markdown")


def test_all_ways_and_two_seeds_of_the_supervised(page):
    assert set(ROWS) == {(name, 0) for name in TITLES} | {(name, 1) for name in AGAIN}
    for name, seed in MAPS:
        if name in AGAIN:
            assert f"{MAPS[name, seed]['IoU']['value']:.2f}" in page, (name, seed)


def test_no_network_reaches_the_map_that_never_looks(page):
    assert "No network reaches the floor" in page
    floor, ceiling, best = (FOUND["bounds"][name][PARTLY]["IoU"]["value"] for name in ("mean mask", "exact at the grid", "best by IoU"))
    assert f"{floor:.2f}" in page and f"{ceiling:.2f}" in page and f"the best choice of fields has {best:.2f}" in page
    assert max(scores["IoU"]["high"] for scores in MAPS.values()) < floor < ceiling
    assert max(MAPS, key=lambda key: MAPS[key]["IoU"]["value"])[0] == "regression-supervised"
    assert max(MAPS, key=lambda key: MAPS[key]["PBCA"]["value"])[0] == "appearance-supervised"
    assert min(MAPS, key=lambda key: MAPS[key]["IoU"]["value"])[0] == "regression-weak"


def test_where_little_is_changed_the_regression_is_ahead():
    ours, floor = ROWS["regression-supervised", 0]["maps"]["test"], FOUND["bounds"]["mean mask"]
    for method in ("Face2Face", "NeuralTextures"):
        assert ours[method]["IoU"]["low"] > floor[method]["IoU"]["high"]
    for method in ("Deepfakes", "FaceSwap"):
        assert ours[method]["IoU"]["high"] < floor[method]["IoU"]["low"]


def test_detection_is_not_helped_and_falls_to_chance_at_c40(page):
    assert "no difference from the network without attention (one training of it) can be told from 0" in page
    assert FOUND["differences"] and not any(difference["distinguishable"] for difference in FOUND["differences"])
    for row in ROWS.values():
        assert 0.44 < row["detection"]["c40"]["video"]["auc"]["value"] < 0.56 and row["detection"]["test"]["video"]["auc"]["value"] > 0.93


def test_few_fakes_are_found_where_few_reals_may_be_accused(page):
    def found(key, unit, rate):
        return ROWS[key]["detection"]["test"][unit]["tdr"][rate]

    told = [f"{100 * found(key, 'frame', '0.1 %')['value']:.0f}" for key in
            (("regression-supervised", 0), ("regression-supervised", 1), ("plain", 0))]
    assert "finds {} % of the fake pictures ({} from the other seed), the network without attention {}".format(*told) in page
    assert f"{100 * found(('appearance-unsupervised', 0), 'frame', '0.1 %')['value']:.0f}" == told[0] and "finds 20 too" in page
    of_videos = [100 * found(key, "video", "1 %")["value"] for key in ROWS]
    assert f"{min(of_videos):.0f} to {max(of_videos):.0f} % of the fake videos are found" in page
    assert "too few to tell one in a thousand" in page
    assert all("500 real ones" in found(key, "video", "0.1 %")["refused"] for key in ROWS)


def test_enlarged_originals_are_hardly_accused_any_more(page):
    shares = [row["others"]["Enlarged"]["called fake"]["value"] for row in ROWS.values()]
    assert f"{100 * min(shares):.0f} to {100 * max(shares):.0f} %" in page and max(shares) < 0.3


def test_it_hardly_knows_which_half_was_changed(page):
    half = {key: row["half"][PARTLY] for key, row in ROWS.items() if "half" in row}
    assert f"has {half['regression-supervised', 0]['value']:.2f} in the mean" in page
    assert half["regression-supervised", 0]["low"] > 0.5
    assert all(abs(half[key]["value"] - 0.5) < 0.01 for key in half if key[0].startswith("appearance"))


@pytest.mark.parametrize("kind", ["regression", "appearance"])
def test_the_best_two_ship_with_their_cards(kind):
    from dflib.forensics.examine import judge_from

    path = CHECKPOINTS / f"attention-{kind}.safetensors"
    judge, card = judge_from(path), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert judge.has_maps and card["scores"]["entry"] == f"{kind}-supervised" and card["seed"] == 0
    assert card["scores"]["maps"] == ROWS[f"{kind}-supervised", 0]["maps"]


def test_the_page_runs_what_dflib_runs():
    outputs = [output for cell in nbformat.read(NOTEBOOK, 4).cells for output in cell.get("outputs", [])]
    said = "".join(output.get("text", "") for output in outputs)
    assert said.count("dflib's:") == said.count("True") - said.count("False") == 7
