"""Panels of lessons 00, 01 and 04, moved as a reader moves them: the picture follows, and the line says what is true."""

import re

import ipywidgets
import numpy as np
import pytest

from dflib import cast, faces
from dflib.lesson import figures
from dflib.lesson.drawing import diagrams
from dflib.lesson.widgets import Panel, choice, slider


def number(line, words):
    return float(re.search(rf"{words} ([-+\d.e]+)", line)[1])


def test_labels_are_whole_and_a_slider_plays():
    draws = []

    def draw(frame, colour):
        draws.append(frame)
        return np.zeros((8, 8, 3), np.uint8), f"frame {frame}"

    controls = {"frame": slider("a label that is longer than most labels are", 0, 5, 0), "colour": choice("colour", ["r"])}
    panel = Panel(draw, controls, question="What moves?", alt="nothing", plays="frame")
    rows = panel.children[0].children
    assert isinstance(rows[2], ipywidgets.Play) and (rows[2].min, rows[2].max, rows[2].repeat) == (0, 5, True)
    wide = {control.style.description_width for control in controls.values()}
    assert len(wide) == 1 and float(wide.pop()[:-2]) > 0.5 * len(controls["frame"].description)
    controls["frame"].value = 3
    assert draws == [0, 3]


def test_the_camera_comes_near_and_the_identity_is_scaled():
    from dflib.lesson.panels.lesson00 import head_explorer

    panel = head_explorer(size=64)
    far = panel.picture.astype(int)
    panel.set(distance=25)
    near = panel.picture.astype(int)
    panel.set(distance=90, identity=-1.0)
    anti = panel.picture.astype(int)
    assert not panel.error and "identity × -1" in panel.line and "camera at 90 cm" in panel.line
    assert min(abs(one - other).mean() for one, other in ((far, near), (far, anti), (near, anti))) > 3
    panel.set(identity=1.0, view="depth", marks=True)
    assert not panel.error and panel.picture.ndim == 3


def test_a_still_face_trembles_with_the_noise_and_less_when_smoothed():
    from dflib.lesson.panels.lesson01 import FILM, jitter_explorer

    panel = jitter_explorer(size=96)
    rough, smooth = number(panel.line, "jitter"), number(panel.line, "smoothed")
    assert 0 < smooth < 0.7 * rough
    panel.set(noise=0)
    assert number(panel.line, "jitter") == number(panel.line, "smoothed") == 0
    panel.set(noise=60, window=0, frame=FILM - 1)
    assert not panel.error and number(panel.line, "jitter") > rough and panel.picture.shape == (96, 3 * 96 + 8, 3)


def test_depth_is_bright_where_it_is_near_and_black_where_nothing_is():
    frame = cast.render(cast.sample_person(311), cast.neutral_shot(), 64)
    picture = figures.depth_image(frame.depth)
    assert (picture[frame.depth == 0] == 0).all() and (picture[frame.depth > 0] >= 55).all()
    x, y = frame.landmarks[30].round().astype(int)
    assert picture[y, x] > 235 and np.ptp(picture[frame.mask].astype(int)) > 80


def test_every_landmark_has_its_number_on_the_map():
    points = cast.render(cast.sample_person(311), cast.neutral_shot(), 64).landmarks
    figure = figures.landmark_map(np.zeros((64, 64, 3), np.uint8), points)
    assert sorted(int(text.get_text()) for text in figure.axes[0].texts) == list(range(68))
    assert {"detector", "landmarks"} == set(diagrams("01"))


def test_a_descent_step_by_step_ends_where_the_fit_does():
    from dflib.lesson.panels.lesson04 import STEPS, descent_explorer
    from dflib.swap import fit

    panel = descent_explorer(size=64)
    shot = cast.neutral_shot(yaw=22, roll=6, smile=0.5, jaw_open=0.25)
    marks = cast.render(cast.sample_person(311), shot, 64).landmarks
    energies = fit.fit_landmarks(cast.head_model(), marks[None], prior=1.0).energy[0]
    goal = energies[np.isfinite(energies)].min()
    panel.set(turned=0, step=0)
    assert "the start" in panel.line and number(panel.line, "energy") == pytest.approx(energies[0], rel=1e-3)
    for method in ("Gauss-Newton", "Levenberg-Marquardt"):
        panel.set(method=method, step=STEPS)
        assert not panel.error and number(panel.line, "energy") == pytest.approx(goal, rel=1e-3)
        assert f"step {STEPS}, taken:" in panel.line
    panel.set(method="Levenberg-Marquardt", power=-4, turned=150, step=1)
    start = number(panel.line, "damping")
    panel.set(step=2)
    assert start == 1e-4 and number(panel.line, "damping") in (1e-3, 1e-5)
    assert ("taken" in panel.line) or ("refused" in panel.line)


def test_a_clip_can_be_scrubbed_smoothed_and_shows_its_mask():
    from dflib.lesson.panels.lesson04 import clip_explorer

    shots = cast.perform(5, 0.4).shots
    target = [cast.render(cast.sample_person(320), shot, 64) for shot in shots]
    portrait = cast.render(cast.sample_person(311), cast.neutral_shot(1), 64)
    random = np.random.default_rng(0)
    marks = np.array([frame.landmarks for frame in target])
    marks = marks + 0.02 * faces.interocular(marks).mean() * random.normal(size=marks.shape)
    frames = np.array([frame.image for frame in target[::2]])
    panel = clip_explorer(frames, marks, portrait.image, portrait.landmarks, every=2)
    rough = number(panel.line, "in the clip")
    changed = panel.picture[:, 2 * 68:].any(2)
    assert (panel.picture[:, :64] == frames[0]).all() and 0.02 < changed.mean() < 0.5
    assert (panel.picture[:, 68:132][~changed] == frames[0][~changed]).all()
    panel.set(frame=len(frames) - 1, smoothing="20", method="poisson", colour="log")
    assert not panel.error and number(panel.line, "in the clip") < 0.5 * rough
    assert f"frame {2 * (len(frames) - 1)}:" in panel.line
