"""Poisson's equation on a mask in a rectangle, on the CPU: the solver behind `dflib.swap.blend.poisson`.

Conjugate gradients preconditioned with G, the exact solution on the rectangle. If w = G s, then inside the mask
A w = s + E w, where E sums over neighbours outside the mask: those count as 0 in A, but not in the rectangle. So from
the start u = G b all residuals live on the mask's edge, and so do the sources p, q, r of the method; G is needed from
edge pixels to edge pixels and their neighbours only. Along the rows it is a transform of a few hundred pixels, along
the columns one tridiagonal system for each frequency: a fraction of two whole sine transforms.
"""
import numba
import numpy as np


def solve_on_mask(force: np.ndarray, inside: np.ndarray, ends: tuple, vectors: np.ndarray, values: np.ndarray, tolerance: float,
                  rounds: int) -> np.ndarray:
    """The solution (C, h, w) float32 of A u = force, 0 outside the mask.

    force (C, h, w) float32, 0 outside the mask `inside` (h, w) bool. ends: whether the top and the bottom row lie on the
    picture's border; vectors (w, w), values (w,): eigenvectors, in columns, and eigenvalues of second differences along
    a row. Raises RuntimeError if it takes more than `rounds`.
    """
    height = inside.shape[0]
    own = np.full(height, 2.0)
    own[0] -= ends[0]
    own[-1] -= ends[1]
    pivots = np.empty((height, len(values)), np.float32)
    pivot = np.zeros(len(values))
    for y in range(height):                             # Thomas's elimination; sources come later
        pivot = 1 / (own[y] + values - pivot)
        pivots[y] = pivot
    beyond = np.pad(~inside, 1)                         # outside the rectangle G is 0: no neighbour to sum
    inner = np.pad(inside, 1)
    shifts = ((slice(None, -2), slice(1, -1)), (slice(2, None), slice(1, -1)),
              (slice(1, -1), slice(None, -2)), (slice(1, -1), slice(2, None)))
    edge = inside & np.any([beyond[s] for s in shifts], 0)
    outer = ~inside & np.any([inner[s] for s in shifts], 0)
    points = np.concatenate([np.argwhere(edge), np.argwhere(outer)])            # edge pixels, then their neighbours
    count = int(edge.sum())
    number = np.full(inner.shape, -1)
    number[points[count:, 0] + 1, points[count:, 1] + 1] = np.arange(count, len(points))
    y, x = points[:count].T + 1
    around = np.stack([number[y - 1, x], number[y + 1, x], number[y, x - 1], number[y, x + 1]], 1)
    rows = np.ascontiguousarray(vectors)
    sources = np.ascontiguousarray(force, np.float32).copy()
    for source in sources:
        spectrum = source @ rows
        _along_columns(spectrum, pivots)
        if not _correct(source, spectrum, rows, pivots, points, around, tolerance, rounds):
            raise RuntimeError(f"Poisson editing has not converged in {rounds} rounds.")
        spectrum = source @ rows
        _along_columns(spectrum, pivots)
        source[:] = (spectrum @ rows.T) * inside
    return sources


@numba.njit(cache=True, fastmath=True)
def _along_columns(spectrum, pivots):
    """Solve the tridiagonal system of each column of the spectrum (h, w) in place."""
    height = len(spectrum)
    spectrum[0] *= pivots[0]
    for y in range(1, height):
        line, above, pivot = spectrum[y], spectrum[y - 1], pivots[y]
        for k in range(len(line)):
            line[k] = (line[k] + above[k]) * pivot[k]
    for y in range(height - 2, -1, -1):
        line, below, pivot = spectrum[y], spectrum[y + 1], pivots[y]
        for k in range(len(line)):
            line[k] += pivot[k] * below[k]


@numba.njit(cache=True, fastmath=True)
def _at_points(spectrum, rows, points, result):
    """Write the values (P,) at points (P, 2) of the picture whose rows have this spectrum."""
    for i in range(len(points)):
        line, row = spectrum[points[i, 0]], rows[points[i, 1]]
        total = np.float32(0)
        for k in range(len(row)):
            total += line[k] * row[k]
        result[i] = total


@numba.njit(cache=True, fastmath=True)
def _beyond(values, around, result):
    """E: write the sums (N,) of the values at the up to four neighbours (N, 4) outside the mask."""
    for i in range(len(around)):
        result[i] = 0
        for side in range(4):
            if around[i, side] >= 0:
                result[i] += values[around[i, side]]


@numba.njit(cache=True, fastmath=True)
def _correct(source, spectrum, rows, pivots, points, around, tolerance, rounds):
    """Add to the source (h, w) what makes G source a solution inside the mask; False if `rounds` are not enough.

    spectrum (h, w): that of G source at the start, overwritten.
    """
    count = len(around)
    z, p_there = np.empty(len(points), np.float32), np.zeros(len(points), np.float32)       # G r and G p at the points
    r, p, q = np.empty(count, np.float32), np.zeros(count, np.float32), np.empty(count, np.float32)
    _at_points(spectrum, rows, points, z)
    _beyond(z, around, r)
    r *= np.float32(-1)
    before = 0.0
    for _ in range(rounds):
        spectrum[:] = 0
        for i in range(count):
            line, row, amount = spectrum[points[i, 0]], rows[points[i, 1]], r[i]
            for k in range(len(row)):
                line[k] += amount * row[k]
        _along_columns(spectrum, pivots)
        _at_points(spectrum, rows, points, z)
        largest, rz = 0.0, 0.0
        for i in range(count):
            largest = max(largest, abs(z[i]))
            rz += r[i] * z[i]
        if largest < tolerance:
            for i in range(count):
                source[points[i, 0], points[i, 1]] += r[i]          # one free step of plain iteration
            return True
        ratio = np.float32(rz / before) if before > 0 else np.float32(0)
        before = rz
        for i in range(count):
            p[i] = r[i] + ratio * p[i]
        for i in range(len(points)):
            p_there[i] = z[i] + ratio * p_there[i]
        _beyond(p_there, around, q)
        pq = 0.0
        for i in range(count):
            q[i] += p[i]
            pq += p_there[i] * q[i]
        step = np.float32(rz / pq) if pq > 0 else np.float32(0)
        for i in range(count):
            source[points[i, 0], points[i, 1]] += step * p[i]
            r[i] -= step * q[i]
    return False
