"""Small mathematics shared by every part of the cast: smooth ramps and bumps, grids of triangles, normals."""
import numba
import numpy as np


def smoothstep(x: np.ndarray, a: float, b: float) -> np.ndarray:
    """Cubic ramp from 0 at x = a to 1 at x = b (either order), with zero slope at both ends. Any shape."""
    t = np.minimum(np.maximum((x - a) / (b - a), 0), 1)        # np.clip takes three times as long on a few values
    return t * t * (3 - 2 * t)


def bump(x: np.ndarray, y: np.ndarray, cx: float, cy: float, sx: float, sy: float) -> np.ndarray:
    """Gaussian of height 1 at (cx, cy) with standard deviations sx, sy, evaluated at x, y (same shape)."""
    return np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))


def unit(v: np.ndarray) -> np.ndarray:
    """v (..., D) scaled to length 1 along its last axis; a zero vector stays zero."""
    v = np.asarray(v)
    return v / (np.sqrt(np.einsum("...d,...d", v, v))[..., None] + 1e-9)


def grid_triangles(rows: int, cols: int, wrap: bool = False, flip: bool = False) -> np.ndarray:
    """Two triangles for every cell of a grid whose vertices are numbered row by row.

    Rows are taken to run downwards and columns to the right, so that normals point to the viewer; `flip`
    reverses them. `wrap` also joins the last column to the first. Returns (F, 3) int64.
    """
    row, col = np.meshgrid(np.arange(rows - 1), np.arange(cols if wrap else cols - 1), indexing="ij")
    right = (col + 1) % cols
    a, b = row * cols + col, row * cols + right
    c, d = a + cols, b + cols
    triangles = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    return triangles[:, ::-1] if flip else triangles


@numba.njit(cache=True, fastmath=True)
def add_modes(points: np.ndarray, weights: np.ndarray, modes: np.ndarray) -> None:
    """Add weights (K,) float32 times modes (K, V, 3) to points (V, 3) in place; modes with weight 0 cost nothing."""
    for first in range(0, points.shape[0], 1024):           # a block of points stays in the nearest cache
        last = min(first + 1024, points.shape[0])
        for k in range(weights.shape[0]):
            w = weights[k]
            if w != 0:
                for v in range(first, last):
                    for d in range(3):
                        points[v, d] += w * modes[k, v, d]


@numba.njit(cache=True, fastmath=True)
def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) of vertices (V, 3) float32 under triangles (F, 3) int32, weighted by triangle area."""
    normals = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for i in range(normals.shape[0]):
        x, y, z = normals[i, 0], normals[i, 1], normals[i, 2]
        inverse = np.float32(1) / (np.sqrt(x * x + y * y + z * z) + np.float32(1e-12))
        normals[i, 0], normals[i, 1], normals[i, 2] = x * inverse, y * inverse, z * inverse
    return normals
