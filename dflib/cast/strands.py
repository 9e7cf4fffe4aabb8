"""Strands: thin tapered curves for hair, brows, lashes, beards and glasses; how they are lit and drawn.

Raster coordinates here have pixel (column i, row j) cover [i, i+1) x [j, j+1): its centre is at (i+.5, j+.5).
Lighting follows the two highlights of a hair fibre (Kajiya & Kay 1989; Marschner et al. 2003): a white one shifted
to the root and a coloured, wider one shifted to the tip.
"""
from dataclasses import dataclass, fields, replace
from functools import cached_property

import cv2
import numba
import numpy as np

SKULL_CENTRE = np.array([0, 0.5, -0.4], np.float32)     # cm; hair grows away from here
FINE, COARSE = 16.0, 8.8                                # pixels per cm (supersampled) of all strands and of the fewest
COARSE_SHARE = 0.44                                     # of the strands kept at COARSE and below
OPAQUE = 0.015                                          # less than this showing through is not worth drawing
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
    def segments(self):
        """K, the segments of each strand."""
        return self.points.shape[1] - 1

    def head(self, count, widen=1.0):
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

    def at_scale(self, pixels_per_cm):
        """All strands for large pictures, fewer and wider ones for small pictures (which cannot show the rest)."""
        if pixels_per_cm >= FINE or len(self) < FEW:
            return self
        return self._medium if pixels_per_cm > 1.2 * COARSE else self._coarse

    @cached_property
    def segment_width(self):
        """(N*K,) cm: full at the root, 0.4 of it at the tip (unless even)."""
        taper = 1 - (0 if self.even else 0.6) * np.linspace(0, 1, self.segments) ** 2.5
        return (self.width[:, None] * taper).astype(np.float32).ravel()

    @cached_property
    def segment_alpha(self):
        """(N*K,): strands at the rim of the hair start more than half transparent."""
        root = np.ones(self.segments)
        root[0] = 0.35
        root[1:2] = 0.8
        edge = self.edge[:, None]
        return (self.alpha[:, None] * (root * (1 - edge) + edge)).astype(np.float32).ravel()


def follows_head(y):
    """Share of the head's rotation that a point at height y (cm) follows: 1 on the head, 0 on the torso."""
    t = np.clip((np.maximum(y, -30) + 19) / 7.5, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def make_strands(points, colour, tone=None, width=0.05, alpha=1.0, edge=None, depth=None, rigid=False,
                 even=False):
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


def volume_depth(points, rows=32, columns=64):
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
def shade_hair(points, colour, tone, depth, edge, segments, centre, key_direction, key_colour, fill_directions,
               fill_colours, sky, ground, camera_distance, shine, shadow_map, out):
    """Light every segment: writes linear RGB to out (N*K, 3).

    points (N*(K+1), 3) after the head's rotation; colour (N, 3), tone (N,), edge (N,); depth (N*(K+1),);
    segments K; centre (3,) the rotated skull centre, from which normals point outwards; key_direction (3,) unit
    towards the key light with key_colour (3,); fill_directions (L, 3) and fill_colours (L, 3); sky and ground (3,);
    camera_distance cm; shine about 1; shadow_map (S, S) float32: distance along the key light of the nearest surface
    on a square of 32 cm around (0, -2, 0), whose rows and columns follow the basis made here.
    """
    size = shadow_map.shape[0]
    ux, uy = 0., 1.
    if abs(key_direction[1]) >= .9:
        ux, uy = 1., 0.
    ax = uy * key_direction[2]
    ay = -ux * key_direction[2]
    az = ux * key_direction[1] - uy * key_direction[0]
    inverse = 1 / np.sqrt(ax * ax + ay * ay + az * az)
    ax *= inverse
    ay *= inverse
    az *= inverse
    bx = key_direction[1] * az - key_direction[2] * ay
    by = key_direction[2] * ax - key_direction[0] * az
    bz = key_direction[0] * ay - key_direction[1] * ax
    scale = size / 32.
    pigment = colour * tone.reshape(-1, 1)
    tinted, pale = pigment ** np.float32(.65), np.sqrt(pigment)     # of the coloured highlight, and of the sky's
    for i in range(out.shape[0]):
        strand = i // segments
        along = (i % segments) / segments
        p0 = strand * (segments + 1) + i % segments
        p1 = p0 + 1
        mx = (points[p0, 0] + points[p1, 0]) * .5
        my = (points[p0, 1] + points[p1, 1]) * .5
        mz = (points[p0, 2] + points[p1, 2]) * .5
        tx = points[p1, 0] - points[p0, 0]
        ty = points[p1, 1] - points[p0, 1]
        tz = points[p1, 2] - points[p0, 2]
        inverse = 1 / np.sqrt(tx * tx + ty * ty + tz * tz + 1e-9)
        tx *= inverse
        ty *= inverse
        tz *= inverse
        nx = mx - centre[0]
        ny = my - centre[1]
        nz = mz - centre[2]
        inverse = 1 / np.sqrt(nx * nx + ny * ny + nz * nz + 1e-9)
        nx *= inverse
        ny *= inverse
        nz *= inverse
        vx = -mx
        vy = -my
        vz = camera_distance - mz
        inverse = 1 / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx *= inverse
        vy *= inverse
        vz *= inverse
        column = min(max(int(size * .5 + (mx * ax + (my + 2) * ay + mz * az) * scale), 0), size - 1)
        row = min(max(int(size * .5 - (mx * bx + (my + 2) * by + mz * bz) * scale), 0), size - 1)
        behind = -(mx * key_direction[0] + (my + 2) * key_direction[1] + mz * key_direction[2])
        behind -= shadow_map[row, column] + .15
        lit = 1. if behind <= 0 else np.exp(-.85 * min(behind, 4.))
        inside = .5 * (depth[p0] + depth[p1])
        out_of_root = min(1., along * 2.5)
        occlusion = (.30 + .70 * np.exp(-1.15 * inside)) * (.72 + .28 * out_of_root
                                                            + .28 * (1 - edge[strand]) * (1 - out_of_root))
        tl = tx * key_direction[0] + ty * key_direction[1] + tz * key_direction[2]
        nl = nx * key_direction[0] + ny * key_direction[1] + nz * key_direction[2]
        facing = min(1., max(0., nl * .65 + .35)) * lit
        diffuse = (.25 + .75 * np.sqrt(max(0., 1 - tl * tl))) * facing
        hx = vx + key_direction[0]
        hy = vy + key_direction[1]
        hz = vz + key_direction[2]
        th = (tx * hx + ty * hy + tz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz + 1e-9)
        shift = (tone[strand] - 1) * .50
        a1 = th + .10 + shift
        a2 = th - .14 + shift
        white = max(0., 1 - a1 * a1) ** 40 * facing
        coloured = max(0., 1 - a2 * a2) ** 10 * facing
        upward = ny * .5 + .5
        hy = vy + 1.                                # the sky is reflected too: a band where hair lies level
        th = (tx * vx + ty * hy + tz * vz) / np.sqrt(vx * vx + hy * hy + vz * vz + 1e-9) + shift
        sheen = max(0., 1 - th * th) ** 12 * upward
        for c in range(3):
            light = key_colour[c] * diffuse + (sky[c] * upward + ground[c] * (1 - upward)) * .9
            for q in range(fill_directions.shape[0]):
                fn = nx * fill_directions[q, 0] + ny * fill_directions[q, 1] + nz * fill_directions[q, 2]
                ft = tx * fill_directions[q, 0] + ty * fill_directions[q, 1] + tz * fill_directions[q, 2]
                light += fill_colours[q, c] * max(0., fn * .8 + .2) * np.sqrt(max(0., 1 - ft * ft))
            out[i, c] = (pigment[strand, c] * light * 1.25 + white * .065 * shine * key_colour[c]
                         + tinted[strand, c] * coloured * .20 * shine * key_colour[c]
                         + pale[strand, c] * sheen * .10 * shine * sky[c]) * occlusion


@numba.njit(cache=True, fastmath=True)
def draw_strands(order, x, y, z, points_per_strand, colour, width, alpha, light, through, depth_buffer, bias):
    """Gather the light of anti-aliased segments in the given order, near to far, hidden where the buffer is nearer.

    order (M,) segment numbers, segment s = strand * K + k; x, y raster coordinates and z distance, each (N*(K+1),);
    colour (M, 3); width (M,) pixels (below one pixel it is drawn one pixel wide and fainter); alpha (M,);
    light (H, W, 4) colour and distance gathered so far and through (H, W) the share of what lies behind that still
    shows, are changed in place: start with 0 and 1; depth_buffer (H, W); a strand may lie `bias` cm behind it.
    """
    height, breadth = depth_buffer.shape
    segments = points_per_strand - 1
    for oi in range(order.shape[0]):
        s = order[oi]
        p0 = (s // segments) * points_per_strand + s % segments
        x0 = x[p0]
        y0 = y[p0]
        dx = x[p0 + 1] - x0
        dy = y[p0 + 1] - y0
        square = dx * dx + dy * dy
        if square < .02:
            continue
        opacity = alpha[s]
        half = width[s] * .5
        if half < .5:
            opacity *= half / .5
            half = .5
        inverse = 1 / np.sqrt(square)
        z0 = z[p0]
        dz = z[p0 + 1] - z0
        steep = abs(dy) > abs(dx)                   # scan along the longer axis
        if steep:
            start = min(y0, y0 + dy)
            stop = max(y0, y0 + dy)
            slope = dx / dy
            reach = (half + .5) / (inverse * abs(dy))
            limit = height
            across = breadth
        else:
            start = min(x0, x0 + dx)
            stop = max(x0, x0 + dx)
            slope = dy / dx
            reach = (half + .5) / (inverse * abs(dx))
            limit = breadth
            across = height
        first = max(0, int(start + .5))
        last = min(limit - 1, int(np.floor(stop - .5)))
        if last < first:                            # shorter than a pixel: still draw the one it lies in
            if stop < 0 or start >= limit:
                continue
            first = max(0, min(limit - 1, int((start + stop) * .5)))
            last = first
        for q in range(first, last + 1):
            middle = (x0 + slope * (q + .5 - y0)) if steep else (y0 + slope * (q + .5 - x0))
            low = max(0, int(middle - reach + .5))
            high = min(across - 1, int(np.floor(middle + reach - .5)))
            for b in range(low, high + 1):
                if steep:
                    i = b
                    j = q
                else:
                    i = q
                    j = b
                rest = through[j, i]
                if rest < OPAQUE:
                    continue
                px = i + .5 - x0
                py = j + .5 - y0
                cover = half + .5 - abs(px * dy - py * dx) * inverse
                if cover <= 0:
                    continue
                if cover > 1:
                    cover = 1
                t = min(max((px * dx + py * dy) / square, 0.), 1.)
                zz = z0 + dz * t
                if zz > depth_buffer[j, i] + bias:
                    continue
                a = cover * opacity
                for c in range(3):
                    light[j, i, c] += rest * a * colour[s, c]
                light[j, i, 3] += rest * a * zz
                through[j, i] = rest * (1 - a)


def draw(strands, projected, colour, pixels_per_cm, image, coverage, strand_depth, depth_buffer, bias):
    """Sort and draw all segments of `strands` over a picture; image, coverage and strand_depth change in place.

    projected: x, y, z (N*(K+1),) float32 in raster coordinates and cm of distance; colour (N*K, 3) lit, linear
    (from `shade_hair` or `flat_colour`); image (H, W, 3); coverage (H, W) opacity of the strands so far and
    strand_depth (H, W) their blended distance; depth_buffer (H, W) and bias as in `draw_strands`.
    """
    x, y, z = projected
    points_per_strand = strands.segments + 1
    zz = z.reshape(-1, points_per_strand)
    order = np.argsort((zz[:, :-1] + zz[:, 1:]).ravel())
    light, through = np.zeros((*depth_buffer.shape, 4), np.float32), np.ones(depth_buffer.shape, np.float32)
    draw_strands(order, x, y, z, points_per_strand, colour, strands.segment_width * np.float32(pixels_per_cm),
                 strands.segment_alpha, light, through, depth_buffer, np.float32(bias))
    _lay_over(light, through, image, coverage, strand_depth)


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


def flat_colour(strands, light):
    """(N*K, 3) colours of strands under irradiance `light`, (3,) for all or (N, 3) one for each strand."""
    lit = strands.colour * strands.tone[:, None] * np.asarray(light, np.float32)
    return np.ascontiguousarray(np.repeat(lit, strands.segments, 0), np.float32)
