"""Frames of glasses as strands: two rims, two temples, a bridge."""
import numpy as np

from dflib.cast.geometry.head import head_model
from dflib.cast.hair.strands import Strands, make_strands
from dflib.cast.people.person import Person

SEGMENTS = 40
FRAME_ALPHA = .97


def glasses_frame(person: Person, vertices: np.ndarray) -> "Strands | None":
    """Strands of the frame on `vertices` (V, 3) of the (expressive) head, or None for a person without glasses.

    The rim is a superellipse |x|^(2/e) + |y|^(2/e) = 1 with e = `roundness`, 2.45 cm half as wide, around each pupil.
    """
    frame = person.glasses
    if frame is None:
        return None
    parts = head_model().parts
    turn = np.linspace(0, 2 * np.pi, SEGMENTS + 1)
    cos, sin = np.cos(turn), np.sin(turn)
    curves, widths = [], []
    for side, part in ((-1, "right_eye"), (1, "left_eye")):
        eye = vertices[parts[part]].mean(0)
        centre = side * (abs(eye[0]) + .15)
        x = centre + 2.45 * np.sign(cos) * np.abs(cos) ** frame.roundness
        y = eye[1] - .35 + 1.95 * frame.height * np.sign(sin) * np.abs(sin) ** frame.roundness
        curves.append(np.stack([x, y, eye[2] + 2.0 - .05 * (np.abs(x) - 2) ** 2], 1))
        outer = side * (abs(centre) + 2.4)
        curves.append(_resample([[outer, eye[1] + .3, eye[2] + 1.3], [side * 7.4, eye[1] + .3, 4.],
                                 [side * 7.7, eye[1] + .2, .3]]))
        widths += [frame.thickness] * 2
    curves.append(_resample([[-.95, .25, eye[2] + 2.05], [0, .5, eye[2] + 2.25], [.95, .25, eye[2] + 2.05]]))
    widths.append(frame.thickness * 1.1)
    return make_strands(np.stack(curves), frame.colour, width=widths, alpha=FRAME_ALPHA, rigid=True, even=True)


def _resample(corners):
    """(SEGMENTS+1, 3) points at equal parameter steps along a polyline."""
    corners = np.asarray(corners, np.float64)
    at = np.linspace(0, len(corners) - 1, SEGMENTS + 1)
    return np.stack([np.interp(at, np.arange(len(corners)), corners[:, d]) for d in range(3)], 1)
