"""Strands: thin tapered curves for hair, brows, lashes, beards and glasses; how they are drawn.

Raster coordinates here have pixel (column i, row j) cover [i, i+1) x [j, j+1): its centre is at (i+.5, j+.5).
They are drawn from near to far; those behind the head, nearly half of its hair, are neither lit nor drawn.
"""
from dataclasses import dataclass, fields, replace
from functools import cached_property

import cv2
import numba
import numpy as np

from dflib.cast.hair.fibres import F32, HairLight, shade_hair

SKULL_CENTRE = np.array([0, 0.5, -0.4], np.float32)     # cm; hair grows away from here
FINE, COARSE = 16.0, 8.8                                # pixels per cm (supersampled) of all strands and of the fewest
COARSE_SHARE = 0.44                                     # of the strands kept at COARSE and below
OPAQUE = F32(0.015)                                     # less than this showing through is not worth drawing
TILE = 8                                                # pixels
FEW = 100                                               # so few strands (a frame of glasses) are never thinned


@dataclass(frozen=True, eq=False)
class Strands:
    """N curves of K segments in the neutral head's frame (cm), in random order, so that any prefix is a fair sample."""
    points: np.ndarray          # (N, K+1, 3) float32, root first
    colour: np.ndarray          # (N, 3) linear reflectance
    tone: np.ndarray            # (N,) brightness factor about 1
    width: np.ndarray           # (N,) cm at the root
    alpha: np.ndarray           # (N,) opacity 0..1
    edge: np.ndarray            # (N,) 0 at the rim of the hair (its root fades in) .. 1 inside
    depth: np.ndarray           # (N, K+1) cm below the surface of the hair
    neck_weight: np.ndarray     # (N, K+1) 1 follows the head, 0 the torso
    even: bool = False          # the same width from root to tip

    def __len__(self):
        return len(self.points)

    @property
    def segments(self) -> int:
        """K, the segments of each strand."""
        return self.points.shape[1] - 1

    def head(self, count: int, widen: float = 1.0) -> "Strands":
        """The first `count` strands, each `widen` times as wide."""
        part = {field.name: np.ascontiguousarray(getattr(self, field.name)[:count])
                for field in fields(self) if field.name != "even"}
        part["width"] = part["width"] * np.float32(widen)
        return replace(self, **part)

    @cached_property
    def _coarse(self):
        return self.head(int(round(len(self) * COARSE_SHARE)), COARSE_SHARE ** -0.80)

    @cached_property
    def _medium(self):
        share = COARSE_SHARE ** 0.5
        return self.head(int(round(len(self) * share)), share ** -0.85)

    def at_scale(self, pixels_per_cm: float) -> "Strands":
        """All strands for large pictures, fewer and wider ones for small pictures (which cannot show the rest)."""
        if pixels_per_cm >= FINE or len(self) < FEW:
            return self
        return self._medium if pixels_per_cm > 1.2 * COARSE else self._coarse

    @cached_property
    def pigment(self) -> np.ndarray:
        """(N, 3) colour times tone."""
        return self.colour * self.tone[:, None]

    @cached_property
    def highlights(self) -> tuple:
        """(N, 3) of the fibre's coloured highlight, and (N, 3) of the sky's."""
        return self.pigment ** np.float32(.65), np.sqrt(self.pigment)

    @cached_property
    def segment_width(self) -> np.ndarray:
        """(N*K,) cm: full at the root, 0.4 of it at the tip (unless even)."""
        taper = 1 - (0 if self.even else 0.6) * np.linspace(0, 1, self.segments) ** 2.5
        return (self.width[:, None] * taper).astype(np.float32).ravel()

    @cached_property
    def segment_alpha(self) -> np.ndarray:
        """(N*K,): strands at the rim of the hair start more than half transparent."""
        root = np.ones(self.segments)
        root[0] = 0.35
        root[1:2] = 0.8
        edge = self.edge[:, None]
        return (self.alpha[:, None] * (root * (1 - edge) + edge)).astype(np.float32).ravel()


def follows_head(y: np.ndarray) -> np.ndarray:
    """Share of the head's rotation that a point at height y (cm) follows: 1 on the head, 0 on the torso."""
    t = np.clip((np.maximum(y, -30) + 19) / 7.5, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def make_strands(points: np.ndarray, colour: np.ndarray, tone: "np.ndarray | None" = None,
                 width: "float | np.ndarray" = 0.05, alpha: "float | np.ndarray" = 1.0,
                 edge: "np.ndarray | None" = None, depth: "np.ndarray | None" = None, rigid: bool = False,
                 even: bool = False) -> Strands:
    """Strands from (N, K+1, 3) points; scalars are repeated; `rigid` strands follow the head alone."""
    points = np.ascontiguousarray(points, np.float32)
    count, shape = len(points), points.shape[:2]

    def each(value, default):
        value = default if value is None else value
        return np.ascontiguousarray(np.broadcast_to(np.asarray(value, np.float32), count))

    return Strands(
        points, np.ascontiguousarray(np.broadcast_to(np.asarray(colour, np.float32), (count, 3))),
        each(tone, 1.0), each(width, None), each(alpha, None), each(edge, 1.0),
        np.zeros(shape, np.float32) if depth is None else np.ascontiguousarray(depth, np.float32),
        np.ones(shape, np.float32) if rigid else follows_head(points[..., 1]), even)


def volume_depth(points: np.ndarray, rows: int = 32, columns: int = 64) -> np.ndarray:
    """How far each of the (N, K+1, 3) points lies below the hair's outer surface, 0..4 cm (N, K+1).

    The surface is a height map around the skull's centre: the largest radius in each cell of latitude and longitude.
    """
    cell, radius = _cells(np.ascontiguousarray(points, np.float32).reshape(-1, 3), SKULL_CENTRE, rows, columns)
    surface = np.zeros((rows, columns), np.float32)
    _raise_cells(surface.ravel(), cell, radius)
    surface = cv2.blur(cv2.dilate(surface, np.ones((2, 2))), (3, 3)).ravel()
    return np.clip(surface[cell] - radius, 0, 4).reshape(points.shape[:-1])


@numba.njit(cache=True, fastmath=True)
def _angle(y, x):
    """atan2(y, x) to within 0.005: the polynomial is several times faster, and a cell of the map is 0.1 wide."""
    ay, ax = abs(y), abs(x)
    low, high = min(ax, ay), max(ax, ay) + np.float32(1e-9)
    q = low / high
    angle = q * (np.float32(.7854) + np.float32(.273) * (1 - q))
    if ay > ax:
        angle = np.float32(1.5708) - angle
    if x < 0:
        angle = np.float32(3.1416) - angle
    return -angle if y < 0 else angle


@numba.njit(cache=True, fastmath=True)
def _cells(points, centre, rows, columns):
    """Cell (M,) and radius (M,) of points (M, 3) on a map of latitude and longitude around centre (3,)."""
    cell = np.empty(points.shape[0], np.int32)
    radius = np.empty(points.shape[0], np.float32)
    for n in range(points.shape[0]):
        x = points[n, 0] - centre[0]
        y = points[n, 1] - centre[1]
        z = points[n, 2] - centre[2]
        level = np.sqrt(x * x + z * z)
        i = int((_angle(y, level) / np.float32(np.pi) + np.float32(.5)) * (rows - 1))
        j = int((_angle(x, z) / np.float32(2 * np.pi) + np.float32(.5)) * (columns - 1))
        cell[n] = min(max(i, 0), rows - 1) * columns + min(max(j, 0), columns - 1)
        radius[n] = np.sqrt(level * level + y * y)
    return cell, radius


@numba.njit(cache=True)
def _raise_cells(cells, index, value):
    for k in range(index.shape[0]):
        if value[k] > cells[index[k]]:
            cells[index[k]] = value[k]


@numba.njit(cache=True, fastmath=True)
def _seen_segments(x, y, z, points_per_strand, reach, farthest, size, bias):
    """Numbers (M,) and summed distance (M,) of the segments in the picture that are not wholly behind the head.

    reach: pixels that a segment covers to its sides; farthest: of the depth buffer, in tiles of TILE pixels.
    """
    segments = points_per_strand - 1
    strands = x.shape[0] // points_per_strand
    chosen = np.empty(strands * segments, np.int32)
    distance = np.empty(strands * segments, np.float32)
    count = 0
    for strand in range(strands):
        for k in range(segments):
            p = strand * points_per_strand + k
            dx, dy = x[p + 1] - x[p], y[p + 1] - y[p]
            left, right = min(x[p], x[p + 1]) - reach, max(x[p], x[p + 1]) + reach
            top, bottom = min(y[p], y[p + 1]) - reach, max(y[p], y[p + 1]) + reach
            if dx * dx + dy * dy < F32(.02) or right < 0 or bottom < 0 or left >= size or top >= size:
                continue
            front = min(z[p], z[p + 1]) - bias
            seen = False
            for j in range(max(0, int(top)) // TILE, min(size - 1, int(bottom)) // TILE + 1):
                for i in range(max(0, int(left)) // TILE, min(size - 1, int(right)) // TILE + 1):
                    seen |= front <= farthest[j, i]
            if seen:
                chosen[count] = strand * segments + k
                distance[count] = z[p] + z[p + 1]
                count += 1
    return chosen[:count], distance[:count]


@numba.njit(cache=True, fastmath=True)
def draw_strands(order: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray, points_per_strand: int,
                 colour: np.ndarray, width: np.ndarray, alpha: np.ndarray, light: np.ndarray, through: np.ndarray,
                 depth_buffer: np.ndarray, bias: float) -> None:
    """Gather the light of anti-aliased segments in the given order, near to far, hidden where the buffer is nearer.

    order (M,) segment numbers, segment s = strand * K + k; x, y raster coordinates and z distance, each (N*(K+1),);
    colour (N*K, 3); width (N*K,) pixels (below one pixel it is drawn one pixel wide and fainter); alpha (N*K,);
    light (H, W, 4) colour and distance gathered so far and through (H, W) the share of what lies behind that still
    shows, are changed in place: start with 0 and 1; depth_buffer (H, W); a strand may lie `bias` cm behind it.
    """
    height, breadth = depth_buffer.shape
    segments = points_per_strand - 1
    half_pixel, zero, one = F32(.5), F32(0), F32(1)
    for s in order:
        p0 = (s // segments) * points_per_strand + s % segments
        x0, y0, z0 = x[p0], y[p0], z[p0]
        dx, dy, dz = x[p0 + 1] - x0, y[p0 + 1] - y0, z[p0 + 1] - z0
        square = dx * dx + dy * dy
        opacity = alpha[s]
        half = width[s] * half_pixel
        if half < half_pixel:
            opacity *= half / half_pixel
            half = half_pixel
        inverse = one / np.sqrt(square)
        per_square = one / square
        front = min(z0, z0 + dz) - bias
        steep = abs(dy) > abs(dx)                   # scan along the longer axis
        if steep:
            start, stop = min(y0, y0 + dy), max(y0, y0 + dy)
            slope = dx / dy
            reach = (half + half_pixel) / (inverse * abs(dy))
            limit, across = height, breadth
        else:
            start, stop = min(x0, x0 + dx), max(x0, x0 + dx)
            slope = dy / dx
            reach = (half + half_pixel) / (inverse * abs(dx))
            limit, across = breadth, height
        first = max(0, int(start + half_pixel))
        last = min(limit - 1, int(np.floor(stop - half_pixel)))
        if last < first:                            # shorter than a pixel: still draw the one it lies in
            if stop < 0 or start >= limit:
                continue
            first = max(0, min(limit - 1, int((start + stop) * half_pixel)))
            last = first
        for q in range(first, last + 1):
            centre = F32(q) + half_pixel
            middle = (x0 + slope * (centre - y0)) if steep else (y0 + slope * (centre - x0))
            low = max(0, int(middle - reach + half_pixel))
            high = min(across - 1, int(np.floor(middle + reach - half_pixel)))
            for b in range(low, high + 1):
                i, j = (b, q) if steep else (q, b)
                rest = through[j, i]
                if rest < OPAQUE or front > depth_buffer[j, i]:
                    continue
                px, py = F32(i) + half_pixel - x0, F32(j) + half_pixel - y0
                cover = min(half + half_pixel - abs(px * dy - py * dx) * inverse, one)
                if cover <= zero:
                    continue
                zz = z0 + dz * min(max((px * dx + py * dy) * per_square, zero), one)
                if zz > depth_buffer[j, i] + bias:
                    continue
                a = cover * opacity
                for c in range(3):
                    light[j, i, c] += rest * a * colour[s, c]
                light[j, i, 3] += rest * a * zz
                through[j, i] = rest * (one - a)


def draw(strands: Strands, projected: tuple, colour: "np.ndarray | HairLight", pixels_per_cm: float, image: np.ndarray,
         coverage: np.ndarray, strand_depth: np.ndarray, depth_buffer: np.ndarray, bias: float) -> None:
    """Sort and draw all segments of `strands` over a picture; image, coverage and strand_depth change in place.

    projected: x, y, z (N*(K+1),) float32 in raster coordinates and cm of distance; colour: (N*K, 3) linear (from
    `flat_colour`), or a HairLight that lights what is not behind the head; image (H, W, 3) with H = W; coverage (H, W)
    opacity of the strands so far and strand_depth (H, W) their blended distance; depth_buffer (H, W) and bias as in
    `draw_strands`.
    """
    x, y, z = projected
    size, points_per_strand = len(depth_buffer), strands.segments + 1
    width, bias = strands.segment_width * np.float32(pixels_per_cm), np.float32(bias)
    reach = np.float32(max(width.max() / 2, .5) + 2)
    chosen, distance = _seen_segments(x, y, z, points_per_strand, reach, _farthest(depth_buffer), size, bias)
    if isinstance(colour, HairLight):
        hair_light, colour = colour, np.empty((len(strands) * strands.segments, 3), np.float32)
        shade_hair(hair_light, chosen, colour)
    light, through = np.zeros((size, size, 4), np.float32), np.ones((size, size), np.float32)
    draw_strands(chosen[np.argsort(distance)], x, y, z, points_per_strand, colour, width, strands.segment_alpha, light,
                 through, depth_buffer, bias)
    _lay_over(light, through, image, coverage, strand_depth)


@numba.njit(cache=True, fastmath=True)
def _farthest(depth):
    """(H/TILE, W/TILE) largest value in every tile of depth (H, W), rounded up."""
    height, width = depth.shape
    tiles = np.zeros(((height + TILE - 1) // TILE, (width + TILE - 1) // TILE), np.float32)
    for j in range(height):
        for i in range(width):
            tiles[j // TILE, i // TILE] = max(tiles[j // TILE, i // TILE], depth[j, i])
    return tiles


@numba.njit(cache=True, fastmath=True)
def _lay_over(light, through, image, coverage, strand_depth):
    for j in range(through.shape[0]):
        for i in range(through.shape[1]):
            rest = through[j, i]
            if rest < 1:
                for c in range(3):
                    image[j, i, c] = image[j, i, c] * rest + light[j, i, c]
                strand_depth[j, i] = strand_depth[j, i] * rest + light[j, i, 3]
                coverage[j, i] = 1 - (1 - coverage[j, i]) * rest


def flat_colour(strands: Strands, light: np.ndarray) -> np.ndarray:
    """(N*K, 3) colours of strands under irradiance `light`, (3,) for all or (N, 3) one for each strand."""
    lit = strands.colour * strands.tone[:, None] * np.asarray(light, np.float32)
    return np.ascontiguousarray(np.repeat(lit, strands.segments, 0), np.float32)
