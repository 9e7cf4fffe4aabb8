"""The command line: what it writes, and what it says about bad input (exit code 2, one sentence, nothing half-written)."""
import json
import os
import struct
import subprocess
import sys
import zlib
from importlib import import_module
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from dflib import __main__ as cli
from dflib import cast, faces, media
from dflib.commands import train

ROOT = Path(__file__).parents[1]


def run(capsys, *arguments):
    """(exit code, standard output, standard error) of one command, in this process."""
    try:
        code = cli.main([str(argument) for argument in arguments])
    except SystemExit as end:       # argparse's way of ending
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder, at smoke scale whatever --scale a test asks for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    return tmp_path


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    """A sheet of five people with its truth, rendered once."""
    path = tmp_path_factory.mktemp("sheet") / "sheet.png"
    assert cli.main(["render", "--people", "5", "--seed", "3", "--size", "32", "--out", str(path), "--truth"]) == 0
    return path


def test_help_lists_the_commands_that_exist(capsys, folder):
    code, text, _ = run(capsys, "--help")
    assert code == 0 and all(name in text for name in cli.COMMANDS)
    for name in cli.COMMANDS:
        code, text, _ = run(capsys, name, "--help")
        assert code == 0 and "--scale {smoke,cpu,gpu}" in text


def test_info_reports_and_asks_for_what_is_missing(capsys, folder, monkeypatch):
    code, text, err = run(capsys, "info", "--scale", "cpu")
    assert (code, err) == (0, "") and "cpu scale (64 px)" in text and "Everything is in place." in text
    from dflib.lesson import report
    monkeypatch.setattr(report.metadata, "requires", lambda _: ["no-such-package"])
    code, text, err = run(capsys, "info")
    assert code == 2 and "-> no-such-package is missing" in text and err.count("\n") == 1


def test_sheet_holds_the_rendered_people_in_order(sheet):
    image = media.read_image(sheet)
    assert image.shape == (64, 96, 3)
    person = cast.render(cast.sample_person(7), cast.sample_shot(7, yaw=25), size=32)       # the fifth: second row, second column
    assert (image[32:, 32:64] == person.image).all() and (image[32:, 64:] == 255).all()
    assert media.read_label(sheet).kind == "rendered"
    with np.load(sheet.with_suffix(".npz"), allow_pickle=False) as truth:
        assert truth["seeds"].tolist() == [3, 4, 5, 6, 7]
        for name in ("landmarks", "mask", "labels", "depth", "normals", "visible", "contour", "image"):
            assert (truth[name][4] == getattr(person, name)).all(), name
        assert json.loads(str(truth["attributes"][4])) == json.loads(json.dumps(person.attributes))
        assert truth["label_names"].tolist() == list(cast.LABELS)


def test_clip_has_the_length_asked_for_and_its_truth(capsys, folder):
    code, text, _ = run(capsys, "render", "--clip", "clip.mp4", "--seconds", "0.2", "--seed", "4", "--size", "32")
    assert code == 0 and text.split() == ["clip.npz", "clip.mp4"]
    assert len(list(media.read_video("clip.mp4"))) == 5
    with np.load("clip.npz", allow_pickle=False) as truth:
        assert truth["landmarks"].shape == (5, 68, 2)


def fake_faces(monkeypatch, count):
    """`count` faces at known places: these tests are about reading, drawing and writing."""
    from dflib import faces
    boxes = np.array([[10, 12, 30, 36]] * count, np.float32).reshape(-1, 4)
    points = np.tile(np.linspace(12, 28, 68, dtype=np.float32)[:, None], (count, 1, 2))
    monkeypatch.setattr(faces, "detect", lambda image: boxes)
    monkeypatch.setattr(faces, "landmarks", lambda image, backend, boxes: points)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_detect_writes_boxes_and_landmarks_and_draws_them(capsys, folder, monkeypatch, count):
    fake_faces(monkeypatch, count)
    media.write_image("in.png", np.full((64, 64, 3), 128, np.uint8))
    code, text, err = run(capsys, "detect", "in.png", "--out", "out.png", "--json", "faces.json")
    assert (code, err) == (0, "") and text == f"{count} face{'s' if count != 1 else ''} in 1 frame\n"
    (frame,) = json.loads(Path("faces.json").read_text())["frames"]
    assert len(frame) == count
    drawn = media.read_image("out.png")
    if count:
        assert frame[0]["box"] == [10, 12, 30, 36] and np.shape(frame[0]["landmarks"]) == (68, 2)
        assert (drawn[12, 15:25] == (230, 159, 0)).all() and (drawn[24, 24] == (86, 180, 233)).all()
    assert (drawn != 128).any()         # the visible mark is there in any case
    assert media.read_label("out.png").kind == "composite"


def test_detect_finds_a_rendered_face_in_a_picture_and_a_clip(capsys, folder):
    frame = cast.render(cast.sample_person(3), cast.neutral_shot(), size=128)
    media.write_image("face.png", frame.image)
    code, text, _ = run(capsys, "detect", "face.png", "--backend", "dflib")
    assert code == 0
    ((face,),) = json.loads(text)["frames"]
    eyes = frame.landmarks[[36, 45]]
    error = np.linalg.norm(np.array(face["landmarks"]) - frame.landmarks, axis=1)[17:].mean()
    assert error < 0.08 * np.linalg.norm(eyes[1] - eyes[0])
    media.write_video("face.mp4", [frame.image] * 3, progress=False)
    code, text, _ = run(capsys, "detect", "face.mp4", "--out", "drawn.mp4", "--backend", "dflib", "--json", "faces.json")
    assert code == 0 and text == "3 faces in 3 frames\n" and len(list(media.read_video("drawn.mp4"))) == 3


def test_train_calls_the_recipe_at_the_scale(capsys, folder, monkeypatch):
    calls = []

    class Recipe:
        LANDMARKS, DETECTOR, IDENTITY, ATTRIBUTES, RECIPES = (
            {scale: f"{name} at {scale}" for scale in ("smoke", "cpu")}
            for name in ("LANDMARKS", "DETECTOR", "IDENTITY", "ATTRIBUTES", "RECIPES"))

        @staticmethod
        def train(recipe, data, folder):
            calls.append((recipe, folder.name, os.environ["DFLIB_SCALE"]))

    monkeypatch.setattr(train, "import_module", lambda name: Recipe)
    monkeypatch.setattr(train, "_exported", lambda name, run: None)
    assert run(capsys, "train", "detector", "--scale", "cpu")[:2] == (0, "detector: done\n")
    assert run(capsys, "train", "all")[0] == 0
    assert calls[0] == ("DETECTOR at cpu", "detector-cpu", "cpu") and len(calls) == 1 + len(train.RECIPES)
    for name, (recipe, called, scale) in zip(train.RECIPES, calls[1:]):
        assert (recipe, called, scale) == (f"{train.RECIPES[name].partition(':')[2]} at cpu", f"{name}-cpu", "cpu")


@pytest.mark.parametrize("name", train.RECIPES)
def test_recipes_exist(name):
    path, recipes = train.RECIPES[name].split(":")
    module = import_module(path)
    assert callable(module.train) and set(getattr(module, recipes)) >= {"smoke", "cpu", "gpu"}


BAD = {
    "no command": [],
    "unknown command": ["fly"],
    "a command of a later lesson": ["edit"],
    "unknown scale": ["info", "--scale", "huge"],
    "nowhere to write": ["render"],
    "two targets": ["render", "--out", "a.png", "--clip", "a.mp4"],
    "unknown suffix": ["render", "--out", "sheet.txt"],
    "missing folder": ["render", "--out", "missing/sheet.png"],
    "no people": ["render", "--out", "a.png", "--people", "0"],
    "people in words": ["render", "--out", "a.png", "--people", "many"],
    "a sheet too large": ["render", "--out", "a.png", "--people", "4096", "--size", "1024"],
    "negative seed": ["render", "--out", "a.png", "--seed", "-1"],
    "seconds of a sheet": ["render", "--out", "a.png", "--seconds", "2"],
    "people in a clip": ["render", "--clip", "a.mp4", "--people", "2"],
    "endless clip": ["render", "--clip", "a.mp4", "--seconds", "inf"],
    "no time": ["render", "--clip", "a.mp4", "--seconds", "nan"],
    "no input": ["detect"],
    "missing input": ["detect", "nothing.png"],
    "text as picture": ["detect", "text.png"],
    "text as video": ["detect", "text.mp4"],
    "empty picture": ["detect", "empty.png"],
    "a folder": ["detect", "."],
    "truncated picture": ["detect", "truncated.png", "--out", "a.png", "--json", "a.json"],
    "huge picture": ["detect", "huge.png", "--out", "a.png"],
    "truncated video": ["detect", "truncated.mp4", "--out", "a.mp4", "--json", "a.json"],
    "video without frames": ["detect", "none.avi", "--out", "a.mp4", "--json", "a.json"],
    "missing folder of the result": ["detect", "good.png", "--out", "missing/a.png"],
    "unknown backend": ["detect", "good.png", "--backend", "magic"],
    "video from a picture": ["detect", "good.png", "--out", "a.mp4"],
    "onto itself": ["detect", "good.png", "--out", "good.png"],
    "unknown network": ["train", "everything"],
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(capsys, folder, case):
    media.write_image("good.png", np.zeros((40, 40, 3), np.uint8))
    (folder / "truncated.png").write_bytes((folder / "good.png").read_bytes()[:-30])
    (folder / "empty.png").touch()
    for name in ("text.png", "text.mp4"):
        (folder / name).write_text("not a picture")
    if "huge" in case:      # a header that promises the pixels is enough
        header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
        (folder / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + b"\0" * 64)
    if "video" in case:
        media.write_video("whole.mp4", np.zeros((5, 48, 48, 3), np.uint8), progress=False)
        whole = (folder / "whole.mp4").read_bytes()
        (folder / "truncated.mp4").write_bytes(whole[:whole.index(b"moov")])       # without its index, nothing can be read
        with av.open("none.avi", "w") as output:
            track = output.add_stream("libx264", rate=25)
            track.width = track.height = 32
            output.start_encoding()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, out, err = run(capsys, *BAD[case])
    assert code == 2 and out == ""
    assert err.startswith("python -m dflib") and err.count("\n") == 1 and "Traceback" not in err and len(err) < 400, err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_gray_transparent_and_sixteen_bit_pictures_are_taken(capsys, folder, monkeypatch):
    """Not bad input: each is turned into 8-bit RGB, and the result written for it is a whole picture."""
    seen = []
    monkeypatch.setattr(faces, "detect", lambda image: seen.append(image) or np.zeros((0, 4), np.float32))
    gray = np.linspace(0, 65535, 40 * 48).reshape(40, 48).astype(np.uint16)
    Image.fromarray(gray).save("gray16.png")
    Image.fromarray((gray >> 8).astype(np.uint8)).save("gray.png")
    Image.fromarray(np.dstack([(gray >> 8).astype(np.uint8)] * 4)).save("rgba.png")
    for name in ("gray16.png", "gray.png", "rgba.png"):
        code, text, err = run(capsys, "detect", name, "--out", "out.png", "--backend", "dflib")
        assert (code, err) == (0, "") and '"frames": [[]]' in text, (name, code, text, err)
        assert seen[-1].shape == (40, 48, 3) and seen[-1].dtype == np.uint8 and np.ptp(seen[-1]) > 50
        assert media.read_image("out.png").shape == (40, 48, 3)


def test_a_file_that_may_not_be_read_is_one_sentence(capsys, folder, monkeypatch):
    media.write_image("secret.png", np.zeros((40, 40, 3), np.uint8))

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied", "secret.png")
    monkeypatch.setattr(Image, "open", refused)
    code, out, err = run(capsys, "detect", "secret.png")
    assert code == 2 and out == "" and err.count("\n") == 1 and "secret.png" in err and "Traceback" not in err


def test_unknown_scale_in_the_environment(capsys, folder, monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "huge")
    assert run(capsys, "render", "--out", "a.png") == (
        2, "", "python -m dflib render: Unknown scale 'huge': DFLIB_SCALE must be smoke, cpu or gpu.\n")


def test_an_interruption_leaves_nothing(capsys, folder, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt
    monkeypatch.setattr(cast, "render", interrupted)
    code, _, err = run(capsys, "render", "--out", "a.png", "--people", "1")
    assert code == 130 and err.endswith("\rpython -m dflib render: interrupted\n") and not list(folder.iterdir())


def test_as_a_real_process(folder):
    """The module runs as a program, and asking for help imports neither torch nor the cast."""
    code = "import sys; sys.argv = ['dflib', '--help']; import runpy, atexit\n" \
           "atexit.register(lambda: print('torch' in sys.modules, 'dflib.cast' in sys.modules))\n" \
           "runpy.run_module('dflib', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and done.stdout.endswith("False False\n"), done.stdout + done.stderr
    done = subprocess.run([sys.executable, "-m", "dflib", "detect", "nothing.png"], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "nothing.png" in done.stderr
