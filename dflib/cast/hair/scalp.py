"""The scalp as hair sees it: where roots may lie, and how far the head reaches in every direction."""
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numba
import numpy as np
from scipy.spatial import cKDTree

from dflib.cast.geometry.head import head_model
from dflib.cast.geometry.mesh import smoothstep, unit
from dflib.cast.hair.strands import SKULL_CENTRE
from dflib.cast.people.styles import hairline

LATITUDES, LONGITUDES = 64, 128
TORSO_TOP, TORSO_HALF, TORSO_ROWS = -11.8, 12.0, 40     # cm, cm, cells of 0.5 cm
BODY_GAP = .45                                          # cm between hair and skin, room for clothes


@dataclass(frozen=True, eq=False)
class Grid:
    """What depends on the head model alone; n = rows * cols vertices of the skin grid."""
    shape: tuple            # (rows, cols)
    template: np.ndarray    # (n, 3)
    angle: np.ndarray       # (n,) |angle| from the front, radians
    area: np.ndarray        # (n,) cm2 of each vertex
    sphere: np.ndarray      # (LATITUDES, LONGITUDES) the vertex seen from the skull's centre in that direction


@lru_cache(maxsize=1)
def grid() -> Grid:
    """The skin grid of the head model, prepared once."""
    model = head_model()
    rows, cols = model.grid_shape
    template = model.template[:rows * cols]
    mean = model.mean[:rows * cols]
    cells = mean.reshape(rows, cols, 3).astype(np.float64)
    area = np.linalg.norm(np.cross(np.gradient(cells, axis=0), np.gradient(cells, axis=1)), axis=-1).ravel()
    latitude, longitude = np.meshgrid(np.linspace(-np.pi / 2, np.pi / 2, LATITUDES),
                                      np.linspace(-np.pi, np.pi, LONGITUDES), indexing="ij")
    direction = np.stack([np.cos(latitude) * np.sin(longitude), np.sin(latitude),
                          np.cos(latitude) * np.cos(longitude)], -1)
    head = np.flatnonzero(template[:, 1] > -12)
    nearest = cKDTree(unit(mean[head] - SKULL_CENTRE)).query(direction.reshape(-1, 3))[1]
    angle = np.broadcast_to(np.abs(model.column_angle), (rows, cols)).ravel()
    return Grid((rows, cols), template, angle, area, head[nearest].reshape(LATITUDES, LONGITUDES))


class Scalp:
    """One person's scalp: `vertices` (V, 3) of the neutral head."""

    def __init__(self, person, vertices):
        self.grid = grid()
        count = len(self.grid.template)
        self.vertices = np.ascontiguousarray(vertices[:count], np.float32)
        template = self.grid.template
        self.above = template[:, 1] - hairline(person.hair, person.seed, self.grid.angle, template[:, 0])
        radius = np.linalg.norm(self.vertices[self.grid.sphere] - SKULL_CENTRE, axis=-1).astype(np.float32)
        self.radii = cv2.GaussianBlur(radius, (0, 0), 1.2)

    def radius(self, q: np.ndarray) -> tuple:
        """For points q (..., 3) relative to the skull's centre: radius of the skin in that direction, and |q|."""
        flat = np.ascontiguousarray(q, np.float32).reshape(-1, 3)
        skin, own = _radius(self.radii, flat)
        return skin.reshape(q.shape[:-1]), own.reshape(q.shape[:-1])

    def off_torso(self, q: np.ndarray, root_z: np.ndarray) -> np.ndarray:
        """z (n,) of points q (n, 3) moved off neck, shoulders and chest: to the front or the back, where it grew."""
        front, back = _surface_z(self._torso, np.ascontiguousarray(q, np.float32))
        to_front = root_z > -1.5 - .4 * np.abs(q[:, 0])
        return np.where(to_front, np.maximum(q[:, 2], front), np.minimum(q[:, 2], back))

    @cached_property
    def _torso(self):
        """(2, rows, cols) z of the body's front and back over y (TORSO_TOP and down) and x, in cells of 0.5 cm."""
        body = self.vertices[(self.vertices[:, 1] < TORSO_TOP) & (np.abs(self.vertices[:, 0]) < TORSO_HALF)]
        cell = 2.0
        row = ((TORSO_TOP - body[:, 1]) * cell).astype(np.int32)
        col = ((body[:, 0] + TORSO_HALF) * cell).astype(np.int32)
        keep = row < TORSO_ROWS
        maps = []
        for sign in (1, -1):
            z = np.full((TORSO_ROWS, int(2 * TORSO_HALF * cell)), -8., np.float32)
            np.maximum.at(z, (row[keep], col[keep]), sign * body[keep, 2])
            maps.append(sign * cv2.GaussianBlur(cv2.dilate(z, np.ones((5, 5))), (0, 0), 1.6))
        return np.ascontiguousarray(np.stack([maps[0] + BODY_GAP, maps[1] - BODY_GAP]))

    def roots(self, weight: np.ndarray, count: int, rng: np.random.Generator) -> tuple:
        """`count` points (count, 3) on the skin, drawn by weight (n,), and the grid vertex (count,) of each."""
        rows, cols = self.grid.shape
        cells = self.vertices.reshape(rows, cols, 3)
        total = np.cumsum(weight)
        vertex = np.minimum(np.searchsorted(total / total[-1], rng.random(count)), rows * cols - 1)
        row, col = vertex // cols, vertex % cols
        down, right = np.minimum(row + 1, rows - 1), (col + 1) % cols
        a, b = rng.random((count, 1)), rng.random((count, 1))
        point = ((cells[row, col] * (1 - a) + cells[down, col] * a) * (1 - b)
                 + (cells[row, right] * (1 - a) + cells[down, right] * a) * b)
        return point, vertex

    def density(self, name: str, rng: np.random.Generator) -> np.ndarray:
        """(n,) how densely hair of style `name` grows: a soft, ragged ramp at the hairline, thinner where thinning."""
        template, angle = self.grid.template, self.grid.angle
        ragged = self.above + .22 * rng.normal(size=len(template))
        weight = smoothstep(ragged, -.35, 1.1) ** 1.2 * self.grid.area
        weight = weight * (1 + .9 * smoothstep(template[:, 1], 3, 7) * smoothstep(self.vertices[:, 2], -4, 2))
        if name == "thin":
            bare = smoothstep(template[:, 1], 5.0, 7.5) * smoothstep(angle, 2.9, 1.9)
            weight = weight * (1 - .985 * bare)
        if name == "fringe":
            weight = weight * (1 + .9 * (self.vertices[:, 2] > 3.2) * (np.abs(template[:, 0]) < 4.6))
        return weight


@numba.njit(cache=True, fastmath=True)
def _radius(radii, q):
    rows, cols = radii.shape
    skin = np.empty(q.shape[0], np.float32)
    own = np.empty(q.shape[0], np.float32)
    for n in range(q.shape[0]):
        r = np.sqrt(q[n, 0] ** 2 + q[n, 1] ** 2 + q[n, 2] ** 2) + 1e-6
        y = (np.arcsin(min(max(q[n, 1] / r, -1.), 1.)) / np.pi + .5) * (rows - 1)
        x = (np.arctan2(q[n, 0], q[n, 2]) / (2 * np.pi) + .5) * (cols - 1)
        y = min(max(y, 0.), rows - 1.001)
        x = min(max(x, 0.), cols - 1.001)
        j = int(y)
        i = int(x)
        v = y - j
        u = x - i
        skin[n] = (radii[j, i] * (1 - u) + radii[j, i + 1] * u) * (1 - v) + (
            radii[j + 1, i] * (1 - u) + radii[j + 1, i + 1] * u) * v
        own[n] = r
    return skin, own


@numba.njit(cache=True, fastmath=True)
def _surface_z(torso, q):
    rows, cols = torso.shape[1:]
    front = np.full(q.shape[0], np.float32(-99.), np.float32)
    back = np.full(q.shape[0], np.float32(99.), np.float32)
    for n in range(q.shape[0]):
        y = (TORSO_TOP - q[n, 1]) * 2 - .5
        x = (q[n, 0] + TORSO_HALF) * 2 - .5
        if y < 0 or x < 0 or x > cols - 1.01:
            continue
        y = min(y, rows - 1.01)
        j = int(y)
        i = int(x)
        v = y - j
        u = x - i
        front[n] = ((torso[0, j, i] * (1 - u) + torso[0, j, i + 1] * u) * (1 - v)
                    + (torso[0, j + 1, i] * (1 - u) + torso[0, j + 1, i + 1] * u) * v)
        back[n] = ((torso[1, j, i] * (1 - u) + torso[1, j, i + 1] * u) * (1 - v)
                   + (torso[1, j + 1, i] * (1 - u) + torso[1, j + 1, i + 1] * u) * v)
    return front, back


def noise_field(points: np.ndarray, rng: np.random.Generator, size: float, terms: int = 10) -> np.ndarray:
    """Smooth random vectors (N, 3) float32 at points (N, 3), about unit variance, varying over `size` cm."""
    waves = (rng.normal(size=(terms, 3)) / size).astype(np.float32)
    phases = rng.uniform(0, 2 * np.pi, terms).astype(np.float32)
    heights = (rng.normal(size=(terms, 3)) / np.sqrt(terms / 2)).astype(np.float32)
    return _waves(np.ascontiguousarray(points, np.float32), waves, phases, heights)


@numba.njit(cache=True, fastmath=True)
def _waves(points, waves, phases, heights):
    out = np.zeros(points.shape, np.float32)
    for n in range(points.shape[0]):
        for k in range(waves.shape[0]):
            c = np.cos(points[n, 0] * waves[k, 0] + points[n, 1] * waves[k, 1] + points[n, 2] * waves[k, 2] + phases[k])
            for d in range(3):
                out[n, d] += c * heights[k, d]
    return out
