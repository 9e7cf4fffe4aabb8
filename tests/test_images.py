"""Still pictures in and out: values against arrays built by hand, orientation, colour profiles, bad files."""

import io
import os
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import RAMP, error_of
from PIL import Image, ImageCms

from dflib import media


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


def exif(*entries):
    """EXIF of these entries (tag, type, count, four bytes), little-endian."""
    body = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4)


ORIENTED = (0x0112, 3, 1, struct.pack("<HH", 6, 0))
BROKEN = {"a value outside the file": (0x011A, 5, 1, struct.pack("<I", 900_000)), "text for a number": (0x0100, 2, 4, b"abc"),
          "no number": (0x011A, 11, 1, struct.pack("<f", float("nan"))), "an unknown type": (0x010E, 99, 1, b"abcd"),
          "a huge count": (0x927C, 7, 0xFFFFFFFF, struct.pack("<I", 100))}


@pytest.mark.parametrize("tag", BROKEN)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_orientation_beside_a_broken_tag(tmp_path, form, tag):
    data = exif(BROKEN[tag], ORIENTED)
    Image.fromarray(RAMP).save(tmp_path / "turned", form, exif=data if form != "PNG" else data[6:], quality=95)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing about it on the console either
        picture = media.read_image(tmp_path / "turned")
    assert np.abs(picture.astype(int) - np.rot90(RAMP, -1)).mean() < 4


def profile(space, gamma, columns=()):
    """An ICC profile (version 2) for colours in ``space``, with one curve and the primaries' XYZ for D50 as ``columns``."""
    def xyz(values):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * value) for value in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * gamma)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(79)
    tags = {b"desc": text, b"wtpt": xyz((0.9642, 1, 0.8249)), b"cprt": b"text\0\0\0\0CC0\0"}
    if columns:
        tags |= {name + b"XYZ": xyz(column) for name, column in zip((b"r", b"g", b"b"), columns)}
        tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
    else:
        tags[b"kTRC"] = curve
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, place + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s12x4s28x3i", place + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ ", b"acsp",
                       63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


ADOBE = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]  # its annex A, for D50
SRGB = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)]


def coded(light):
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_colour_profile_is_applied(tmp_path, form):
    """The colours of Adobe RGB (1998), against its own definition; a face would lose 6 to 9 levels of red."""
    skin = np.full((32, 32, 3), (200, 150, 120), np.uint8)
    Image.fromarray(skin).save(tmp_path / "skin", form, icc_profile=profile(b"RGB ", 563 / 256, ADOBE),
                               **({"quality": 100} if form in ("JPEG", "WEBP") else {}))
    light = np.linalg.solve(np.array(SRGB).T, np.array(ADOBE).T @ (skin[0, 0] / 255) ** (563 / 256))
    found = media.read_image(tmp_path / "skin").mean((0, 1))
    assert np.abs(found - coded(light)).max() < 2 and found[0] - 200 > 6


def test_profiles_of_gray_pictures_with_alpha_and_broken_ones(tmp_path):
    gray = np.full((8, 8), 128, np.uint8)
    linear = profile(b"GRAY", 1)
    Image.fromarray(gray).save(tmp_path / "gray.png", icc_profile=linear)
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / "gray16.png", icc_profile=linear)
    for name in ("gray.png", "gray16.png"):
        assert np.abs(media.read_image(tmp_path / name) - coded(np.array(128 / 255))).max() < 1.5
    Image.fromarray(np.dstack([RAMP, np.full((40, 48), 128, np.uint8)])).save(
        tmp_path / "alpha.png", icc_profile=profile(b"RGB ", 563 / 256, ADOBE))
    pure = Image.fromarray(RAMP)
    pure.save(tmp_path / "pure.png", icc_profile=profile(b"RGB ", 563 / 256, ADOBE))
    blended = 0.502 * media.read_image(tmp_path / "pure.png") + 0.498 * 255
    assert np.abs(media.read_image(tmp_path / "alpha.png") - blended).max() < 2
    for broken in (b"no profile", linear, profile(b"RGB ", 2, ADOBE)[:150]):
        pure.save(tmp_path / "broken.png", icc_profile=broken)
        assert media.read_image(tmp_path / "broken.png").shape == RAMP.shape
    pure.save(tmp_path / "srgb.png", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert np.array_equal(media.read_image(tmp_path / "srgb.png"), RAMP)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_written_pictures_say_that_they_are_srgb(tmp_path, suffix):
    media.write_image(tmp_path / f"a{suffix}", RAMP)
    media.write_image(tmp_path / f"b{suffix}", RAMP)
    info = Image.open(tmp_path / f"a{suffix}").info
    if suffix == ".png":
        assert info["srgb"] == 0
    else:
        assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(info["icc_profile"])))
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    media.write_image(tmp_path / f"gray{suffix}", RAMP[..., 0])
    assert np.abs(media.read_image(tmp_path / f"gray{suffix}")[..., 0].astype(int) - RAMP[..., 0]).max() <= 4


def test_a_side_too_long_for_its_format_is_refused_first(tmp_path):
    wide = np.zeros((1, 17_000, 3), np.uint8)
    message = error_of(media.check_writing_image, tmp_path / "a.webp", wide)
    assert message == f"{tmp_path / 'a.webp'} cannot be written: a side may have at most 16383 pixels there, a .png may have more."
    assert error_of(media.write_image, tmp_path / "a.webp", wide) == message
    media.write_image(tmp_path / "a.png", wide)


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
        "Unknown kind of picture 'real': it must be one of rendered, generated, composite, neutral, edited."
    missing = tmp_path / "no" / "a.png"
    with pytest.raises(FileNotFoundError, match=f"^The folder {tmp_path / 'no'} does not exist.$"):
        media.write_image(missing, RAMP)
    assert list(tmp_path.iterdir()) == []


def test_difference_is_the_largest_change_of_a_channel():
    a, b = np.full((2, 3, 3), 250, np.uint8), np.full((2, 3, 3), 250, np.uint8)
    b[0, 0], b[1, 2] = (250, 0, 240), (255, 251, 250)
    assert media.difference(b, a).tolist() == [[250, 0, 0], [0, 0, 5]] == media.difference(a, b).tolist()
    assert media.difference(a[None], b[None]).shape == (1, 2, 3)
    for wrong in (a[:1], a.astype(int), a[..., 0]):
        with pytest.raises(ValueError, match="Both pictures must be uint8"):
            media.difference(wrong, b)


def photograph():
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:224, 100:324])


def test_jpeg_is_libjpeg():
    for quality in (30, 90):
        _, data = cv2.imencode(".jpg", photograph()[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        outside = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
        assert np.abs(media.jpeg(photograph(), quality).astype(int) - outside).mean() < 0.2


def test_pictures_need_no_pyav(tmp_path):
    """Networks are trained on machines that have none."""
    code = ("import sys\nsys.modules['av'] = None\nimport numpy as np\nfrom dflib import media\n"
            "media.write_image('a.png', np.zeros((8, 8, 3), np.uint8), note='x')\n"
            "print(media.read_image('a.png').shape, media.read_label('a.png').kind)\n"
            "try:\n    media.write_video\nexcept ImportError:\n    print('no video')")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
                         env={**os.environ, "PYTHONPATH": str(Path(media.__file__).parents[2])}).stdout
    assert out == "(8, 8, 3) generated\nno video\n"
