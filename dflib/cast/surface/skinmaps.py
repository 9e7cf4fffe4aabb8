"""Where on a head which kind of skin lies: static maps on the texture grid, the same for everyone.

All maps are float32 (rows', cols') on the skin grid refined TEXTURE_SCALE times, made from equations in template
coordinates (cm). Fine texture is noise in space, not in texels, so that it never stretches where the grid does.
"""
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from scipy.spatial import cKDTree

from dflib.cast.geometry.features import (EYE_INNER, EYE_OUTER, MOUTH_CORNER, brow_curve, lower_lip_height,
                                          nasolabial_line, upper_lip_height)
from dflib.cast.geometry.head import head_model
from dflib.cast.geometry.mesh import bump, smoothstep
from dflib.cast.geometry.skull import MOUTH_LINE

TEXTURE_SCALE = 2


WAVES = 90          # cosines in a smooth noise: with few of them one sees stripes


class Surface(NamedTuple):
    """Template coordinates of every texel: x, y, z in cm, |x|, |angle| from the front in radians, front 0..1.

    `place` (rows', cols', 3) is where the texel lies on the mean head: what noise is a function of.
    """
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    ax: np.ndarray
    angle: np.ndarray
    front: np.ndarray
    place: np.ndarray


class Maps(NamedTuple):
    """Masks 0..1 (noise: about sigma 1) of what the name says."""
    lip: np.ndarray
    upper_lip: np.ndarray
    mouth_slit: np.ndarray
    blush: np.ndarray
    socket: np.ndarray          # thin skin under and beside the eye
    lash_line: np.ndarray
    upper_lid: np.ndarray
    lid_shadow: np.ndarray      # where eye shadow is put
    crease: np.ndarray
    nostril: np.ndarray
    nose_wing: np.ndarray       # groove beside it
    under_nose: np.ndarray
    beard: np.ndarray
    moustache: np.ndarray
    goatee: np.ndarray
    oily: np.ndarray            # forehead, nose, cheeks, chin
    brow: np.ndarray
    wrinkle: np.ndarray
    ear_root: np.ndarray
    forehead: np.ndarray
    muzzle: np.ndarray
    freckles: np.ndarray
    age_spots: np.ndarray
    coarse: np.ndarray          # noise of 2.2, 0.7 and 0.28 cm
    middle: np.ndarray
    fine: np.ndarray
    pores: np.ndarray           # noise of about 1 mm
    lip_lines: np.ndarray       # -1..1, the vertical furrows of the lips


def refined(grid: np.ndarray) -> np.ndarray:
    """A map (rows, cols) of the skin grid on the texture grid, closed around the back. Returns (rows', cols')."""
    rows, cols = grid.shape
    height, width = (rows - 1) * TEXTURE_SCALE + 1, cols * TEXTURE_SCALE
    row, col = np.meshgrid(np.arange(height) / TEXTURE_SCALE, np.arange(width) / TEXTURE_SCALE, indexing="ij")
    closed = np.concatenate([grid, grid[:, :1]], 1).astype(np.float32)
    return cv2.remap(closed, col.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR)


@lru_cache(maxsize=1)
def surface() -> Surface:
    """The Surface of the texture grid."""
    model = head_model()
    x, y, z = (refined(model.grid_template[..., i]) for i in range(3))
    rows, cols = model.grid_shape
    angle = refined(np.abs(model.column_angle)[None].repeat(rows, 0))
    mean = model.mean[:rows * cols].reshape(rows, cols, 3)
    place = np.stack([refined(mean[..., i]) for i in range(3)], -1)
    return Surface(x, y, z, abs(x), angle, smoothstep(z, 0, 3), place)


def spatial_noise(size: float, seed: int) -> np.ndarray:
    """Smooth noise with features of about `size` cm, sigma 1, of the position in space."""
    place, rng = surface().place, np.random.default_rng(seed)
    total = np.zeros(place.shape[:2], np.float32)
    for _ in range(WAVES):
        k = rng.normal(size=3).astype(np.float32) / np.float32(size)
        total += np.cos(place @ k + np.float32(rng.uniform(0, 2 * np.pi)))
    return total / np.float32(np.sqrt(WAVES / 2))


def lattice_noise(cell: float, seed: int) -> np.ndarray:
    """White noise on a lattice of `cell` cm in space, interpolated: grain that no stretched texel can draw out."""
    table = np.random.default_rng(seed).normal(size=65536).astype(np.float32)
    p = np.moveaxis(surface().place, -1, 0) / cell
    corner = np.floor(p).astype(np.int64)
    t = (p - corner).astype(np.float32)
    t = t * t * (3 - 2 * t)
    total = np.zeros_like(t[0])
    for offset in np.ndindex(2, 2, 2):
        i, j, k = (corner[axis] + offset[axis] for axis in range(3))
        weight = np.prod([t[axis] if offset[axis] else 1 - t[axis] for axis in range(3)], axis=0)
        total += weight * table[(i * 73856093 ^ j * 19349663 ^ k * 83492791) & 65535]
    return total / total.std()


def spots(count: int, radius: tuple, seed: int) -> np.ndarray:
    """`count` soft round spots of varied radius (low, high in cm) and strength, scattered evenly over the face."""
    s, rng = surface(), np.random.default_rng(seed)
    points = s.place
    area = np.linalg.norm(np.cross(np.gradient(points, axis=0), np.gradient(points, axis=1)), axis=-1)
    share = (area * (s.front > 0) * (s.y > -16)).ravel()
    chosen = rng.choice(share.size, count, replace=False, p=share / share.sum())
    near = np.flatnonzero(share)
    distance, which = cKDTree(points.reshape(-1, 3)[chosen]).query(points.reshape(-1, 3)[near])
    size, strength = rng.uniform(*radius, count), rng.uniform(.35, 1, count)
    out = np.zeros(share.size, np.float32)
    out[near] = strength[which] * np.exp(-(distance / size[which]) ** 4)
    return out.reshape(s.x.shape)


def beard_regions(x: np.ndarray, y: np.ndarray, z: np.ndarray, angle: np.ndarray, lip: np.ndarray) -> tuple:
    """(beard, moustache, goatee) 0..1 where each grows, from template coordinates, |angle| and the lips' mask."""
    ax, front = abs(x), smoothstep(z, 0, 3)
    beard = np.clip((smoothstep(y, -6.2, -8.0) + .9 * smoothstep(ax, 2.6, 4.4) * smoothstep(y, -3.2, -5.8))
                    * smoothstep(y, -12.6, -10.4) * smoothstep(z, -.8, .8) * smoothstep(ax - 4.9, 2.6, 1.2), 0, 1)
    beard = np.clip(beard * (1 - .75 * bump(ax, y, 1.7, -8.1, .5, .5)), 0, 1)
    sideburn = (smoothstep(angle, 1.12, 1.25) * smoothstep(angle, 1.62, 1.45) * smoothstep(y, -6, -3) * (y < 3)
                * smoothstep(y, -3.5, -5))
    beard = np.maximum(beard, .8 * sideburn)
    moustache = (smoothstep(y + .30 * ax ** 1.2 - .1 * np.exp(-(ax / .5) ** 2), -4.75, -5.35)
                 * smoothstep(y - MOUTH_LINE, -.45 - .25 * ax, .25 - .25 * ax) * smoothstep(ax, 3.0, 2.3)
                 * smoothstep(y, -8., -7.) * front * (1 - .3 * np.exp(-(ax / .18) ** 2)) * (1 - lip))
    goatee = np.clip(smoothstep(y, -7.9, -8.6) * smoothstep(y, -12.0, -11) * smoothstep(ax, 2.5, 1.5)
                     + .6 * smoothstep(ax, 2.2, 2.7) * smoothstep(ax, 3.3, 2.8) * smoothstep(y, -5.6, -6.3)
                     * smoothstep(y, -9.5, -8), 0, 1) * front * (1 - lip)
    return beard, moustache, goatee


def lip_mask(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """1 on the red of the lips with a soft border, 0 elsewhere, from template coordinates."""
    ax, above = abs(x), y - MOUTH_LINE
    upper = smoothstep(above / np.maximum(upper_lip_height(ax), .03), 1.10, .88)
    lower = smoothstep(-above / np.maximum(lower_lip_height(ax), .03), 1.10, .80)
    return np.where(above >= 0, upper, lower) * smoothstep(ax, MOUTH_CORNER + .02, MOUTH_CORNER - .18) * (z > 4)


def _wrinkles(s):
    """Lines of the forehead, between the brows, beside and under the eyes, from nose to mouth."""
    x, y, ax = s.x, s.y, s.ax
    total = np.zeros_like(x)
    for i, height in enumerate((3.6, 4.5, 5.4)):
        wave = .18 * np.cos(x * .9 + i) + .05 * np.sin(x * 3 + i * 2)
        total += np.exp(-((y - height - wave) / .07) ** 2) * smoothstep(ax, 4.3, 2.6)
    for height, slope in ((.25, .35), (-.1, .0), (-.5, -.35)):      # crow's feet
        total += (.8 * np.exp(-((y - height - slope * (ax - 4.9)) / .06) ** 2) * smoothstep(ax, 4.85, 5.1)
                  * smoothstep(ax, 6.2, 5.5))
    under = y + .90 - .10 * (ax - 3) ** 2
    total += .9 * np.exp(-(under / .06) ** 2) * smoothstep(ax, 1.7, 2.2) * smoothstep(ax, 4.2, 3.5)
    total += (.7 * np.exp(-((ax - .45 - .1 * (y - 2)) / .07) ** 2) * smoothstep(y, 1.2, 1.6)
              * smoothstep(y, 3.2, 2.6))
    fold = (np.exp(-((ax - nasolabial_line(y)) / .12) ** 2) * smoothstep(y, -3.7, -4.3) * smoothstep(y, -7.4, -6.4))
    return (np.clip(total, 0, 1) + fold) * s.front


def _eye_maps(s):
    """socket, lash_line, upper_lid, lid_shadow, crease."""
    y, ax, front = s.y, s.ax, s.front
    socket = (.55 * bump(ax, y, 2.9, -1.0, 1.1, .38) + .6 * bump(ax, y, 2.0, .15, .5, .7)
              + .30 * bump(ax, y, 3.1, .75, 1.5, .40)) * front
    lash_line = (np.exp(-(np.maximum(y, 0) / .12) ** 2) * (y > -.01) * smoothstep(ax, EYE_INNER + .1, EYE_INNER + .6)
                 * smoothstep(ax, EYE_OUTER + .18, EYE_OUTER - .05) * front)
    along = smoothstep(ax, EYE_INNER, EYE_INNER + .5) * smoothstep(ax, EYE_OUTER + .25, EYE_OUTER - .3)
    upper_lid = smoothstep(y, .62, .40) * (y > 0) * along * front
    lid_shadow = np.clip(upper_lid + .5 * np.exp(-((y - .6) / .3) ** 2) * (y > 0) * along * front, 0, 1)
    crease = (np.exp(-((y - .52) / .07) ** 2) * smoothstep(ax, EYE_INNER, EYE_INNER + .5)
              * smoothstep(ax, EYE_OUTER + .35, EYE_OUTER - .2) * front)
    return socket, lash_line, upper_lid, lid_shadow, crease


@lru_cache(maxsize=1)
def maps() -> Maps:
    """The Maps; made on first use in about a second."""
    s = surface()
    x, y, z, ax, angle, front, _ = s
    lip, above = lip_mask(x, y, z), y - MOUTH_LINE
    beard, moustache, goatee = beard_regions(x, y, z, angle, lip)
    socket, lash_line, upper_lid, lid_shadow, crease = _eye_maps(s)
    width = .40 * smoothstep(ax, .9, 1.7) * (1 - .72 * smoothstep(ax, 3.4, 5.7)) + .02
    fine = spatial_noise(.28, 3)
    freckled = (bump(ax, y, 3.2, -2., 2.2, 1.3) + bump(x, y, 0, -2, 1.5, 1.2) + .25 * bump(x, y, 0, 4, 4, 2)) * front
    made = dict(
        lip=lip, upper_lip=lip * (above >= 0),
        mouth_slit=np.exp(-(above / .065) ** 2) * smoothstep(ax, MOUTH_CORNER + .02, MOUTH_CORNER - .45) * (z > 4),
        blush=(bump(ax, y, 4.2, -3.0, 1.6, 1.3) + .6 * bump(ax, y, 0, -3.4, 1.0, .7)
               + .35 * bump(ax, y, 0, -10, 1.3, .8)) * front,
        socket=socket, lash_line=lash_line, upper_lid=upper_lid, lid_shadow=lid_shadow, crease=crease,
        nostril=np.clip(bump(ax, y, .70, -4.33, .31, .15) * 1.5, 0, 1) * front,
        nose_wing=np.exp(-((ax - 1.86) / .13) ** 2) * bump(0, y, 0, -3.9, 1, .40) * front,
        under_nose=bump(ax, y, 0, -4.6, 1.1, .22) * front,
        beard=beard, moustache=moustache, goatee=goatee,
        oily=(bump(x, y, 0, 5, 2.6, 2.) + bump(x, y, 0, -2.2, .6, 2.2) + .7 * bump(ax, y, 3.9, -2., 1, .7)
              + .5 * bump(x, y, 0, -10, 1, .7)) * front,
        brow=(.8 * np.exp(-((y - brow_curve(ax)) / (width * .9)) ** 2) * smoothstep(ax, .6, 1.9)
              * smoothstep(ax, 5.6, 4.0) * front),
        wrinkle=np.clip(_wrinkles(s), 0, 1),
        ear_root=(smoothstep(angle, 1.1, 1.4) * smoothstep(angle, 1.9, 1.6) * smoothstep(y, -4, -2)
                  * smoothstep(y, 2, 0)),
        forehead=bump(ax, y, 0, 5, 5, 2.2) * front, muzzle=bump(ax, y, 0, -6.9, 2.6, 2.2) * front,
        freckles=spots(2600, (.035, .075), 7) * np.clip(freckled, 0, 1.2), age_spots=spots(70, (.10, .28), 11),
        coarse=spatial_noise(2.2, 1), middle=spatial_noise(.7, 2), fine=fine, pores=lattice_noise(.11, 5),
        lip_lines=np.cos(x * 22 + spatial_noise(.7, 2)))
    return Maps(**{name: np.ascontiguousarray(value, np.float32) for name, value in made.items()})
