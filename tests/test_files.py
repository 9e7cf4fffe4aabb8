"""Names and places of files: whole or not at all, long names, colons, other encodings, folders that take nothing."""

import errno
import io
import os
import resource
import sys

import av
import numpy as np
import pytest
from clips import RAMP, error_of, frames, numbered

from dflib import __main__ as cli
from dflib import files, media


def test_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.bin"
    files.write_bytes(path, b"old")
    with pytest.raises(KeyboardInterrupt):
        with files.replacing(path) as temporary:
            temporary.write_bytes(b"ne")
            raise KeyboardInterrupt
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.fixture
def small_disk():
    """Files of this process may not grow beyond 4 kB, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_full_disk_leaves_nothing(tmp_path, small_disk):
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    for name, write in [("a.png", lambda path: media.write_image(path, noise)),
                        ("a.mp4", lambda path: media.write_video(path, [noise] * 5, progress=False))]:
        message = error_of(write, tmp_path / name, kind=OSError)
        assert message == f"{tmp_path / name} could not be written (File too large): nothing was changed."
        assert list(tmp_path.iterdir()) == []


def test_other_errors_are_not_called_a_full_disk(tmp_path):
    with pytest.raises(PermissionError):
        with files.replacing(tmp_path / "a"):
            raise PermissionError(errno.EACCES, "no")


NAMES = ["a:b", "http://x".replace("/", "_"), "12:30:05", "C:", "100%d", "-x", "ünï 中文", "n" * 246, "é" * 123,
         os.fsdecode(b"\xff\xfe")]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_names_and_nothing_else(tmp_path, monkeypatch, name):
    """A colon is no protocol, a name may have 250 bytes, and bytes that are no UTF-8."""
    monkeypatch.chdir(tmp_path)
    media.write_image(f"{name}.png", RAMP)
    media.write_video(f"{name}.mp4", frames(3), note=name, progress=False)
    media.write_video("copy.mkv", frames(3), audio_from=f"{name}.mp4", progress=False)
    assert media.read_image(f"{name}.png").shape == RAMP.shape and len(list(media.read_video(f"{name}.mp4"))) == 3
    assert media.read_label(f"{name}.mp4").kind == "generated"
    assert sorted(os.listdir()) == sorted([f"{name}.png", f"{name}.mp4", "copy.mkv"])


def test_a_name_too_long_is_refused_before_the_work(tmp_path):
    path = tmp_path / ("n" * 260 + ".mp4")
    message = error_of(media.check_writing, path, kind=OSError)
    assert message == f"{path} cannot be written (File name too long)." == error_of(files.check_writable, path, kind=OSError)


def test_a_place_that_takes_nothing_is_refused_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "a.mp4").mkdir()
    (tmp_path / "locked").mkdir()
    may = os.access  # the superuser may write anywhere, so the answer is made up
    monkeypatch.setattr(os, "access", lambda path, mode: may(path, mode) and not (mode == os.W_OK and "locked" in str(path)))
    for path, kind, message in (
            (tmp_path / "a.mp4", IsADirectoryError, f"{tmp_path / 'a.mp4'} is a folder, so no file can be written there."),
            (tmp_path / "no" / "a.mp4", FileNotFoundError, f"The folder {tmp_path / 'no'} does not exist."),
            (tmp_path / "locked" / "a.mp4", PermissionError,
             f"The folder {tmp_path / 'locked'} may not be written to by this user.")):
        assert error_of(media.check_writing, path, kind=kind) == message
        with pytest.raises(kind):
            with media.video_writer(path):
                pytest.fail("the work began")


def test_metadata_that_is_not_utf_8_is_read(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as output:
        output.metadata["title"] = "Xitle"
        stream = output.add_stream("libx264", rate=25)
        stream.height, stream.width = 32, 48
        frame = av.VideoFrame.from_ndarray(numbered(3), "rgb24")
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    path.write_bytes(path.read_bytes().replace(b"Xitle", b"\xdcitle"))  # Latin-1
    assert len(list(media.read_video(path))) == 1 and media.read_label(path) is None


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "shift_jis"])
def test_a_console_that_cannot_show_a_name_changes_nothing(monkeypatch, encoding):
    """Done is done: exit code 0, what cannot be shown is escaped; and a sentence stays a sentence."""
    from dflib.commands import info

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(info, "run", lambda arguments: print("Ω中\udcff.mp4"))
    assert cli.main(["info"]) == 0
    monkeypatch.setattr(info, "run", lambda arguments: media.read_image("Ω中\udcff.png"))
    assert cli.main(["info"]) == 2
    out.flush(), err.flush()
    assert b".mp4" in out.buffer.getvalue() and b"There is no image at" in err.buffer.getvalue()
