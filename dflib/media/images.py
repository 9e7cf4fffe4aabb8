"""Still pictures in and out. Whatever comes in becomes uint8 RGB; whatever goes out is labelled as synthetic."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from dflib.files import check_readable, check_writable, write_bytes
from dflib.media.labels import make_xmp, mark

PIXEL_LIMIT = 64_000_000  # larger pictures are refused before they are decoded; 64 MP is a 192 MB array

_ORIENTATION, _SHORT = 0x0112, 3  # a tag of EXIF and its type, TIFF 6.0

_READS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_LONGEST = {"JPEG": 65_500, "WEBP": 16_383}  # pixels of a side, as the formats' libraries allow
_WRITES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
# What Pillow raises in the middle of a broken file; it has no common exception for it.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error, zlib.error)


def read_image(path) -> np.ndarray:
    """The picture at ``path`` as (H, W, 3) uint8 RGB.

    Grey, palette and CMYK pictures become RGB, colours with a profile of their own sRGB; transparency is composited on
    white; 16-bit values are scaled to 8 bits; the orientation that a camera notes in EXIF is applied; of an animation
    the first frame is taken.

    Raises FileNotFoundError, IsADirectoryError, PermissionError, or ValueError when the file is empty, no picture,
    damaged, or larger than PIXEL_LIMIT (checked in the header, before decoding).
    """
    path = check_readable(path, "image")
    with open_checked(path) as picture, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of broken tags: the picture is what counts
        try:
            picture.load()
            return _to_rgb(_upright(picture), path)
        except _DAMAGED as error:
            if isinstance(error, _Unsupported):
                raise ValueError(str(error)) from None
            raise ValueError(f"The image {path} is truncated or damaged.") from error


def write_image(path, image: np.ndarray, kind: str = "generated", *, quality: int = 95, visible_mark: bool = False,
                note: str = "") -> None:
    """Write ``image``, (H, W, 3) or (H, W) uint8 sRGB, to a .png, .jpg or .webp file, labelled as synthetic.

    ``kind`` is a key of ``labels.KINDS``; ``quality`` 1..100 is for JPEG and WebP; ``visible_mark`` draws the mark
    that belongs on every picture of a face which the user supplied. The file appears whole or not at all.
    Raises ValueError for a wrong array, suffix or kind, FileNotFoundError for no folder, OSError for a full disk.
    """
    path = Path(path)
    check_writing_image(path, image)
    if visible_mark:
        image = mark(image)
    packet = make_xmp(kind, note)
    form, options = _WRITES[path.suffix.lower()], {"quality": quality, "xmp": packet.encode()}
    if form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add(b"sRGB", b"\0")  # what the colours mean, with the perceptual intent: PNG, 11.3.2.5
        text.add_itxt("XML:com.adobe.xmp", packet)  # the keyword of XMP in PNG, XMP part 3, 1.1.5
        options = {"pnginfo": text}
    elif image.ndim == 3:
        options["icc_profile"] = _srgb_profile()
    write_bytes(path, _encode(image, form, **options))


def write_figure(path, figure, kind: str = "rendered", note: str = "") -> None:
    """Write a matplotlib Figure as `write_image` does."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    write_image(path, np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]), kind, note=note)


def check_writing_image(path, image: np.ndarray) -> None:
    """Raise what keeps ``write_image`` from writing this picture there, before long work: ValueError for a wrong array
    or suffix or a side too long for the format, and what ``check_writable`` raises."""
    path = Path(path)
    if path.suffix.lower() not in _WRITES:
        raise ValueError(f"{path} cannot be written: the name of an image must end in .png, .jpg, .jpeg or .webp.")
    check_image(image, gray=True)
    longest = _LONGEST.get(_WRITES[path.suffix.lower()])
    if longest and max(image.shape[:2]) > longest:
        raise ValueError(f"{path} cannot be written: a side may have at most {longest} pixels there, a .png may have more.")
    check_writable(path)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """What JPEG at ``quality`` 1..100 (libjpeg, 4:2:0) makes of ``image``, (H, W, 3) uint8."""
    check_image(image)
    return np.array(Image.open(io.BytesIO(_encode(image, "JPEG", quality=quality))))


def difference(output: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Where and how much a picture was changed: |output − original|, the largest of the three channels, (…, H, W) uint8.

    Both are uint8 (…, H, W, 3), pictures or clips. ``difference(…) > 0`` is the true mask of a manipulation; what
    FaceForensics++ ships for DeepFakes is a filled box instead. Raises ValueError for other arrays.
    """
    output, original = np.asarray(output), np.asarray(original)
    if output.shape != original.shape or output.ndim < 3 or output.shape[-1] != 3 or {output.dtype, original.dtype} != {
            np.dtype(np.uint8)}:
        raise ValueError(f"Both pictures must be uint8 (…, H, W, 3), not {output.dtype} {output.shape} and "
                         f"{original.dtype} {original.shape}.")
    return (np.maximum(output, original) - np.minimum(output, original)).max(axis=-1)


def check_image(image, gray: bool = False) -> None:
    """Raise ValueError unless ``image`` is (H, W, 3) uint8 with at least one pixel; ``gray`` allows (H, W) as well."""
    array = isinstance(image, np.ndarray)
    shape_fits = array and (image.ndim == 3 and image.shape[2] == 3 or gray and image.ndim == 2) and image.size
    if not shape_fits or image.dtype != np.uint8:
        found = f"{image.dtype} {image.shape}" if array else type(image).__name__
        raise ValueError(f"An image must be a uint8 array (H, W, 3), not {found}.")


def open_checked(path):
    """The picture at ``path`` as an open, not yet decoded, Pillow image of a known format and an acceptable size."""
    sentence = f"is larger than the limit of {PIXEL_LIMIT // 1_000_000} million pixels."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)  # Pillow's own, higher limit
            picture = Image.open(path, formats=_READS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ValueError(f"The image {path} {sentence}") from error
    except _DAMAGED as error:
        raise ValueError(f"{path} is not a PNG, JPEG, WebP, BMP, GIF or TIFF image that can be read.") from error
    if picture.width * picture.height > PIXEL_LIMIT:
        picture.close()
        raise ValueError(f"The image {path} {sentence}")
    return picture


class _Unsupported(ValueError):
    """A sound file whose pixels have no obvious meaning as 8-bit RGB."""


def _to_rgb(picture, path) -> np.ndarray:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):  # 16-bit grey, or 32-bit integers that may hold 16-bit ones
        gray = np.asarray(picture)
        if gray.min() < 0 or gray.max() > 65535:
            raise _Unsupported(f"The image {path} has integers of more than 16 bits, which are no brightness.")
        picture = Image.fromarray(((gray.astype(np.uint32) + 128) // 257).astype(np.uint8))
    if picture.mode == "F":
        raise _Unsupported(f"The image {path} has floating-point pixels, whose range is not known.")
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    colours = _to_srgb(picture, profile).convert("RGB")
    if alpha:
        colours = Image.composite(colours, Image.new("RGB", colours.size, "white"), alpha)
    return np.array(colours)


def _upright(picture):
    """The picture turned and mirrored as its EXIF orientation says."""
    turns = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
             8: "ROTATE_90"}
    turn = turns.get(_orientation(picture))
    return picture.transpose(Image.Transpose[turn]) if turn else picture


def _orientation(picture) -> int:
    """The EXIF orientation, 1 to 8, looked for in the directory itself: at a broken tag Pillow stops and forgets the rest."""
    data = picture.info.get("exif", b"").removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order and len(data) >= 14:
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, min(start, len(data) - 2))
        for place in range(start + 2, min(start + 2 + 12 * count, len(data) - 11), 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", data, place)
            if (tag, kind) == (_ORIENTATION, _SHORT):
                return value
    return picture.getexif().get(_ORIENTATION, 1)  # noted in another way: as text in PNG, in XMP


def _to_srgb(picture, profile):
    """The picture with its colours converted from an ICC ``profile`` (bytes or None) to sRGB; a broken one is ignored."""
    if not profile:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}[source.profile.xcolor_space.strip()]
        if (picture.mode == "CMYK") != (mode == "CMYK"):
            return picture  # the profile of another picture
        return ImageCms.profileToProfile(picture.convert(mode), source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, KeyError):
        return picture


def _srgb_profile() -> bytes:
    """An sRGB profile that is the same every time."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]  # the time when it was made


def _encode(image: np.ndarray, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, form, **options)
    return buffer.getvalue()
