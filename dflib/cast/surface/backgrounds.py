"""Out-of-focus surroundings: studio, room, street, garden, evening lights, and a few plain textures.

Each is drawn small in linear light, blurred, and enlarged. The textures are unlike any place: a detector that has
seen only tidy rooms learns the rooms.
"""
import cv2
import numpy as np

from dflib.cast import palette
from dflib.cast.geometry.mesh import smoothstep
from dflib.cast.streams import stream

CELLS = 96          # pixels of the small drawing
SHARES = dict(studio=.24, room=.28, garden=.18, street=.17, evening=.09, texture=.04)


def background(seed: int, size: int) -> np.ndarray:
    """The surroundings of this seed, (size, size, 3) float32 linear RGB, about 0..1.3, the same at every size."""
    rng = stream(seed, "background")
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    image, sharpness = _PAINTERS[kind](rng)
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), max(.6, CELLS * sharpness))
    if kind in ("garden", "evening") or (kind in ("room", "street") and rng.random() < .2):
        image = _points_of_light(image, rng)
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(image * (.75 + .3 * rng.random()), .004, 1.3)


def _grid():
    return np.mgrid[0:CELLS, 0:CELLS].astype(np.float32) / CELLS


def _box(image, x, y, width, height, colour):
    """Fill a box given in 0..1; parts outside are cut."""
    corners = [(int(u * CELLS), int(v * CELLS)) for u, v in ((x, y), (x + width, y + height))]
    cv2.rectangle(image, *corners, [min(max(float(c), .01), 1.3) for c in colour], -1)


def _studio(rng):
    colour = palette.from_hsv(rng.random(), rng.uniform(.02, .35), rng.uniform(.30, .9))
    v, u = _grid()
    distance = np.hypot(u - rng.uniform(.2, .8), v - rng.uniform(.1, .7))[..., None]
    return colour * (1.25 - rng.uniform(.3, .95) * distance), .02


def _room(rng):
    hue = rng.uniform(.02, .16) if rng.random() < .7 else rng.uniform(.45, .62)
    wall = palette.from_hsv(hue, rng.uniform(.04, .30), rng.uniform(.45, .9))
    image = (wall * (1.05 - .35 * abs(_grid()[1] - rng.random()))[..., None]).astype(np.float32)
    floor = rng.uniform(.72, 1.05)
    _box(image, 0, floor, 1, 1, wall * rng.uniform(.25, .6) * [1, .9, .8])
    for _ in range(rng.integers(1, 4)):     # door, pictures, furniture
        _box(image, rng.uniform(-.2, .9), rng.uniform(-.2, .5), rng.uniform(.1, .35), rng.uniform(.15, .7),
             wall * rng.uniform(.3, 1.3) * (1 + .18 * rng.normal(size=3)))
    if rng.random() < .55:
        _window(image, rng, wall)
    if rng.random() < .5:
        _books(image, rng)
    return image, rng.uniform(.015, .04)


def _window(image, rng, wall):
    x, y, width, height = (rng.uniform(*span) for span in ((-.25, .8), (-.3, .2), (.2, .45), (.35, .7)))
    _box(image, x - .02, y - .02, width + .04, height + .04, wall * 1.1)
    _box(image, x, y, width, height, np.array([.95, 1., 1.05]) * rng.uniform(.8, 1.25))
    _box(image, x + width * .48, y, width * .04, height, wall * .9)


def _books(image, rng):
    x, y = rng.uniform(-.2, .8), rng.uniform(.3, .7)
    for _ in range(rng.integers(5, 14)):
        width, height = rng.uniform(.015, .04), rng.uniform(.08, .2)
        _box(image, x, y - height, width, height, palette.from_hsv(rng.random(), rng.uniform(.1, .5),
                                                                   rng.uniform(.2, .7)))
        x += width + .004


def _outdoors(rng, hue, saturation, value):
    """Sky over ground with a soft horizon: the image, the ground's colour, the horizon's height."""
    sky = palette.from_hsv(rng.uniform(.53, .60), rng.uniform(.05, .40), rng.uniform(.8, 1.))
    ground, horizon = palette.from_hsv(hue, saturation, value), rng.uniform(.15, .7)
    below = smoothstep(_grid()[0], horizon - .12, horizon + .12)[..., None]
    return (sky * (1 - below) + ground * below).astype(np.float32), ground, horizon


def _garden(rng):
    image, ground, horizon = _outdoors(rng, rng.uniform(.18, .36), rng.uniform(.2, .5), rng.uniform(.25, .6))
    for _ in range(90):
        y = horizon + abs(rng.normal()) * .22 - .10
        colour = np.clip(ground * rng.uniform(.35, 1.5) * (1 + .10 * rng.normal(size=3)), .01, 1)
        centre = int(rng.random() * CELLS), int(y * CELLS)
        cv2.circle(image, centre, int(rng.uniform(.02, .09) * CELLS), [float(c) for c in colour], -1)
    return image, rng.uniform(.02, .05)


def _street(rng):
    image, ground, horizon = _outdoors(rng, rng.uniform(.03, .14), rng.uniform(.03, .2), rng.uniform(.35, .65))
    x = -.1
    while x < 1.1:
        width, y = rng.uniform(.08, .3), horizon - rng.uniform(-.05, .5)
        wall = ground * rng.uniform(.5, 1.4) * (1 + .08 * rng.normal(size=3))
        _box(image, x, y, width, horizon + .3 - y, wall)
        for _ in range(6):
            _box(image, x + width * rng.uniform(.1, .8), y + rng.uniform(.02, .4), .03, .05,
                 wall * rng.uniform(.3, 1.6))
        x += width
    return image, rng.uniform(.02, .05)


def _evening(rng):
    hue = rng.uniform(.55, .75) if rng.random() < .6 else rng.uniform(0, .1)
    return np.tile(palette.from_hsv(hue, rng.uniform(.2, .5), rng.uniform(.12, .3)), (CELLS, CELLS, 1)), .015


def _texture(rng):
    """Noise of one of several scales, or stripes, or checks, in two colours."""
    first, second = (palette.from_hsv(rng.random(), rng.uniform(.05, .6), rng.uniform(.2, .9)) for _ in range(2))
    v, u = _grid()
    turn, waves = rng.uniform(0, np.pi), rng.uniform(2, 9)
    along, across = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
    kind = rng.integers(3)
    if kind == 0:
        noise = cv2.GaussianBlur(rng.normal(size=u.shape).astype(np.float32), (0, 0), rng.uniform(.7, 9))
        weight = .5 + .5 * np.tanh(noise / noise.std())
    elif kind == 1:
        weight = .5 + .5 * np.tanh(3 * np.sin(2 * np.pi * waves * along))
    else:
        weight = .5 + .5 * np.tanh(6 * np.sin(2 * np.pi * waves * along) * np.sin(2 * np.pi * waves * across))
    return first + (second - first) * weight[..., None], rng.uniform(.008, .02)


def _points_of_light(image, rng):
    """Discs of unfocused lamps or gaps between leaves."""
    for _ in range(rng.integers(4, 14)):
        over = image.copy()
        hue = rng.uniform(.03, .17) if rng.random() < .7 else rng.random()
        colour = palette.from_hsv(hue, rng.uniform(.05, .5), 1) * rng.uniform(.5, 1.1)
        centre = int(rng.random() * CELLS * 16), int(rng.random() * .8 * CELLS * 16)
        cv2.circle(over, centre, int(rng.uniform(.025, .075) * CELLS * 16), [float(c) for c in colour], -1,
                   cv2.LINE_AA, 4)
        share = rng.uniform(.15, .55)
        image = image * (1 - share) + over * share
    return cv2.GaussianBlur(image, (0, 0), .9)


_PAINTERS = dict(studio=_studio, room=_room, garden=_garden, street=_street, evening=_evening, texture=_texture)
