"""What a person of the cast is: plain, immutable records, without any drawing or sampling.

Every record is frozen and compares by identity (`eq=False`), so that a renderer can cache by the object itself.
A variant is made with `dataclasses.replace`; `variants.py` holds the recipes that the lessons use.

Colours are linear RGB reflectances, float32 (3,), 0 to about 1. Lengths are centimetres of the head model
(x to the person's left, y up, z forward, pupils at y = 0).
"""
from dataclasses import dataclass

import numpy as np

from dflib.cast import palette

YOUNGEST, OLDEST = 18.0, 80.0                      # years
HAIR_STYLES = ("bald", "buzz", "crop", "part", "slick", "quiff", "curly", "long_curly", "afro", "coily", "bob",
               "long", "wavy", "bun", "pony", "fringe", "thin", "rough", "undercut", "pixie", "side_bob", "braids",
               "locs")
BEARD_STYLES = ("", "full", "goatee", "moustache")  # "" is clean shaven, or stubble alone


@dataclass(frozen=True, eq=False)
class Skin:
    """Skin apart from its tone; all numbers 0..1 unless said otherwise."""
    ruddiness: float        # haemoglobin everywhere
    warmth: float           # about -1.5..1.5, yellow against pink
    blush: float            # haemoglobin of cheeks, nose tip, chin
    roughness: float        # pores and fine texture
    tiredness: float        # darker, redder skin around the eyes
    freckles: float
    moles: tuple            # of (x, y, radius) in cm on the front of the face
    crease: float           # how dark the fold of the upper lid is
    oiliness: float         # gloss of forehead, nose and cheeks, 0.3..1.1


@dataclass(frozen=True, eq=False)
class Makeup:
    """Lipstick and eye shadow; a strength of 0 means none."""
    lipstick: float
    lip_colour: np.ndarray
    eyeshadow: float
    eyeshadow_colour: np.ndarray


@dataclass(frozen=True, eq=False)
class Hair:
    """Style and the numbers that vary it; a style reads only those that concern it."""
    style: str              # one of HAIR_STYLES
    colour: np.ndarray      # before greying
    grey: float             # share of grey strands, 0..0.97
    length: float           # factor on the style's length, about 0.85..1.2
    clump: float            # how much strands gather in locks, 0.45..1
    mess: float             # 0..0.4
    fade: float             # how much shorter the sides are, 0.35..0.8
    peak: float             # widow's peak, 0 none .. about 1.8
    recession: float        # receding hairline, 0 none .. about 1.2
    hairline: float         # cm up (+) or down (-)
    volume: float           # 0.6..1.25
    sweep: float            # -1..1, to which side the hair falls
    fringe: float           # cm longer or shorter, -0.5..0.5
    bob: float              # 0 short .. 1 long
    parting: float          # cm from the middle
    curl: float             # 0.5..1.2
    bun_height: float       # degrees above the back of the head, 0..62
    shave: float            # darkness of a shaved scalp, 0..1
    shine: float            # 0.5..1.2
    density: float          # factor on the number of strands, 1 is usual


@dataclass(frozen=True, eq=False)
class Brows:
    colour: np.ndarray
    density: float          # 0.6..1.4
    thickness: float        # 0.65..1.35
    seed: "int | None" = None   # of where each hair grows and how the brow is arched; None: the person's


@dataclass(frozen=True, eq=False)
class Eyes:
    colour: np.ndarray      # of the iris
    pupil: float            # radius, 0.16..0.26 cm
    lashes: float           # length factor, 0.5..1.5


@dataclass(frozen=True, eq=False)
class Beard:
    style: str              # one of BEARD_STYLES
    stubble: float          # 0 shaved .. 0.9
    length: float           # cm, 0.35..1.2


@dataclass(frozen=True, eq=False)
class Clothes:
    neckline: tuple         # (height y in cm, depth of the dip in cm, width of the dip in cm)
    colour: np.ndarray
    stripe: float           # stripes per 2*pi cm; 0 is plain


@dataclass(frozen=True, eq=False)
class Glasses:
    colour: np.ndarray
    roundness: float        # exponent of the rim's superellipse: 1 round, 0.55 boxy
    height: float           # factor, 0.8..1.05
    thickness: float        # of the rim, cm, 0.12..0.3


@dataclass(frozen=True, eq=False)
class Person:
    """Everything that stays the same from shot to shot.

    `seed` also seeds what has no field of its own (where each hair grows); `identity` (K,) float32 weighs the
    head model's identity modes; `tone` runs from 0 (lightest) to 1 (darkest skin).
    """
    seed: int
    female: bool
    age: float              # years, 18..80
    tone: float
    identity: np.ndarray
    skin: Skin
    makeup: Makeup
    hair: Hair
    brows: Brows
    eyes: Eyes
    beard: Beard
    clothes: Clothes
    glasses: "Glasses | None"
    teeth: np.ndarray

    @property
    def ageing(self) -> float:
        """How far skin and lids have aged, 0..1: slow at first, faster later."""
        return float(np.clip((self.age - YOUNGEST) / (OLDEST - YOUNGEST), 0, 1) ** 1.5)

    @property
    def attributes(self) -> dict:
        """What can be said of the person in words and numbers, ready for JSON: ground truth for classifiers."""
        hairy = self.hair.style != "bald"
        return {
            "female": bool(self.female), "age": round(float(self.age), 2), "tone": round(float(self.tone), 4),
            "hair_style": self.hair.style,
            "hair_colour": palette.hair_colour_name(self.hair.colour, self.hair.grey) if hairy else "none",
            "grey": round(float(self.hair.grey), 3) if hairy else 0.0,
            "beard": self.beard.style or ("stubble" if self.beard.stubble > 0.25 else "none"),
            "glasses": self.glasses is not None,
            "lipstick": bool(self.makeup.lipstick > 0), "eyeshadow": bool(self.makeup.eyeshadow > 0),
            "eye_colour": palette.eye_colour_name(self.eyes.colour), "freckles": bool(self.skin.freckles > 0),
        }
