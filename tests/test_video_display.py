"""How the pictures of a video are displayed: turned, mirrored, with pixels that are not square, in other colours."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from clips import RAMP, make_video

from dflib import media

CORNER = np.full((32, 48, 3), 40, np.uint8)  # tells every turn and mirroring apart
CORNER[:8, :16], CORNER[-8:, :16] = 230, 130
PLACINGS = {  # (a, b, c, d): x' = a x + c y, y' = b x + d y
    "": ((1, 0, 0, 1), lambda image: image),
    "turned by 90°": ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
    "turned by 180°": ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    "turned by 270°": ((0, -1, 1, 0), np.rot90),
    "mirrored": ((-1, 0, 0, 1), np.fliplr),
    "mirrored ": ((1, 0, 0, -1), np.flipud),
    "turned and mirrored": ((0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
    "turned and mirrored ": ((0, -1, -1, 0), lambda image: np.rot90(image, 2).swapaxes(0, 1)),
}


@pytest.mark.parametrize("words", PLACINGS)
def test_the_display_matrix_is_honoured(tmp_path, words):
    matrix, displayed = PLACINGS[words]
    path = make_video(tmp_path / "a.mp4", [CORNER] * 2, crf=1)
    data = path.read_bytes()
    place = data.index(b"tkhd") + 4 + 40  # ISO 14496-12, 8.3.2: the matrix follows 40 bytes of other fields
    a, b, c, d = (part << 16 for part in matrix)
    path.write_bytes(data[:place] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + data[place + 36:])
    video = media.read_video(path)
    picture = next(iter(video))
    assert picture.shape == displayed(CORNER).shape == (*video.info.size, 3)
    assert np.abs(picture.astype(int) - displayed(CORNER)).mean() < 4
    assert video.remarks == ([f"Its pictures are stored {words.strip()}: they are shown upright."] if words else [])


@pytest.mark.parametrize("aspect, size", [((4, 3), (32, 64)), ((2, 3), (48, 48)), ((1, 1), (32, 48))])
@pytest.mark.parametrize("suffix", [".mp4", ".ts"])
def test_pixels_that_are_not_square_are_stretched(tmp_path, aspect, size, suffix):
    path = make_video(tmp_path / f"a{suffix}", [CORNER] * 10, sample_aspect_ratio=Fraction(*aspect))
    video = media.read_video(path)
    pictures = list(video)
    assert video.info.size == size and {picture.shape for picture in pictures} == {(*size, 3)}
    assert pictures[0][size[0] // 8, size[1] // 6].mean() > 200 and 60 > pictures[0][size[0] // 8, -size[1] // 2].mean()
    assert bool(video.remarks) == (aspect != (1, 1))


def coloured(path, code, matrix, transfer, primaries):
    """A 10-bit video of one R'G'B' (0 to 1) with these codes of ITU-T H.273."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_trc, context.color_primaries = matrix, transfer, primaries
        image = np.broadcast_to(np.rint(np.array(code) * 65535), (32, 32, 3)).astype(np.uint16)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb48le")
        frame = frame.reformat(format="yuv420p10le", dst_colorspace=matrix)  # the same codes in FFmpeg's scaler
        frame.colorspace, frame.color_trc, frame.color_primaries, frame.pts = matrix, transfer, primaries, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return media.read_video(path)


# BT.2408, table 1: how bright a signal is in both systems. 203 cd/m² is white, 26 cd/m² a gray card of 18 % in HDR.
@pytest.mark.parametrize("name, transfer, white, gray", [("PQ", 16, 0.58, 0.38), ("HLG", 18, 0.75, 0.38)])
def test_high_dynamic_range_is_tone_mapped(tmp_path, name, transfer, white, gray):
    shown = []
    for i, level in enumerate((gray, white, 1.0)):
        video = coloured(tmp_path / f"{i}.mp4", [level] * 3, 9, transfer, 9)
        assert video.remarks == [f"Its pictures are stored in high dynamic range ({name}): they are converted to sRGB."]
        picture = next(iter(video))
        assert picture.dtype == np.uint8 and np.ptp(picture) <= 2
        shown.append(picture.mean())
    card = 255 * (1.055 * (26 / 203) ** (1 / 2.4) - 0.055)
    assert shown[0] == pytest.approx(card, abs=4) and 225 < shown[1] < 245 and 250 < shown[2]


def to_xyz(chromaticities):
    """The matrix from linear RGB with these primaries (x, y) and white D65 to XYZ."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in chromaticities]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    return columns * np.linalg.solve(columns, white)


BT709 = to_xyz([(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)])


@pytest.mark.parametrize("primaries, matrix, chromaticities", [
    (9, 9, [(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)]),  # BT.2020
    (12, 1, [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)]),  # Display P3
])
def test_wide_gamuts_become_srgb(tmp_path, primaries, matrix, chromaticities):
    colour = np.array([200, 90, 60]) / 255
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    other = np.linalg.solve(to_xyz(chromaticities), BT709 @ linear)
    code = np.where(other <= 0.0031308, 12.92 * other, 1.055 * other ** (1 / 2.4) - 0.055)
    assert np.abs(code - colour).max() > 0.04  # as it would be without conversion
    video = coloured(tmp_path / "a.mp4", code, matrix, 1, primaries)
    assert np.abs(next(iter(video)).mean((0, 1)) - 255 * colour).max() < 6  # 2 with PyAV 18, 5 with 17
    assert video.remarks == ["Its pictures are stored in a wide colour gamut: they are converted to sRGB."]


@pytest.mark.parametrize("size, matrix", [((720, 64), "ITU709"), ((480, 64), "ITU601")])
def test_a_video_that_does_not_say_its_colours_has_those_of_its_size(tmp_path, size, matrix):
    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((*size, 3), (200, 40, 60), np.uint8), "rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=matrix)
        frame.colorspace, frame.pts = 2, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    assert np.abs(next(iter(media.read_video(tmp_path / "a.mp4"))).mean((0, 1)) - (200, 40, 60)).max() < 4


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_written_videos_say_their_colours(tmp_path, suffix):
    media.write_video(tmp_path / f"a{suffix}", [RAMP] * 2, progress=False)
    with av.open(str(tmp_path / f"a{suffix}")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
