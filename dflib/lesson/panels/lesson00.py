"""The panel of lesson 00: the head model, moved by its weights."""

import time
from dataclasses import replace

import numpy as np

from dflib import cast
from dflib.cast.people.shots import camera_gaze, unit_vector
from dflib.lesson import figures
from dflib.lesson.widgets import Panel, choice, slider, switch

VIEWS = ("picture", "parts", "depth", "normals")
SHAPE_SLIDERS = ("face_len", "jaw_width", "nose_len", "lip_upper", "eye_open")  # identity modes shown to the reader
FACE_SLIDERS = ("smile", "jaw_open", "brow_up", "frown")  # expressions shown to the reader


def head_explorer(size=256, first_person=311):
    """Lesson 00's panel: one person, with sliders for identity, age, expression, pose, light and the camera's distance.

    ``size``: pixels of the picture; ``first_person``: seed of the person shown first.
    """
    from dflib.cast.people.variants import with_age

    def draw(person, identity, age, yaw, pitch, light, distance, view, marks, **weights):
        start = time.perf_counter()
        actor = cast.sample_person(person)
        if age != "own":
            actor = with_age(actor, float(age))
        head = cast.head_model()
        shape = identity * actor.identity
        for name in SHAPE_SLIDERS:
            shape[head.identity_index[name]] += weights[name]
        if identity != 1 or any(weights[name] for name in SHAPE_SLIDERS):
            actor = replace(actor, identity=shape)
        shot = cast.neutral_shot(yaw=yaw, pitch=pitch, **{name: weights[name] for name in FACE_SLIDERS})
        side = np.radians(light)
        shot = replace(
            shot,
            gaze=camera_gaze(yaw, pitch),
            light=replace(shot.light, direction=unit_vector((np.sin(side), 0.45, np.cos(side)))),
            camera=replace(shot.camera, distance=float(distance)),
        )
        frame = cast.render(actor, shot, size)
        pictures, titles = figures.truth_images(frame)
        picture = pictures[titles.index(view)]
        if marks:
            picture = figures.marked_image(
                np.ascontiguousarray(
                    np.broadcast_to(picture[..., None] if picture.ndim == 2 else picture, (*picture.shape[:2], 3))
                ),
                frame.landmarks,
                frame.visible,
                1,
            )
        milliseconds = 1000 * (time.perf_counter() - start)
        return picture, (
            f"person {person}, {'woman' if actor.female else 'man'}, {actor.age:.0f} years · identity × {identity:g} · "
            f"yaw {yaw}° · camera at {distance} cm · {int(frame.visible.sum())} of 68 landmarks visible · "
            f"{milliseconds:.0f} ms"
        )

    controls = {
        "person": slider("person (seed)", 300, 340, first_person),
        "identity": slider("identity, times", -1.0, 4.0, 1.0, 0.1),
        "age": choice("age", ["own", "20", "35", "50", "65", "80"]),
        "yaw": slider("yaw, degrees", -80, 80, 0),
        "pitch": slider("pitch, degrees", -25, 25, 0),
        "light": slider("light from, degrees", -100, 100, -30),
        "distance": slider("camera at, cm", 25, 200, 90),
    }
    controls |= {name: slider(name.replace("_", " "), 0.0, 1.0, 0.0) for name in FACE_SLIDERS}
    controls |= {name: slider(name.replace("_", " "), -2.0, 2.0, 0.0) for name in SHAPE_SLIDERS}
    controls |= {"view": choice("view", VIEWS), "marks": switch("landmarks")}
    return Panel(
        draw,
        controls,
        question="Which sliders change how this person looks today, and which make somebody else of them?",
        alt="A rendered head that follows the sliders",
        width=384,
    )
