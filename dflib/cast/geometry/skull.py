"""The bare head: rings lofted from crown to chest, each one flat across the face and tilted up towards the ears.

A tilted ring lets one regular grid carry the forehead, the jaw line, the underside of the chin and the neck, so
textures and hair can use (row, column) coordinates everywhere. Centimetres; x to the person's left, y up, z forward;
the pupils are at y = 0.
"""
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from dflib.cast.geometry.mesh import smoothstep

ROWS, COLUMNS = 208, 232
SIDE_TURN = 0.25                        # how round a tilted row turns at the side of the head; 0 is a fold
SIDE_SMOOTHING = 12                     # passes
EYE_LINE, MOUTH_LINE = 0.0, -6.7        # heights of the two grid rows along which lids and lips are slit

# One ring a line: height at the front, depth at the front, height at the side, height and depth at the back,
# half-width, depth of the widest point, and how much the front is drawn in towards the middle (jaw).
RINGS = np.array([
    [11.60, -0.90, 11.60, 11.60, -0.95, 0.02, -1.0, 0.00],
    [11.42, 1.40, 11.40, 11.40, -3.40, 2.15, -1.0, 0.00],
    [10.80, 4.00, 10.70, 10.70, -6.00, 3.85, -1.0, 0.00],
    [9.50, 6.50, 9.35, 9.30, -8.00, 5.50, -0.9, 0.00],
    [7.30, 8.45, 7.20, 7.10, -9.40, 6.75, -0.8, 0.00],
    [4.80, 9.40, 4.70, 4.60, -9.90, 7.35, -0.6, 0.00],
    [2.00, 9.60, 2.00, 1.90, -9.70, 7.30, -0.4, 0.00],
    [0.00, 9.05, 0.00, -0.20, -9.10, 7.00, -0.2, 0.00],
    [-2.00, 9.10, -1.90, -2.20, -8.20, 6.78, 0.1, 0.00],
    [-4.50, 9.50, -3.60, -4.00, -7.20, 6.35, 0.2, 0.03],
    [-6.70, 9.60, -4.90, -5.60, -6.50, 5.84, 0.2, 0.08],
    [-8.40, 9.45, -5.80, -6.80, -6.20, 5.46, 0.2, 0.16],
    [-10.0, 9.22, -6.60, -7.80, -6.10, 5.09, 0.2, 0.245],
    [-10.9, 8.60, -7.20, -8.60, -6.05, 4.83, 0.1, 0.30],
    [-11.3, 7.40, -7.80, -9.30, -6.00, 4.62, 0.0, 0.24],
    [-11.4, 5.60, -8.70, -10.2, -6.00, 4.60, -0.4, 0.10],
    [-11.9, 4.10, -10.1, -11.3, -6.05, 4.65, -0.8, 0.00],
    [-13.0, 3.60, -12.0, -12.4, -6.20, 4.65, -1.2, 0.00],
    [-14.3, 3.60, -13.4, -13.6, -6.60, 5.20, -1.4, 0.00],
    [-15.5, 4.40, -14.2, -14.6, -7.20, 7.00, -1.5, 0.00],
    [-17.2, 6.00, -15.4, -15.4, -8.20, 11.3, -1.5, 0.00],
    [-19.6, 7.60, -16.9, -17.0, -9.00, 16.5, -1.5, 0.00],
    [-23.6, 9.00, -20.2, -20.2, -9.80, 20.0, -1.5, 0.00],
    [-36.0, 10.5, -35.0, -35.0, -10.0, 20.5, -1.5, 0.00]])


def _rows():
    """Positions of the grid rows along the front profile (ROWS,), dense at eyes and mouth; the curves; slit rows."""
    arc = np.concatenate([[0], np.cumsum(np.hypot(np.diff(RINGS[:, 0]), np.diff(RINGS[:, 1])))])
    curves = [PchipInterpolator(arc, RINGS[:, j]) for j in range(RINGS.shape[1])]
    fine = np.linspace(0, arc[-1], 8000)
    y = curves[0](fine)
    cheeks = smoothstep(y, -1, -1.6) * smoothstep(y, -3.5, -2.8)
    density = (0.42 + 0.9 * smoothstep(y, 9, 6) * smoothstep(y, -12.5, -11.0)
               + 1.1 * smoothstep(y, 2.8, 1.8) * smoothstep(y, -8.6, -7.9) * (1 - 0.35 * cheeks)
               - 0.25 * smoothstep(y, -16, -20))
    total = np.cumsum(density)
    rows = np.interp(np.linspace(0, 1, ROWS), total / total[-1], fine)
    heights = curves[0](rows)
    slit_rows = []
    for line in (EYE_LINE, MOUTH_LINE):
        nearest = int(np.argmin(abs(heights - line)))
        rows[nearest] = np.interp(-line, -y, fine)
        slit_rows.append(nearest)
    return rows, curves, slit_rows


def _column_angles():
    """Angles (COLUMNS,) around the head, 0 at the front, -pi at the back, dense in front, symmetric to rounding."""
    angle = np.linspace(-np.pi, np.pi, 8001)
    total = np.cumsum(0.34 + 0.95 * smoothstep(abs(angle), 1.25, 0.6))
    columns = np.interp(np.arange(COLUMNS) / COLUMNS, (total - total[0]) / (total[-1] - total[0]), angle)
    columns = 0.5 * (columns - np.roll(columns[::-1], 1))
    columns[0] = -np.pi
    return columns


def skull_grid() -> tuple:
    """The featureless head.

    Returns
    -------
    grid : (ROWS, COLUMNS, 3) float64, cm; these closed coordinates are the model's template
    angles : (COLUMNS,) radians around the head, 0 at the front
    eye_row, mouth_row : the rows along which the lids and the lips are slit
    """
    rows, curves, (eye_row, mouth_row) = _rows()
    angles = _column_angles()
    front_y, front_z, side_y, back_y, back_z, width, widest_z, draw_in = (c(rows)[:, None] for c in curves)
    cos, sin = np.cos(angles)[None], np.sin(angles)[None]
    front, ahead = cos > 0, abs(cos)
    width = width * (1 + 0.035 * smoothstep(front_y, 9, 3) * smoothstep(front_y, -12, -8))
    x = width * sin * (1 - draw_in * np.where(front, cos ** 2, 0))
    z = np.where(front, widest_z + (front_z - widest_z) * ahead, widest_z - (widest_z - back_z) * ahead)
    # A row stays flat over the middle of the face and only then rises to its height at the side of the head.
    # The height turns smoothly at the side (`rounded` has no slope there), or a fold would run down from the ear.
    rounded = (np.sqrt(ahead ** 2 + SIDE_TURN ** 2) - SIDE_TURN) / (np.sqrt(1 + SIDE_TURN ** 2) - SIDE_TURN)
    chin = smoothstep(front_y, -6.5, -9)
    late = np.maximum(1 - rounded - 0.13, 0)
    rise = np.where(front_y < -3, (late ** 2 / (late + 0.15) / 0.742) * (1 - chin) + chin * (1 - rounded) ** 0.8,
                    1 - rounded)
    y = np.where(front, front_y + (side_y - front_y) * rise, side_y + (back_y - side_y) * rounded)
    grid = np.stack([x, y, z], 2)
    # The rings bend from one to the next; along the jaw's side that would show as creases from mouth to ear.
    beside = smoothstep(abs(angles), 0.4, 0.9) * smoothstep(front_y, -4, -7) * smoothstep(front_y, -12.6, -11.2)
    for _ in range(SIDE_SMOOTHING):         # many small steps, so that the smoothing itself leaves no edge
        grid += beside[..., None] * (gaussian_filter1d(grid, 1.5, axis=0, mode="nearest") - grid)
    return grid, angles, eye_row, mouth_row
