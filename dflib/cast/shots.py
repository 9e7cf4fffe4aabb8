"""What a shot is: everything about one picture that is not the person, as plain immutable records, and its sampling.

Angles are degrees: yaw > 0 turns the face to the image's right, pitch > 0 downwards, roll > 0 tilts it
counter-clockwise in the picture. Light colours are linear RGB irradiances; a diffuse white is about 1.
"""
from dataclasses import dataclass

import numpy as np


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
    seed: int
    yaw: float
    pitch: float
    roll: float
    expression: np.ndarray  # (E,) float32 by head_model().expression_names, 0 rest .. 1 full
    gaze: np.ndarray        # (2,) cm that the irises move on the eyes: right in the picture, up
    light: Light
    camera: Camera
    background: int         # seed of backgrounds.background
    blur: float             # Gaussian sigma in pixels of a 128-pixel picture
    noise: float            # sigma of the sensor's noise, in units of the full range
