"""Hair that does not follow guides: the shell of tight curls, and the tail or bun of gathered hair.

Each function returns a `Growth`; N strands of K segments, cm.
"""
from typing import NamedTuple

import numba
import numpy as np

from dflib.cast.geometry.mesh import smoothstep, unit
from dflib.cast.hair.scalp import Scalp, noise_field
from dflib.cast.hair.strands import SKULL_CENTRE
from dflib.cast.people.person import Hair
from dflib.cast.people.styles import Style


class Growth(NamedTuple):
    """Strands as they grew; tone, width and alpha are factors on what is usual."""
    points: np.ndarray      # (N, K+1, 3)
    tone: np.ndarray        # (N,)
    width: np.ndarray
    alpha: np.ndarray
    edge: np.ndarray        # 0 at the rim of the hair .. 1 inside

    def __add__(self, other):
        return Growth(*(np.concatenate(pair) for pair in zip(self, other)))


def curl_shell(style: Style, hair: Hair, scalp: Scalp, density: np.ndarray, count: int,
               rng: np.random.Generator) -> Growth:
    """Tight curls: short helices that fill a noisy shell around the skull, over a few dark wisps that close it."""
    root, vertex = scalp.roots(density, count, rng)
    edge = smoothstep(scalp.above[vertex], -.2, .85)
    outward = unit(root - SKULL_CENTRE)
    layer = rng.random(count) ** .55                # most curls lie near the surface
    coarse, fine = noise_field(root, rng, 2.2)[:, 0], noise_field(root, rng, .9)[:, 0]
    height = style.length * hair.length * (.55 + .45 * smoothstep(root[:, 1], -3, 5)) * (.35 + .65 * edge)
    height *= 1 + .10 * coarse + .06 * fine + .05 * rng.normal(size=count)
    if style.sides == "fade" or hair.fade > .6:
        height *= 1 - .75 * hair.fade * (1 - smoothstep(root[:, 1], 1.5, 5.0))
    lean = unit(outward + noise_field(root, rng, 1.6) * .10 + rng.normal(size=(count, 3)) * .10)
    centre = root + lean * (height * layer)[:, None]
    centre[:, 2] -= .25 * height * layer * smoothstep(root[:, 2], 0, 5) * (root[:, 1] < 6.5)
    axis = unit(lean * .9 + noise_field(root, rng, .8) * .8 + rng.normal(size=(count, 3)) * .6)
    first = unit(np.cross(axis, rng.normal(size=(count, 3))))
    second = np.cross(axis, first)
    length = np.minimum(.9, .35 + .5 * height) * (.6 + .6 * rng.random(count))
    radius = style.wave * (.6 + .5 * hair.curl) * (.7 + .6 * rng.random(count))
    f32 = np.float32
    points = _helices(centre.astype(f32), axis.astype(f32), first.astype(f32), second.astype(f32), length.astype(f32),
                      radius.astype(f32), (rng.random(count) * 6.28).astype(f32), style.wavelength, style.segments)
    low = height * layer < 1.2 * radius + .3        # only these can touch the skin
    points[low] = _off_skin(points[low], scalp, .04)
    tone = 1 + .16 * rng.normal(size=count) + .10 * fine
    curls = Growth(points, tone, np.full(count, 1.55), (.55 + .4 * edge) * 1.25, np.ones(count))
    return _backing(style, hair, scalp, density, count // 5, rng) + curls


@numba.njit(cache=True, fastmath=True)
def _helices(centre, axis, first, second, length, radius, phase, wavelength, segments):
    """(N, K+1, 3) points on helices of two turns per wavelength around an axis through each centre (N, 3)."""
    points = np.empty((centre.shape[0], segments + 1, 3), np.float32)
    for n in range(centre.shape[0]):
        for k in range(segments + 1):
            along = (k / segments - .5) * length[n]
            turn = along / wavelength * 12.566 + phase[n]
            c = np.cos(turn) * radius[n]
            s = np.sin(turn) * radius[n]
            for d in range(3):
                points[n, k, d] = centre[n, d] + axis[n, d] * along + c * first[n, d] + s * second[n, d]
    return points


def _backing(style, hair, scalp, density, count, rng):
    """Wide dark wisps close to the scalp, so that the shell of curls is never see-through."""
    root, _ = scalp.roots(density * smoothstep(scalp.above, .2, 1.6), count, rng)
    outward = unit(root - SKULL_CENTRE)
    length = style.length * hair.length
    height = length * .5 * (.4 + .6 * smoothstep(root[:, 1], -3, 5)) * (.25 + .6 * rng.random(count))
    along = unit(rng.normal(size=(count, 3)))
    along -= outward * (along * outward).sum(1, keepdims=True)
    middle = root + outward * height[:, None]
    points = middle[:, None] + along[:, None] * np.linspace(-.55, .55, style.segments + 1)[None, :, None]
    width = 7.5 if length > 2 else 3.75
    return Growth(points, np.full(count, .55), np.full(count, width), np.ones(count), np.ones(count))


def bun(style: Style, hair: Hair, scalp: Scalp, knot: np.ndarray, count: int, rng: np.random.Generator) -> Growth:
    """A ball of coiled strands on the knot (3,)."""
    outward = unit(knot - SKULL_CENTRE)
    first = np.array([1., 0, 0])
    second = np.cross(outward, first)
    turn = (np.linspace(0, 1, style.segments + 1)[None] * 3.5 + rng.random((count, 1)) * 6.28)[..., None]
    tilt = rng.normal(size=(count, 1, 1)) * .65
    radius = 2.3 + .9 * hair.volume + .14 * rng.normal(size=(count, 1, 1))
    points = knot + outward * 2.1 + radius * (np.cos(turn) * np.cos(tilt) * first
                                               + np.sin(turn) * np.cos(tilt) * second + np.sin(tilt) * .75 * outward)
    return _tied(points, scalp, rng)


def pony_tail(style: Style, hair: Hair, scalp: Scalp, knot: np.ndarray, count: int, rng: np.random.Generator) -> Growth:
    """A tail that leaves the knot (3,) outwards and up and falls to one side."""
    t = np.linspace(0, 1, style.segments + 1)[None, :, None]
    across = rng.normal(size=(count, 2))
    across /= np.maximum(1, np.linalg.norm(across, axis=1, keepdims=True) / 1.6)
    spread = (.40 + 1.7 * np.sqrt(t) * (1 - .5 * t))
    wave = .25 * np.sin(t * 6 + rng.random() * 6) * hair.sweep
    rise = (unit(knot - SKULL_CENTRE) * 2.2 + np.array([0, 1.4, -1.6])) * np.sin(np.pi * np.minimum(1, t * 1.3) * .80)
    fall = np.array([hair.sweep * 4.6, -19, -.6]) * t ** 1.35 * (.8 + .2 * rng.random((count, 1, 1)))
    shape = np.concatenate([across[:, None, :1] * spread + wave, across[:, None, 1:] * .3 * spread,
                            across[:, None, 1:] * spread * .7], 2)
    return _tied(knot + rise * (1.25 - t * .35) + fall + shape, scalp, rng)


def _tied(points, scalp, rng):
    count, points = len(points), points.astype(np.float32)
    points = np.where(points[..., 1:2] > -11, _off_skin(points, scalp, .3), points)
    return Growth(points, 1 + .14 * rng.normal(size=count), np.ones(count), np.ones(count), np.ones(count))


def _off_skin(points, scalp, gap):
    """Points (..., 3) pushed out to at least `gap` cm above the skin."""
    away = points - SKULL_CENTRE
    skin, own = scalp.radius(away)
    return points + away * (np.maximum(skin + gap - own, 0) / own)[..., None]
