"""The panels of lesson 04: the model fitted to landmarks, and the ways to hide a seam."""

import time

import numpy as np

from dflib import cast
from dflib.lesson import figures
from dflib.lesson.widgets import Panel, choice, slider, switch


def fit_explorer(size=256, first_person=311):
    """Lesson 04's panel: a head whose landmarks are disturbed, and the 3-D model that is fitted to them.

    ``size``: pixels of the picture. One landmark can be moved away; noise is added to all.
    """
    from dflib.swap import fit

    model = fit.from_head_model(cast.head_model())

    def draw(person, yaw, smile, jaw_open, noise, prior, landmark, move_x, move_y, view):
        frame = cast.render(
            cast.sample_person(person), cast.neutral_shot(yaw=yaw, smile=smile, jaw_open=jaw_open), size
        )
        marks = frame.landmarks + noise * np.random.default_rng(0).normal(size=(68, 2))
        marks[landmark] += (move_x, move_y)
        start = time.perf_counter()
        fitted = fit.fit_landmarks(model, marks[None], prior=prior)
        milliseconds = 1000 * (time.perf_counter() - start)
        picture = frame.image.copy()
        if view != "photograph":
            placed = fit.place(model, fitted)[0]
            picture = figures.surface_image(picture, placed, model.triangles)
        if view != "surface":
            picture = figures.marked_image(picture, marks, scale=1)
        found = fit.angles(fitted.rotation)[0]
        return picture, (
            f"fit: {fitted.rms[0]:.2f} px RMS in {fitted.steps[0]} steps, {milliseconds:.1f} ms · yaw {found[0]:.1f}° "
            f"(true {yaw}°) · largest weight {np.abs(fitted.weights[0] / model.spread).max():.1f} σ"
        )

    controls = {
        "person": slider("person (seed)", 300, 340, first_person),
        "yaw": slider("yaw, degrees", -40, 40, 0),
        "smile": slider("smile", 0.0, 1.0, 0.0),
        "jaw_open": slider("jaw open", 0.0, 1.0, 0.0),
        "noise": slider("noise, px", 0.0, 5.0, 0.0),
        "prior": slider("prior, px", 0.1, 10.0, 1.0),
        "landmark": slider("landmark", 0, 67, 30),
        "move_x": slider("moved right, px", -40, 40, 0),
        "move_y": slider("moved down, px", -40, 40, 0),
        "view": choice("view", ["both", "surface", "photograph"]),
    }
    return Panel(
        draw,
        controls,
        question="How far can one landmark be moved away before the model follows it, and what does the prior do about it?",
        alt="A face, its 68 landmarks, and the surface of the fitted model",
        width=384,
    )


def blend_explorer(size=256, first_source=311, first_target=317):
    """Lesson 04's second panel: one person's face carried onto another, and the ways to hide the seam.

    ``size``: pixels of the picture. The mask grows past the face or shrinks into it.
    """
    import cv2
    from dflib.swap import blend, fit
    from dflib.swap.texture import transfer

    model = fit.from_head_model(cast.head_model())

    def draw(source, target, yaw, method, colour, shrink, width, mixed):
        frames = [
            cast.render(cast.sample_person(person), cast.neutral_shot(yaw=angle), size)
            for person, angle in ((source, 0), (target, yaw))
        ]
        fits = fit.fit_landmarks(model, np.stack([frame.landmarks for frame in frames]))
        placed = fit.place(model, fits)
        face, mask = transfer(model, frames[0].image, placed[0], placed[1], frames[1].image.shape)
        mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3))) > 0
        mask &= face.any(2)
        mask, picture = blend.shrink(mask, shrink), frames[1].image
        start = time.perf_counter()
        if colour != "none":
            face = blend.match_color(face, picture, mask, colour)
        if method == "paste":
            result = np.where(mask[..., None], face, picture)
        elif method == "feather":
            result = blend.feather(face, picture, mask, width)
        else:
            result = blend.poisson(face, picture, mask, mixed)
        milliseconds = 1000 * (time.perf_counter() - start)
        both = np.concatenate([picture, np.full((size, 4, 3), 255, np.uint8), result], 1)
        return both, f"{method}, colours: {colour} · {int(mask.sum())} px replaced in {milliseconds:.0f} ms"

    controls = {
        "source": slider("face of (seed)", 300, 340, first_source),
        "target": slider("onto (seed)", 300, 340, first_target),
        "yaw": slider("yaw, degrees", -30, 30, 0),
        "method": choice("blending", ["paste", "feather", "poisson"]),
        "colour": choice("colours", ["none", "mean", "reinhard"]),
        "shrink": slider("mask smaller, px", 1, 20, 2),
        "width": slider("feather, px", 1, 40, 12),
        "mixed": switch("mixed gradients"),
    }
    return Panel(
        draw,
        controls,
        question="Which hides the seam better, a smaller mask or a wider feather?",
        alt="A person, and the same picture with another person's face blended in",
        width=560,
    )
