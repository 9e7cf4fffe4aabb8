"""Where was it changed?: maps between floor and ceiling by hand, halves, and the whole study on a tiny set, once and not twice."""
import json

import numpy as np
import pytest
import torch
from tiny_set import tiny_set, write

from dflib import checkpoints, media
from dflib.datasets.crops import FaceCrops
from dflib.forensics.examine import judge_from
from dflib.studies.detectors.data import clips_of, cut_out
from dflib.studies.detectors.plan import recipe_of as recipe_of_08
from dflib.studies.localisation import __main__ as study
from dflib.studies.localisation import card, figures, halves, measure, plan, results, ship


def crops(pairs=4, side=64):
    """Reals, fakes by two methods that change the left half or a square, and entire syntheses; two pictures of each clip."""
    rng = np.random.default_rng(0)
    n = 2 * pairs
    pictures = rng.integers(0, 256, (4 * n, side, side, 3)).astype(np.uint8)
    masks = np.zeros((4 * n, 32, 32), np.float32)
    masks[n:2 * n, :, :16], masks[2 * n:3 * n, 8:24, 8:24], masks[3 * n:] = 1, 1, 1
    kinds = np.repeat(["real", "A", "B", plan.WHOLE], n)
    originals = np.r_[np.full(n, -1), np.arange(n), np.arange(n), np.full(n, -1)]
    clips = np.array([f"{kind}/{k // 2 % pairs}" for k, kind in enumerate(kinds)])
    return FaceCrops(pictures, kinds, np.tile(np.repeat(np.arange(pairs), 2), 4).astype(str), originals, clips, masks)


def test_entire_syntheses_are_learned_beside_reals_of_the_same_resampling(tmp_path):
    root = tiny_set(tmp_path)
    for name in ("000", "001", "004", "009"):
        path = root / "original_sequences/youtube/c23/videos" / "000.mp4"
        partner = root / "control_sequences/Enlarged/c23/videos" / f"{name}.mp4"
        partner.parent.mkdir(parents=True, exist_ok=True)
        partner.write_bytes(path.read_bytes())
    found = {split: clips_of(root, split, "c23", plan.METHODS) for split in ("train", "test")}
    partners = [clip for clip in found["train"] if "Enlarged" in str(clip.path)]
    assert [clip.target for clip in partners] == ["000", "001"] and not any(clip.fake for clip in partners)
    assert not [clip for clip in found["test"] if "Enlarged" in str(clip.path)]
    assert len(clips_of(root, "train", "c23")) == len(found["train"]) - 2 - 2       # without syntheses there are none
    learned = cut_out(found["train"], 64, 2, False)
    rows = [k for k, clip in enumerate(learned.clips) if "Enlarged" in clip]
    assert len(rows) == 4 and not learned.masks[rows].any() and not learned.labels[rows].any()
    assert len(set(np.asarray(learned.groups)[learned.kinds == "real"])) == 1                      # a person's two clips are one group


# ---- maps

def test_maps_are_scored_field_by_field_and_methods_count_alike():
    some = crops()
    truths = measure.truth_of(some)
    maps = np.zeros((len(some), 8, 8))
    maps[:, :, :4] = 1                                          # the left half, always
    found = measure.localised(maps, truths, some.kinds, some.groups)
    assert found["A"]["IoU"]["value"] == 1 and found["A"]["IINC"]["value"] == 0 and found["real"]["PBCA"]["value"] == 0.5
    assert found["B"]["IoU"]["value"] == pytest.approx(128 / (512 + 128), abs=1e-4)             # 8 x 16 of a square of 16
    assert found[plan.WHOLE]["IoU"]["value"] == 0.5
    assert found[measure.PARTLY]["IoU"]["value"] == pytest.approx((1 + 0.2) / 2, abs=1e-4)      # without entire syntheses
    few = some.rows(np.r_[0:24, 24:26])
    less_of_b = np.flatnonzero((few.kinds != "B") | (np.arange(len(few)) < 18))
    found = measure.localised(maps[less_of_b], truths[less_of_b], few.kinds[less_of_b], few.groups[less_of_b])
    assert found[measure.PARTLY]["IoU"]["value"] == pytest.approx(0.6, abs=1e-4)
    nothing = truths.copy()
    nothing[8:12] = 0                                           # half of A is as its original: it does not count
    assert measure.localised(maps, nothing, some.kinds, some.groups)["A"]["IoU"]["value"] == 1
    large = measure.enlarged(np.arange(16.0).reshape(1, 4, 4))
    assert np.array_equal(large[0], np.arange(16.0).reshape(4, 4).repeat(8, 0).repeat(8, 1))    # nothing is smoothed


def test_floor_and_ceiling():
    some = crops()
    truths = measure.truth_of(some)
    says = np.asarray(some.kinds) != "real"
    found = measure.bounds(some, truths, 8, says)
    mean = found["mean mask"][0]
    assert mean[0, 0] == 0.5 and mean[4, 3] == 1 and mean[4, 5] == 0.5 and mean[0, 7] == 0      # of A and B, not of syntheses
    assert not found["nothing"].any() and set(np.unique(found["mask of most"])) == {0, 1} and found["mask of most"][0].sum() == 8
    assert not found["mean mask if called fake"][0].any() and (found["mean mask if called fake"][-1] == mean).all()
    exact = measure.localised(found["exact at the grid"], truths, some.kinds, some.groups)
    assert all(row["IoU"]["value"] == 1 for row in exact.values())
    fine = truths.copy()
    fine[8:16, :, 15] = 0                                       # half a field less: eight fields cannot say that
    exact = measure.bounds(some, fine, 8)
    assert measure.scores_of(exact["exact at the grid"][8:9], fine[8:9])["IoU"] == pytest.approx(15 / 16)
    fine[8:16, :, 13:15] = 0                                    # a quarter of those fields is left
    by_share, best = (measure.scores_of(measure.bounds(some, fine, 8)[name][8:9], fine[8:9])["IoU"] for name in card.CEILINGS)
    assert by_share == pytest.approx(13 / 16) and best == pytest.approx(12 / 13)


def test_no_choice_of_fields_has_a_larger_iou():
    rng = np.random.default_rng(3)                          # every field its own share, from none to all; the first truth is empty
    shares = rng.random((12, 2, 2)).repeat(4, 1).repeat(4, 2) * (np.arange(12) > 0)[:, None, None]
    truths = (rng.random((12, 8, 8)) < shares ** 2).astype(float)
    choices = np.array([[(number >> field) & 1 for field in range(4)] for number in range(16)], np.float32).reshape(-1, 2, 2)
    for truth, found in zip(truths, measure.best_by_iou(truths, 2)):
        of = [measure.iou(choice.repeat(4, 0).repeat(4, 1), truth) for choice in choices]
        assert measure.iou(found.repeat(4, 0).repeat(4, 1), truth) == pytest.approx(max(of))


def test_half_a_fake_in_its_original():
    some = crops()
    made, sides = halves.halves(some)
    of_a, of_b = (np.flatnonzero(made.kinds == kind) for kind in "AB")
    assert len(of_a) == 2 * 4 and len(of_b) == 4 * 4            # there is nothing to find right of a changed left half
    assert [halves.SIDES[side] for side in sides[of_a[:2]]] == ["upper", "lower"] and sides[of_b[:4]].tolist() == [0, 1, 2, 3]
    row = [row for row in halves.middles(some) if some.kinds[row] == "B"][0]
    fake, real = some.pictures[row], some.pictures[some.originals[row]]
    left, right, upper, lower = made.pictures[of_b[:4]]
    assert (left[:, :28] == fake[:, :28]).all() and (left[:, 36:] == real[:, 36:]).all() and (right[:, :28] == real[:, :28]).all()
    assert (upper[:28] == fake[:28]).all() and (lower[36:] == fake[36:]).all()
    assert [mask.sum() for mask in made.masks[of_b[:4]]] == [128] * 4 and made.masks[of_b[0]][:, 16:].sum() == 0
    for size in (8, 19):                                        # whatever the grid: who knows faces alone has a half
        map = np.random.default_rng(1).random((size, size))
        found = measure.halved(np.repeat(map[None], len(made), 0), made, sides)
        assert found["A"]["value"] == found["B"]["value"] == found[measure.PARTLY]["value"] == 0.5
    exact = measure.at_grid(made.masks, 8)
    assert set(halves.share_in_half(exact, sides).tolist()) == {1} and set(halves.share_in_half(0 * exact, sides).tolist()) == {0.5}


def test_a_figure_has_a_line_of_truths_where_one_is_known():
    picture, map = np.full((16, 16, 3), 90, np.uint8), np.eye(4)
    shown = [figures.maps_figure([("real", picture, truth, [map]), ("A", picture, None, [map])], ["mine"]).axes[0]
             for truth in (map, None)]
    assert [len(axes.images) for axes in shown] == [5, 4]
    assert [[text.get_text() for text in axes.texts] for axes in shown] == [
        ["untouched", "A", "picture", "truth", "mine"], ["untouched", "A", "picture", "mine"]]


# ---- detection

def test_rates_of_false_alarm_need_reals():
    fakes = {"kind": np.array(["real"] + ["A"] * 8), "score": np.r_[0, 0.1, np.full(7, 0.9)],
             "group": np.array(["a", "a", "a", "b", "b", "c", "c", "d", "d"])}
    found = measure.true_detect_rates(fakes, np.linspace(0, 0.5, 200))
    assert found["1 %"]["value"] == 7 / 8 and found["1 %"]["low"] < 7 / 8
    assert found["0.1 %"] == {"refused": "A false detection rate of 0.1 % cannot be told from 200 real ones: 1000 are needed at least."}


# ---- what is trained

def test_entries_differ_in_their_maps_alone(monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "cpu")
    wanted = plan.entries()
    assert [entry.label for entry in wanted[:2]] == ["plain-c23-0", "regression-supervised-c23-0"] and len(wanted) == 9
    assert [entry.name for entry in wanted if entry.seed == 1] == ["regression-supervised", "appearance-supervised"]
    first = wanted[0].recipe
    for entry in wanted:
        differ = {name for name in vars(first) if getattr(first, name) != getattr(entry.recipe, name)}
        assert differ <= {"attention", "supervision"} and (entry.recipe.attention or "plain") == entry.name.split("-")[0]
    assert (first.width, first.size, first.batch) == (0.5, 128, 32) and first.size == recipe_of_08("xception", "cpu").size
    with pytest.raises(ValueError, match="Unknown entry 'hard'"):
        plan.entries(["hard"])


# ---- all of it

@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tiny_set(tmp_path_factory.mktemp("set"))


@pytest.fixture(scope="module")
def done(root, tmp_path_factory):
    """The study of three networks, in a cache of its own."""
    patch = pytest.MonkeyPatch()
    patch.setenv("DFLIB_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setenv("DFLIB_SCALE", "smoke")
    patch.setattr(measure, "RESAMPLES", 40)
    out = tmp_path_factory.mktemp("out")
    reals = tmp_path_factory.mktemp("reals")
    for number in range(2):
        frames = np.stack([frame for frame, _ in zip(media.read_video(
            root / f"original_sequences/youtube/c23/videos/00{number}.mp4"), range(2))])
        write(reals / "original_sequences/youtube/c23/videos" / f"{number:03d}.mp4", frames)
    arguments = [str(root), "--entries", "plain", "regression-supervised", "appearance-weak", "--seeds", "0", "--out", str(out),
                 "--reals", str(reals)]
    study.main(arguments)
    yield out, arguments
    patch.undo()


def test_study_is_written_down_and_not_done_twice(done, monkeypatch):
    out, arguments = done
    scores = json.loads((out / "scores.json").read_text())
    plain, regression, mam = scores["rows"]
    assert [row["name"] for row in scores["rows"]] == ["plain", "regression-supervised", "appearance-weak"] and scores["pairs"] == 2
    assert plain["clips"] == {"train": 12, "val": 12, "test": 24} and "maps" not in plain and scores["side"] == 4
    assert regression["parameters"] == plain["parameters"] + 10 * 91                    # 728 channels at an eighth
    assert set(regression["maps"]["test"]) == {"real", *plan.METHODS, measure.PARTLY} and set(regression["maps"]) == {"test"}
    assert set(mam["half"]) == {*plan.METHODS[:4], measure.PARTLY} and set(mam["areas"]) == {"real", *plan.METHODS, "Recompressed"}
    assert "refused" in plain["detection"]["test"]["video"]["tdr"]["1 %"]
    assert set(scores["bounds"]) == {"nothing", "mean mask", "mask of most", "mean mask if called fake", *card.CEILINGS}
    assert scores["half bounds"]["mean mask"][measure.PARTLY]["value"] == 0.5
    assert scores["half bounds"]["exact at the grid"][measure.PARTLY]["value"] > 0.9
    assert scores["coded bounds"]["test"]["mean mask"] == scores["bounds"]["mean mask"][measure.PARTLY]["IoU"]
    marked = scores["area bounds"]["best by IoU"]
    assert marked["real"]["value"] == 0 < marked["Deepfakes"]["value"] < marked[plan.WHOLE]["value"] == 1
    assert scores["bounds"]["exact at the grid"][plan.WHOLE]["IoU"]["value"] == 1
    assert [found["name"] for found in scores["differences"]] == ["regression-supervised", "appearance-weak"]
    page = (out / "README.md").read_text()
    assert page == card.card(scores) and "| 99.64 | 2.23 |" in page and "are needed at least" in page and "not distinguishable" in page
    assert media.read_image(out / "maps.png").std() > 10
    monkeypatch.setattr(results, "trained", lambda *_: pytest.fail("trained twice"))
    study.main(arguments)
    assert json.loads((out / "scores.json").read_text()) == scores


def test_checkpoints_say_where(root, done, tmp_path):
    scores = json.loads((done[0] / "scores.json").read_text())
    chosen = ship.best_two(scores["rows"])
    assert [row["name"] for row in chosen] == ["regression-supervised", "appearance-weak"]
    pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)
    for row in chosen:
        entry, = plan.entries([row["name"]], [0])
        shipped = ship.ship(root, entry, results.results_of(root, entry), row, folder=tmp_path)
        path = tmp_path / f"attention-{entry.recipe.attention}.safetensors"
        judge = judge_from(path)
        assert judge.has_maps and judge.crop == 64 and judge.worth == shipped["scores"]["worth"] and shipped["precision"] == "int8"
        trained = results.trained(root, plan.started(root, entry), plan.METHODS).models["best"].network
        assert np.allclose(judge.network.maps(pictures), trained.maps(pictures), atol=0.02)
        assert checkpoints.read_card(path)["scores"]["entry"] == row["name"]


def test_all_start_from_lesson_08s_network(root, done):
    entry, = plan.entries(["plain"], [0])
    begun = plan.started(root, entry)
    weights, card_of = checkpoints.load(begun.recipe.start)
    assert card_of["network"] == {"detector": "xception", "size": 64, "width": 0.125}
    network = results.trained(root, begun, plan.METHODS).models["detector"]
    start, now = weights["conv3.pointwise.weight"], network.conv3.pointwise.weight
    far = torch.nn.functional.cosine_similarity(start.flatten(), now.flatten(), dim=0)
    assert far > 0.9 and not torch.equal(start, now)           # four steps on, not begun anew


def test_a_shipped_network_is_taken_where_it_fits(monkeypatch, tmp_path, root):
    monkeypatch.setenv("DFLIB_SCALE", "cpu")
    read = {"network": {"detector": "xception", "size": 128, "width": 0.5}, "crop": 128}
    monkeypatch.setattr(plan.checkpoints, "shipped", lambda name: tmp_path / name)
    monkeypatch.setattr(plan.checkpoints, "read_card", lambda path: read)
    entry, = plan.entries(["regression-weak"], [0])
    assert plan.started(root, entry).recipe.start == "detector-xception"
