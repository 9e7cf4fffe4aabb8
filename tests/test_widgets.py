"""Panels, moved as a cell moves them; the browser's part is in test_browser.py."""

import base64

import cv2
import ipywidgets
import numpy as np
import pytest

from dflib.lesson.widgets import Panel, choice, slider, switch


def make(draws, **extra):
    def draw(level, colour, inverted):
        draws.append((level, colour, inverted))
        if level == 13:
            raise RuntimeError("no <level> 13")
        image = np.zeros((20, 30, 3), np.uint8)
        image[..., "rgb".index(colour)] = 255 - level if inverted else level
        return image, f"level {level} & {colour}"

    controls = {
        "level": slider("level", 0, 255, 100),
        "colour": choice("colour", ["r", "g", "b"]),
        "inverted": switch("inverted"),
    }
    return Panel(draw, controls, question="Which colour?", alt="a plain colour", **extra)


def pixels(panel):
    """What a browser would show: the widget's bytes, decoded."""
    return cv2.imdecode(np.frombuffer(panel._image.value, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_the_first_picture_is_there_before_anything_moves():
    panel = make([])
    assert (pixels(panel) == (100, 0, 0)).all() and panel._image.format == "png"
    assert panel.line == "level 100 & r" and "level 100 &amp; r" in panel._text.value
    assert panel._image.tooltip == "a plain colour: level 100 & r"
    assert isinstance(panel, ipywidgets.Widget)


def test_a_page_shows_a_still_of_the_panel_as_it_stands():
    panel = make([])
    data, details = panel._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id
    assert data["text/plain"] == details["image/png"]["alt"] == "Which colour? a plain colour: level 100 & r"

    def still():
        raw = np.frombuffer(base64.b64decode(panel._repr_mimebundle_()[0]["image/png"]), np.uint8)
        return cv2.imdecode(raw, cv2.IMREAD_COLOR)[..., ::-1].astype(int)

    before = still()
    assert ((before == (100, 0, 0)).all(2)).sum() > 20_000  # its picture, enlarged
    panel["level"].value = 255
    after = still()
    assert (before[:, :280] != after[:, :280]).any()  # the knob has moved
    panel["inverted"].value = True
    assert (still()[:, :280] != after[:, :280]).any()  # and the box is filled


def test_moving_a_control_draws_at_once_and_once():
    draws = []
    panel = make(draws)
    panel["level"].value = 200
    panel["colour"].value = "b"
    panel["inverted"].value = True
    assert draws == [(100, "r", False), (200, "r", False), (200, "b", False), (200, "b", True)]
    assert (pixels(panel) == (0, 0, 55)).all() and (panel.picture == (0, 0, 55)).all()
    panel["level"].value = 200  # nothing moved
    assert len(draws) == 4


def test_set_moves_several_with_one_drawing_and_reset_goes_back():
    draws = []
    panel = make(draws)
    panel.set(level=7, colour="g")
    assert draws[1:] == [(7, "g", False)]
    panel._reset.click()
    assert draws[2:] == [(100, "r", False)] and panel.line == "level 100 & r"
    with pytest.raises(KeyError):
        panel.set(level=9, nothing=1)
    assert panel["level"].value == 100  # nothing half-done
    panel["level"].value = 8  # and still alive
    assert draws[-1] == (8, "r", False)


def test_an_error_is_shown_and_the_picture_stays():
    panel = make([])
    panel["level"].value = 13
    assert panel.error == "RuntimeError: no <level> 13"
    assert "role='alert'" in panel._text.value and "no &lt;level&gt; 13" in panel._text.value
    assert (pixels(panel) == (100, 0, 0)).all()
    panel["level"].value = 14
    assert panel.error == "" and "level 14" in panel._text.value and (pixels(panel) == (14, 0, 0)).all()


def test_a_broken_panel_breaks_its_cell():
    with pytest.raises(ZeroDivisionError):
        Panel(lambda x: 1 / 0, {"x": slider("x", 0, 1, 0)}, question="What?", alt="never drawn")
    with pytest.raises(ValueError, match="^An image is uint8"):
        Panel(lambda x: (np.zeros((2, 2, 3)), ""), {"x": slider("x", 0, 1, 0)}, question="What?", alt="wrong type")
    with pytest.raises(ValueError, match="^A panel needs a question"):
        Panel(lambda x: (np.zeros((2, 2), np.uint8), ""), {"x": slider("x", 0, 1, 0)}, question=" ", alt="a dot")
    with pytest.raises(ValueError, match="^A panel needs alt text"):
        Panel(lambda x: (np.zeros((2, 2), np.uint8), ""), {"x": slider("x", 0, 1, 0)}, question="What?", alt="")


def test_large_pictures_go_as_jpeg():
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8)
    panel = Panel(
        lambda on: (noise if on else noise[:20], ""), {"on": switch("large")}, question="How large?", alt="noise"
    )
    assert panel._image.format == "png"
    panel["on"].value = True
    assert panel._image.format == "jpeg" and pixels(panel).shape == (400, 400, 3)


def test_controls_have_the_type_and_range_asked_for():
    assert isinstance(slider("a", 0, 10, 5), ipywidgets.IntSlider)
    fine = slider("b", -1.0, 1.0, 0.5)
    assert (
        isinstance(fine, ipywidgets.FloatSlider)
        and fine.step == 0.02
        and (fine.min, fine.max, fine.value) == (-1, 1, 0.5)
    )
    assert isinstance(slider("c", 0, 1, 0, step=0.25), ipywidgets.FloatSlider)
    assert choice("d", {"shown": 3, "other": 4}).value == 3 and choice("e", [1, 2], value=2).value == 2
    assert [control.description for control in (fine, choice("d", [1]), switch("f"))] == ["b", "d", "f"]
