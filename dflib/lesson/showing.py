"""What a lesson shows: pictures, figures and videos with alt text, and captions that say how a number was made."""

import base64
import html
import io
import math

import cv2
import numpy as np
from IPython.display import display

from dflib import scale as scales

LARGEST_PNG = 150_000  # bytes; what is larger is shown as JPEG, so that a committed notebook stays under 2 MB
JPEG_QUALITY = 90
GAP = 2  # white pixels between two pictures of a row
SMALLEST_SIDE = 256  # pixels; smaller pictures are enlarged without smoothing


def show(picture, alt: str, caption: str = "") -> None:
    """Display a matplotlib figure or images with alt text, and a caption below.

    ``picture`` is a Figure, one image (H,W,3) or (H,W) uint8, or a list of such images (shown in a row).
    ``alt`` says in words what a reader who cannot see it should know. Raises ValueError when it is empty.
    """
    if not alt.strip():
        raise ValueError("A figure needs alt text: say in a sentence what it shows.")
    if hasattr(picture, "savefig"):
        data, kind = figure_bytes(picture)
    else:
        if isinstance(picture, (list, tuple)):
            picture = row(picture)
        data, kind = encode(enlarge(as_image(picture)))
    # the alt text is in the metadata for HTML pages, and in place of the picture where only text can be shown
    display(
        {f"image/{kind}": base64.b64encode(data).decode(), "text/plain": alt},
        metadata={f"image/{kind}": {"alt": alt}},
        raw=True,
    )
    if caption:
        display({"text/html": f"<p><em>{html.escape(caption)}</em></p>", "text/plain": caption}, raw=True)


def play(path, alt: str, caption: str = "", width: int = 640) -> None:
    """Show the H.264 video at ``path`` in the page, as a part of it, playing over and over without sound; ``alt`` as for `show`."""
    if not alt.strip():
        raise ValueError("A video needs alt text: say in a sentence what it shows.")
    with open(path, "rb") as file:
        data = base64.b64encode(file.read()).decode()
    display(
        {
            "text/html": f"<video controls loop muted autoplay width='{width}' aria-label='{html.escape(alt, quote=True)}' "
            f"src='data:video/mp4;base64,{data}'></video>",
            "text/plain": alt,
        },
        raw=True,
    )
    if caption:
        display({"text/html": f"<p><em>{html.escape(caption)}</em></p>", "text/plain": caption}, raw=True)


def grid(images, titles=(), columns: int = 8, width: float = 10.0):
    """A matplotlib Figure with ``images`` (uint8, (H,W,3) or (H,W)) in rows of ``columns``, ready for ``show``.

    ``titles``: one short string per image, or none; ``width`` in inches. Raises ValueError for no images or when the
    number of titles differs from the number of images.
    """
    from matplotlib.figure import Figure  # without pyplot: nothing global, nothing shown twice

    images = [as_image(image) for image in images]
    if not images:
        raise ValueError("A grid needs at least one image.")
    titles = list(titles)
    if titles and len(titles) != len(images):
        raise ValueError(f"A grid of {len(images)} images needs as many titles, not {len(titles)}.")
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    height, breadth = images[0].shape[:2]
    cell = width / columns
    figure = Figure(
        figsize=(width, rows * (cell * height / breadth + (0.25 if titles else 0.0))), dpi=100, layout="constrained"
    )
    figure.get_layout_engine().set(w_pad=0.015, h_pad=0.015, wspace=0, hspace=0)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for index, axis in enumerate(axes):
        axis.set_axis_off()
        if index < len(images):
            axis.imshow(images[index], cmap="gray", vmin=0, vmax=255)
            if titles:
                axis.set_title(str(titles[index]), fontsize=9)
    return figure


def provenance(scale=None, seed: int | None = None, steps: int | None = None, hardware: str | None = None) -> str:
    """One line for captions that says how a figure or number was made, e.g. 'cpu scale (64 px) · seed 0 · 1,500 steps · …'.

    ``scale`` defaults to the current scale and ``hardware`` to this machine's device.
    """
    parts = [str(scale if scale is not None else scales.current())]
    if seed is not None:
        parts.append(f"seed {seed}")
    if steps is not None:
        parts.append(f"{steps:,} step{'s' if steps != 1 else ''}")
    parts.append(hardware or scales.hardware())
    return " · ".join(parts)


def as_image(image) -> np.ndarray:
    """``image`` as a uint8 array (H,W,3) or (H,W); a bool mask becomes 0 and 255. Raises ValueError for anything else."""
    image = np.asarray(image)
    if image.dtype == bool:
        image = image.astype(np.uint8) * 255
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(
            "An image is uint8 of shape (height, width, 3) or (height, width), "
            f"not {image.dtype} of shape {image.shape}."
        )
    return image


def encode(image: np.ndarray, quality: int = JPEG_QUALITY) -> tuple:
    """(bytes, 'png' or 'jpeg') of a uint8 image (H,W,3) or (H,W): PNG where that is small, else JPEG."""
    bgr = image[..., ::-1] if image.ndim == 3 else image
    png = cv2.imencode(".png", np.ascontiguousarray(bgr))[1].tobytes()
    if len(png) <= LARGEST_PNG:
        return png, "png"
    return cv2.imencode(".jpg", np.ascontiguousarray(bgr), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes(), "jpeg"


def enlarge(image: np.ndarray) -> np.ndarray:
    """The image with whole-number enlarged pixels, so that 32 px are seen as they are instead of smoothed by a browser."""
    factor = math.ceil(SMALLEST_SIDE / max(image.shape[0], 1))
    return image.repeat(factor, 0).repeat(factor, 1) if factor > 1 else image


def row(images) -> np.ndarray:
    """Images side by side with white gaps; all must have the height of the first."""
    images = [as_image(image) for image in images]
    if not images or len({image.shape[0] for image in images}) != 1:
        raise ValueError("Images in a row need the same height, and there must be at least one.")
    images = [np.repeat(image[..., None], 3, 2) if image.ndim == 2 else image for image in images]
    gap = np.full((images[0].shape[0], GAP, 3), 255, np.uint8)
    pieces = [piece for image in images for piece in (image, gap)][:-1]
    return np.concatenate(pieces, axis=1)


def figure_bytes(figure) -> tuple:
    """(bytes, 'png' or 'jpeg') of a matplotlib figure, drawn once; a figure of pyplot is closed, or the notebook would show it again."""
    import sys

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)
    if buffer.tell() <= LARGEST_PNG:
        return buffer.getvalue(), "png"
    drawn = cv2.imdecode(np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    return encode(drawn)
