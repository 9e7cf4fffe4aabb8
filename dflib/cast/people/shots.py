"""What a shot is: everything about one picture that is not the person, as plain immutable records, and its sampling.

Angles are degrees: yaw > 0 turns the face to the image's right, pitch > 0 downwards, roll > 0 tilts it
counter-clockwise in the picture. Light colours are linear RGB irradiances; a diffuse white is about 1.
"""
from dataclasses import dataclass

import numpy as np

from dflib.cast.geometry.head import head_model
from dflib.cast.streams import stream


@dataclass(frozen=True, eq=False)
class Light:
    """One key light with shadows, an environment of sky and ground, and fill lights without shadows."""
    direction: np.ndarray   # (3,) unit, from the head towards the key light
    colour: np.ndarray      # (3,) of the key light
    sky: np.ndarray         # (3,) arriving from above
    ground: np.ndarray      # (3,) arriving from below
    fills: tuple            # of (direction (3,) unit, colour (3,))
    exposure: float         # factor about 1 on the exposure that suits the person's skin


@dataclass(frozen=True, eq=False)
class Camera:
    distance: float         # cm from the head's origin
    zoom: float             # 1: the picture is 29 cm wide at the head
    offset: np.ndarray      # (2,) cm: the point of the head plane at the picture's centre


@dataclass(frozen=True, eq=False)
class Shot:
    """Everything that changes from picture to picture: pose, expression, gaze, light, camera, background."""
    seed: int
    yaw: float              # degrees
    pitch: float            # degrees
    roll: float             # degrees
    expression: np.ndarray  # (E,) float32 by head_model().expression_names, 0 rest .. 1 full
    gaze: np.ndarray        # (2,) cm that the irises move on the eyes: right in the picture, up
    light: Light
    camera: Camera
    background: int         # seed of backgrounds.background
    blur: float             # Gaussian sigma in pixels of a 128-pixel picture
    noise: float            # sigma of the sensor's noise, in units of the full range


def expression(**weights: float) -> np.ndarray:
    """Expression vector (E,) float32 from names, e.g. expression(smile=.6, jaw_open=.1); ValueError for others."""
    model = head_model()
    vector = np.zeros(len(model.expression_names), np.float32)
    for name, weight in weights.items():
        if name not in model.expression_index:
            raise ValueError(f"unknown expression {name!r}; the head model knows {', '.join(model.expression_names)}.")
        vector[model.expression_index[name]] = weight
    return vector


def neutral_shot(seed: int = 0, yaw: float = 0., pitch: float = 0., roll: float = 0., **weights: float) -> Shot:
    """A plain studio portrait: soft frontal light, a look into the camera; `weights` name expressions.

    Angles in degrees. The seed chooses only the background.
    """
    light = Light(direction=unit_vector((-.45, .55, .75)), colour=_colour(.75), sky=_colour(.5), ground=_colour(.3),
                  fills=((unit_vector((.8, .2, .6)), _colour(.18)),), exposure=1.)
    return Shot(seed=int(seed), yaw=float(yaw), pitch=float(pitch), roll=float(roll),
                expression=expression(**weights), gaze=camera_gaze(yaw, pitch), light=light,
                camera=Camera(distance=90., zoom=1., offset=np.array([0., -1.])), background=int(seed),
                blur=0., noise=0.)


def sample_shot(seed: int, yaw: float = 40, pitch: float = 15) -> Shot:
    """The shot of this seed, the same everywhere; it fits any person.

    `yaw` and `pitch` are limits in degrees: |shot.yaw| <= yaw, |shot.pitch| <= pitch. Mostly mild, friendly
    expressions and looks near the camera. ValueError for limits outside 0..90 or a seed below 0.
    """
    for name, limit in (("yaw", yaw), ("pitch", pitch)):
        if not 0 <= limit <= 90:
            raise ValueError(f"the limit of {name} must lie between 0 and 90 degrees, not {limit!r}.")
    rng = stream(seed, "pose")
    turn = float(np.clip(rng.uniform(-.6, .6) * yaw + rng.normal() * yaw * .2, -yaw, yaw))
    nod = float(np.clip(rng.normal() * pitch * .45, -pitch, pitch))
    roll = float(np.clip(rng.normal() * 4, -12, 12))
    camera_rng, film = stream(seed, "camera"), stream(seed, "film")
    camera = Camera(distance=camera_rng.uniform(60, 120), zoom=camera_rng.uniform(.93, 1.12),
                    offset=np.array([0, -1.]) + camera_rng.normal(size=2) * .5)
    return Shot(seed=int(seed), yaw=turn, pitch=nod, roll=roll,
                expression=sample_expression(stream(seed, "expression")),
                gaze=_sample_gaze(stream(seed, "gaze"), turn, nod), light=sample_light(stream(seed, "light")),
                camera=camera, background=int(seed), blur=film.uniform(0, .55), noise=film.uniform(0, .009))


# Share and recipe of each kind of expression; a pair is drawn uniformly between its two weights.
KINDS = (
    (.34, dict(smile=(.15, .55), cheek_raise=(.05, .30))),
    (.16, dict(smile=(.40, .85), lips_part=(.35, .90), cheek_raise=(.25, .60), squint=(.0, .25))),
    (.08, dict(smile=(.50, .95), lips_part=(.40, .90), jaw_open=(.08, .30), cheek_raise=(.35, .75), squint=(0, .3))),
    (.20, dict(smile=(.04, .18))),
    (.08, dict(smile=(.0, .30), jaw_open=(.08, .35), lips_part=(.15, .45))),
    (.03, dict(smile=(.0, .15), jaw_open=(.35, .75), lips_part=(.2, .5))),
    (.03, dict(brow_up=(.30, .80), jaw_open=(.05, .45), wide=(.05, .35), smile=(.0, .35))),
    (.025, dict(frown=(.25, .75), squint=(.1, .4))),
    (.02, dict(sad=(.15, .50))),
    (.025, dict(pucker=(.20, .70))),
    (.01, dict(sneer=(.25, .60), smile=(.0, .2))),
)
BLINKS = .03        # share of closed eyes


def sample_expression(rng: np.random.Generator) -> np.ndarray:
    """(E,) float32 weights of one of KINDS, with small variations of brows and lids."""
    shares = np.array([share for share, _ in KINDS])
    kind = KINDS[rng.choice(len(KINDS), p=shares / shares.sum())][1]
    weights = {name: rng.uniform(low, high) for name, (low, high) in kind.items()}
    blink, lift = rng.random() < BLINKS, .10 * rng.normal() - .06
    weights["brow_up"] = weights.get("brow_up", 0.) + lift
    if blink:
        weights.update(blinkR=1., blinkL=1.)
    return expression(**weights)


def camera_gaze(yaw: float, pitch: float) -> np.ndarray:
    """(..., 2) cm that the irises move to look into the camera from a head turned by (...) degrees.

    Eyes follow a turn of 28 degrees and a nod of 12; beyond that they look past the camera.
    """
    turn, nod = np.radians(np.clip(yaw, -28, 28)), np.radians(np.clip(pitch, -12, 12))
    return np.stack([-1.05 * np.sin(turn), .8 * np.sin(nod)], -1)


def _sample_gaze(rng, yaw, pitch):
    towards = 1. if rng.random() < .85 else rng.uniform(0., .8)
    gaze = camera_gaze(yaw, pitch) * [towards, 1.] + rng.normal(size=2) * [.045, .025]
    return np.clip(gaze, [-.5, -.18], [.5, .16])


def sample_light(rng: np.random.Generator) -> Light:
    """A Light: the key mostly within 70 degrees of the camera, one fill opposite, sometimes a rim light."""
    turn, height = np.clip(rng.normal() * .6, -1.2, 1.2), rng.uniform(.25, .85)
    key = np.array([np.sin(turn) * np.cos(height), np.sin(height), np.cos(turn) * np.cos(height)])
    strength, warmth, coolness = rng.uniform(.5, 1.0), rng.normal() * .08, rng.normal() * .07
    ambient, exposure = rng.uniform(.30, .58), np.exp(.08 * rng.normal())
    fill = (-np.sign(turn) * rng.uniform(.5, 1.3), rng.uniform(-.1, .5), rng.uniform(.2, 1))
    tint = np.array([1 - coolness, 1, 1 + coolness])
    fills = [(unit_vector(fill), _colour(rng.uniform(.05, .3) * tint))]
    rimmed, side, rim = rng.random() < .4, rng.choice([-1., 1.]), rng.uniform(.2, .7)
    if rimmed:
        fills.append((unit_vector((side, .3, -.7)), _colour(rim)))
    return Light(direction=unit_vector(key), colour=_colour(strength * np.array([1 + warmth, 1, 1 - warmth * 1.2])),
                 sky=_colour(ambient * 1.25 * tint), ground=_colour(ambient * .7 * np.array([1.08, 1, .92])),
                 fills=tuple(fills), exposure=float(exposure))


def unit_vector(v: np.ndarray) -> np.ndarray:
    """`v` (3,) scaled to length 1, float32."""
    v = np.asarray(v, np.float64)
    return (v / np.linalg.norm(v)).astype(np.float32)


def _colour(c):
    return (np.asarray(c) * np.ones(3)).astype(np.float32)
