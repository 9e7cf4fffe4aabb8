"""The panel of lesson 01: a crop that follows from its landmarks."""

import numpy as np

from dflib import cast, faces
from dflib.faces.alignment import TEMPLATE, warp
from dflib.lesson import figures
from dflib.lesson.widgets import Panel, choice, slider

POINT_SETS = {"brows, eyes, nose, mouth": range(17, 68), "eyes only": range(36, 48), "mouth only": range(48, 68)}


def alignment_explorer(size=256, first_person=311):
    """Lesson 01's panel: a head in any pose, noise on its landmarks, and the aligned crop that follows from them.

    ``size``: pixels of the picture and of the crop.
    """

    def draw(person, yaw, roll, noise, seed, points):
        frame = cast.render(cast.sample_person(person), cast.neutral_shot(yaw=yaw, roll=roll), size)
        wobble = np.random.default_rng(seed).normal(size=(68, 2)) * noise * faces.interocular(frame.landmarks) / 100
        found = frame.landmarks + wobble
        chosen = np.array(POINT_SETS[points])
        matrix = faces.similarity(
            found[chosen], TEMPLATE[chosen - 17] * size - 0.5
        )  # the template begins after the jaw
        crop = warp(frame.image, matrix, (size, size))
        scale = np.hypot(*matrix[:, 0])
        angle = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
        both = np.concatenate(
            [figures.marked_image(frame.image, found, scale=1), np.full((size, 4, 3), 255, np.uint8), crop], 1
        )
        return both, f"aligned on {points}: zoom {scale:.2f}, turned by {angle:.1f}° (the head was rolled by {roll}°)"

    controls = {
        "person": slider("person (seed)", 300, 340, first_person),
        "yaw": slider("yaw, degrees", -60, 60, 0),
        "roll": slider("roll, degrees", -40, 40, 15),
        "noise": slider("noise, % of eye dist.", 0.0, 15.0, 0.0),
        "seed": slider("noise seed", 0, 20, 0),
        "points": choice("align on", list(POINT_SETS)),
    }
    return Panel(
        draw,
        controls,
        question="How much noise on the landmarks does it take before the crop jitters?",
        alt="A head with its landmarks, and beside it the aligned crop",
        width=560,
    )
