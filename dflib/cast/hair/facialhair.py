"""Brows, lashes and beards: strands laid on the face's skin, so that they move with every expression.

Where each hair grows depends on the person alone and is kept (`lru_cache`); placing it on a shot's vertices is cheap.
"""
from functools import lru_cache
from typing import NamedTuple

import numba
import numpy as np
from scipy.spatial import cKDTree

from dflib.cast.geometry.features import EYE_INNER, EYE_OUTER, brow_curve
from dflib.cast.geometry.head import head_model
from dflib.cast.geometry.mesh import smoothstep, unit
from dflib.cast.hair.hair import strand_colours
from dflib.cast.hair.scalp import grid
from dflib.cast.hair.strands import Strands, make_strands
from dflib.cast.people.person import Person
from dflib.cast.streams import stream
from dflib.cast.surface.skinmaps import beard_regions, lip_mask

BROW_HAIRS, BROW_WIDTH, BROW_ALPHA = 520, .034, .52         # hairs of one brow at density 1; cm; opacity
LASHES = {"upper": 150, "lower": 60}                        # of one eye
LASH_COLOUR = np.array([.015, .010, .008], np.float32)
BEARD_HAIRS = {"full": 6400, "goatee": 2800, "moustache": 1500}
BROW_START, BROW_END = .78, 5.55                            # |x| of its ends, cm


class Layout(NamedTuple):
    """Hairs before they are placed: each point is a weighted mean of skin vertices, lifted along their normal."""
    vertex: np.ndarray      # (N, K+1, 3)
    weight: np.ndarray      # (N, K+1, 3)
    lift: np.ndarray        # (K+1, 1) cm
    tone: np.ndarray        # (N,)
    width: np.ndarray
    alpha: np.ndarray
    edge: np.ndarray


@lru_cache(maxsize=1)
def _front():
    """Vertices on the front of the face, and a tree of their template x, y."""
    cells = grid()
    front = np.flatnonzero(cells.template[:, 2] > 2)
    return front, cKDTree(cells.template[front, :2])


def _attach(xy):
    """Vertices (..., 3) and weights (..., 3) of template points (..., 2) on the front of the face."""
    front, tree = _front()
    distance, nearest = tree.query(xy.reshape(-1, 2), k=3)
    weight = 1 / (distance + .02)
    weight /= weight.sum(1, keepdims=True)
    return front[nearest].reshape(*xy.shape[:-1], 3), weight.astype(np.float32).reshape(*xy.shape[:-1], 3)


@lru_cache(maxsize=8)
def _brow_layout(person):
    """Both brows: dense and soft at the inner end, combed outwards, meeting along the ridge, thinning to the tail."""
    brows = person.brows
    rng = stream(person.seed if brows.seed is None else brows.seed, "brow hairs")
    arch, tail, bushy = rng.normal() * .5 + (.35 if person.female else -.1), rng.normal(), rng.random() ** 2
    bushy = bushy * (.35 if person.female else .6 + .6 * person.ageing)
    end = BROW_END + .18 * tail
    hairs = []
    for side in (-1, 1):
        count = int(BROW_HAIRS * brows.density)
        along = rng.beta(1.05, 1.30, count)                     # 0 inner end .. 1 tail
        across = np.clip(rng.normal(size=count) * .52, -1.35, 1.35)
        ax = BROW_START + (end - BROW_START) * along + .10 * rng.normal(size=count) * (1 - along)
        half = (.08 + .36 * smoothstep(along, -.08, .25)) * (1 - .68 * smoothstep(along, .42, 1.0))
        half = half * brows.thickness * (1 + .25 * bushy) + .015
        y = brow_curve(ax) + .16 * arch * np.sin(np.pi * np.clip(along, 0, 1) ** 1.4) - .05 * arch + across * half
        # degrees from the horizontal: upright at the inner end, then along the brow, always towards its ridge
        angle = 78 - 62 * smoothstep(along, -.02, .30) - 42 * smoothstep(along, .40, .95) - 5 * arch * along
        angle = np.radians(angle - across * (12 + 16 * smoothstep(along, .05, .4))
                           + rng.normal(size=count) * (8 + 14 * bushy))
        length = (.26 + .30 * smoothstep(along, 0, .25) - .20 * smoothstep(along, .55, 1)) * (1 + .4 * bushy)
        length = length * rng.uniform(.65, 1.2, count) * (1 - .25 * np.abs(across))
        bend = np.radians(-18 * smoothstep(along, 0, .5) + 10 * rng.normal(size=count))
        x, points = ax, [np.stack([side * ax, y], -1)]
        for k in range(3):
            x = x + np.cos(angle + bend * k / 2) * length / 3
            y = y + np.sin(angle + bend * k / 2) * length / 3
            points.append(np.stack([side * x, y], -1))
        faint = (.40 + .60 * smoothstep(along, -.05, .22)) * (1 - .62 * smoothstep(along, .60, 1.02))
        faint = faint * (1 - .55 * smoothstep(np.abs(across), .55, 1.2)) * rng.uniform(.6, 1.1, count)
        hairs.append((np.stack(points, 1), faint, 1 + .16 * rng.normal(size=count), rng.uniform(.7, 1.2, count)))
    points, faint, tone, width = (np.concatenate(part) for part in zip(*hairs))
    order = rng.permutation(len(points))
    vertex, weight = _attach(points[order])
    return Layout(vertex, weight, np.array([[.01], [.05], [.065], [.06]], np.float32), tone[order].clip(.5, 1.5),
                  width[order] * BROW_WIDTH, (faint[order] * BROW_ALPHA).clip(0, 1), np.zeros(len(points)))


def eyebrows(person: Person, vertices: np.ndarray, normals: np.ndarray) -> Strands:
    """Brow hairs (K = 3) on the expressive head's vertices (V, 3), lifted along normals (V, 3) of the neutral head."""
    layout = _brow_layout(person)
    place = _blend(layout.vertex, layout.weight, vertices)
    lift = unit(_blend(layout.vertex, layout.weight, normals)) * layout.lift
    return make_strands(place + lift, person.brows.colour, layout.tone, layout.width, layout.alpha, layout.edge,
                        rigid=True)


@numba.njit(cache=True, fastmath=True)
def _blend(vertex, weight, values):
    """(N, P, 3) weighted sums of values (V, 3) at vertex (N, P, 3) with weight (N, P, 3)."""
    out = np.zeros((vertex.shape[0], vertex.shape[1], 3), np.float32)
    for n in range(vertex.shape[0]):
        for p in range(vertex.shape[1]):
            for corner in range(vertex.shape[2]):
                for d in range(3):
                    out[n, p, d] += weight[n, p, corner] * values[vertex[n, p, corner], d]
    return out


class _Lashes(NamedTuple):
    vertex: np.ndarray      # (N, 1, 2) neighbours on the lid's edge
    weight: np.ndarray      # (N, 1, 2)
    course: np.ndarray      # (N, K+1, 3) cm from the root's place on the lid
    width: np.ndarray


@lru_cache(maxsize=8)
def _lash_layout(person):
    model, rng = head_model(), stream(person.seed, "lashes")
    vertices, weights, curves, widths = [], [], [], []
    for name, side in (("right_eye", -1), ("left_eye", 1)):
        for lid, edge in zip(("upper", "lower"), model.slits[name]):
            upper, count = lid == "upper", LASHES[lid]
            corner_to_corner = np.argsort(np.abs(model.template[edge, 0]))
            edge = edge[corner_to_corner]
            along = .04 + .94 * rng.random(count) ** (.85 if upper else 1)
            ax = EYE_INNER + (EYE_OUTER - EYE_INNER) * along
            at = np.abs(model.template[edge, 0])
            place = np.interp(ax, at, np.arange(len(edge)))
            before = np.minimum(place.astype(int), len(edge) - 2)
            vertices.append(np.stack([edge[before], edge[before + 1]], 1))
            weights.append(np.stack([1 - (place - before), place - before], 1))
            length = (.20 + .26 * smoothstep(along, .1, .8) if upper else .12 + 0 * along) * person.eyes.lashes
            length = length * rng.uniform(.7, 1.1, count) * (1 - .35 * smoothstep(along, .93, 1))
            fan = side * 1.15 * (along - .42) + .13 * rng.normal(size=count)
            points, heights = [np.tile([0, 0, .03], (count, 1))], (.05, .75, 1.15) if upper else (-.55, -.65, -.5)
            for k, height in enumerate(heights):
                direction = np.stack([fan, np.full(count, height), np.full(count, .85 - .25 * k)], 1)
                points.append(points[-1] + unit(direction) * (length / 3)[:, None])
            curves.append(np.stack(points, 1))
            widths.append(np.full(count, .048 if upper else .030))
    order = rng.permutation(sum(len(c) for c in curves))
    vertex, weight, course, width = (np.concatenate(part)[order] for part in (vertices, weights, curves, widths))
    return _Lashes(vertex[:, None], weight[:, None].astype(np.float32), course.astype(np.float32), width)


def eyelashes(person: Person, vertices: np.ndarray) -> Strands:
    """Lashes (K = 3) along both edges of both lids of the expressive head's vertices (V, 3)."""
    layout = _lash_layout(person)
    return make_strands(_blend(layout.vertex, layout.weight, vertices) + layout.course, LASH_COLOUR,
                        width=layout.width, alpha=.72, rigid=True)


class _Beard(NamedTuple):
    vertex: np.ndarray      # (N, 1, 4) corners of the root's cell
    weight: np.ndarray      # (N, 1, 4)
    direction: np.ndarray   # (N, 2, 3) of the lower and upper half, before the normal is added
    length: np.ndarray      # (N, 1) cm
    colour: np.ndarray      # (N, 3)
    tone: np.ndarray
    width: np.ndarray
    alpha: np.ndarray


@lru_cache(maxsize=8)
def _beard_layout(person):
    style, rng, cells = person.beard.style, stream(person.seed, "beard hairs"), grid()
    x, y, z = cells.template.T
    beard, moustache, goatee = beard_regions(x, y, z, cells.angle, lip_mask(x, y, z))
    cover = {"full": np.maximum(beard, moustache), "goatee": np.maximum(goatee, moustache),
             "moustache": moustache}[style]
    ragged = y + .35 * np.sin(x * 2.3 + person.seed) + .25 * rng.normal(size=len(y))
    cover = cover * (.15 + .85 * smoothstep(ragged, -12.2, -10.6)) * smoothstep(ragged, -12.8, -11.8)
    weight = np.cumsum(cover * cells.area)
    count = BEARD_HAIRS[style]
    rows, cols = cells.shape
    vertex = np.searchsorted(weight / weight[-1], rng.random(count))
    row, col = vertex // cols, vertex % cols
    down, right = np.minimum(row + 1, rows - 1), (col + 1) % cols
    a, b = rng.random(count), rng.random(count)
    corners = np.stack([row * cols + col, down * cols + col, row * cols + right, down * cols + right], 1)[:, None]
    share = np.stack([(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b], 1)[:, None].astype(np.float32)
    x, y, z = cells.template[vertex].T
    inside = smoothstep(cover[vertex], .02, .75)
    below_chin = smoothstep(y, -10.4, -11.8)
    length = person.beard.length * rng.uniform(.5, 1.15, count) * (.30 + .70 * inside)
    length = length * np.where(y > -6.7, .55, 1) * (1 - .70 * below_chin) * (1 - .45 * smoothstep(y, -5.6, -3.5))
    parted = np.sign(x) * (np.abs(x) < 3) * (y > -7)
    first = np.stack([.35 * parted, np.full(count, -1.), np.full(count, .15)], 1) + .25 * rng.normal(size=(count, 3))
    second = np.stack([.10 * parted - .12 * x / 5, np.full(count, -1.4), np.full(count, .05)], 1)
    second = unit(first + second + .30 * rng.normal(size=(count, 3)))
    alpha = (.25 + .45 * inside) * (1 - .60 * below_chin) * rng.uniform(.7, 1.1, count)
    return _Beard(corners, share, np.stack([first, second], 1).astype(np.float32), length[:, None].astype(np.float32),
                  strand_colours(person.hair, count, rng) * .80, (1 + .22 * rng.normal(size=count)).clip(.45, 1.7),
                  rng.uniform(.035, .055, count), alpha)


def beard(person: Person, vertices: np.ndarray, normals: np.ndarray) -> "Strands | None":
    """Beard hairs (K = 2) on the expressive head, or None for a person who is shaved or has stubble only."""
    if not person.beard.style:
        return None
    layout = _beard_layout(person)
    root = _blend(layout.vertex, layout.weight, vertices)[:, 0]
    normal = unit(_blend(layout.vertex, layout.weight, normals)[:, 0])
    first = unit(layout.direction[:, 0] + .45 * normal)
    second = unit(layout.direction[:, 1] + .25 * normal)
    middle = root + first * layout.length * .5
    points = np.stack([root, middle, middle + second * layout.length * .5], 1)
    return make_strands(points, layout.colour, layout.tone, layout.width, layout.alpha, 0., rigid=True)
