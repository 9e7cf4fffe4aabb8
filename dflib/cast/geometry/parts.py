"""The separate pieces inside and beside the face: eyeballs, sockets, teeth, mouth cavity, tongue and ears.

Each maker returns a Part whose points follow the head as one body: they move as the skin would at `anchor`.
"""
from typing import NamedTuple

import numpy as np

from dflib.cast.geometry.features import EYE_CENTRE, EYE_INNER, EYE_OUTER, eye_surface
from dflib.cast.geometry.mesh import grid_triangles, smoothstep
from dflib.cast.geometry.skull import MOUTH_LINE

EYE_GRID = (26, 36)
EAR_RINGS, EAR_SPOKES = 15, 48


class Part(NamedTuple):
    points: np.ndarray      # (N, 3) cm
    triangles: np.ndarray   # (M, 3) into points
    anchor: np.ndarray      # (3,) template coordinates that stand for the whole part
    coords: np.ndarray      # (N, 2) local coordinates for shading, see each maker


def _part(x, y, z, triangles, anchor, u=None, v=None):
    x, y, z = np.broadcast_arrays(x, y, z)
    u, v = (np.zeros_like(x), np.zeros_like(x)) if u is None else np.broadcast_arrays(u, v)
    return Part(np.stack([x, y, z], -1).reshape(-1, 3), triangles, np.array(anchor, float),
                np.stack([u, v], -1).reshape(-1, 2).astype(float))


def _grid(ys, xs):
    return np.meshgrid(ys, xs, indexing="ij")


def eyeball_depth(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Depth of the eyeball's mesh at |x|, y: the eye surface, sinking away from where lids can open."""
    beyond = np.hypot((x - EYE_CENTRE[0]) / 1.58, (y - EYE_CENTRE[1]) / 0.78)
    return eye_surface(x, y) - 0.9 * smoothstep(beyond, 0.84, 1.17)


def eyeball(side: int) -> Part:
    """Front of an eye; side -1 right, 1 left. Coordinates: cm from its centre to the image right and up."""
    rows, cols = EYE_GRID
    dy, dx = _grid(np.linspace(1.25, -1.25, rows), np.linspace(-1.72, 1.72, cols))
    x = EYE_CENTRE[0] + dx * side                                       # measured towards the temple
    y = EYE_CENTRE[1] + dy
    return _part(x * side, y, eyeball_depth(x, y), grid_triangles(rows, cols), [side * EYE_CENTRE[0], 0, 8.0],
                 (x - EYE_CENTRE[0]) * side, dy)


def socket(side: int) -> Part:
    """A dark bowl behind an eye, so that nothing shines through its corners."""
    eye = eyeball(side)
    x = side * EYE_CENTRE[0] + (eye.points[:, 0] - side * EYE_CENTRE[0]) * 1.12
    y, ax = eye.points[:, 1], abs(x)
    z = np.minimum(eye.points[:, 2], eye_surface(np.clip(ax, EYE_INNER, EYE_OUTER), 0 * y))
    z = z - 0.70 - 1.5 * np.maximum(0, ax - 3.9) - 0.5 * np.maximum(0, 1.7 - ax)
    return _part(x, y, z, eye.triangles, eye.anchor)


def _teeth(gum, edge, depth, half_width, curvature, cols, anchor, flip=False):
    """One dental arch. Coordinates: x in cm, and 0 at the gum to 1 at the biting edge."""
    rows = 8
    y, x = _grid(np.linspace(gum, edge, rows), np.linspace(-half_width, half_width, cols))
    z = depth - curvature * x ** 2 - 0.03 * np.abs(np.sin(x * np.pi / 0.72)) ** 4
    return _part(x, y, z, grid_triangles(rows, cols, flip=flip), anchor, x, (y - gum) / (edge - gum))


def upper_teeth() -> Part:
    return _teeth(-5.85, -7.08, 9.0, 2.35, 0.30, 48, [0, -6.3, 9.5])


def lower_teeth() -> Part:
    return _teeth(-7.75, -6.98, 8.85, 2.1, 0.33, 40, [0, -7.4, 9.5], flip=True)


def cavity() -> Part:
    """The inside of the mouth, a bowl that opens to the front."""
    v, u = _grid(np.linspace(1, -1, 14), np.linspace(-1, 1, 20))
    depth = 3.6 * np.sqrt(np.clip(1 - u ** 2 * 0.9 - v ** 2 * 0.9, 0, 1))
    return _part(u * 2.7, MOUTH_LINE - 0.20 + v * 1.30, 7.2 - 0.17 * (u * 2.7) ** 2 - depth, grid_triangles(14, 20),
                 [0, -6.9, 9.4])


def plug() -> Part:
    """A plain wall behind the mouth cavity, for views past its rim."""
    v, x = _grid(np.linspace(0, 1, 12), np.linspace(-4.6, 4.6, 20))
    return _part(x, -4.6 - v * (4.3 - 0.16 * x ** 2), 5.8 - 0.10 * x ** 2, grid_triangles(12, 20), [0, -6.9, 9.4])


def tongue() -> Part:
    """Coordinates are (1, 1) everywhere: that tells the shader a tongue from the cavity."""
    v, u = _grid(np.linspace(0, 1, 10), np.linspace(-1, 1, 16))
    y = -7.05 - 0.45 * u ** 2 - 0.50 * smoothstep(v, 0.6, 1) + 0.18 * np.sin(v * 3)
    return _part(u * 1.6, y, 5.6 + 2.5 * v - 0.5 * u ** 2, grid_triangles(10, 16), [0, -7.4, 9.5],
                 np.ones_like(u), np.ones_like(u))


def ear(side: int) -> Part:
    """An auricle as rings from its middle to its rim. Coordinates: depth of the hollows, height of the rim, 0..1."""
    radius = np.linspace(0, 1, EAR_RINGS)[:, None]
    angle = np.linspace(0, 2 * np.pi, EAR_SPOKES, endpoint=False)[None]
    cos, sin = np.cos(angle), np.sin(angle)                             # cos 1 is the back, sin 1 the top
    half_height = np.where(sin > 0, 2.85, 2.75) * (1 - 0.04 * np.cos(2 * angle))
    lobe = 1 - 0.33 * np.clip(-sin, 0, 1) ** 1.1 + 0.05 * np.clip(-sin - 0.8, 0, 1)
    half_width = np.where(cos > 0, 1.95, 1.20) * lobe
    back, up = radius * half_width * cos + 0.28 * radius * sin, radius * half_height * sin
    outer = cos * 0.6 + sin
    helix = np.exp(-((radius - 0.92) / 0.085) ** 2) * (0.15 + 0.85 * smoothstep(outer, -0.85, 0.2))
    antihelix = (np.exp(-((radius - 0.63 - 0.06 * sin) / 0.12) ** 2)
                 * smoothstep(cos, -0.35, 0.35) * smoothstep(sin, -0.85, -0.45))
    groove = np.exp(-((radius - 0.79) / 0.07) ** 2) * smoothstep(outer, -0.6, 0.2)
    bowl = np.exp(-((radius * half_width * cos + 0.10) / 0.62) ** 2 - ((up + 0.35) / 0.8) ** 2)
    tragus = np.exp(-((back + 0.98) / 0.25) ** 2 - ((up + 0.45) / 0.42) ** 2)
    soft_lobe = np.exp(-((back + 0.2) / 0.55) ** 2 - ((up + 2.2) / 0.55) ** 2)
    relief = (0.15 + 0.46 * helix + 0.34 * antihelix - 0.20 * groove - 0.55 * bowl + 0.40 * tragus + 0.18 * soft_lobe
              - 0.25 * smoothstep(radius, 0.94, 1.0))
    tilt = 0.34                                                         # the back edge stands off the skull
    x = 7.02 + (back + 1.1) * np.sin(tilt) * 0.9 + relief * np.cos(tilt)
    z = -0.15 - back * np.cos(tilt) + relief * np.sin(tilt) - 0.096 * up
    return _part(side * x, -1.45 + up, z, grid_triangles(EAR_RINGS, EAR_SPOKES, wrap=True, flip=side < 0),
                 [side * 7.0, -1.5, 0.2], np.clip(bowl + 0.55 * groove, 0, 1), np.clip(helix, 0, 1))
