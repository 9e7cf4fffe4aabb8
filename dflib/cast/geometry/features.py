"""Eyes, nose, lips, cheeks and chin pressed into the bare skull, and the curves that textures share with them.

All in template coordinates, cm: x to the person's left, y up, z forward, pupils at y = 0. Curves take |x|.
"""
import numpy as np
from scipy.interpolate import PchipInterpolator

from dflib.cast.geometry.mesh import bump, smoothstep
from dflib.cast.geometry.skull import MOUTH_LINE

EYE_CENTRE = np.array([3.15, 0.03, 6.70])       # of the person's left eye; the right one mirrors it
EYE_RADII = np.array([1.78, 1.40, 1.28])        # of the ellipsoid on which the lids slide
EYE_SHEAR = 0.26                                # how much the eye surface recedes per cm towards the temple
EYE_INNER, EYE_OUTER = 1.56, 4.70               # |x| of the corners of the eye
MOUTH_CORNER = 2.55                             # |x| of the corners of the mouth
LID_UP, LID_DOWN = 0.54, 0.45                   # nominal opening of the lids above and below the pupil line

# The nose along its ridge: height y, projection, half-width.
NOSE = np.array([[-5.3, 0, .5], [-4.85, .20, .6], [-4.55, .66, .78], [-4.25, 1.42, .98], [-3.95, 1.88, 1.12],
                 [-3.6, 2.00, 1.16], [-3.25, 1.93, 1.14], [-2.8, 1.74, 1.06], [-2.0, 1.40, .94], [-1.2, 1.00, .82],
                 [-0.4, .60, .72], [0.3, .26, .68], [1.0, .10, .74], [1.8, .04, .9], [3.0, 0, 1.1]])


def eye_surface(x: np.ndarray, y: np.ndarray, floor: float = 0.03) -> np.ndarray:
    """Depth z (same shape) of the eyeball and its conjunctiva at |x|, y; `floor` flattens it beyond its edge."""
    inside = 1 - ((x - EYE_CENTRE[0]) / EYE_RADII[0]) ** 2 - ((y - EYE_CENTRE[1]) / EYE_RADII[1]) ** 2
    return EYE_CENTRE[2] - EYE_SHEAR * (x - EYE_CENTRE[0]) + EYE_RADII[2] * np.sqrt(np.clip(inside, floor, 1))


def lid_surface(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Depth z that lids rest on at |x|, y: the eye where it can show, then straight on towards brow and cheek."""
    return eye_surface(x, np.clip(y, -0.75, 0.75), floor=0.20)


def upper_lip_height(ax: np.ndarray) -> np.ndarray:
    """Height of the red of the upper lip above the slit at |x|, with the cupid's bow."""
    t = np.clip(1 - (ax / MOUTH_CORNER) ** 2, 0, 1)
    return 0.78 * t ** 0.75 - 0.13 * np.exp(-(ax / 0.22) ** 2) + 0.05 * np.exp(-((ax - 0.45) / 0.3) ** 2) * t


def lower_lip_height(ax: np.ndarray) -> np.ndarray:
    """Height of the red of the lower lip below the slit at |x|."""
    return 1.04 * np.clip(1 - (ax / MOUTH_CORNER) ** 2, 0, 1) ** 0.8


def along_lid(ax: np.ndarray) -> np.ndarray:
    """Position along the lid slit: 0 at the inner corner, 1 at the outer one."""
    return np.clip((ax - EYE_INNER) / (EYE_OUTER - EYE_INNER), 0, 1)


def upper_lid_height(s: np.ndarray) -> np.ndarray:
    """How far the open upper lid stands above the slit at position s of `along_lid`."""
    return LID_UP * np.clip(4 * s ** 0.88 * (1 - s) ** 1.02 * 1.02, 0, 1.1) ** 0.66


def lower_lid_height(s: np.ndarray) -> np.ndarray:
    """How far the open lower lid stands below the slit at position s of `along_lid`."""
    return LID_DOWN * np.clip(4 * s ** 1.15 * (1 - s) ** 0.95 * 1.05, 0, 1.1) ** 0.75


def brow_curve(ax: np.ndarray) -> np.ndarray:
    """Height of the middle of the eyebrow at |x|."""
    return (2.26 + 0.27 * np.sin(np.clip((ax - 1.1) / 4.6, 0, 1) * np.pi * 0.80) - 0.26 * smoothstep(ax, 4.2, 5.7))


def nasolabial_line(y: np.ndarray) -> np.ndarray:
    """|x| of the fold from the wing of the nose to the corner of the mouth at height y."""
    return 1.95 + np.clip(-3.9 - y, 0, 3.2) * 0.40


def _bones(x, y, z, dx, dy, dz):
    """Brow ridge, sockets, temples, cheek bones, cheeks."""
    ax, sign, front = abs(x), np.tanh(x / 0.25), smoothstep(z, -1, 3)
    dz += 0.10 * bump(ax, y, 2.9, 2.05, 1.9, 0.75) + 0.06 * bump(ax, y, 0, 2.2, 1.1, 0.8)
    dz += 0.14 * bump(ax, y, 4.5, 1.9, 1.0, 0.6)
    dz += (0.16 * bump(ax, y, 1.55, 1.00, 0.5, 0.6) - 0.12 * bump(ax, y, 3.3, -1.15, 1.5, 0.5)
           - 0.05 * bump(ax, y, 3.2, 1.15, 1.5, 0.4))
    dz += 0.08 * bump(ax, y, 5.4, 0.2, 0.7, 1.6)                        # outer rim of the orbit, before the temple
    dx += sign * (-0.18 * bump(ax, y, 7.0, 3.0, 1.5, 1.6)) * smoothstep(z, -1, 2)
    dz += 0.34 * bump(ax, y, 4.1, -2.6, 1.5, 1.3)
    dx += sign * 0.10 * bump(ax, y, 6.0, -1.9, 1.3, 1.2) * front
    dz += 0.06 * bump(ax, y, 4.2, -5.4, 1.5, 1.6) + 0.10 * bump(ax, y, 3.6, -7.1, 1.2, 0.7)
    dx += sign * 0.12 * bump(ax, y, 4.9, -7.2, 1.6, 1.6) * smoothstep(z, 0, 3)


def _nose(x, y, dx, dy, dz):
    ax, sign = abs(x), np.tanh(x / 0.25)
    along = np.clip(y, NOSE[0, 0], NOSE[-1, 0])
    ridge = PchipInterpolator(NOSE[:, 0], NOSE[:, 1])(along)
    q = ax / PchipInterpolator(NOSE[:, 0], NOSE[:, 2])(along)
    dz += ridge * (0.72 * np.exp(-0.5 * (q * 1.02) ** 2) + 0.28 * np.exp(-(q / 1.25) ** 4))
    dz += 0.16 * bump(ax, y, 0.28, -3.52, 0.45, 0.40)                   # tip
    wing = bump(ax, y, 1.32, -3.92, 0.36, 0.42)
    dz += 0.80 * wing - 0.16 * bump(ax, y, 1.98, -3.95, 0.20, 0.5)      # wing and the groove behind it
    dx += sign * 0.12 * wing
    dz += -0.70 * bump(ax, y, 0.66, -4.38, 0.25, 0.15)                  # nostril
    dy += (-0.32 * bump(ax, y, 0, -4.10, 0.40, 0.38) + 0.16 * bump(ax, y, 0.85, -4.25, 0.30, 0.22)
           + 0.08 * bump(ax, y, 1.60, -4.35, 0.3, 0.25))                # columella low, nostril arched


def _mouth(x, y, upper, dy, dz):
    """Muzzle, philtrum, nasolabial fold and lips; `upper` says which side of the slit a point is on."""
    ax = abs(x)
    dz += 0.22 * bump(ax, y, 0, -6.3, 2.2, 1.6)
    dz += (-0.08 * np.exp(-(ax / 0.28) ** 2) * smoothstep(y, -5.95, -5.7)
           + 0.05 * np.exp(-((ax - 0.45) / 0.2) ** 2) * smoothstep(y, -6.0, -5.7)) * smoothstep(y, -4.8, -5.4)
    fold = nasolabial_line(y)
    dz += (-0.045 * np.exp(-((ax - fold) / 0.45) ** 2) * smoothstep(y, -3.4, -4.2) * smoothstep(y, -7.5, -6.6)
           + 0.035 * np.exp(-((ax - fold - 0.75) / 0.65) ** 2) * smoothstep(y, -3.2, -4.6) * smoothstep(y, -8.2, -5.6))
    above = y - MOUTH_LINE
    up = np.clip(above / np.maximum(upper_lip_height(ax), 0.05), 0, 3)
    down = np.clip(-above / np.maximum(lower_lip_height(ax), 0.05), 0, 3)
    upper_roll = np.where(up < 1, 0.08 + 0.27 * np.sin(np.pi * (0.05 + 0.80 * up)) - 0.07 * smoothstep(up, 0.5, 1),
                          0.134 * np.exp(-((up - 1) / 0.5) ** 2))
    lower_roll = np.where(down < 1,
                          0.02 + 0.34 * np.sin(np.pi * (0.10 + 0.80 * down)) - 0.04 * smoothstep(down, 0.4, 1),
                          0.085 * np.exp(-((down - 1) / 0.4) ** 2))
    within = np.clip(1 - (ax / (MOUTH_CORNER + 0.05)) ** 2, 0, 1)
    dz += np.where(upper, upper_roll, lower_roll) * within ** 0.5
    dz += -0.10 * bump(ax, y, MOUTH_CORNER + 0.1, MOUTH_LINE, 0.40, 0.45)
    dy += np.where(abs(above) < 2, 0.03 * (ax / MOUTH_CORNER) ** 2 * np.exp(-(above / 0.8) ** 2 - (ax / 3.0) ** 6), 0)
    dy += (-0.07 * np.exp(-(ax / 0.5) ** 2) + 0.05 * np.exp(-((ax - 1.1) / 0.5) ** 2)) * np.exp(-(above / 0.35) ** 2)


def _chin(x, y, z, dx, dz):
    ax, sign = abs(x), np.tanh(x / 0.25)
    dz += -0.34 * bump(ax, y, 0, -8.30, 1.5, 0.50)                      # furrow under the lip
    dz += 0.42 * bump(ax, y, 0, -10.0, 1.25, 0.85)
    dx += sign * 0.12 * bump(ax, y, 2.2, -10.2, 1.0, 1.0)
    dx += sign * 0.03 * np.exp(-((y + 7.0) / 1.8) ** 2) * smoothstep(z, -1.5, 0.8) * smoothstep(z, 5.2, 2.0)


def _neck(x, y, front):
    """Depth added by larynx, neck muscles and collar bones."""
    ax = abs(x)
    larynx = 0.25 * bump(ax, y, 0, -13.4, 0.8, 1.0)
    muscle = (0.2 * np.exp(-((ax - (3.6 + (y + 12) * 0.35)) / 0.7) ** 2)
              * smoothstep(y, -11.5, -12.5) * smoothstep(y, -16.2, -15.2))
    collar = 0.35 * np.exp(-((y + 15.9 + 0.045 * ax) / 0.35) ** 2) * smoothstep(ax, 1.0, 2.2) * smoothstep(ax, 15, 9)
    return (larynx + muscle + collar) * front


def _open_eyes(points, x, y, upper, front):
    """Open the lids of `points` (..., 3) in place and lay them on the eye surface."""
    ax, s = abs(x), along_lid(abs(x))
    off = np.where(upper, np.maximum(y, 0), np.minimum(y, 0))           # distance from the slit, on its own side
    lift = np.where(upper, upper_lid_height(s) * smoothstep(off, 2.1, 0.30),
                    -lower_lid_height(s) * smoothstep(-off, 1.3, 0.12))
    points[..., 1] += lift * smoothstep(abs(y), 2.4, 2.0) * front
    near = smoothstep(ax, EYE_INNER - 0.7, EYE_INNER + 0.25) * smoothstep(ax, EYE_OUTER + 1.0, EYE_OUTER - 0.2)
    points[..., 1] += 0.13 * (s - 0.35) * near * smoothstep(abs(y), 1.2, 0.2) * front      # outer corner higher
    surface = lid_surface(np.clip(ax, EYE_INNER - 0.1, EYE_OUTER + 0.1), points[..., 1]) + 0.13
    away = abs(off)                                                     # the hollow rounds off away from the slit
    weight = (np.where(upper, smoothstep(off, 1.75, 0.30), smoothstep(-off, 1.0, 0.15))
              * smoothstep(ax, EYE_INNER - 0.65 - 0.3 * away, EYE_INNER + 0.7 * away)
              * smoothstep(ax, EYE_OUTER + 0.75 + 0.3 * away, EYE_OUTER - 0.7 * away) * front)
    points[..., 2] = points[..., 2] * (1 - weight) + surface * weight
    fold = 0.26 * np.exp(-((off - 1.10) / 0.45) ** 2) - 0.09 * np.exp(-((off - 0.50) / 0.15) ** 2)
    above = smoothstep(ax, EYE_INNER - 0.1, EYE_INNER + 0.5) * smoothstep(ax, EYE_OUTER + 0.6, EYE_OUTER - 0.1)
    rim = 0.05 * np.exp(-((-off - 0.22) / 0.12) ** 2) - 0.05 * np.exp(-((-off - 0.75) / 0.2) ** 2)
    below = smoothstep(ax, EYE_INNER, EYE_INNER + 0.6) * smoothstep(ax, EYE_OUTER + 0.4, EYE_OUTER - 0.2)
    points[..., 2] += np.where(upper, fold * above, rim * below) * front


def sculpt(template: np.ndarray, lower: bool = False) -> np.ndarray:
    """Positions (..., 3) of template points (..., 3) with every feature of the face.

    Points on a slit belong to the upper lid or lip; with `lower` all points are taken as the lower copies.
    """
    x, y, z = template[..., 0], template[..., 1], template[..., 2]
    front = smoothstep(z, -1, 3)
    dx, dy, dz = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    _bones(x, y, z, dx, dy, dz)
    _nose(x, y, dx, dy, dz)
    _mouth(x, y, (y >= MOUTH_LINE) & (not lower), dy, dz)
    _chin(x, y, z, dx, dz)
    points = template + np.stack([dx, dy * front, dz * front], -1)
    points[..., 2] += _neck(x, y, front)
    _open_eyes(points, x, y, (y >= 0) & (not lower), front)
    return points
