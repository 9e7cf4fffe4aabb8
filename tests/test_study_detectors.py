"""The comparison of detectors: numbers held against hand counts, and the whole of it on a tiny set, once and not twice."""
import json

import numpy as np
import pytest
from tiny_set import tiny_set

from dflib import __main__ as cli
from dflib import checkpoints, media
from dflib.forensics.examine import judge_from
from dflib.studies.detectors import __main__ as study
from dflib.studies.detectors import card, data, figures, pretrain, results, ship, table
from dflib.studies.detectors.plan import CLAIMS, DETECTORS, PAPER, PAPER_KINDS, TITLES, Entry, entries, recipe_of
from dflib.forensics.train import Recipe


# ---- numbers

def said(seed=0, shift=2.0, name="xception", **about):
    """A result of 6 pairs with two clips of four frames of each kind, whose logits are drawn around ±shift."""
    rng = np.random.default_rng(seed)
    kinds = np.repeat(["real", "A", "B"], 48)
    groups = np.tile(np.repeat([f"g{k}" for k in range(6)], 8), 3)
    clips = np.array([f"{kind}/{k // 4 % 12:03d}_x.mp4" for k, kind in enumerate(kinds)])
    logit = np.where(kinds == "real", -shift, shift) + rng.normal(0, 2, len(kinds))
    val = np.repeat([0, 1], 50)
    return {"val_logit": (2 * val - 1) * shift + rng.normal(0, 2, 100), "val_label": val, "test_logit": logit,
            "test_kind": kinds, "test_group": groups, "test_clip": clips,
            "other_logit": np.repeat([3.0, -3.0, -3.0, 3.0, 3.0, 3.0], 2), "other_kind": np.repeat(["C", "D"], 6),
            "other_group": np.array(["a", "a", "b", "b", "c", "c"] * 2), "other_clip": np.repeat(["1", "2", "3", "4", "5", "6"], 2),
            "about": {"name": name, "compression": "c23", "seed": 0, "parameters": 10, "seconds": 60.0, "scale": "smoke",
                      "hardware": "one core", "frames": [4, 4, 4], "clips": {"train": 1, "val": 1, "test": 1}} | about}


def test_videos_are_the_mean_of_their_pictures():
    result = said()
    temperature = table.temperature_of(result)
    frames = table.by_frame(result)
    videos = table.by_video(frames)
    assert len(videos["clip"]) == 36 and sorted(set(videos["kind"])) == ["A", "B", "real"]
    row = int(np.flatnonzero(videos["clip"] == "real/002_x.mp4")[0])
    by_hand = np.mean(1 / (1 + np.exp(-result["test_logit"][8:12] / temperature)))
    assert videos["score"][row] == pytest.approx(by_hand) and videos["group"][row] == "g1" and videos["kind"][row] == "real"


def test_what_a_score_is_worth_names_the_error_rates_and_the_control():
    result = said(shift=50.0)
    assert ship.worth_of(result, "a set").startswith("Of videos of people it had not seen (a set) it called 0 % of the fakes real and 0 %")
    assert "small" not in ship.worth_of(result, "a set")
    result["other_kind"] = np.where(result["other_kind"] == "C", "Enlarged", result["other_kind"])     # of three videos one is called fake
    assert ship.worth_of(result, "a set").endswith("only made small and large again it called 33 % fake.")


def test_a_temperature_does_not_see_that_fakes_are_more():
    result = said(shift=1.0)
    rows = np.r_[np.arange(50), np.tile(np.arange(50, 100), 4)]         # four fakes of every original
    more = result | {name: result[name][rows] for name in ("val_logit", "val_label")}
    assert table.temperature_of(more) == pytest.approx(table.temperature_of(result), rel=1e-6)


def test_accuracy_is_the_papers():
    for name, found in PAPER_KINDS.items():             # ½ (mean of four fakes + real), to the last digit printed
        assert (np.mean(found[:4]) + found[4]) / 2 == pytest.approx(PAPER[name][1], abs=0.03)
    result = said(shift=1.0)
    # few of B, and they count as much
    result |= {f"test_{name}": result[f"test_{name}"][:-40] for name in ("logit", "kind", "group", "clip")} 
    result["test_logit"][-8:] = -1.0
    scored = table.scored(table.by_frame(result))
    right = {kind: np.mean((result["test_logit"][result["test_kind"] == kind] > 0) == (kind != "real")) for kind in ("real", "A", "B")}
    assert scored["accuracy"]["value"] == pytest.approx((right["real"] + (right["A"] + right["B"]) / 2) / 2, abs=1e-4)
    assert scored["kinds"]["A"]["accuracy"] == pytest.approx(right["A"], abs=1e-4) and "auc" not in scored["kinds"]["real"]
    assert scored["accuracy"]["low"] < scored["accuracy"]["value"] < scored["accuracy"]["high"]


def test_differences_are_paired_and_corrected_and_may_be_none():
    same, other, weak = said(name="xception"), said(1, name="bayar"), said(2, shift=0.0, name="rahmouni")
    found = {(d["first"], d["second"]): d for d in table.differences([same, other, weak])}
    assert len(found) == 3 and not found["xception", "bayar"]["distinguishable"]
    assert found["xception", "rahmouni"]["distinguishable"] and found["xception", "rahmouni"]["low"] > 0
    assert found["xception", "rahmouni"]["p"] == pytest.approx(3 * 2 / 1001, abs=1e-4)     # the least there is, times three
    elsewhere = said(name="bayar", compression="c40")
    assert table.differences([same, elsewhere]) == []       # other videos are no pairs
    cut = {**other, **{f"test_{k}": other[f"test_{k}"][:-4] for k in ("logit", "kind", "group", "clip")}}
    assert table.differences([same, cut]) == []
    full = said(3, shift=0.0, name="xception-full")         # of a claim: a duel, with a correction of its own
    claimed = {(d["first"], d["second"]): d for d in table.differences([same, other, weak, full])}
    assert [*claimed] == [*found, ("xception-full", "xception")] and {pair: claimed[pair] for pair in found} == found
    assert claimed["xception-full", "xception"]["p"] == pytest.approx(2 / 1001, abs=1e-4)
    columns = card.differences_table([*found.values(), {**found["xception", "bayar"], "seed": 1}]).splitlines()
    assert columns[0] == "| difference | c23, seed 0 | c23, seed 1 |" and len(columns) == 5
    assert columns[3].startswith("| Xception − Rahmouni et al. | **") and columns[3].endswith("** |  |")


def test_calibration_weighs_both_classes_alike_and_priors_follow_bayes():
    result = said()
    found = table.calibrated(result)
    assert sum(row["count"] for row in found["reliability"]) == 96 and found["error after"] < 0.15
    assert found["temperature"] == pytest.approx(table.temperature_of(result), abs=1e-3)
    perfect = {**result, "val_logit": (2 * result["val_label"] - 1.0)}
    assert table.temperature_of(perfect) == 1.0
    videos = {"kind": np.array(["real"] * 20 + ["A"] * 20), "score": np.r_[np.full(19, .1), .9, np.full(19, .9), .1]}
    half, tenth, hundredth = table.elsewhere(videos)
    assert half["precision"] == pytest.approx(0.95) and hundredth["precision"] == pytest.approx(0.1610, abs=1e-4)
    assert tenth["a score of 0.9 becomes"] == pytest.approx(0.5)
    silent = {**videos, "score": np.zeros(40)}
    assert table.elsewhere(silent)[0]["precision"] is None


def test_controls_are_counted_by_video():
    found = table.on_others(said())
    assert found["C"]["called fake"]["value"] == pytest.approx(1 / 3, abs=1e-4) and found["C"]["videos"] == 3
    assert found["D"]["called fake"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert table.on_others({key: value for key, value in said().items() if not key.startswith("other")}) == {}


def test_page_says_what_was_found():
    both = [said(name="xception"), said(1, shift=0.0, name="xception-people")]
    scores = {"pairs": 6, "rows": [table.row(result) for result in both], "differences": table.differences(both)}
    page = card.card(scores)
    value = scores["rows"][0]["frame"]["accuracy"]["value"]
    assert f"| Xception | c23 | 0 | {100 * value:.1f} (" in page and "| 95.73 | 10 | 1 |" in page and "66.57 % at c23" in page
    assert "- pretraining, Xception, knew the cast against Xception, c23, seed 0: -" in page       # it did not help
    assert "| C | D |" in page.replace("seed | ", "seed |").replace("|C", "| C") and "| 33 | 100 |" in page
    figure = figures.controls(both, {"real": np.zeros((4, 4, 3), np.uint8)})
    words = [text.get_text() for text in figure.axes[0].texts]
    assert "untouched" in words and "33" in words and len(figure.axes[0].images) == 1
    drawn = figures.codings(scores["rows"]).axes[1].lines
    assert [line.get_xydata()[0, 1] for line in drawn if line.get_linestyle() == "None"] == [100 * value]      # no claim among them
    videos = table.by_video(table.by_frame(both[0]))
    groups = ship.by_group(videos, {f"{k:03d}": ["men"] for k in range(6)})
    reals = videos["score"][videos["kind"] == "real"][:6]
    assert groups["men"]["people"] == 6 and groups["men"]["false alarms"] == pytest.approx(np.mean(reals > 0.5), abs=1e-4)


# ---- what is compared

def test_entries_differ_in_what_they_test_alone():
    assert [entry.name for entry in entries(seeds=(0, 1), scale="cpu")] == [*DETECTORS, *DETECTORS]
    asked = entries(("xception", "xception-people"), ("c23", "c40"), (0, 1), "cpu")      # claims once, the six with one thing changed
    assert [entry.label for entry in asked] == ["xception-c23-0", "xception-people-c23-0", "xception-c23-1", "xception-c40-0"]
    one, other = recipe_of("xception", "cpu"), recipe_of("xception-full", "cpu")
    assert {name for name in vars(one) if getattr(one, name) != getattr(other, name)} == {"separable", "width"}
    scratch, imagenet = (recipe_of(f"efficientnet-{how}", "cpu") for how in ("scratch", "imagenet"))
    assert {name for name in vars(scratch) if getattr(scratch, name) != getattr(imagenet, name)} == {"start"}
    assert {name for duels in CLAIMS.values() for duel in duels for name in duel} <= set(TITLES)
    assert recipe_of("xception", "gpu").crop == 299 and recipe_of("bayar", "gpu").crop == 128
    with pytest.raises(ValueError, match="Unknown entry 'resnet'"):
        entries(("resnet",))
    with pytest.raises(ValueError, match="Unknown compression 'c30'"):
        entries(compressions=("c30",))


def test_masks_are_kept_as_shares():
    mask = np.zeros((1, 64, 64), bool)
    mask[0, :3, :2] = True
    found = data.shares(mask)
    assert found.shape == (1, 32, 32) and found[0, 0, 0] == 1 and found[0, 1, 0] == 0.5 and found.sum() == 1.5
    assert data.shares(np.ones((1, 20, 20), bool)).shape == (1, 20, 20)


# ---- all of it

@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tiny_set(tmp_path_factory.mktemp("set"))


@pytest.fixture(scope="module")
def compared(root, tmp_path_factory):
    """The study of two networks, in a cache of its own."""
    patch = pytest.MonkeyPatch()
    patch.setenv("DFLIB_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setenv("DFLIB_SCALE", "smoke")
    out = tmp_path_factory.mktemp("out")
    arguments = [str(root), "--entries", "cooccurrences", "rahmouni", "--out", str(out)]
    study.main(arguments)
    yield out, arguments
    patch.undo()


def test_study_is_written_down_and_not_done_twice(compared, monkeypatch):
    out, arguments = compared
    scores = json.loads((out / "scores.json").read_text())
    assert [row["name"] for row in scores["rows"]] == ["cooccurrences", "rahmouni"] and scores["pairs"] == 2
    assert scores["rows"][0]["clips"] == {"train": 10, "val": 10, "test": 20} and len(scores["differences"]) == 1
    assert set(scores["rows"][0]["others"]) == {"Recompressed", "Synthesis"}
    assert scores["rows"][0]["others"]["Synthesis"]["videos"] == 4           # of test people alone
    assert "| co-occurrences + SVM − Rahmouni et al. |" in (out / "README.md").read_text()
    assert media.read_image(out / "codings.png").std() > 10
    assert media.read_image(out / "controls.png").std() > 10
    monkeypatch.setattr(results, "trained", lambda *_: pytest.fail("trained twice"))
    study.main(arguments)
    assert json.loads((out / "scores.json").read_text()) == scores


def test_checkpoints_say_how_often_they_err(root, compared, tmp_path):
    entry = Entry("rahmouni", recipe_of("rahmouni", "smoke"))
    shipped = ship.ship(root, entry, results.results_of(root, entry), folder=tmp_path)
    assert shipped["precision"] == "int8" and shipped["crop"] == 64 and set(shipped["scores"]["compression"]) == {"c23"}
    assert "2 pairs of test people" in shipped["scores"]["worth"] and {"men", "women"} & set(shipped["scores"]["group"])
    judge = judge_from(tmp_path / "detector-rahmouni.safetensors")
    assert judge.crop == 64 and judge.network.native and judge.worth == shipped["scores"]["worth"]
    found = results.scores_of(root, "test", "c23", judge)
    assert found["video"]["auc"]["value"] == pytest.approx(shipped["scores"]["video"]["auc"]["value"], abs=0.05)
    assert checkpoints.read_card(tmp_path / "detector-rahmouni.safetensors")["network"]["detector"] == "rahmouni"


def test_commands_on_a_set(root, compared, capsys, tmp_path):
    assert cli.main(["train", "rahmouni", "--data", str(root), "--compression", "c23"]) == 0
    told = capsys.readouterr().out
    path = told.split("done, ")[1].split(".safetensors")[0] + ".safetensors"
    assert "Of videos of people it had not seen" in told and f"examine clip.mp4 --with {path}" in told
    assert cli.main(["examine", "--data", str(root), "--with", path, "--json", str(tmp_path / "r.json")]) == 0
    assert "| detector-rahmouni | " in capsys.readouterr().out
    assert set(json.loads((tmp_path / "r.json").read_text())["detector-rahmouni"]) == {"frame", "video"}
    for arguments, sentence in (
            (["examine", "--data", str(root), path], "one of the two"), (["examine"], "one of the two"),
            (["train", "rahmouni", "--data", str(root), str(root)], "is one folder, not 2 paths"),
            (["train", "rahmouni", "--data", str(tmp_path / "no")], "There is no folder"),
            (["train", "bayar", "--data", str(root), "--resume"], "no earlier run of bayar"),
            (["train", "gan", "--compression", "c23"], "--compression is for cooccurrences"),
            (["examine", "--data", str(root), "--with", path, "--compression", "c40"], "holds none of the videos")):
        assert cli.main(arguments) == 2
        error = capsys.readouterr().err
        assert sentence in error.splitlines()[-1]


def test_pretraining_leaves_a_checkpoint_to_start_from(compared, monkeypatch):
    recipe = Recipe(size=64, width=0.0625, steps=1, batch=4)
    path = pretrain.people(recipe)
    monkeypatch.setattr(pretrain, "people_run", lambda *_: pytest.fail("trained twice"))
    assert pretrain.people(recipe) == path
    weights, _ = checkpoints.load(path)
    assert weights["fc.weight"].shape[0] == 7 and weights["conv1.weight"].shape[0] == 2
