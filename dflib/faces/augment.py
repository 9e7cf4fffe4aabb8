"""Augmentation that lets networks trained on renders see photographs: light, blur, noise, compression, occluders.

Clean accuracy hides its worth: without it dark, noisy or strongly compressed photographs fail. Everything takes a
NumPy generator, so that a step of a training run can be repeated exactly.
"""

import cv2
import numpy as np


def photometric(image, rng) -> np.ndarray:
    """A uint8 RGB ``image`` (H, W, 3) as another camera on a worse day might have taken it; same shape and type."""
    x = cv2.LUT(image, _exposure(rng))
    if rng.random() < 0.5:
        x = _colour(x, rng)
    if rng.random() < 0.2:
        x = np.repeat(x @ np.float32([[0.299], [0.587], [0.114]]), 3, axis=2)
    if rng.random() < 0.2:
        x = _shadow(x, rng)
    if rng.random() < 0.3:
        x = _unsharp(x, rng)
    if rng.random() < 0.5:
        grain = rng.standard_normal(x.shape[:2] + (3 if rng.random() < 0.5 else 1,), np.float32)
        strength = rng.uniform(0, 0.03) if rng.random() < 0.6 else rng.uniform(0.03, 0.12)
        x = x + grain * np.float32(strength * (0.25 + x.mean()))  # a dark picture is noisy, but still a picture
    out = np.clip(x * 255 + 0.5, 0, 255).astype(np.uint8)
    return _jpeg(out, rng) if rng.random() < 0.4 else out


def _colour(x, rng):
    """Another white balance and saturation."""
    gray = x.mean(axis=2, keepdims=True)
    x = gray + (x - gray) * np.float32(rng.uniform(0.4, 1.5))
    return x * np.exp(rng.normal(size=3) * 0.12).astype(np.float32)


def _exposure(rng):
    """A tone curve (256,) float32, about 0…1: gamma, contrast about a gray, brightness; one in ten is very dark."""
    curve = np.linspace(0, 1, 256) ** np.exp(rng.normal() * 0.3)
    pivot = rng.uniform(0.3, 0.6)
    curve = np.clip(pivot + (curve - pivot) * rng.uniform(0.6, 1.35), 0, None)
    return (curve * (rng.uniform(0.12, 0.4) if rng.random() < 0.1 else rng.uniform(0.55, 1.6))).astype(np.float32)


def _shadow(x, rng):
    """A soft-edged shadow or light over part of the picture."""
    height, width = x.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * np.linspace(-1, 1, width)[None] + np.sin(angle) * np.linspace(-1, 1, height)[:, None]
    edge = 1 / (1 + np.exp(np.clip(-(across - rng.uniform(-0.5, 0.5)) / rng.uniform(0.03, 0.4), -30, 30)))
    return x * (1 + (rng.uniform(0.35, 1.5) - 1) * edge[..., None]).astype(np.float32)


def _unsharp(x, rng):
    """Defocus, motion or a picture enlarged from a small one."""
    height, width = x.shape[:2]
    kind = rng.integers(3)
    if kind == 0:
        return cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, height / 60))
    if kind == 1:
        length = int(rng.integers(3, max(4, height // 14)))
        kernel = np.zeros((length, length), np.float32)
        ends = (np.array([1, 1]) * (length - 1) / 2, rng.uniform(0, np.pi))
        reach = np.array([np.cos(ends[1]), np.sin(ends[1])]) * (length - 1) / 2
        start, stop = np.round(ends[0] - reach).astype(int), np.round(ends[0] + reach).astype(int)
        cv2.line(kernel, start.tolist(), stop.tolist(), 1.0)
        return cv2.filter2D(x, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    small = rng.uniform(0.25, 0.8)
    size = (max(8, int(width * small)), max(8, int(height * small)))
    down = cv2.resize(x, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(down, (width, height), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))


def _jpeg(image, rng):
    quality = int(rng.uniform(12, 90))
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)  # channel order is kept, whatever it means


def texture(rng, height, width) -> np.ndarray:
    """A random uint8 RGB picture (height, width, 3) without a face: smooth noise, stripes, blobs, plain or mixed."""
    out = np.empty((height, width, 3), np.float32)
    out[:] = rng.uniform(0, 1, 3)
    for _ in range(rng.integers(0, 4)):  # octaves of noise from coarse to fine
        cells = int(2 ** rng.uniform(1, 6))
        noise = rng.uniform(-1, 1, (cells, cells, 3 if rng.random() < 0.5 else 1)).astype(np.float32)
        noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, -1)
        out += noise * np.float32(rng.uniform(0.05, 0.4))
    if rng.random() < 0.3:
        y, x = np.mgrid[:height, :width].astype(np.float32)
        angle, period = rng.uniform(0, np.pi), rng.uniform(4, 40)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
        out += (np.sign(wave) if rng.random() < 0.5 else wave)[..., None] * rng.normal(size=3).astype(np.float32) * 0.2
    for _ in range(rng.integers(0, 8)):
        colour = tuple(rng.uniform(0, 1, 3).tolist())
        _blob(out, rng, rng.uniform(0.05, 0.4) * max(height, width), colour)
    return np.clip(out * 255, 0, 255).astype(np.uint8)


def _blob(canvas, rng, radius, colour):
    """Draw an ellipse, a bar or a ragged polygon of about ``radius`` pixels somewhere on ``canvas``, in place."""
    height, width = canvas.shape[:2]
    centre = rng.uniform(0, 1, 2) * (width, height)
    kind = rng.integers(3)
    if kind == 0:
        axes = (radius * rng.uniform(0.3, 1, 2)).astype(int) + 1
        cv2.ellipse(canvas, centre.astype(int).tolist(), axes.tolist(), rng.uniform(0, 360), 0, 360, colour, -1,
                    cv2.LINE_AA)
    elif kind == 1:
        angle = rng.uniform(0, np.pi)
        reach = radius * 1.5 * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(canvas, (centre - reach).astype(int).tolist(), (centre + reach).astype(int).tolist(), colour,
                 int(1 + radius * rng.uniform(0.1, 0.5)), cv2.LINE_AA)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        reach = radius * rng.uniform(0.4, 1, (len(angles), 1))
        corners = centre + reach * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(canvas, [corners.astype(np.int32)], colour, cv2.LINE_AA)


def occlude(image, rng) -> np.ndarray:
    """``image`` with one or two objects in front, coloured at random or like a place in the picture (skin, hair)."""
    out = np.ascontiguousarray(image)
    height, width = out.shape[:2]
    for _ in range(rng.integers(1, 3)):
        pick = out[rng.integers(height), rng.integers(width)]
        colour = pick if rng.random() < 0.5 else rng.integers(0, 256, 3)
        shape = np.zeros((height, width), np.uint8)
        _blob(shape, rng, rng.uniform(0.05, 0.22) * height, 255)
        fill = np.empty_like(out)
        fill[:] = colour
        if rng.random() < 0.5:
            grain = texture(rng, height, width).astype(np.int16) - 128
            fill = np.clip(fill + grain // 4, 0, 255).astype(np.uint8)
        weight = shape[..., None].astype(np.float32) / 255
        out = np.rint(out + weight * (fill.astype(np.float32) - out)).astype(np.uint8)
    return out
