"""Soft shadows of the key light: a depth map seen from the light, compared at many places around each point."""
from functools import lru_cache

import cv2
import numba
import numpy as np

from dflib.cast.geometry.head import EAR, head_model
from dflib.cast.geometry.mesh import grid_triangles
from dflib.cast.geometry.raster import rasterise

SIZE = 200                                          # pixels of the map's side
REACH = 32.0                                        # cm it covers
CENTRE = np.array([0, -2, 0], np.float32)           # in its middle
BIAS = np.float32(0.32)                             # cm a point may lie behind the map and still be lit


@lru_cache(1)
def _casters():
    """Triangles (F, 3) int32 of every second row and column of the skin, and the ears: enough for a soft shadow."""
    head = head_model()
    rows, columns = head.grid_shape
    index = np.arange(rows * columns).reshape(rows, columns)[::2, ::2]
    skin = index.ravel()[grid_triangles(*index.shape, wrap=True)]
    return np.ascontiguousarray(np.concatenate([skin, head.triangles[head.materials == EAR]]).astype(np.int32))


def light_basis(direction: np.ndarray) -> np.ndarray:
    """(3, 3) float32 rows: right, up and towards the light, for a unit direction (3,)."""
    x, y, z = (float(value) for value in direction)
    right = np.array([z, 0, -x]) if abs(y) < 0.9 else np.array([0, -z, y])       # up cross direction, or x cross it
    right /= np.sqrt(right @ right)
    a, b, c = right
    return np.array([right, [y * c - z * b, z * a - x * c, x * b - y * a], [x, y, z]], np.float32)


def shadow_map(vertices: np.ndarray, strand_points: "np.ndarray | None", direction: np.ndarray) -> np.ndarray:
    """Distance (SIZE, SIZE) float32 along the light of the first surface it meets.

    vertices (V, 3): the head in the world; strand_points (N, 3) or None: hair, which shadows from 0.45 cm inside;
    direction (3,) unit, towards the light.
    """
    basis = light_basis(direction)
    depth = rasterise(*_seen(vertices, basis), _casters(), SIZE, SIZE, cull=False).depth
    if strand_points is not None:
        _add_points(*_seen(strand_points, basis), np.float32(0.45), depth)
    return depth


def _seen(points, basis):
    return _light_coordinates(points, basis, CENTRE, np.float32(SIZE / REACH), np.float32(SIZE / 2))


def soft_shadow(positions: np.ndarray, index: np.ndarray, shape: tuple, depth_map: np.ndarray,
                direction: np.ndarray) -> np.ndarray:
    """Share of the key light (P,) float32 in 0..1 that reaches positions (P, 3) in the world.

    The mean over 5 x 5 comparisons 0.2 cm apart: a light of about a hand's width at arm's length. It is found at every
    second row and column of the raster of `shape`, in which `index` (P,) are the pixels, and enlarged.
    """
    coarse = np.ones(((shape[0] + 1) // 2, (shape[1] + 1) // 2), np.float32)
    chosen = _one_of_four(index, shape[1], coarse.shape)        # any one pixel of each block stands for it
    where = np.flatnonzero(chosen >= 0)
    place = _seen(positions[chosen[where]], light_basis(direction))
    coarse.ravel()[where] = _soft_shadow(*place, depth_map, BIAS)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR).ravel()[index]


@numba.njit(cache=True)
def _one_of_four(index, width, half_shape):
    chosen = np.full(half_shape[0] * half_shape[1], -1, np.int32)
    for p in range(index.shape[0]):
        row, column = index[p] // width, index[p] % width
        chosen[row // 2 * half_shape[1] + column // 2] = p
    return chosen


@numba.njit(cache=True, fastmath=True)
def _light_coordinates(points, basis, centre, scale, half):
    x, y, z = np.empty((3, points.shape[0]), np.float32)
    for i in range(points.shape[0]):
        a, b, c = points[i, 0] - centre[0], points[i, 1] - centre[1], points[i, 2] - centre[2]
        x[i] = half + (a * basis[0, 0] + b * basis[0, 1] + c * basis[0, 2]) * scale
        y[i] = half - (a * basis[1, 0] + b * basis[1, 1] + c * basis[1, 2]) * scale
        z[i] = -(a * basis[2, 0] + b * basis[2, 1] + c * basis[2, 2])
    return x, y, z


@numba.njit(cache=True, fastmath=True)
def _add_points(x, y, z, inset, depth):
    height, width = depth.shape
    for p in range(x.shape[0]):
        i, j = int(x[p]), int(y[p])
        for b in range(max(0, j - 1), min(height, j + 2)):
            for a in range(max(0, i - 1), min(width, i + 2)):
                depth[b, a] = min(depth[b, a], z[p] + inset)


@numba.njit(cache=True, fastmath=True)
def _soft_shadow(x, y, z, depth, bias):
    size = depth.shape[0]
    lit = np.ones(x.shape[0], np.float32)
    for p in range(x.shape[0]):
        total = np.float32(0)
        for b in range(-2, 3):
            for a in range(-2, 3):
                i, j = int(x[p] + a * 1.3), int(y[p] + b * 1.3)
                behind = np.float32(-1)
                if 0 <= i < size and 0 <= j < size:
                    behind = z[p] - depth[j, i] - bias
                total += min(max(1 - behind / .3, 0), 1)
        lit[p] = total / 25
    return lit
