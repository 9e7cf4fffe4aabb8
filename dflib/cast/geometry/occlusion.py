"""How much of the sky each vertex of a mesh sees: depth maps from many directions, once for the mean head."""
import numba
import numpy as np

from dflib.cast.geometry.mesh import unit

DIRECTIONS = 90         # spread evenly over the sphere; those from far below light nobody and are left out
MAP_SIZE, HALF_WIDTH, CENTRE = 400, 16.0, np.array([0, -2, 0], np.float32)      # pixels; cm covered from the centre
BIAS, SOFTNESS = 0.22, 0.25                                                     # cm


def open_sky(vertices: np.ndarray, normals: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Cosine-weighted share (V,) of the sky that is not hidden, 0..1, for (V, 3), (V, 3) float32 and (F, 3) int32."""
    seen, possible = np.zeros(len(vertices)), np.zeros(len(vertices))
    for i in range(DIRECTIONS):
        y = 1 - 2 * (i + .5) / DIRECTIONS
        if y < -.75:
            continue
        turn, radius = i * 2.39996, np.sqrt(1 - y * y)                  # golden angle: an even spiral
        direction = np.array([radius * np.cos(turn), y, radius * np.sin(turn)])
        px, py, depth = _seen_from(vertices, direction)
        weight = np.clip(normals @ direction, 0, 1)
        seen += weight * _lit(px, py, depth, _depth_map(px, py, depth, triangles))
        possible += weight
    return (seen / (possible + 1e-6)).astype(np.float32)


def _seen_from(vertices, direction):
    """Pixel x, y and depth (V,) float32 in an orthographic view from `direction`."""
    up = np.array([0, 1.0, 0]) if abs(direction[1]) < .9 else np.array([1.0, 0, 0])
    right = unit(np.cross(up, direction))
    over = np.cross(direction, right)
    scale = MAP_SIZE / (2 * HALF_WIDTH)
    local = (vertices - CENTRE).astype(np.float32)
    axes = np.stack([right * scale, -over * scale, -direction]).astype(np.float32)
    px, py, depth = np.ascontiguousarray((local @ axes.T).T)
    return px + np.float32(MAP_SIZE / 2), py + np.float32(MAP_SIZE / 2), depth


@numba.njit(cache=True, fastmath=True)
def _depth_map(px, py, depth, triangles):
    nearest = np.full((MAP_SIZE, MAP_SIZE), np.float32(1e9), np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        area = (px[b] - px[a]) * (py[c] - py[a]) - (px[c] - px[a]) * (py[b] - py[a])
        if abs(area) < 1e-9:
            continue
        x0 = max(0, int(np.ceil(min(px[a], px[b], px[c]) - .5)))
        x1 = min(MAP_SIZE - 1, int(np.floor(max(px[a], px[b], px[c]) - .5)))
        y0 = max(0, int(np.ceil(min(py[a], py[b], py[c]) - .5)))
        y1 = min(MAP_SIZE - 1, int(np.floor(max(py[a], py[b], py[c]) - .5)))
        for j in range(y0, y1 + 1):
            for i in range(x0, x1 + 1):
                u = ((i + .5 - px[a]) * (py[c] - py[a]) - (px[c] - px[a]) * (j + .5 - py[a])) / area
                v = ((px[b] - px[a]) * (j + .5 - py[a]) - (i + .5 - px[a]) * (py[b] - py[a])) / area
                if u < -1e-4 or v < -1e-4 or u + v > 1 + 1e-4:
                    continue
                z = depth[a] + u * (depth[b] - depth[a]) + v * (depth[c] - depth[a])
                if z < nearest[j, i]:
                    nearest[j, i] = z
    return nearest


@numba.njit(cache=True, fastmath=True)
def _lit(px, py, depth, nearest):
    """Share (V,) of a 3 x 3 neighbourhood of each point in which nothing lies before it."""
    lit = np.empty(px.shape[0], np.float32)
    for i in range(px.shape[0]):
        total = 0.0
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                x, y = int(px[i] + dx), int(py[i] + dy)
                if x < 0 or y < 0 or x >= MAP_SIZE or y >= MAP_SIZE:
                    total += 1
                    continue
                behind = depth[i] - nearest[y, x] - BIAS
                total += min(1.0, max(0.0, 1 - behind / SOFTNESS))
        lit[i] = total / 9
    return lit
