"""Triangles to pixels: which triangle each pixel sees, and the mesh's attributes there.

Own numba code instead of OpenCV's `cv2.triangleRasterize`: that one exists in OpenCV 5 only, takes 13 ms for the
head's 109k triangles at 256 px where this takes 2.6 ms (one core), and gives interpolated colours in [0, 1] but neither
the triangle nor its barycentric weights, from which every attribute here is made.
"""
from dataclasses import dataclass

import numba
import numpy as np

EMPTY = np.float32(1e9)     # distance where nothing is
F32 = np.float32            # literals are float32 in the loops below: one float64 would turn all the work into float64


@dataclass(frozen=True)
class Visible:
    """What each pixel of a raster sees."""
    triangle: np.ndarray    # (H, W) int32, -1 where nothing
    weights: np.ndarray     # (H, W, 2) float32 barycentric weights of the triangle's second and third vertex
    depth: np.ndarray       # (H, W) float32 cm of distance, EMPTY where nothing


def rasterise(x: np.ndarray, y: np.ndarray, z: np.ndarray, triangles: np.ndarray, height: int, width: int,
              cull: bool = True) -> Visible:
    """Visible surface of triangles (F, 3) int32 whose vertices lie at raster x, y (V,) and distance z (V,), float32.

    A pixel belongs to the nearest triangle that covers its centre. `cull` drops triangles that turn their back, i.e.
    whose vertices run clockwise in the picture (y down). Weights are linear in the picture, not perspective
    corrected: triangles are a pixel or two wide.
    """
    return Visible(*_rasterise(x, y, z, triangles, height, width, cull))


@numba.njit(cache=True, fastmath=True)
def _rasterise(x, y, z, triangles, height, width, cull):
    depth = np.full((height, width), EMPTY, np.float32)
    triangle = np.full((height, width), -1, np.int32)
    weights = np.zeros((height, width, 2), np.float32)
    columns, rows = _next_centre(x, width), _next_centre(y, height)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        left, right = min(columns[a], columns[b], columns[c]), max(columns[a], columns[b], columns[c])
        top, bottom = min(rows[a], rows[b], rows[c]), max(rows[a], rows[b], rows[c])
        if left == right or top == bottom:                      # most triangles lie between the pixels' centres
            continue
        x0, y0, x1, y1, x2, y2 = x[a], y[a], x[b], y[b], x[c], y[c]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == 0 or (cull and area > 0):
            continue
        inverse = F32(1) / area
        right1, down1 = (y2 - y0) * inverse, (x0 - x2) * inverse        # how the weights change from pixel to pixel
        right2, down2 = (y0 - y1) * inverse, (x1 - x0) * inverse
        z0, z1, z2 = z[a], z[b] - z[a], z[c] - z[a]
        for j in range(top, bottom):
            py = F32(j) + F32(.5) - y0
            row1, row2 = py * down1, py * down2
            for i in range(left, right):
                px = F32(i) + F32(.5) - x0
                w1, w2 = row1 + px * right1, row2 + px * right2
                if min(w1, w2, F32(1) - w1 - w2) < F32(-1e-4):  # the slack closes seams between triangles
                    continue
                distance = z0 + w1 * z1 + w2 * z2
                if distance < depth[j, i]:
                    depth[j, i] = distance
                    triangle[j, i] = t
                    weights[j, i, 0] = w1
                    weights[j, i, 1] = w2
    return triangle, weights, depth


@numba.njit(cache=True, fastmath=True)
def _next_centre(places, size):
    """Number (V,) int32, 0..size, of the first pixel whose centre does not lie before each of places (V,)."""
    out = np.empty(places.shape[0], np.int32)
    for v in range(places.shape[0]):
        out[v] = np.int32(min(max(np.ceil(places[v] - F32(.5)), F32(0)), F32(size)))
    return out


@numba.njit(cache=True, fastmath=True)
def interpolate(triangle: np.ndarray, weights: np.ndarray, triangles: np.ndarray, attribute: np.ndarray) -> np.ndarray:
    """Attribute (V, C) float32 at P pixels: triangle (P,) int32, weights (P, 2) -> (P, C) float32."""
    count, channels = triangle.shape[0], attribute.shape[1]
    out = np.empty((count, channels), np.float32)
    for p in range(count):
        t = triangle[p]
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        w1, w2 = weights[p, 0], weights[p, 1]
        w0 = F32(1) - w1 - w2
        for d in range(channels):
            out[p, d] = attribute[a, d] * w0 + attribute[b, d] * w1 + attribute[c, d] * w2
    return out


@numba.njit(cache=True)
def scatter(values: np.ndarray, index: np.ndarray, image: np.ndarray) -> None:
    """Write values (P, C) to the pixels with flat indices (P,) of image (H, W, C); NumPy takes six times as long."""
    width = image.shape[1]
    for p in range(index.shape[0]):
        row, column = divmod(index[p], width)
        for d in range(values.shape[1]):
            image[row, column, d] = values[p, d]


@numba.njit(cache=True, fastmath=True)
def normalise(vectors: np.ndarray) -> np.ndarray:
    """Scale vectors (P, 3) float32 to length 1, in place; returns them."""
    for p in range(vectors.shape[0]):
        x, y, z = vectors[p, 0], vectors[p, 1], vectors[p, 2]
        inverse = F32(1) / np.sqrt(x * x + y * y + z * z + F32(1e-12))
        vectors[p, 0], vectors[p, 1], vectors[p, 2] = x * inverse, y * inverse, z * inverse
    return vectors


@numba.njit(cache=True, fastmath=True)
def sample_texture(texture: np.ndarray, places: np.ndarray, scale: float, wanted: np.ndarray) -> np.ndarray:
    """Bilinear values (P, C) of texture (h, w, C) at (row, column) places (P, 2) times scale, clamped to its edges.

    Pixels that are not wanted (P,) bool are 0.
    """
    height, width, channels = texture.shape
    out = np.zeros((places.shape[0], channels), np.float32)
    for p in range(places.shape[0]):
        if not wanted[p]:
            continue
        row = min(max(places[p, 0] * F32(scale), F32(0)), F32(height - 1.001))
        column = min(max(places[p, 1] * F32(scale), F32(0)), F32(width - 1.001))
        j, i = int(row), int(column)
        v, u = row - F32(j), column - F32(i)
        a, b, c, d = (F32(1) - u) * (F32(1) - v), u * (F32(1) - v), (F32(1) - u) * v, u * v
        for k in range(channels):
            out[p, k] = (texture[j, i, k] * a + texture[j, i + 1, k] * b + texture[j + 1, i, k] * c
                         + texture[j + 1, i + 1, k] * d)
    return out
