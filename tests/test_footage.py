"""Footage: smooth, lively, deterministic; true swaps, reenactments and edits; the clip and its truth on disk."""
from dataclasses import replace

import numpy as np
import pytest

from dflib import cast, media
from dflib.cast.people import variants
from dflib.cast.clips.acting import TICKS, blinks, smooth
from dflib.cast.clips.footage import MOST_YAW, perform, read_truth, reenact, render_clip, write_clip
from dflib.cast.geometry.head import head_model
from dflib.cast.people.shots import camera_gaze
from dflib.cast.streams import stream


@pytest.fixture(scope="module")
def minute():
    return perform(seed=4, seconds=60)


def tracks(performance):
    """expression (T, E), pose (T, 3), gaze (T, 2)."""
    shots = performance.shots
    return (np.array([s.expression for s in shots]), np.array([(s.yaw, s.pitch, s.roll) for s in shots]),
            np.array([s.gaze for s in shots]))


def test_a_longer_performance_begins_like_a_shorter_one(minute):
    short = perform(seed=4, seconds=5)
    assert len(short) == 125 and short.seconds == 5
    for a, b in zip(tracks(short), tracks(minute)):
        np.testing.assert_allclose(a, b[:125], atol=1e-6)
    assert not np.allclose(tracks(perform(seed=5, seconds=5))[1], tracks(short)[1])


def test_light_background_and_camera_are_steady(minute):
    assert len({id(s.light) for s in minute.shots}) == len({id(s.camera) for s in minute.shots}) == 1
    assert len({s.background for s in minute.shots}) == 1
    assert len({s.seed for s in minute.shots}) == len(minute)      # but the sensor's noise is new in every frame


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_blinks_are_as_often_and_as_long_as_people_s(seed):
    time = np.arange(120 * TICKS) / TICKS
    shut = blinks(stream(seed, "blink"), time) > .02
    starts, ends = np.flatnonzero(np.diff(shut.astype(int)) > 0), np.flatnonzero(np.diff(shut.astype(int)) < 0)
    assert 12 <= len(starts) / 2 <= 20
    lengths = (ends - starts[:len(ends)]) / TICKS
    assert lengths.min() >= .1 and lengths.max() <= .3


def test_landmarks_move_smoothly(minute):
    """The face moves less than 5 mm from frame to frame (lips in speech reach 20 cm/s, 8 mm in a frame of 25 a second),
    lids apart: they cross the eye in about 0.1 s."""
    model, (weights, pose, _) = head_model(), tracks(minute)
    points = model.mean[model.landmark_vertices]
    modes = model.expression[:, model.landmark_vertices]
    moved = points + np.tensordot(weights, modes, 1)                # (T, 68, 3)
    step = np.linalg.norm(np.diff(moved, axis=0), axis=-1)
    lids = [37, 38, 40, 41, 43, 44, 46, 47]
    assert np.delete(step, lids, 1).max() < .5
    assert step[:, lids].max() < 1.1
    assert abs(np.diff(pose, axis=0)).max() < 4                      # 100 degrees a second
    assert abs(np.diff(pose, n=2, axis=0)).max() < 1.                # no jerks


def test_speech_is_band_limited(minute):
    """Above 10 Hz the mouth has less than a thousandth of its power; it opens some four times a second."""
    jaw = tracks(minute)[0][:, head_model().expression_index["jaw_open"]]
    power = abs(np.fft.rfft((jaw - jaw.mean()) * np.hanning(len(jaw)))) ** 2
    frequency = np.fft.rfftfreq(len(jaw), 1 / minute.fps)
    assert power[frequency > 10].sum() < 1e-3 * power.sum()
    middle = jaw[1:-1]
    peaks = ((middle > jaw[:-2]) & (middle >= jaw[2:]) & (middle > .05)).sum() / 60
    assert 1.5 < peaks < 5
    assert jaw.max() > .25 and np.mean(jaw < .01) > .05             # it opens, and it rests


def test_the_actor_does_everything(minute):
    weights, pose, gaze = tracks(minute)
    index = head_model().expression_index
    assert weights[:, index["smile"]].max() > .4 and weights[:, index["pucker"]].max() > .2
    assert np.ptp(pose[:, 0]) > 20 and np.ptp(pose[:, 1]) > 6
    assert abs(pose[:, 0]).max() <= MOST_YAW
    aside = np.linalg.norm(gaze - camera_gaze(pose[:, 0], pose[:, 1]), axis=1)
    assert np.median(aside) < .05 and np.mean(aside > .12) > .04
    assert weights.min() > -.3 and weights.max() <= 1.2


def test_true_swap_reenactment_and_edit():
    take, driver = perform(8, .4), perform(9, .6)
    anna, berta = cast.sample_person(2), cast.sample_person(3)
    first, swapped = list(render_clip(anna, take, 64)), list(render_clip(berta, take, 64))
    assert len(first) == len(swapped) == len(take) == 10
    for a, b, shot in zip(first, swapped, take.shots):
        assert a.attributes["yaw"] == b.attributes["yaw"] == shot.yaw
        assert np.abs(a.image.astype(int) - b.image).mean() > 4
    again = next(render_clip(anna, take, 64))
    np.testing.assert_array_equal(again.image, first[0].image)
    puppet = reenact(take, driver)
    for mine, theirs, new in zip(take.shots, driver.shots, puppet.shots):
        assert new.yaw == mine.yaw and new.light is mine.light
        np.testing.assert_array_equal(new.expression, theirs.expression)
    glasses = next(render_clip(variants.with_glasses(anna), take, 64))
    np.testing.assert_array_equal(glasses.landmarks, first[0].landmarks)
    with pytest.raises(ValueError, match="the driver has 10 frames, fewer than the performance's 15"):
        reenact(driver, take)
    with pytest.raises(ValueError, match="the driver runs at 25 frames a second, the performance at 30"):
        reenact(replace(take, fps=30), driver)


def test_a_clip_and_its_truth_are_written_together(tmp_path):
    take, person = perform(6, .32), cast.sample_person(11)
    truth = read_truth(write_clip(tmp_path / "take.mp4", person, take, size=64, crf=12))
    frames = list(render_clip(person, take, 64))
    decoded = np.stack(list(media.read_video(tmp_path / "take.mp4")))
    assert decoded.shape == (8, 64, 64, 3)
    assert np.abs(decoded.astype(int) - np.stack([f.image for f in frames])).mean() < 6
    np.testing.assert_array_equal(truth["landmarks"], np.stack([f.landmarks for f in frames]))
    np.testing.assert_array_equal(truth["masks"], np.stack([f.mask for f in frames]))
    np.testing.assert_array_equal(truth["visible"], np.stack([f.visible for f in frames]))
    np.testing.assert_allclose(truth["pose"][:, 0], [s.yaw for s in take.shots], rtol=1e-6)
    assert truth["expression"].shape == (8, len(truth["expression_names"]))
    assert truth["attributes"] == person.attributes and truth["fps"] == 25
    assert media.read_label(tmp_path / "take.mp4").kind == "rendered"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["take.mp4", "take.npz"]


def test_nothing_is_written_when_it_cannot_be(tmp_path):
    take, person = perform(6, .08), cast.sample_person(11)
    with pytest.raises(FileNotFoundError):
        write_clip(tmp_path / "missing" / "take.mp4", person, take, size=32)
    with pytest.raises(ValueError, match="must end in"):
        write_clip(tmp_path / "take.gif", person, take, size=32)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds, fps, name", [(0, 25, "seconds"), (-1, 25, "seconds"), (1, 0, "fps"),
                                                (float("nan"), 25, "seconds")])
def test_bad_lengths_are_named(seconds, fps, name):
    with pytest.raises(ValueError, match=f"{name} must be above 0"):
        perform(1, seconds, fps)


def test_smoothing_keeps_constants_and_matches_scipy():
    from scipy.ndimage import gaussian_filter1d
    np.testing.assert_allclose(smooth(np.full(300, 2.5), .05), 2.5)
    x = np.random.default_rng(0).normal(size=(400, 2))
    np.testing.assert_allclose(smooth(x, .05), gaussian_filter1d(x, .05 * TICKS, axis=0, mode="nearest"), atol=1e-12)
