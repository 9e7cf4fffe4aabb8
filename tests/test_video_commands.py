"""What commands make of the videos that people have: times kept, oddities said once, refused before the work, lean."""

import gc
import json
import tracemalloc
from fractions import Fraction

import av
import numpy as np
import pytest
from clips import CHANGING, STEADY, click_times, make_sound, make_video, number_of, numbered, packets, picture_times

from dflib import __main__ as cli
from dflib import cast, faces, manipulate, media

NUMBERS = [numbered(i, (48, 64)) for i in range(10)]


class Paint:
    """A method that paints a corner."""

    kind, note, most = "composite", "painted", 0

    def learn(self, source, target, follow, progress):
        pass

    def prepare(self, runs, progress):
        pass

    def changed(self, number, image):
        result = image.copy()
        result[:8, :8] ^= 64
        return result


@pytest.fixture(autouse=True)
def faces_everywhere(monkeypatch):
    """One face in every picture: these tests are about files."""
    box, points = np.array([[8, 8, 40, 40]], np.float32), np.full((1, 68, 2), 20, np.float32)
    monkeypatch.setattr(faces, "detect", lambda image: box)
    monkeypatch.setattr(faces, "landmarks", lambda *_, **__: points)
    monkeypatch.setattr(manipulate, "follow_faces", lambda video, *_: ([[(0, np.zeros((n := len(video.times), 68, 2)))]], n))


def run(capsys, *arguments):
    try:
        code = cli.main(list(map(str, arguments)))
    except SystemExit as end:
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, [line for line in captured.err.replace("\r", "\n").split("\n") if line.startswith("python")]


def swap(monkeypatch, capsys, *arguments):
    from dflib.commands import swap as command

    monkeypatch.setattr(command, "method_of", lambda arguments: Paint())
    return run(capsys, "swap", *arguments)


def test_whose_faces_are_swapped_is_handed_on(tmp_path, capsys, monkeypatch):
    source, asked = make_video(tmp_path / "a.mp4", NUMBERS), []
    found = manipulate.follow_faces
    monkeypatch.setattr(manipulate, "follow_faces", lambda video, which, *rest: asked.append(which) or found(video, which, *rest))
    for arguments in ([], ["--which", "all"]):
        code, *_ = swap(monkeypatch, capsys, source, source, tmp_path / "out.mp4", *arguments)
        assert code == 0
    assert asked == ["largest", "all"]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
@pytest.mark.parametrize("command", ["detect", "swap"])
def test_every_command_keeps_times_and_sound(tmp_path, capsys, monkeypatch, command, name):
    times, start = (STEADY, 0) if name == "a.avi" else (CHANGING, Fraction(14, 10))
    source, out, mask = make_video(tmp_path / name, NUMBERS, times, (0, 0.5), start=start), tmp_path / "out.mp4", tmp_path / "mask.mkv"
    if command == "detect":
        code, _, said = run(capsys, "detect", source, "--out", out, "--json", tmp_path / "faces.json")
        found = json.loads((tmp_path / "faces.json").read_text())
        assert np.abs(np.array(found["times"]) - [float(time) for time in times]).max() < 0.0011 and len(found["frames"]) == 10
    else:
        code, _, said = swap(monkeypatch, capsys, source, source, out, "--mask", mask)
        assert np.abs(np.array(picture_times(mask)) - [float(time) for time in times]).max() < 0.0011
        assert [int((frame > 0).any()) for frame in media.read_video(mask)] == [1] * 10
    assert code == 0
    assert np.abs(np.array(picture_times(out)) - [float(time) for time in times]).max() < 0.0011
    assert np.abs(np.array(click_times(out)[:3]) - [0.05, 0.15, 0.25]).max() < 0.003
    assert [line.count("each is kept at its own time") for line in said] == ([] if times is STEADY else
                                                                             [1] if command == "detect" else [1, 1])


@pytest.mark.parametrize("command", ["detect", "swap"])
def test_what_cannot_be_written_is_refused_before_faces_are_looked_for(tmp_path, capsys, monkeypatch, command):
    source = make_video(tmp_path / "a.mp4", NUMBERS)
    make_sound(tmp_path / "sound.mkv", 0.3, "pcm_u8")
    media.write_video(tmp_path / "loud.mkv", NUMBERS, audio_from=tmp_path / "sound.mkv", progress=False)
    assert packets(tmp_path / "loud.mkv")
    for where in (faces, manipulate):
        monkeypatch.setattr(where, "detect" if where is faces else "follow_faces", lambda *_: pytest.fail("faces were looked for"))
    (tmp_path / "folder.mp4").mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    for read, out, words in ((tmp_path / "loud.mkv", "out.mp4", "choose a name that ends in .mov or .mkv."),
                             (source, "folder.mp4", "is a folder"), (source, "no/out.mp4", "does not exist"),
                             (source, "n" * 252 + ".mp4", "File name too long")):
        target = tmp_path / out
        code, out, said = run(capsys, "detect", read, "--out", target) if command == "detect" else swap(
            monkeypatch, capsys, source, read, target)
        assert code == 2 and len(said) == 1 and words in said[0] and out == "", said
        assert sorted(path.name for path in tmp_path.iterdir()) == before
    monkeypatch.setattr(cast, "render", lambda *_, **__: pytest.fail("people were rendered"))
    (tmp_path / "sheet.npz").mkdir()
    code, _, said = run(capsys, "render", "--out", tmp_path / "sheet.png", "--truth")
    assert code == 2 and "is a folder" in said[0]


def test_the_mask_is_written_beside_the_video(tmp_path, monkeypatch):
    """The memory that Python and NumPy hold does not grow with the length of the video."""
    rng, target = np.random.default_rng(0), tmp_path / "a.mp4"
    media.write_video(target, [numbered(i % 10, (96, 128)) for i in range(60)], progress=False)

    class Noise(Paint):
        def __init__(self):
            self.held = []

        def changed(self, number, image):
            self.held.append(tracemalloc.get_traced_memory()[0])
            return rng.integers(0, 256, image.shape, np.uint8)

    method = Noise()
    tracemalloc.start()
    try:
        manipulate.manipulate_video(method, target, tmp_path / "out.mp4", target, mask=tmp_path / "mask.mp4", progress=False)
    finally:
        tracemalloc.stop()
    assert len(method.held) == 60 and method.held[55] - method.held[15] < 3 * 96 * 128  # three masks, of forty


def test_frames_are_freed_as_they_pass(tmp_path):
    """Also before Python looks for circles: PyAV's side data makes one of each frame, 3 MB at 1080 lines."""
    video = media.read_video(make_video(tmp_path / "a.mp4", NUMBERS))
    gc.collect()
    gc.disable()
    try:
        assert len(list(video)) == 10
        assert sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects()) < 4
    finally:
        gc.enable()


def test_looks_are_spread_over_what_there_is(tmp_path):
    """The header of a short video beside a long sound promises far more frames than there are."""
    video = media.read_video(make_video(tmp_path / "a.mkv", NUMBERS, STEADY, (0, 20)))
    assert video.info.expected > 100
    pictures, _ = manipulate.looks(video, lambda image: (np.zeros((68, 2)), True), progress=False)
    assert [number_of(picture) for picture in pictures] == list(range(10))


def test_a_picture_of_one_row_has_no_faces(tmp_path, capsys, monkeypatch):
    monkeypatch.undo()
    media.write_image(tmp_path / "row.png", np.full((1, 1300, 3), 99, np.uint8))
    code, out, _ = run(capsys, "detect", tmp_path / "row.png", "--backend", "dflib")
    assert code == 0 and json.loads(out)["frames"] == [[]]


def test_what_a_file_is_found_to_be_is_said(tmp_path, capsys):
    path = make_video(tmp_path / "a.mp4", NUMBERS, gop=2)
    data = path.read_bytes()
    place = data.index(b"tkhd") + 44
    path.write_bytes(data[:place] + (-1 << 16).to_bytes(4, "big", signed=True) + data[place + 4:])
    code, _, said = run(capsys, "detect", path)
    assert code == 0 and said == [f"python -m dflib detect: {path}: Its pictures are stored mirrored: they are shown upright."]
