"""Cameras, and recordings from them."""

import numpy as np
import pytest

from dflib import media


class FakeCapture:
    """Stands in for cv2.VideoCapture: `frames` pictures in OpenCV's order of channels."""
    opened, released, frames = True, 0, 3

    def __init__(self, source):
        self.source, self.sent = source, 0

    def isOpened(self):
        return self.opened

    def read(self):
        self.sent += 1
        if self.sent > self.frames:
            return False, None
        picture = np.zeros((4, 6, 3), np.uint8)
        picture[..., 0], picture[..., 2] = self.sent % 256, 200
        return True, picture

    def release(self):
        type(self).released += 1


@pytest.fixture
def capture(monkeypatch):
    kind = type("Capture", (FakeCapture,), {})
    monkeypatch.setattr("dflib.media.cameras.cv2.VideoCapture", kind)
    return kind


def test_a_camera_gives_rgb_and_is_always_released(capture):
    with media.camera(2) as frames:
        first = next(frames)
        assert first.shape == (4, 6, 3) and first[0, 0].tolist() == [200, 0, 1] and first.flags.c_contiguous
        assert [frame[0, 0, 2] for frame in frames] == [2, 3] and capture.released == 0
    assert capture.released == 1
    with pytest.raises(KeyboardInterrupt):
        with media.camera() as frames:
            next(frames)
            raise KeyboardInterrupt
    assert capture.released == 2
    capture.opened = False
    with pytest.raises(OSError, match="^There is no camera number 0 that can be opened on this machine.$"):
        with media.camera():
            pass
    assert capture.released == 3


def test_a_recording_is_a_video_in_memory(capture):
    clip = media.record(30)         # the camera stops after three frames
    assert isinstance(clip, media.Video) and clip.info.frames == 3 and clip.info.size == (4, 6) and not clip.info.has_audio
    assert [frame[0, 0, 2] for frame in clip] == [1, 2, 3] == [frame[0, 0, 2] for frame in clip] and capture.released == 1
    capture.frames = 10 ** 9
    long = media.record(0.05)
    assert 1 < long.info.frames < 10 ** 6 and 1 <= long.info.fps <= 60 and capture.released == 2
    capture.frames = 0
    with pytest.raises(OSError, match="sends no pictures"):
        media.record(1)
    with pytest.raises(ValueError, match="longer than 0"):
        media.record(0)
    assert capture.released == 3


def test_a_video_file_opens_like_a_camera_and_no_camera_is_one_sentence(tmp_path, capfd):
    path = tmp_path / "clip.mp4"
    frames = [np.full((32, 48, 3), (200, 40, 40 * i), np.uint8) for i in range(5)]
    media.write_video(path, frames, crf=5, progress=False)
    with media.camera(str(path)) as shown:
        found = list(shown)
    assert len(found) == 5 and max(np.abs(a.astype(int) - b).max() for a, b in zip(found, frames)) < 12
    with pytest.raises(OSError, match="There is no camera or video .*nothing.mp4 that can be opened"):
        media.record(1, str(tmp_path / "nothing.mp4"))
    with pytest.raises(OSError, match="There is no camera number 97 that"):
        media.record(1, 97)
    assert capfd.readouterr() == ("", "")
