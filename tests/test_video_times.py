"""When pictures are shown and heard: time stamps kept by everything that reads and writes videos; counting what decodes."""

from fractions import Fraction

import numpy as np
import pytest
from clips import CHANGING, STEADY, click_times, error_of, make_video, number_of, numbered, picture_times, with_edit_list

from dflib import media
from dflib.datasets.forensics import Clip

NUMBERS = [numbered(i) for i in range(10)]


RECORDINGS = {
    "begins at 0": ("a.mp4", STEADY, (0, 0.4), 0),
    "begins at 1.4 s": ("a.mp4", STEADY, (0, 0.4), Fraction(14, 10)),
    "begins at 5 s": ("a.ts", STEADY, (0, 0.4), 5),
    "pictures after the sound": ("a.mp4", [time + Fraction(1, 2) for time in STEADY], (0, 1), 0),
    "pictures after the sound, Matroska": ("a.mkv", [time + Fraction(1, 2) for time in STEADY], (0, 1), 0),
    "sound after the pictures": ("a.mp4", STEADY, (0.1, 0.4), 0),
    "10, then 40 a second": ("a.mp4", CHANGING, (0, 0.5), 0),
    "10, then 40 a second, Matroska": ("a.mkv", CHANGING, (0, 0.5), 0),
    "H.264 in AVI": ("a.avi", STEADY, (0, 0.4), 0),
    "edit list": ("edited.mp4", STEADY, (0, 0.4), 0),
}


def recording(tmp_path, name, times, sound, start):
    path = make_video(tmp_path / name, NUMBERS, times, sound, start=start)
    return with_edit_list(path, 0.12) if name == "edited.mp4" else path


@pytest.mark.parametrize("case", RECORDINGS)
def test_pictures_and_sound_keep_their_times(tmp_path, case):
    """What is written begins with the first picture, and everything is as far from it as in the recording."""
    name, times, sound, start = RECORDINGS[case]
    path, skipped = recording(tmp_path, name, times, sound, start), 3 if case == "edit list" else 0
    expected = np.array([float(time - times[skipped]) for time in times[skipped:]])
    video = media.read_video(path)
    read = list(video.timed())
    assert [number_of(image) for _, image in read] == list(range(skipped, 10))
    assert np.abs(np.array([float(time) for time, _ in read]) - expected).max() < 0.0011  # Matroska's milliseconds
    end = expected[-1] + (expected[-1] - expected[-2])
    for suffix in (".mp4", ".mkv"):
        out = (tmp_path / "out").with_suffix(suffix)
        with media.video_writer(out, audio_from=video) as write:
            for time, image in video.timed():
                write(image, time)
        assert np.abs(np.array(picture_times(out)) - expected).max() < 0.0011
        assert [number_of(image) for image in media.read_video(out)] == list(range(skipped, 10))
        first = picture_times(path)[0] if name != "a.avi" else 0
        heard = [when - first for when in click_times(path) if -0.001 < when - first < end - 0.03]
        assert len(heard) > 1
        found = click_times(out)
        assert np.abs(np.array(found[: len(heard)]) - heard).max() < 0.002, (found, heard)
        assert len(found) - len(heard) in (0, 1)  # the last packet may reach over the end


def test_times_given_and_times_that_do_not_rise(tmp_path):
    media.write_video(tmp_path / "a.mp4", NUMBERS, times=CHANGING, progress=False)
    assert media.read_video(tmp_path / "a.mp4").times == tuple(CHANGING)
    message = error_of(media.write_video, tmp_path / "b.mp4", NUMBERS, times=[0, 1, 1], progress=False)
    assert message == "Frame 3 is to be shown at 1 s, not after the one before it." and not (tmp_path / "b.mp4").exists()
    assert error_of(media.write_video, tmp_path / "b.mp4", NUMBERS, times=np.arange(9), progress=False) == (
        f"There are more frames than times for {tmp_path / 'b.mp4'}.")
    close = [i / 10**9 for i in range(10)]  # nanoseconds, as some recorders note them
    media.write_video(tmp_path / "c.mp4", NUMBERS, times=close, progress=False)
    assert media.read_video(tmp_path / "c.mp4").times == tuple(Fraction(i, 90000) for i in range(10))


def test_a_rate_is_kept_exactly(tmp_path):
    """Steady frames need no times: header and stamps say the rate itself."""
    media.write_video(tmp_path / "a.mp4", NUMBERS, fps=30000 / 1001, progress=False)
    video = media.read_video(tmp_path / "a.mp4")
    assert video.info.fps == pytest.approx(30000 / 1001) and video.times[3] == Fraction(3003, 30000)


def test_joined_recordings_whose_times_begin_again(tmp_path):
    parts = [make_video(tmp_path / f"{i}.ts", NUMBERS, STEADY, (0, 0.4), start=9 - 5 * i) for i in range(2)]
    (tmp_path / "joined.ts").write_bytes(b"".join(path.read_bytes() for path in parts))
    video = media.read_video(tmp_path / "joined.ts")
    assert np.abs(np.diff([float(time) for time in video.times]) - 0.04).max() < 1e-9 and len(video.times) == 20
    with media.video_writer(tmp_path / "out.mp4", audio_from=video) as write:
        for time, image in video.timed():
            write(image, time)
    heard = click_times(tmp_path / "out.mp4")
    assert len(heard) == 8 and np.abs(np.array(heard[:4]) - [0.05, 0.15, 0.25, 0.35]).max() < 0.003
    assert np.abs(np.array(heard[4:]) - [0.45, 0.55, 0.65, 0.75]).max() < 0.06  # two encoders' first packets between


@pytest.mark.parametrize("case", RECORDINGS)
def test_what_decodes_is_counted(tmp_path, case):
    name, times, sound, start = RECORDINGS[case]
    path = recording(tmp_path, name, times, (0, 3) if case == "begins at 0" else sound, start)  # a sound much longer
    shown = 7 if case == "edit list" else 10
    video = media.read_video(path)
    assert video.info.frames == len(video.times) == shown == len(list(video))
    assert [number_of(image) for image in Clip(path, False, "real").frames(5)] == {
        10: [1, 3, 5, 7, 9], 7: [3, 5, 6, 7, 9]}[shown]
    assert len(Clip(path, False, "real").frames(shown)) == shown


def test_masks_belong_to_the_frames_or_are_refused(tmp_path):
    clip = make_video(tmp_path / "a.mp4", NUMBERS)
    whole = make_video(tmp_path / "mask.mp4", [numbered(9 * (i % 2)) for i in range(10)])
    part = make_video(tmp_path / "part.mp4", NUMBERS[:3])
    masks = Clip(clip, True, "x", mask=whole).masks(5)
    assert [bool(mask.all()) for mask in masks] == [True] * 5 and len(Clip(clip, True, "x", mask=whole).masks()) == 10
    assert error_of(Clip(clip, True, "x", mask=part).masks, 10) == f"The mask {part} has 3 frames, but {clip} has 10."
