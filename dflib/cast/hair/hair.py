"""Hair: roots on the scalp, a few hundred guides, some thousand strands that follow them in locks.

Tight curls and gathered hair have a growth of their own (`curls`). `grow_hair` puts it together.
"""
import numba
import numpy as np
from scipy.spatial import cKDTree

from dflib.cast import palette
from dflib.cast.geometry.mesh import smoothstep, unit
from dflib.cast.hair.curls import Growth, bun, curl_shell, pony_tail
from dflib.cast.hair.guides import grow_guides, knot_of, parting_of
from dflib.cast.hair.scalp import Scalp, noise_field
from dflib.cast.hair.strands import Strands, make_strands, volume_depth
from dflib.cast.people.person import Hair, Person
from dflib.cast.people.styles import STYLES
from dflib.cast.streams import stream

STRAND_WIDTH, STRAND_ALPHA = .10, .72       # cm and opacity of a full strand in a large picture
TIED = 1400                                 # strands of a bun or pony tail
FINER = 1.4                                 # strands in a large picture for each one in a small picture


def grow_hair(person: Person, vertices: np.ndarray) -> "Strands | None":
    """The hair of `person` on the neutral head `vertices` (V, 3), or None for a bald head.

    Deterministic in the person. Raises ValueError for an unknown style.
    """
    name = person.hair.style
    if name == "bald":
        return None
    if name not in STYLES:
        raise ValueError(f"unknown hair style {name!r}; known are bald, {', '.join(STYLES)}.")
    style, rng = STYLES[name], stream(person.seed, "hair strands")
    scalp = Scalp(person, vertices)
    count = int(style.count * person.hair.density * FINER)
    if style.field == "shell":
        grown = curl_shell(style, person.hair, scalp, scalp.density(name, rng), count, rng)
    else:
        grown = _locks(name, style, person.hair, scalp, count, rng)
    if style.field == "gather":
        tie = bun if name == "bun" else pony_tail
        knot, strands = knot_of(name, person.hair), int(TIED * person.hair.density)
        grown = grown + tie(style, person.hair, scalp, knot, strands, rng)
    order = rng.permutation(len(grown.points))
    points = grown.points[order].astype(np.float32)
    return make_strands(points, strand_colours(person.hair, len(points), rng), grown.tone[order].clip(.4, 1.6),
                        grown.width[order] * STRAND_WIDTH, np.minimum(grown.alpha[order] * STRAND_ALPHA, 1),
                        grown.edge[order], volume_depth(points))


def strand_colours(hair: Hair, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, 3) linear reflectance: pigment varies a little, and `hair.grey` of the strands have lost it."""
    colour = np.asarray(hair.colour, np.float32)
    colour = .88 * colour + .12 * (colour @ palette.LUMINANCE)         # fibres shine white, which dulls the pigment
    pigment = colour * (1 + rng.normal(size=(count, 1)) * .06)
    grey = np.clip(hair.grey * 1.15 + .28 * rng.normal(size=(count, 1)) * min(1, hair.grey * 4), 0, 1) * .9
    return np.clip(pigment * (1 - grey) + grey * palette.linear((172, 169, 165)) * .8, .004, 1).astype(np.float32)


def _locks(name, style, hair, scalp, count, rng):
    """The Growth of strands that follow guides."""
    density = scalp.density(name, rng)
    root, vertex = scalp.roots(density, count, rng)
    edge = smoothstep(scalp.above[vertex], -.3, 1.0)
    if not style.pinch:
        guide_root = root
    else:
        weight = smoothstep(scalp.above, 0, 1.0) * (density if name == "thin" else scalp.grid.area)
        guide_root, _ = scalp.roots(weight, min(count, style.guides), rng)
    guides, length = grow_guides(name, style, hair, scalp, guide_root,
                                 lambda points, size: noise_field(points, rng, size), rng)
    return _follow(style, hair, root, edge, guide_root, guides, length, rng)


def _follow(style, hair, root, edge, guide_root, guides, length, rng):
    """Give every root the course of its guide, with waves, strays and thinner, shorter hair at the hairline."""
    count, guide_count, steps = len(root), len(guide_root), guides.shape[1] - 1
    if not style.pinch:
        nearest, offset, pinch = np.arange(count), np.zeros((count, 3)), np.zeros(count)
    else:
        nearest = cKDTree(_lock_key(guide_root, hair, style)).query(_lock_key(root, hair, style))[1]
        offset = root - guide_root[nearest]
        pinch = np.ones(count) if style.rope else style.pinch * hair.clump * edge ** 1.5
    reach = np.minimum(1., length / 5)[nearest] * (.1 if style.rope else 1)
    flyaway = rng.random(count) < .05
    sublocks = rng.normal(size=(guide_count * 4, 3)) * .16 * hair.clump
    drift = sublocks[nearest * 4 + rng.integers(0, 4, count)] * (reach * edge)[:, None]
    drift += rng.normal(size=(count, 3)) * (np.where(flyaway, .55, .16) * (.3 + hair.mess) * reach)[:, None]
    share = np.clip(1 - .28 * rng.random(count) ** 2 - .5 * (rng.random(count) < .06), .3, 1)
    share *= .25 + .75 * edge if style.length * hair.length < 12 else .45 + .55 * edge
    if style.rope:
        share, radius = 1 - .1 * rng.random(count) ** 2, style.wave * rng.uniform(.75, 1.1, count)
        phase = rng.random(count) * 6.28
    else:
        radius = style.wave * (.5 + .6 * hair.curl) * (1 + .25 * rng.normal(size=count))
        phase = (rng.random(guide_count) * 6.28)[nearest]
        phase = phase + rng.normal(size=count) * (.45 if style.wave > .2 else 1.5)
    along = unit(guides[:, -1] - guides[:, steps // 3] + 1e-4)
    first = unit(np.cross(along, unit(np.array([.31, .2, 1.]))))
    f32 = np.float32
    points = _children(guides, style.segments, nearest, offset.astype(f32), share.astype(f32), phase.astype(f32),
                       radius.astype(f32), style.wavelength, pinch.astype(f32), 1 / style.gather_by,
                       length.astype(f32), first.astype(f32), np.cross(along, first).astype(f32), drift.astype(f32))
    tone = 1 + .15 * rng.normal(size=guide_count)[nearest] + .10 * rng.normal(size=count) + .10 * (1 - edge)
    width = np.where(flyaway, .5, 1.) * (.45 + .55 * edge) * (1.35 if style.rope else 1)
    alpha = np.where(flyaway, .45, 1.) * (.25 + .75 * edge)
    if not style.pinch:                 # stubble: fainter and wider, or it speckles a light scalp
        width, alpha = width * 1.2, alpha * .62
    return Growth(points, tone, width, alpha, edge)


def _lock_key(root, hair, style):
    """Coordinates in which strands look for their guide: a parting holds the two sides apart."""
    side = np.where(root[:, :1] - parting_of(style, hair) >= 0, 1., -1.) * 3. * abs(style.parted)
    return np.concatenate([root, side * smoothstep(root[:, 1:2], 3, 6)], 1)


@numba.njit(cache=True, fastmath=True)
def _children(guides, segments, nearest, offset, share, phase, radius, wavelength, pinch, hurry, length, first, second,
              drift):
    """Strands (N, K+1, 3): the guide's curve from the strand's own root, pinched to it, waved and drifting off."""
    count = nearest.shape[0]
    steps = guides.shape[1] - 1
    points = np.empty((count, segments + 1, 3), np.float32)
    for i in range(count):
        g = nearest[i]
        for k in range(segments + 1):
            t = k / segments
            u = t * share[i] * steps
            j = int(u)
            if j >= steps:
                j = steps - 1
            v = u - j
            apart = 1 - pinch[i] * min(1., t * hurry)
            turn = phase[i] + 6.2832 * t * share[i] * length[g] / wavelength
            amplitude = radius[i] * min(1., t * 2.5 * hurry / 1.6)
            c = np.cos(turn) * amplitude
            s = np.sin(turn) * amplitude
            for d in range(3):
                points[i, k, d] = (guides[g, j, d] * (1 - v) + guides[g, j + 1, d] * v + offset[i, d] * apart
                                   + c * first[g, d] + s * second[g, d] + drift[i, d] * t * t)
    return points
