"""Pictures and videos in and out: values against arrays built by hand, labels read back by other code, bad files."""

import errno
import io
import os
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from dflib import files, media

RAMP = np.stack([*np.meshgrid(np.arange(48) * 5, np.arange(40) * 6), np.full((40, 48), 90)], -1).astype(np.uint8)


def frames(count, shape=(40, 48)):
    return [np.roll(RAMP[: shape[0], : shape[1]], 2 * i, axis=1) for i in range(count)]


def error_of(call, *arguments, kind=ValueError, **keywords):
    with pytest.raises(kind) as caught:
        call(*arguments, **keywords)
    return str(caught.value)


# ---- images in

def test_grayscale_and_palette(tmp_path):
    gray = RAMP[..., 0]
    Image.fromarray(gray).save(tmp_path / "gray.png")
    assert np.array_equal(media.read_image(tmp_path / "gray.png"), np.repeat(gray[..., None], 3, 2))
    blocks = np.repeat(np.repeat(RAMP[::8, ::8], 8, 0), 8, 1)
    Image.fromarray(blocks).quantize(64, method=Image.Quantize.FASTOCTREE).save(tmp_path / "palette.png")
    assert Image.open(tmp_path / "palette.png").mode == "P"
    assert np.abs(media.read_image(tmp_path / "palette.png").astype(int) - blocks).max() <= 16


def test_alpha_is_composited_on_white(tmp_path):
    alpha = np.tile(np.arange(48, dtype=np.uint8) * 5, (40, 1))
    Image.fromarray(np.dstack([RAMP, alpha])).save(tmp_path / "alpha.png")
    share = alpha[..., None] / 255
    expected = RAMP * share + 255 * (1 - share)
    assert np.abs(media.read_image(tmp_path / "alpha.png") - expected).max() <= 1


def test_sixteen_bits(tmp_path):
    gray = np.linspace(0, 65535, 40 * 48).reshape(40, 48).astype(np.uint16)
    Image.fromarray(gray).save(tmp_path / "gray16.png")
    assert np.abs(media.read_image(tmp_path / "gray16.png")[..., 1] - gray / 257).max() <= 0.51
    cv2.imwrite(str(tmp_path / "rgb16.png"), np.dstack([gray, gray[::-1], gray[:, ::-1]])[..., ::-1])
    expected = np.dstack([gray, gray[::-1], gray[:, ::-1]]) / 257
    assert np.abs(media.read_image(tmp_path / "rgb16.png") - expected).max() <= 1


@pytest.mark.parametrize("orientation, turned", [(3, np.rot90(RAMP, 2)), (6, np.rot90(RAMP, -1)), (8, np.rot90(RAMP)),
                                                 (2, RAMP[:, ::-1])])
def test_exif_orientation(tmp_path, orientation, turned):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(RAMP).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(media.read_image(tmp_path / "turned.png"), turned)


def test_bad_images(tmp_path):
    good, bad = io.BytesIO(), tmp_path / "bad.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(good, "PNG")
    assert error_of(media.read_image, bad, kind=FileNotFoundError) == f"There is no image at {bad}."
    assert error_of(media.read_image, tmp_path, kind=IsADirectoryError) == \
        f"{tmp_path} is a folder, not a file with the image."
    bad.write_bytes(b"")
    assert error_of(media.read_image, bad) == f"The image {bad} is empty."
    bad.write_text("not a picture at all, but long enough to be read as one")
    assert error_of(media.read_image, bad) == \
        f"{bad} is not a PNG, JPEG, WebP, BMP, GIF or TIFF image that can be read."
    bad.write_bytes(good.getvalue()[: len(good.getvalue()) // 2])
    assert error_of(media.read_image, bad) == f"The image {bad} is truncated or damaged."
    Image.fromarray(RAMP[..., 0].astype(np.float32)).save(tmp_path / "float.tiff")
    assert "floating-point" in error_of(media.read_image, tmp_path / "float.tiff")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.97])
def test_truncation_is_always_noticed(tmp_path, form, share):
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(whole, form)
    path = tmp_path / "cut"
    path.write_bytes(whole.getvalue()[: int(len(whole.getvalue()) * share)])
    assert str(path) in error_of(media.read_image, path)


@pytest.mark.parametrize("side", [8_001, 60_000])  # beyond dflib's limit, and beyond Pillow's own
def test_huge_image_is_refused_before_decoding(tmp_path, monkeypatch, side):
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    path = tmp_path / "huge.png"  # a header that promises the pixels is enough
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + b"\0" * 64)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    assert error_of(media.read_image, path) == f"The image {path} is larger than the limit of 64 million pixels."


# ---- images out

@pytest.mark.parametrize("kind, term", media.KINDS.items())
@pytest.mark.parametrize("suffix, tolerance", [(".png", 0), (".JPG", 3), (".webp", 3)])
def test_written_image_reads_back_with_its_label(tmp_path, suffix, tolerance, kind, term):
    path = tmp_path / f"face{suffix}"
    media.write_image(path, RAMP, kind, note='person <7> & "shot" 3')
    assert np.abs(media.read_image(path).astype(int) - RAMP).mean() <= tolerance
    label = media.read_label(path)
    assert (label.kind, label.note) == (kind, 'person <7> & "shot" 3')
    assert label.source_type == "http://cv.iptc.org/newscodes/digitalsourcetype/" + term
    assert label.source_type.encode() in path.read_bytes()  # uncompressed, so that any tool finds it


def test_label_is_sound_xml(tmp_path):
    from xml.etree import ElementTree

    media.write_image(tmp_path / "a.png", RAMP, "edited", note="<&>")
    packet = Image.open(tmp_path / "a.png").info["XML:com.adobe.xmp"]
    node = ElementTree.fromstring(packet.strip()).find(".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    term = node.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
    assert term.endswith("/compositeWithTrainedAlgorithmicMedia")


@pytest.mark.parametrize("packet, kind", [
    (b'<a I:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture">', "digitalCapture"),
    (b"<I:DigitalSourceType>http://cv.iptc.org/x/trainedAlgorithmicMedia</I:DigitalSourceType>", "generated"),
    (b'<I:DigitalSourceType rdf:resource="http://cv.iptc.org/x/compositeSynthetic"/>', "composite"),
])
def test_labels_of_other_software(packet, kind):
    assert media.parse_xmp(packet).kind == kind


def test_no_label(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "plain.jpg")
    assert media.read_label(tmp_path / "plain.jpg") is None


@pytest.mark.parametrize("side", [32, 64, 128, 400])
def test_visible_mark_is_small_and_visible(tmp_path, side):
    gray = np.full((side, side, 3), 120, np.uint8)
    media.write_image(tmp_path / "marked.png", gray, "composite", visible_mark=True)
    changed = (media.read_image(tmp_path / "marked.png") != gray).any(-1)
    rows, columns = np.nonzero(changed)
    assert 0.02 < changed.mean() < 0.15
    assert rows.min() > side * 0.6 and columns.max() < side * 0.75
    assert media.read_image(tmp_path / "marked.png")[changed].max() > 200
    assert (gray == 120).all()


def test_bad_image_writes(tmp_path):
    path = tmp_path / "a.png"
    assert error_of(media.write_image, path, RAMP / 255) == \
        "An image must be a uint8 array (H, W, 3), not float64 (40, 48, 3)."
    assert "must end in .png" in error_of(media.write_image, tmp_path / "a.txt", RAMP)
    assert error_of(media.write_image, path, RAMP, "real") == \
        "Unknown kind of picture 'real': it must be one of rendered, generated, composite, edited."
    missing = tmp_path / "no" / "a.png"
    with pytest.raises(FileNotFoundError, match=f"^The folder {tmp_path / 'no'} does not exist.$"):
        media.write_image(missing, RAMP)
    assert list(tmp_path.iterdir()) == []


# ---- atomic files

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


# ---- video

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


def make_sound(path, seconds, codec="aac"):
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=44100)
        stream.bit_rate = 64000
        tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * 44100)) / 44100)).astype(np.float32)
        for start in range(0, len(tone), 1024):
            block = tone[None, start:start + 1024]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="mono")
            frame.rate, frame.pts = 44100, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("seconds", [0.5, 2.0])  # shorter and longer than the pictures
def test_sound_is_copied(tmp_path, seconds):
    make_sound(tmp_path / "sound.m4a", seconds)
    media.write_video(tmp_path / "a.mp4", frames(25), audio_from=tmp_path / "sound.m4a", progress=False)
    media.write_video(tmp_path / "b.mkv", frames(25), audio_from=tmp_path / "a.mp4", progress=False)
    original, copied = packets(tmp_path / "sound.m4a"), packets(tmp_path / "a.mp4")
    assert copied == original[: len(copied)]
    assert len(copied) * 1024 / 44100 == pytest.approx(min(seconds, 1.0), abs=0.06)
    assert packets(tmp_path / "b.mkv") == copied
    assert media.read_video(tmp_path / "b.mkv").info.has_audio


def test_no_sound_and_foreign_sound(tmp_path):
    media.write_video(tmp_path / "silent.mp4", frames(3), progress=False)
    media.write_video(tmp_path / "copy.mp4", frames(3), audio_from=tmp_path / "silent.mp4", progress=False)
    assert not media.read_video(tmp_path / "copy.mp4").info.has_audio
    make_sound(tmp_path / "sound.asf", 0.3, "wmav2")
    message = error_of(media.write_video, tmp_path / "bad.mp4", frames(3), audio_from=tmp_path / "sound.asf",
                       progress=False)
    assert "(wmav2) does not fit into an mp4 file" in message and not (tmp_path / "bad.mp4").exists()


def test_rotation_is_honoured(tmp_path):
    media.write_video(tmp_path / "a.mp4", frames(2), crf=1, progress=False)
    plain = next(iter(media.read_video(tmp_path / "a.mp4")))
    data = (tmp_path / "a.mp4").read_bytes()
    matrix = data.index(b"tkhd") + 4 + 40  # ISO 14496-12, 8.3.2: the matrix follows 40 bytes of other fields
    # x' = -y, y' = x: what lies to the right comes to lie below, a quarter turn clockwise
    turn = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    (tmp_path / "turned.mp4").write_bytes(data[:matrix] + turn + data[matrix + 36:])
    clip = media.read_video(tmp_path / "turned.mp4")
    assert clip.info.size == (48, 40)
    assert np.array_equal(next(iter(clip)), np.rot90(plain, -1))


def test_same_bytes_every_time(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        media.write_video(tmp_path / name, frames(6), progress=False)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


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


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_truncated_video(tmp_path, suffix, share):
    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 48, 3), np.uint8)
    path = tmp_path / f"cut{suffix}"
    media.write_video(path, noise, progress=False)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert str(path) in error_of(lambda: list(media.read_video(path)))


def test_bad_video_writes(tmp_path):
    path = tmp_path / "a.mp4"
    assert error_of(media.write_video, path, [], progress=False) == f"There are no frames to write to {path}."
    assert error_of(media.write_video, path, [RAMP, RAMP, RAMP[:, :46]], progress=False) == \
        "Frame 3 has 46 x 40 pixels, but the frames before it have 48 x 40."
    assert "must end in .mp4" in error_of(media.write_video, tmp_path / "a.avi", frames(2), progress=False)
    assert error_of(media.write_video, path, frames(2), crf=60, progress=False) == \
        "crf must be between 0 and 51, not 60."

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


# ---- compression

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


def test_jpeg_is_libjpeg():
    for quality in (30, 90):
        _, data = cv2.imencode(".jpg", photograph()[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        outside = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
        assert np.abs(media.jpeg(photograph(), quality).astype(int) - outside).mean() < 0.2


# masks, cameras

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


def test_difference_is_the_largest_change_of_a_channel():
    a, b = np.full((2, 3, 3), 250, np.uint8), np.full((2, 3, 3), 250, np.uint8)
    b[0, 0], b[1, 2] = (250, 0, 240), (255, 251, 250)
    assert media.difference(b, a).tolist() == [[250, 0, 0], [0, 0, 5]] == media.difference(a, b).tolist()
    assert media.difference(a[None], b[None]).shape == (1, 2, 3)
    for wrong in (a[:1], a.astype(int), a[..., 0]):
        with pytest.raises(ValueError, match="Both pictures must be uint8"):
            media.difference(wrong, b)


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


def test_pictures_need_no_pyav(tmp_path):
    """Networks are trained on machines that have none."""
    code = ("import sys\nsys.modules['av'] = None\nimport numpy as np\nfrom dflib import media\n"
            "media.write_image('a.png', np.zeros((8, 8, 3), np.uint8), note='x')\n"
            "print(media.read_image('a.png').shape, media.read_label('a.png').kind)\n"
            "try:\n    media.write_video\nexcept ImportError:\n    print('no video')")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
                         env={**os.environ, "PYTHONPATH": str(Path(media.__file__).parents[2])}).stdout
    assert out == "(8, 8, 3) generated\nno video\n"
