"""Guide strands: each walks from its root by a direction field, is kept off the skull and draped beside the face.

A field gives the wanted direction (n, 3) of every guide at its present point; see `FIELDS`. Shapes: n guides.
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dflib.cast.geometry.mesh import smoothstep, unit
from dflib.cast.hair.scalp import Scalp
from dflib.cast.hair.strands import SKULL_CENTRE
from dflib.cast.people.person import Hair
from dflib.cast.people.styles import Style

STEPS = 14                              # of a guide at most; strands have more and follow it smoothly
CROWN = np.array([.8, 10.7, -3.2])      # the whorl that short hair grows from


@dataclass
class Walk:
    """What a field may look at."""
    hair: object            # people.Hair
    style: object           # styles.Style
    root: np.ndarray        # (n, 3)
    point: np.ndarray       # (n, 3) where each guide is now
    outward: np.ndarray     # (n, 3) unit, away from the skull, level below the ears
    along: float            # 0 root .. 1 tip
    step: int
    flow: np.ndarray        # (n, 3) smooth wander shared by neighbours
    stray: np.ndarray       # (n, 3) each guide's own deviation
    side: np.ndarray        # (n,) -1..1 side of the parting
    front: np.ndarray       # (n,) bool: belongs to the fringe
    knot: np.ndarray        # (3,) where gathered hair meets


def _stack(x, y, z, like):
    return np.stack([x + 0 * like, y + 0 * like, z + 0 * like], 1)


def loose(w: Walk) -> np.ndarray:
    """Curls that fall where they like."""
    return w.outward * .75 + w.flow + w.stray + unit(w.root - CROWN) * .45 + np.array([0, -.25, 0])


def whorl(w: Walk) -> np.ndarray:
    """Short hair, away from the crown and a little to one side."""
    rise = .15 + .85 * smoothstep(w.style.lift, .9, 1.6)
    return (unit(w.root - CROWN) * np.array([.8, 1., 1]) + np.array([w.hair.sweep * .45, 0, 0]) + w.flow + w.stray
            + w.outward * (rise * (1 - w.along)))


def back(w: Walk) -> np.ndarray:
    """Combed to the back."""
    x, y, _ = w.root.T
    return (_stack(.12 * x / 7, -.05 - .5 * smoothstep(y, 5, -2), -1, x) + w.outward * .16 * (1 - w.along)
            + w.flow * .4 + w.stray * .6)


def gather(w: Walk) -> np.ndarray:
    """Pulled tight to a knot."""
    pulled = unit(w.knot - w.point) + w.flow * .15 + w.stray * .25
    loose_ends = _stack(.25 * np.sign(w.root[:, 0]), -1., .10, w.root[:, 0]) + w.flow + w.stray
    return np.where(w.front[:, None], loose_ends, pulled)


def swept(w: Walk) -> np.ndarray:
    """From the crown forwards and across the forehead to one side; down at the sides and nape."""
    x, y, z = w.root.T
    way = np.sign(w.hair.sweep)
    top = _stack(way * (.55 + .35 * smoothstep(z, 1, 6)), -.35, .75 * smoothstep(w.point[:, 2], 8.6, 6.5), x)
    fall = _stack(.12 * np.sign(x), -1, .28 * smoothstep(z, -4, 3) - .12, x)
    sides = (1 - smoothstep(y - .12 * way * x, 4.5, 7.5))[:, None]
    wanted = top * (1 - sides) + fall * sides
    return wanted + w.flow + w.stray + unit(w.root - CROWN) * .25 + w.outward * .2 * (1 - w.along)


def quiff(w: Walk) -> np.ndarray:
    """Up and back on top, down at the sides."""
    x, y, z = w.root.T
    top = _stack(.30 * np.tanh(x / 3) + .30 * w.hair.sweep,
                 .95 * smoothstep(z, 0, 6) * (1 - w.along) - .25, -.9 * smoothstep(z, -2, 6) - .1, x)
    top = top + w.outward * .35 * (1 - w.along) + w.flow + w.stray
    sides = (1 - smoothstep(y, 5.5, 8.5))[:, None]
    return top * (1 - sides) + sides * (np.array([0, -.75, -.6]) + w.flow + w.stray * .6)


def part(w: Walk) -> np.ndarray:
    """From a parting to both sides and down."""
    x, y, z = w.root.T
    q = w.point
    away = _stack(w.side, -.20 - .3 * (1 - smoothstep(y, 3, 9)), -.15 - .50 * smoothstep(z, 1.5, 6.5), x)
    away = away + w.flow + w.stray + w.outward * .45 * (1 - w.along) * (w.step < 3)
    behind = smoothstep(z, -2, -5)[:, None]
    away = away * (1 - behind) + behind * (_stack(.15 * w.side, -1, -.2, x) + w.flow + w.stray)
    if w.front.any():
        fall = _stack(x * .06 + .12 * w.hair.sweep, -.55, 1.0 * (1 - smoothstep(q[:, 2], 7, 10)), x)
        away = np.where(w.front[:, None], fall + w.flow * .5 + w.stray * .5, away)
    below = smoothstep(q[:, 1], 5.5, -1)[:, None]
    down = _stack(.08 * np.sign(q[:, 0]), -1, -.16 * smoothstep(q[:, 2], 1, 5) + .03, x) + w.flow * .5 + w.stray * .6
    return away * (1 - below) + down * below


FIELDS = dict(loose=loose, whorl=whorl, swept=swept, back=back, gather=gather, quiff=quiff, part=part, fringe=part)
LAID = ("part", "fringe")               # fields whose hair hangs: laid beside the face and over the shoulders


def knot_of(name: str, hair: Hair) -> np.ndarray:
    """Where a bun or pony tail is tied (3,): at the back of the head, higher with `hair.bun_height`."""
    angle = np.radians(50 + .45 * hair.bun_height if name == "bun" else 14 + .6 * hair.bun_height)
    return SKULL_CENTRE + np.array([0, 10.9 * np.sin(angle), -9.6 * np.cos(angle)])


def parting_of(style: Style, hair: Hair) -> float:
    """x (cm) of the parting: the person's, but far to one side where the style asks for it."""
    return hair.parting if style.parted >= 0 else (3.2 + .3 * abs(hair.parting)) * np.sign(hair.sweep)


def grow_guides(name: str, style: Style, hair: Hair, scalp: Scalp, root: np.ndarray, flow_noise: Callable,
                rng: np.random.Generator) -> tuple:
    """Guides (n, steps+1, 3) float32 from root (n, 3), and the length (n,) of each.

    flow_noise(points, size) -> (n, 3) is a smooth random field.
    """
    count, steps = len(root), min(style.segments, STEPS)
    length_of_style = style.length * hair.length
    x, y, z = root.T
    stray = rng.normal(size=(count, 3)) * .16 * hair.clump + rng.normal(size=(count, 3)) * .10 * hair.mess
    flow = flow_noise(root, 3.5) * .18 * (.4 + hair.mess)
    length = length_of_style * (1 + .10 * rng.normal(size=count))
    if style.sides == "fade":
        length *= 1 - hair.fade * (1 - smoothstep(y, 1.0, 5.5))
    elif style.sides == "shaved":
        length = .35 + (length - .35) * smoothstep(y + .25 * stray[:, 0], 4.2, 5.2)
    front = np.zeros(count, bool)
    if style.field == "fringe":
        front = (z > 3.2) & (abs(x) < 4.6) & (y > 4.6)
        length = np.where(front, 6.4 + hair.fringe + .35 * rng.normal(size=count) + .22 * abs(x), length)
    elif style.field == "gather" and hair.mess > .05:
        front = (abs(x) > 4.6) & (z > 2.2) & (y < 4.6) & (rng.random(count) < .45)
        length = np.where(front, 4.5 + 9 * hair.mess + rng.normal(size=count), length)
    elif style.field == "swept":
        length *= 1 - .45 * (1 - smoothstep(y, 2.5, 6)) - .15 * smoothstep(z, 0, -6)
    short = style.field in ("whorl", "quiff", "loose", "swept")
    top = smoothstep(y, 0, 9.0) if short else smoothstep(y, -5, 6)
    lift = .10 + style.lift * hair.volume * (.55 + .45 * rng.random(count)) * (.3 + .7 * top)
    from_parting = x - parting_of(style, hair) + .12 * rng.normal(size=count)
    side = np.where(from_parting >= 0, 1., -1.) * np.clip(abs(from_parting) / .4, .6, 1)
    if style.parted:                    # hair lies flat beside the parting, or two lobes rise like a heart
        lift *= .30 + .70 * smoothstep(abs(from_parting), .2, 4.5)

    guides = np.empty((count, steps + 1, 3), np.float32)
    q, direction = root.copy(), unit(root - SKULL_CENTRE)
    guides[:, 0] = q
    stopped, grown = np.zeros(count, bool), np.full(count, steps)
    walk = Walk(hair, style, root, q, direction, 0., 0, flow, stray, side, front, knot_of(name, hair))
    for k in range(steps):
        away = q - SKULL_CENTRE
        away[:, 1] *= smoothstep(q[:, 1], -5, 3)
        walk.point, walk.outward, walk.along, walk.step = q, unit(away), (k + 1) / steps, k
        wanted = FIELDS[style.field](walk)
        wanted = wanted - style.flatten * (wanted * walk.outward).sum(1, keepdims=True) * walk.outward
        wanted = unit(wanted) + np.array([0, -style.gravity, 0]) * walk.along
        stiff = style.inertia * (.9 if k else .45)
        direction = unit(direction * stiff + wanted * (1 - style.inertia))
        q = np.where(stopped[:, None], q, q + direction * (length / steps)[:, None])
        if style.field in LAID:
            q[:, 0] = _beside_face(q, side, front)
        clearance = lift * min(1., .35 + .9 * walk.along * min(1, length_of_style / 4))
        q = _keep_on_head(q, clearance, style, y, scalp)
        if style.field in LAID and length_of_style > 14:
            q[:, 2] = scalp.off_torso(q, z)
        ended = stopped.copy()
        if style.cut:
            ended |= q[:, 1] < -style.cut - 2.4 * hair.bob + .25 * stray[:, 0] - .04 * abs(q[:, 2])
        if style.field == "loose":
            ended |= (q[:, 1] < 4.2) & (q[:, 2] > 4.5) & (abs(q[:, 0]) < 5.2)
        grown[ended & ~stopped] = k + 1
        stopped = ended
        guides[:, k + 1] = q
    if stopped.any():
        guides = _stretch(guides, grown)
    return guides, length * grown / steps


def _stretch(guides, grown):
    """Guides (n, K+1, 3) that ended after `grown` (n,) of their K steps, with all K spread over what has grown."""
    steps = guides.shape[1] - 1
    at = np.linspace(0, 1, steps + 1)[None] * grown[:, None]
    low = np.minimum(at.astype(int), steps - 1)
    rest = (at - low)[..., None].astype(np.float32)
    row = np.arange(len(guides))[:, None]
    return guides[row, low] * (1 - rest) + guides[row, low + 1] * rest


def _beside_face(q, side, front):
    """New x (n,) of points pushed sideways off the face, except those of the fringe."""
    x, y, z = q.T
    clear = (5.15 + .9 * smoothstep(y, 4, -1) - .35 * smoothstep(y, -5, -9)) * smoothstep(z, 1.5, 4.5)
    clear = np.where(front, 0, clear * smoothstep(y, 6.0, 4.0) * smoothstep(y, -12.5, -10))
    to = np.sign(np.where(abs(x) < .3, side, x))
    return np.where(abs(x) < clear, to * (abs(x) + (clear - abs(x)) * .7), x)


def _keep_on_head(q, clearance, style, root_height, scalp):
    """Push points out to their clearance above the skin and pull those that stand too far back to it."""
    away = q - SKULL_CENTRE
    skin, own = scalp.radius(away)
    floor = skin + clearance
    push = np.maximum(floor - own, 0) * smoothstep(q[:, 1], -12.5, -9.5)
    q = q + away / own[:, None] * push[:, None]
    slack = np.where(root_height > 7, 1.3, style.slack) if style.field == "quiff" else style.slack
    share = smoothstep(q[:, 1], -5, 1) if style.field in LAID else 1
    pull = np.maximum(own - (floor + slack), 0) * .8 * share
    return q - away / own[:, None] * pull[:, None]
