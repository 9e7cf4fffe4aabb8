"""Videos out: what is written reads back; colours, odd sizes, masks, compression, and what is refused."""

import os
import subprocess
import sys

import av
import numpy as np
import pytest
from clips import RAMP, error_of, frames

from dflib import media


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_video_round_trip(tmp_path, suffix):
    path = tmp_path / f"clip{suffix}"
    assert media.write_video(path, iter(frames(12)), fps=30000 / 1001, crf=1, kind="rendered", note="seed 3",
                             progress=False) == 12
    clip = media.read_video(path)
    assert clip.info.size == (40, 48) and clip.info.frames == 12 and not clip.info.has_audio
    assert clip.info.fps == pytest.approx(30000 / 1001, rel=1e-3)
    back = np.array(list(clip))
    assert back.shape == (12, 40, 48, 3) and np.abs(back.astype(int) - frames(12)).mean() < 2.5
    assert np.array_equal(np.array(list(clip)), back)  # a clip can be read again
    label = media.read_label(path)
    assert (label.kind, label.note) == ("rendered", "seed 3")


def test_video_colours_and_header(tmp_path):
    colours = [(220, 40, 30), (20, 180, 60), (40, 60, 230), (250, 250, 250), (5, 5, 5)]
    media.write_video(tmp_path / "a.mp4", [np.full((32, 32, 3), c, np.uint8) for c in colours], crf=1, progress=False)
    for frame, colour in zip(media.read_video(tmp_path / "a.mp4"), colours):
        assert np.abs(frame.astype(int) - colour).max() <= 3
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.codec_context.colorspace == 1  # BT.709: written with that matrix, and saying so
        assert "trainedAlgorithmicMedia" in container.metadata["comment"]


def test_odd_sizes_are_padded(tmp_path):
    odd = frames(3, (33, 47))
    media.write_video(tmp_path / "odd.mp4", odd, crf=1, progress=False)
    back = list(media.read_video(tmp_path / "odd.mp4"))
    assert back[0].shape == (34, 48, 3)
    assert np.abs(back[0][:33, :47].astype(int) - odd[0]).mean() < 3
    assert np.abs(back[0][33].astype(int) - back[0][32]).mean() < 3
    assert media.compress(odd[0], 23).shape == odd[0].shape


def test_same_bytes_every_time(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        media.write_video(tmp_path / name, frames(6), progress=False)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_same_bytes_whatever_lay_in_memory(tmp_path):
    """x264's AVX-512 code reads what it has not written, at most widths; the C library can fill memory with a pattern."""
    code = ("import sys, numpy as np, cv2; from dflib import media\n"
            "rng = np.random.default_rng(0)\n"
            "still = cv2.GaussianBlur(rng.integers(0, 256, (120, 120, 3), dtype=np.uint8), (0, 0), 3)\n"
            "media.write_video(sys.argv[1], [still[i:i + 96, i:i + 96] for i in range(10)], crf=23, progress=False)\n")
    for pattern in ("0", "85", "165"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / f"{pattern}.mp4")], check=True,
                       env={**os.environ, "MALLOC_PERTURB_": pattern})
    assert len({(tmp_path / f"{pattern}.mp4").read_bytes() for pattern in ("0", "85", "165")}) == 1


def test_crf_0_is_lossless_in_rgb(tmp_path):
    pictures = [np.random.default_rng(i).integers(0, 256, (37, 46, 3), dtype=np.uint8) for i in range(3)]
    media.write_video(tmp_path / "raw.mp4", pictures, crf=0, kind="neutral", progress=False)
    assert np.array_equal(np.array(list(media.read_video(tmp_path / "raw.mp4"))), pictures)
    with av.open(str(tmp_path / "raw.mp4")) as file:
        assert file.streams.video[0].codec_context.pix_fmt in ("gbrp", "rgb24")


def test_bad_video_writes(tmp_path):
    path = tmp_path / "a.mp4"
    assert error_of(media.write_video, path, [], progress=False) == f"There are no frames to write to {path}."
    assert error_of(media.write_video, path, [RAMP, RAMP, RAMP[:, :46]], progress=False) == \
        "Frame 3 has 46 x 40 pixels, but the frames before it have 48 x 40."
    assert "must end in .mp4" in error_of(media.write_video, tmp_path / "a.avi", frames(2), progress=False)
    assert error_of(media.write_video, path, frames(2), crf=60, progress=False) == \
        "crf must be between 0 and 51, not 60."

    for fps in (0, -1, float("nan"), float("inf")):
        message = error_of(media.write_video, path, frames(2), fps=fps, progress=False)
        assert message == f"fps must be between 0.000001 and 1000000, not {fps}."
    long = np.zeros((2, 16_386, 3), np.uint8)
    message = error_of(media.write_video, path, [long], progress=False)
    assert message == f"{path} cannot be written: H.264 takes sides of up to 16384 pixels, not 16386."
    assert error_of(media.check_writing, path, size=long.shape[:2]) == message

    def interrupted():
        yield from frames(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        media.write_video(path, interrupted(), progress=False)
    assert list(tmp_path.iterdir()) == []


def test_visible_mark_in_video(tmp_path):
    gray = np.full((64, 64, 3), 120, np.uint8)
    media.write_video(tmp_path / "a.mp4", [gray] * 4, crf=1, visible_mark=True, progress=False)
    for frame in media.read_video(tmp_path / "a.mp4"):
        assert frame[-8:, :10].max() > 200 and abs(frame[:40].astype(int) - 120).max() <= 3


def test_gray_video_is_kept_exactly(tmp_path):
    rng = np.random.default_rng(4)
    masks = np.zeros((6, 33, 45), np.uint8)         # odd sides
    masks[:, 5:25, 8:40] = rng.integers(0, 256, (6, 20, 32))
    masks[1] = np.arange(45, dtype=np.uint8) * 5
    for name in ("masks.mp4", "masks.mkv"):
        assert media.write_video(tmp_path / name, masks, kind="composite", progress=False) == 6
        back = np.array(list(media.read_video(tmp_path / name)))
        assert back.shape == (6, 33, 45, 3) and (back == masks[..., None]).all()
        assert media.read_label(tmp_path / name).kind == "composite"


def photograph():
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:224, 100:324])


def test_compression_gets_worse_with_crf():
    errors = [np.abs(media.compress(photograph(), crf).astype(int) - photograph()).mean() for crf in (5, 23, 40)]
    assert 0 < errors[0] < errors[1] < errors[2] and errors[2] > 2 * errors[1]


def test_compress_is_what_the_file_holds(tmp_path):
    clip = [np.roll(photograph(), i, 1) for i in range(8)]
    media.write_video(tmp_path / "a.mp4", clip, crf=23, progress=False)
    assert np.array_equal(media.compress(clip, 23), list(media.read_video(tmp_path / "a.mp4")))
    assert media.compress([], 23) == []
