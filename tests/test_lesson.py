"""Notebook helpers: the report, figures with alt text, captions."""
import json
import shutil
import subprocess
import sys

import cv2
import matplotlib
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from dflib import lesson
from dflib import scale as scales
from dflib.lesson import report, showing


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would store: list of (data, metadata)."""
    published = []
    formatter = DisplayFormatter()

    def display(*objects, metadata=None, raw=False):
        for thing in objects:
            data, details = (thing, {}) if raw else formatter.format(thing)
            published.append((data, {**details, **(metadata or {})}))

    for module in (showing, report):
        monkeypatch.setattr(module, "display", display)
    return published


def picture(size=40, noise=False):
    random = np.random.default_rng(0)
    if noise:
        return random.integers(0, (256, 128, 64), (size, size, 3), np.uint8)     # reddish, so that channels cannot swap
    return np.full((size, size, 3), (200, 30, 10), np.uint8)


def decode(data):
    import base64
    raw = base64.b64decode(data) if isinstance(data, str) else data
    return cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_show_stores_alt_text_and_caption(shown):
    lesson.show(picture(), alt="a red square", caption="seed 0 <b>")
    (data, details), (caption, _) = shown
    assert details["image/png"]["alt"] == "a red square"
    drawn = decode(data["image/png"])
    assert drawn.shape == (280, 280, 3) and (drawn == (200, 30, 10)).all()      # enlarged by a whole number, colours kept
    assert caption == {"text/html": "<p><em>seed 0 &lt;b&gt;</em></p>", "text/plain": "seed 0 <b>"}


def test_show_makes_large_pictures_jpeg(shown):
    lesson.show(picture(400, noise=True), alt="noise")
    data, details = shown[0]
    assert details["image/jpeg"]["alt"] == "noise" and len(shown) == 1
    assert np.abs(decode(data["image/jpeg"]).mean((0, 1)) - picture(400, noise=True).mean((0, 1))).max() < 3


def test_show_draws_figures_once_and_rows(shown):
    from matplotlib import pyplot
    figure, axis = pyplot.subplots(figsize=(2, 2))
    axis.plot([0, 1], [0, 1])
    lesson.show(figure, alt="a line")
    assert not pyplot.fignum_exists(figure.number)
    lesson.show([picture(300), np.zeros((300, 300), bool)], alt="two")
    row = decode(shown[1][0]["image/png"])
    assert row.shape == (300, 602, 3) and not row[:, 302:].any()
    assert "image/png" in shown[0][0] and matplotlib.get_backend().lower() == "agg"


def test_play_puts_the_video_itself_into_the_page(shown, tmp_path):
    import base64
    import re

    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0video\xff")
    lesson.play(path, alt='a man says "no"', caption="4 frames")
    (data, _), (caption, _) = shown
    source = re.fullmatch("<video [^>]*aria-label='a man says &quot;no&quot;' src='data:video/mp4;base64,([^']*)'></video>",
                          data["text/html"])[1]
    assert base64.b64decode(source) == path.read_bytes() and data["text/plain"] == 'a man says "no"'
    assert caption["text/plain"] == "4 frames"
    with pytest.raises(ValueError, match="needs alt text"):
        lesson.play(path, alt=" ")


def test_show_refuses_what_no_reader_could_use():
    with pytest.raises(ValueError, match="^A figure needs alt text"):
        lesson.show(picture(), alt=" ")
    with pytest.raises(ValueError, match="^An image is uint8 .* not float64 of shape"):
        lesson.show(np.zeros((4, 4, 3)), alt="x")
    with pytest.raises(ValueError, match="same height"):
        lesson.show([picture(3), picture(4)], alt="x")


def test_grid_holds_every_image_in_place():
    images = [np.full((10, 10, 3), 40 * k, np.uint8) for k in range(5)]
    figure = lesson.grid(images, titles="abcde", columns=3)
    assert len(figure.axes) == 6
    assert [axis.get_title() for axis in figure.axes] == [*"abcde", ""]
    assert all((axis.images[0].get_array() == image).all() for axis, image in zip(figure.axes, images))
    with pytest.raises(ValueError, match="5 images needs as many titles, not 2"):
        lesson.grid(images, titles="ab")
    with pytest.raises(ValueError, match="at least one"):
        lesson.grid([])


def test_provenance_says_scale_seed_steps_and_hardware(monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "cpu")
    assert lesson.provenance(seed=3, steps=1500, hardware="a laptop") == "cpu scale (64 px) · seed 3 · 1,500 steps · a laptop"
    assert "CPU core" in lesson.provenance()


def test_setup_seeds_and_returns_the_scale(shown, monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    assert lesson.setup(seed=5) == scales.SCALES["smoke"]
    first = np.random.random()
    lesson.setup(seed=5)
    assert np.random.random() == first
    data = shown[0][0]
    assert "<table>" in data["text/html"] and "smoke scale (32 px)" in data["text/plain"]
    monkeypatch.setenv("DFLIB_SCALE", "huge")
    with pytest.raises(ValueError, match="smoke, cpu or gpu"):
        lesson.setup()
    assert "Unknown scale 'huge'" in shown[-1][0]["text/plain"]


def test_report_says_what_to_do(monkeypatch, tmp_path):
    assert report.report().complete, str(report.report())
    monkeypatch.setattr(report.metadata, "requires", lambda _: ["numpy>=99", "no-such-package", "x; extra == 'dev'"])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5e8})())
    found = report.report()
    text = str(found)
    assert not found.complete
    assert f"numpy is {np.__version__}, wanted >=99; no-such-package is missing. Install again with: make lab" in text
    assert "The course wants 2 GB" in text and "x is missing" not in text
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "file"))
    assert "cannot be made" in str(report.report())
    assert "&#9888;" in report.report()._repr_html_()


def test_installed_packages_are_within_the_pins():
    assert report.unmet_requirements() == []


def test_figures_reach_a_real_shell():
    """Without a stand-in for display: IPython itself merges the alt text."""
    shell = InteractiveShell.instance()
    with capture_output() as captured:
        shell.run_cell("import numpy as np\nfrom dflib.lesson import show\nshow(np.zeros((300, 300, 3), 'uint8'), alt='black')")
    InteractiveShell.clear_instance()
    assert captured.outputs[0].metadata == {"image/png": {"alt": "black"}}
    assert "image/png" in captured.outputs[0].data


def test_importing_the_helpers_is_light():
    code = "import sys, json, dflib.lesson; print(json.dumps([m for m in ('torch','matplotlib','sklearn') if m in sys.modules]))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(found) == []
