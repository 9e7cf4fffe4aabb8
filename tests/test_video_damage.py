"""Videos that are not as their headers say: damaged, cut short, with covers and trailing bytes, of changing size."""

import av
import numpy as np
import pytest
from clips import CHANGING, STEADY, error_of, make_sound, make_video, number_of, numbered, with_edit_list

from dflib import media

NUMBERS = [numbered(i) for i in range(10)]
rng = np.random.default_rng(0)
NOISE = rng.integers(0, 256, (30, 40, 48, 3), np.uint8)


def places(path):
    """(position, size) of the pictures' packets in a file."""
    with av.open(str(path)) as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_damaged_place_loses_its_frames_and_no_more(tmp_path, suffix):
    path = make_video(tmp_path / f"a{suffix}", NUMBERS, gop=2)
    data, (start, size) = bytearray(path.read_bytes()), places(path)[5]
    data[start + 8:start + size] = bytes(size - 8)
    path.write_bytes(data)
    video = media.read_video(path)
    shown = [number_of(image) for image in video]
    lost = 10 - len(shown)
    assert 1 <= lost <= 4 and {0, 1, 9} <= set(shown) and shown == sorted(shown)
    about = "about " if suffix == ".mkv" and lost > 1 else ""  # its header has no number of frames
    assert video.remarks == [f"It is damaged: {about}{lost} frame{'s' if lost > 1 else ''} cannot be shown."]
    assert [round(float(time) * 25) for time in video.times] == shown  # the others keep their times


def test_frames_before_an_edit_list_are_not_lost(tmp_path):
    path = with_edit_list(make_video(tmp_path / "a.mp4", NUMBERS), 0.12)
    data, (start, size) = bytearray(path.read_bytes()), places(path)[9]
    data[start + 8:start + size] = bytes(size - 8)
    path.write_bytes(data)
    video = media.read_video(path)
    shown = [number_of(image) for image in video]
    assert len(shown) == 6 and shown[0] == 3 and shown == sorted(shown)  # one of the last two is lost
    assert video.remarks == ["It is damaged: 1 frame cannot be shown."]


def test_a_picture_of_which_only_a_part_decodes_is_left_out(tmp_path):
    path = make_video(tmp_path / "a.mp4", NUMBERS, gop=4)
    data, (start, size) = bytearray(path.read_bytes()), places(path)[8]
    data[start + size // 2:start + size] = bytes(size - size // 2)
    path.write_bytes(data)
    with av.open(str(path)) as container:
        broken = [frame.is_corrupt for frame in container.decode(video=0)]
    video = media.read_video(path)
    assert sum(broken) == 1 and len(broken) == 10 and len(list(video)) == 9
    assert video.remarks == ["It is damaged: 1 frame cannot be shown."]


@pytest.mark.parametrize("suffix, options", [(".mp4", {"movflags": "faststart"}), (".mkv", {}), (".avi", {})])
def test_what_is_left_of_a_file_cut_short_is_read_and_said(tmp_path, suffix, options):
    path = make_video(tmp_path / f"a{suffix}", NOISE, [i / 25 for i in range(30)], options=options)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    video = media.read_video(path)
    count = len(list(video))
    assert 5 < count < 25 and video.remarks[0] == "It is cut short: its last part is missing."
    assert video.remarks[1].endswith(f"{30 - count} frames cannot be shown.") and len(video.remarks) == 2


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_cut_before_its_index_is_refused(tmp_path, share):
    path = make_video(tmp_path / "cut.mp4", NOISE, [i / 25 for i in range(30)])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert error_of(media.read_video, path) == (
        f"The video {path} is truncated: its last part is missing, and with it what is needed to read the rest.")


def test_nothing_but_damage_is_refused(tmp_path):
    path = make_video(tmp_path / "a.mp4", NUMBERS)
    data = bytearray(path.read_bytes())
    for start, size in places(path):
        data[start:start + size] = bytes(size)
    path.write_bytes(data)
    assert error_of(media.read_video, path) == f"The video {path} is damaged: none of its frames can be decoded."


@pytest.mark.parametrize("tail", [b"\0" * 5, b"\0" * 4000, b"appended by a camera's firmware, 0123456789", rng.bytes(999)])
def test_bytes_after_the_last_box_do_not_matter(tmp_path, tail):
    path = tmp_path / "a.mp4"
    media.write_video(path, NUMBERS, note="kept", progress=False)
    path.write_bytes(path.read_bytes() + tail)
    video = media.read_video(path)
    assert len(list(video)) == 10 and video.remarks == [] and media.read_label(path).note == "kept"


def test_a_cover_is_no_video(tmp_path):
    """A cover before the pictures is passed over; a cover beside nothing but sound makes no video of it."""
    make_sound(tmp_path / "sound.m4a", 0.3)
    make_video(tmp_path / "pictures.mp4", NUMBERS)
    for name, others in (("song.mp4", ["sound.m4a"]), ("film.mp4", ["pictures.mp4", "sound.m4a"])):
        with av.open(str(tmp_path / name), "w") as output:
            stream = output.add_stream("mjpeg", rate=1)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
            stream.disposition = av.stream.Disposition.attached_pic
            copies = [(source, output.add_stream_from_template(source.streams[0]))
                      for source in (av.open(str(tmp_path / other)) for other in others)]
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 9, np.uint8), "rgb24").reformat(format="yuvj420p")
            output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
            for source, target in copies:
                for packet in source.demux(source.streams[0]):
                    if packet.dts is not None:
                        packet.stream = target
                        output.mux(packet)
                source.close()
    assert error_of(media.read_video, tmp_path / "song.mp4") == f"The video {tmp_path / 'song.mp4'} has no pictures in it, only sound."
    film = media.read_video(tmp_path / "film.mp4")
    assert film.info.size == (32, 48) and [number_of(image) for image in film] == list(range(10))


def test_frames_of_another_size_are_fitted_into_the_first(tmp_path):
    parts = [make_video(tmp_path / "a.ts", NUMBERS[:5], STEADY[:5]),
             make_video(tmp_path / "b.ts", [numbered(9, (64, 64))] * 5, STEADY[:5], start=1)]
    (tmp_path / "joined.ts").write_bytes(b"".join(path.read_bytes() for path in parts))
    video = media.read_video(tmp_path / "joined.ts")
    pictures = np.array(list(video))
    assert pictures.shape == (10, 32, 48, 3)
    assert abs(pictures[9, :, 10:38].mean() - 200) < 4 and pictures[9, :, :7].max() < 20 > pictures[9, :, 41:].max()
    assert "Its frames change their size: all are fitted into the first one's." in video.remarks


def test_a_changing_rate_is_said(tmp_path):
    assert media.read_video(make_video(tmp_path / "a.mp4", NUMBERS, CHANGING)).remarks == [
        "Its frames follow each other after 25 to 100 ms: each is kept at its own time."]
    assert media.read_video(make_video(tmp_path / "b.mp4", NUMBERS)).remarks == []


def test_bad_videos(tmp_path):
    path = tmp_path / "bad.mp4"
    assert error_of(media.read_video, path, kind=FileNotFoundError) == f"There is no video at {path}."
    path.write_bytes(b"")
    assert error_of(media.read_video, path) == f"The video {path} is empty."
    path.write_text("no video, only words" * 20)
    assert error_of(media.read_video, path) == \
        f"{path} is not a video that can be read: it is damaged, or of an unknown format."
    make_sound(path, 0.2)
    assert error_of(media.read_video, path) == f"The video {path} has no pictures in it, only sound."


@pytest.mark.parametrize("suffix, what", [(".mp4", "pictures in it"), (".avi", "frames")])
def test_video_without_frames(tmp_path, suffix, what):
    # FFmpeg leaves a track without pictures out of an MP4 file, and in an AVI file
    path = tmp_path / f"none{suffix}"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width = stream.height = 32
        output.start_encoding()
    assert error_of(media.read_video, path) == f"The video {path} has no {what}."
