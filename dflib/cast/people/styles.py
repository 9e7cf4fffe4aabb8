"""Hair styles as data: how long, which way it grows, how it waves; and the hairline, shared by strands and skin."""
from dataclasses import dataclass

import numpy as np

from dflib.cast.people.person import Hair


@dataclass(frozen=True)
class Style:
    """What every head of a style has in common; `people.Hair` varies it. Lengths in cm."""
    length: float           # of an unshortened strand
    segments: int           # of a strand, K
    count: int              # strands in a picture of 128 pixels
    field: str              # rule of direction, a key of guides.FIELDS; or a growth of its own (shell, locs)
    gravity: float = 0.     # pull towards the ground, growing to the tip
    lift: float = 0.        # height of the hair above the scalp
    wave: float = 0.        # radius of the wave
    wavelength: float = 4.
    inertia: float = .5     # how stiffly a strand keeps its direction, 0..1
    pinch: float = .5       # how far the strands of a lock gather at their guide, 0..1
    gather_by: float = .62  # share of the length by which they have gathered
    guides: int = 420
    flatten: float = 1.     # how much of the direction off the scalp is taken away, 0..1
    slack: float = 9.       # cm that hair may stand above its lift before it is pulled back
    sides: str = ""         # "fade": shorter by Hair.fade; "shaved": stubble below the top
    parted: float = 0.      # 1: locks do not mix across the parting; -1: the parting is always far to one side
    rope: bool = False      # the strands of a lock twist into a rope
    cut: float = 0.         # height (cm, below the eyes) of a blunt cut, 0 none


STYLES = {
    "buzz": Style(.34, 2, 5600, "whorl", pinch=0, wavelength=1., flatten=.35),
    "crop": Style(3.4, 6, 4200, "whorl", .30, .9, .05, 3., .5, .55, flatten=.9, slack=.5, sides="fade"),
    "part": Style(6.4, 9, 3800, "part", .10, 1.5, .06, 4., .5, .5, slack=1., sides="fade", parted=1),
    "slick": Style(8.5, 10, 3800, "back", .10, .55, .03, 5., .5, .5, slack=.25, sides="fade"),
    "quiff": Style(5.5, 8, 3800, "quiff", .05, 1.2, .08, 4., .55, .55, flatten=.6, slack=.25, sides="fade"),
    "undercut": Style(8.0, 10, 3800, "back", .15, .9, .05, 5., .5, .55, slack=.4, sides="shaved"),
    "curly": Style(5.2, 22, 2800, "loose", .22, .9, .38, 2.2, .5, .75, guides=300, flatten=.35, sides="fade"),
    "long_curly": Style(17, 40, 1900, "part", .42, 2.0, .55, 3.0, .5, .80, guides=300, slack=1., parted=1),
    "afro": Style(4.0, 12, 3600, "shell", wave=.22, wavelength=.8),
    "coily": Style(1.3, 10, 3200, "shell", wave=.16, wavelength=.6, sides="fade"),
    "pixie": Style(6.4, 9, 4000, "swept", .22, 1.1, .05, 4., .5, .55, flatten=.9, slack=.4),
    "bob": Style(18, 15, 3000, "part", .5, 1.7, .07, 7., .5, .45, slack=1., parted=1, cut=7.8),
    "side_bob": Style(19, 16, 3200, "part", .5, 1.9, .10, 7., .5, .5, slack=1., parted=-1, cut=8.6),
    "long": Style(30, 18, 3000, "part", .5, 1.6, .10, 9., .5, .5, slack=1., parted=1),
    "wavy": Style(27, 26, 2900, "part", .45, 2.0, .34, 5.5, .5, .58, slack=1., guides=360, parted=1),
    "bun": Style(10, 9, 3600, "gather", 0, .50, .03, 4., .45, .45, slack=.1),
    "pony": Style(10, 9, 3600, "gather", 0, .45, .03, 4., .45, .45, slack=.1),
    "fringe": Style(24, 16, 3400, "fringe", .55, 1.5, .08, 8., .55, .45, slack=1., parted=1),
    "thin": Style(2.4, 5, 2200, "back", .2, .25, .04, 3., .5, .3, slack=.25),
    "rough": Style(4.5, 8, 3800, "whorl", .15, 1.6, .14, 3.5, .45, .7, flatten=.6, slack=.5, sides="fade"),
    "braids": Style(27, 30, 2600, "part", .5, 1.0, .17, 1.5, .5, 1., .10, 170, slack=.6, parted=1, rope=True),
    "locs": Style(12, 20, 2600, "part", .45, 1.5, .24, 1.9, .5, 1., .12, 130, slack=1.2, parted=1, rope=True),
}

# Height of the hairline (cm, template) at these angles from the front (radians): forehead, temple, before and behind
# the ear, nape.
_ANGLES = np.array([0, .25, .5, .75, .95, 1.12, 1.25, 1.40, 1.50, 1.62, 1.75, 2.0, 2.5, 3.15])


def hairline(hair: Hair, seed: int, angle: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Height (cm) above which hair grows, at |angle| from the front (radians) and template x (cm), any shape."""
    r, peak, low = hair.recession, hair.peak, hair.hairline
    heights = np.array([6.3 + r * 1.1 - .5 * peak + low, 6.3 + r * 1.4 - .1 * peak + low, 6.15 + r * 2.2 + low,
                        5.0 + r * 1.3 + .7 * low, 2.9 + r * .3, .6, -1.9, -2.0, -.3, 1.0, .2, -4.3, -6.9, -7.3])
    return np.interp(angle, _ANGLES, heights) + .18 * np.sin(x * 1.7 + seed)
