"""Eyes: sclera, caruncle, iris and pupil on the eye's surface, the shade of the lids, and the cornea's highlight.

Everything is a function of the position on the eye (cm right and up of its centre) and of the distances to the two lid
margins, so that lids, gaze and pupils move without textures.
"""
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from dflib.cast.geometry.mesh import smoothstep
from dflib.cast.palette import LUMINANCE
from dflib.cast.people.person import Person
from dflib.cast.picture.slits import Margins

IRIS = 0.625            # cm, radius
RAISED = 0.05           # cm that a straight gaze lies above the eye's centre, so that the upper lid covers the iris
GAZE_GAIN = 1.15        # the irises move this much further than the gaze says: the surface is curved


@lru_cache(1)
def iris_fibres() -> np.ndarray:
    """(16, 193) float32: radial streaks with zero mean and unit deviation over radius and angle (last = first)."""
    noise = np.random.default_rng(3).normal(size=(16, 192)).astype(np.float32)
    noise = np.concatenate([noise] * 3, 1)                                  # so that the blur wraps around
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=1, sigmaY=4) + cv2.GaussianBlur(noise, (0, 0), sigmaX=3, sigmaY=3)
    streaks = streaks[:, 192:385]
    return (streaks - streaks.mean()) / streaks.std()


@dataclass(frozen=True)
class EyeSurface:
    """What light needs to know of P eye pixels."""
    albedo: np.ndarray      # (P, 3)
    occlusion: np.ndarray   # (P,) how open the surroundings are, 0..1
    shadow: np.ndarray      # (P,) factor on the key light under the lids
    cornea: np.ndarray      # (P, 3) unit normal of the wet surface that reflects the lights
    gloss: np.ndarray       # (P,) 0..1 strength of those reflections


def eye_surface(person: Person, base: np.ndarray, local: np.ndarray, points: np.ndarray, margins: Margins,
                gaze: np.ndarray, normals: np.ndarray, head_rotation: np.ndarray) -> EyeSurface:
    """Appearance of P pixels of one eye.

    base (3,): the skin's mean reflectance; local (P, 2): cm right and up of the eye's centre; points (P, 3): their
    place in the neutral head; margins: Margins; gaze (2,) cm; normals (P, 3) in the world; head_rotation (3, 3).
    """
    x, y = local.T
    below_upper, above_lower, inner, outer = margins.distances(points)
    from_pupil = local - np.asarray(gaze, np.float32) * GAZE_GAIN - np.array([0, RAISED], np.float32)
    radius = np.hypot(*from_pupil.T)

    iris = _iris(person.eyes, from_pupil, radius)
    sclera = _sclera(person, base, x, y, inner, above_lower)
    in_iris = smoothstep(radius, IRIS + 0.05, IRIS - 0.06)[:, None]
    albedo = sclera * (1 - in_iris) + iris * in_iris
    tear_film = np.exp(-((above_lower - 0.045) / 0.03) ** 2)
    albedo *= 1 + 0.4 * tear_film[:, None]

    corner = np.minimum(inner, outer)
    occlusion = ((0.16 + 0.84 * smoothstep(below_upper, -0.02, 0.46))
                 * (0.62 + 0.38 * smoothstep(above_lower, -0.04, 0.16))
                 * (0.45 + 0.55 * smoothstep(corner, -0.05, 0.65)))
    shadow = smoothstep(below_upper, -0.16, 0.30)
    gloss = smoothstep(below_upper, 0.04, 0.16) * (0.12 + 0.88 * smoothstep(radius, IRIS + 0.02, IRIS - 0.14))

    bulge = smoothstep(radius, 0.80, 0.30)[:, None]      # the cornea stands out over the iris
    dome = head_rotation[:, 2] + 0.9 * from_pupil @ head_rotation[:, :2].T
    cornea = normals * (1 - bulge) + dome * bulge
    cornea /= np.linalg.norm(cornea, axis=1, keepdims=True) + 1e-9

    hidden = (below_upper < -0.05) | (above_lower < -0.05)      # slivers of the ball behind the lids look like lid
    albedo[hidden] = base * (1, 0.74, 0.70)
    occlusion[hidden], gloss[hidden], shadow[hidden] = 0.8, 0, 1
    return EyeSurface(albedo.astype(np.float32), occlusion.astype(np.float32), shadow.astype(np.float32),
                      cornea.astype(np.float32), gloss.astype(np.float32))


def _iris(eyes, from_pupil, radius):
    """Colour (P, 3): fibres, a bright ring around the pupil, a dark rim, light gathered opposite the key."""
    fibres = iris_fibres()
    u = radius / IRIS
    turn = (np.arctan2(from_pupil[:, 1], from_pupil[:, 0]) / (2 * np.pi) + 0.5) * (fibres.shape[1] - 1)
    along = np.minimum(u, 0.999) * (fibres.shape[0] - 2)
    column, row = (place.astype(np.float32)[:, None] for place in (turn, along))
    streak = cv2.remap(fibres, column, row, cv2.INTER_LINEAR)[:, 0]
    collarette = np.exp(-((u - 0.46 - 0.03 * streak) / 0.07) ** 2)
    value = (0.80 + 0.34 * streak * smoothstep(u, 0.3, 0.5)) * (1 - 0.78 * smoothstep(u, 0.74, 1.0))
    value *= 1 + 0.65 * np.clip(-from_pupil[:, 1] / IRIS, -0.5, 0.9)
    colour = eyes.colour * value[:, None] * (1 + 0.55 * collarette[:, None] * np.array([0.9, 0.75, 0.5]))
    colour += smoothstep(u, 0.6, 0.4)[:, None] * np.array([0.010, 0.006, 0.003])
    return colour * smoothstep(radius, eyes.pupil - 0.025, eyes.pupil + 0.035)[:, None] + 0.0025


def _sclera(person, base, x, y, inner, above_lower):
    """Colour (P, 3): tied to the skin so that it never glows, redder and veined towards the corners, pink caruncle."""
    white = float(base @ LUMINANCE) * (0.90 + 1.00 * person.tone ** 1.1)
    side = np.minimum(1, np.abs(x) / 1.45) ** 2
    veins = 0.5 + 0.5 * np.sin(y * 17 + 3 * np.sin(x * 5))
    yellow = 0.25 + 0.75 * smoothstep(person.tone, 0.3, 0.9)
    redness = (side * (1 - 0.35 * veins))[:, None]
    colour = (white * np.array([1.02, 0.965, 0.90]) * (1 - np.array([0.10, 0.24, 0.25]) * redness)
              * (1 - np.array([0.02, 0.05, 0.09]) * yellow))
    caruncle = np.exp(-((inner - 0.17) / 0.16) ** 2 - ((above_lower - 0.10) / 0.17) ** 2)[:, None]
    return colour * (1 - caruncle) + caruncle * base * np.array([1.15, 0.72, 0.66])
