"""The ruler of swaps: the truth is never worse than doing nothing, and what is done wrong is seen in its own column."""
from dataclasses import replace

import cv2
import numpy as np
import pytest

from dflib import cast
from dflib.swap import ruler
from dflib.swap.ruler import COLUMNS, columns, measure, openings, seam, sharpness, summary

SIZE = 112


@pytest.fixture(scope="module")
def scene():
    """(Ladder, its shots): a man's performance with a woman's face, frames in which the mouth opens and the eyes close."""
    take, index = cast.perform(2, 8.4, 12).shots, cast.head_model().expression_index
    wide, shut = (sorted(take, key=lambda shot: -shot.expression[index[name]]) for name in ("jaw_open", "blinkR"))
    shots = [*wide[:4], *shut[:3], *take[:28:4]]
    target, source = cast.sample_person(4080), cast.sample_person(4116)
    return ruler.ladder(target, source, shots, SIZE), shots, target, source


@pytest.fixture(scope="module")
def rows(scene):
    """What is measured of no swap and of a truth that was filmed once more: other noise, or nothing would be compared."""
    made, shots, target, source = scene
    again = [cast.render(ruler.rungs(target, source)["face"], replace(shot, seed=shot.seed + 1), SIZE).image for shot in shots]
    return {"no swap": measure(made.before, made), "truth": measure(np.array(again), made)}


def badness(found):
    """How far from the truth's best value each column is."""
    return {name: abs(value - COLUMNS[name][2]) for name, value in found.items()}


def test_the_truth_is_better_than_doing_nothing_in_every_column(scene, rows):
    none, truth = (badness(columns(rows[name])) for name in ("no swap", "truth"))
    itself = badness(columns(measure(scene[0].truths["face"], scene[0])))
    assert set(none) == set(COLUMNS)
    for name in COLUMNS:
        assert itself[name] < 1e-6 and truth[name] <= none[name] + 0.02, (name, itself[name], truth[name], none[name])
    shown = columns(rows["no swap"])
    assert shown["picture"] == shown["structure"] == 0 and abs(shown["identity"]) < 1e-6
    for name in ("picture", "structure", "identity"):
        assert truth[name] < 0.35, name
    assert truth["lips_slope"] < 0.15 and truth["sharpness"] < 0.1 and truth["pose"] < 0.8 * none["pose"]


def test_the_rungs_differ_where_they_should(scene):
    made, shots, target, source = scene
    outside = ~cv2.dilate(made.masks[0].astype(np.uint8), np.ones((9, 9))).astype(bool)
    for name in ("face", "skin", "texture"):                # hair, neck, clothes and background stay the target's
        assert np.abs(made.truths[name][0].astype(int) - made.before[0])[outside].mean() < 1, name
    assert np.abs(made.truths["person"][0].astype(int) - made.before[0])[outside].mean() > 5
    level = {name: clip[made.masks].mean() for name, clip in {"before": made.before, **made.truths}.items()}
    assert abs(level["face"] - level["before"]) < 8 and abs(level["texture"] - level["before"]) < 8
    assert level["skin"] > level["before"] + 30             # she is lighter than he is
    assert np.array_equal(made.part(2, 5).truths["skin"], made.truths["skin"][2:5])


@pytest.mark.parametrize("name, spoil, wrong", [
    ("blur", lambda made: [cv2.GaussianBlur(f, (0, 0), 1.5) for f in made.truths["face"]], "sharpness"),
    ("hard edge", lambda made: np.where(made.masks[..., None], 0.8 * made.truths["face"], made.truths["face"]).astype(np.uint8), "seam"),
    ("frozen mouth", lambda made: np.repeat(made.truths["face"][:1], len(made.before), 0), "lips_slope"),
    ("flicker", lambda made: np.clip(made.truths["face"] + 12 * (np.arange(len(made.before)) % 2)[:, None, None, None],
                                     0, 255).astype(np.uint8), "flicker"),
    ("other people", lambda made: made.before, "identity")])
def test_what_is_wrong_is_seen_in_its_column(scene, rows, name, spoil, wrong):
    made = scene[0]
    found, truth = (badness(columns(part)) for part in (measure(np.array(spoil(made)), made), rows["truth"]))
    assert found[wrong] > 2 * truth[wrong] + 0.05, (name, found[wrong], truth[wrong])


def test_pose_and_openings_follow_the_shots(scene):
    made, shots = scene[:2]
    seen, index = ruler.expressions(made.truths["face"], made.landmarks), cast.head_model().expression_index
    for k, angle in enumerate(("yaw", "pitch")):
        assert np.abs(seen["turn"][:, k] - [getattr(shot, angle) for shot in shots]).mean() < 4
    assert np.corrcoef(seen["openings"][:, 0], [shot.expression[index["jaw_open"]] for shot in shots])[0, 1] > 0.7
    assert seen["openings"][4:6, 1].max() < 0.5 < seen["openings"][7:, 1].min()     # two shots with closed eyes


def test_likeness_does_not_come_from_the_tone_of_skin(scene, rows):
    """The target painted in the source's tone is as little like the source as the target."""
    from dflib.cast.people.variants import with_complexion

    made, shots, target, source = scene
    tanned = [cast.render(with_complexion(target, source), shot, SIZE).image for shot in shots[:4]]
    part = made.part(0, 4)
    truth = columns({name: values[:4] for name, values in rows["truth"].items()})
    assert columns(measure(np.array(tanned), part))["identity"] < 0.35 < 0.65 < truth["identity"]


def test_sharpness_and_seam_by_hand():
    mask = np.zeros((1, 48, 48), bool)
    mask[:, 16:32, 16:32] = True
    checks = np.zeros((1, 48, 48, 3), np.uint8)
    checks[:, ::2, ::2] = checks[:, 1::2, 1::2] = 100
    inner, outer = sharpness(checks, mask)[0]
    assert inner == pytest.approx(400) and outer == pytest.approx(400)          # every pixel 100 off its four neighbours
    flat = np.where(mask[..., None], 60, checks).astype(np.uint8)
    assert sharpness(flat, mask)[0][0] == 0 and sharpness(flat, mask)[0][1] > 300
    step = np.where(mask[..., None], 60, 20).astype(np.uint8).repeat(3, 3)
    assert seam(step, step, mask)[0] == 0 and seam(step + 9, step, mask)[0] == 0   # a constant error has no seam
    even = np.full_like(step, 20)
    ramp = np.hypot(*np.gradient((step - even.astype(float))[0, ..., 0]))
    assert 0.4 * ramp[ramp > 0].mean() < seam(step, even, mask)[0] < ramp.max()


def test_openings_are_those_of_the_landmarks(scene):
    made, shots = scene[:2]
    jaw = [shot.expression[cast.head_model().expression_index["jaw_open"]] for shot in shots]
    assert np.corrcoef(openings(made.marks)[:, 0], jaw)[0, 1] > 0.8
    assert np.allclose(openings(made.marks * 3 + 5), openings(made.marks), atol=1e-6)


def test_summary_is_a_mean_with_an_interval_that_pairs_widen():
    rng = np.random.default_rng(0)

    def clip(level):
        count = 40
        opened = rng.random((count, 2))
        return {"error": np.full(count, level), "error_before": np.ones(count),
                "unlike": np.full(count, level), "unlike_before": np.ones(count),
                "along": np.ones(count), "way": np.ones(count), "openings": opened, "openings_truth": opened, "openings_exact": opened,
                "sharpness": np.ones((count, 2)), "sharpness_truth": np.ones((count, 2)), "seam": np.ones(count),
                "pose": np.ones(count), "flicker": np.concatenate([[np.nan], np.ones(count - 1)])}
    equal, spread = summary([clip(0.5)] * 6, draws=50), summary([clip(level) for level in np.linspace(0.2, 0.8, 6)], draws=50)
    assert equal["picture"] == pytest.approx((0.5, 0.5, 0.5)) and spread["picture"][0] == pytest.approx(0.5)
    assert spread["picture"][1] < 0.45 < 0.55 < spread["picture"][2]
    assert equal["lips"] == (1, 1, 1) and equal["flicker"] == (1, 1, 1)
    text = ruler.table({"no swap": equal}).splitlines()
    assert text[2].startswith("| no swap | 0.50<br>0.50 … 0.50 |") and len({line.count("|") for line in text}) == 1


def test_other_shapes_are_refused(scene):
    with pytest.raises(ValueError, match=r"must be uint8 \(14, 112, 112, 3\)"):
        measure(scene[0].before[1:], scene[0])
