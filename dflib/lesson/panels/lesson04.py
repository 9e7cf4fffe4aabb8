"""The panels of lesson 04: the fit step by step and as a whole, the ways to hide a seam, and a swapped clip."""

import time
from functools import lru_cache

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from dflib import cast
from dflib.lesson import figures
from dflib.lesson.widgets import Panel, choice, slider, switch


STEPS = 14  # of a descent, at most
LANDMARKS = (230, 159, 0)  # orange, beside the blue of the model's points


def descent_explorer(size=192, person=311):
    """Lesson 04's first panel: the fit of one face, step by step, with its energy and damping.

    ``size``: pixels of the picture and of the plot beside it. The start can be turned away from the face.
    """
    from dflib.swap.face_model import as_face_model
    from dflib.swap.fit_plain import first_pose, points_and_jacobian

    model = as_face_model(cast.head_model())
    shot = cast.neutral_shot(yaw=22, roll=6, smile=0.5, jaw_open=0.25)
    frame = cast.render(cast.sample_person(person), shot, size)
    noise = np.random.default_rng(0).normal(size=(68, 2))

    @lru_cache(maxsize=16)
    def descend(method, turned, power, prior, pixels):
        """(points (68, 2), energy, damping used, whether the step was taken) of the start and of each step."""
        wanted, pull = frame.landmarks + pixels * noise, prior / model.spread
        scale, rotation, shift = first_pose(model, wanted)
        state = (scale, Rotation.from_euler("y", turned, degrees=True).as_matrix() @ rotation, shift, np.zeros(len(pull)))

        def look(state):
            points, jacobian = points_and_jacobian(model, *state)
            residual = np.concatenate([(points - wanted).ravel(), pull * state[3]])
            return points, residual, np.vstack([jacobian, np.hstack([np.zeros((len(pull), 6)), np.diag(pull)])])

        damping = 10.0**power if method == "Levenberg-Marquardt" else 0.0
        points, residual, jacobian = look(state)
        film = [(points, residual @ residual, damping, True)]
        while len(film) <= STEPS:
            normal = jacobian.T @ jacobian
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -jacobian.T @ residual)
            scale, rotation, shift, weights = state
            trial = (scale * np.exp(np.clip(step[0], -3, 3)), Rotation.from_rotvec(step[1:4]).as_matrix() @ rotation,
                     shift + step[4:6], weights + step[6:])
            new = look(trial)
            lower = new[1] @ new[1] <= film[-1][1] * (1 + 1e-9)  # at the minimum it stands still
            used = damping
            if method == "Levenberg-Marquardt":
                damping *= 0.1 if lower else 10.0
            if lower or method == "Gauss-Newton":
                state, (points, residual, jacobian) = trial, new
            film.append((points, residual @ residual, used, lower))
        return film

    def draw(step, method, turned, power, prior, pixels):
        film = descend(method, turned, power, prior, pixels)
        points, energy, damping, taken = film[step]
        picture = _dots(figures.marked_image(frame.image, points, scale=2), frame.landmarks + pixels * noise)
        plot = _energy_plot([one[1] for one in film], step, 2 * size)
        fate = "the start" if step == 0 else "taken" if taken else "refused" if damping else "taken, though it climbs"
        return np.concatenate([picture, np.full((2 * size, 6, 3), 255, np.uint8), plot], 1), (
            f"step {step}, {fate}: energy {energy:.4g} px² · damping {damping:.0e} · blue: model, orange: landmarks"
        )

    controls = {
        "step": slider("step", 0, STEPS, 0),
        "method": choice("method", ["Gauss-Newton", "Levenberg-Marquardt"]),
        "turned": slider("start turned by, degrees", 0, 150, 60),
        "power": slider("first damping, power of 10", -4, 3, -2),
        "prior": slider("prior, px", 0.1, 10.0, 1.0),
        "pixels": slider("landmark noise, px", 0.0, 3.0, 0.0),
    }
    return Panel(
        draw,
        controls,
        question="From how far away does Gauss-Newton still find the face, and what does the damping change?",
        alt="A face with its landmarks and the model's, and a plot of the energy by step",
        width=600,
        plays="step",
    )


def _dots(picture, points):
    """``picture``, twice as large as the one in which ``points`` (N, 2) lie, with a small orange dot for each."""
    for x, y in 2 * points + 0.5:
        cv2.circle(picture, (round(float(x)), round(float(y))), 3, LANDMARKS, -1, cv2.LINE_AA)
    return picture


def _energy_plot(energies, step, side):
    """A square picture (side, side, 3) of energies by step on a logarithmic axis, ``step`` marked: fast enough to play."""
    plot = np.full((side, side, 3), 255, np.uint8)
    low, high = np.log10(min(energies)), np.log10(max(energies))
    left, right, top, bottom = 62, side - 14, 40, side - 40
    x = np.linspace(left, right, len(energies))
    y = bottom - (bottom - top) * (np.log10(energies) - low) / max(high - low, 1e-9)
    at = [(round(float(a)), round(float(b))) for a, b in zip(x, y)]
    for power in range(int(np.ceil(low)), int(np.floor(high)) + 1):
        row = round(bottom - (bottom - top) * (power - low) / max(high - low, 1e-9))
        cv2.line(plot, (left, row), (right, row), (225, 225, 225), 1)
        cv2.putText(plot, f"1e{power}", (6, row + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (60, 60, 60), 1, cv2.LINE_AA)
    cv2.polylines(plot, [np.array(at)], False, (0, 114, 178), 2, cv2.LINE_AA)
    for point in at:
        cv2.circle(plot, point, 3, (0, 114, 178), -1, cv2.LINE_AA)
    cv2.circle(plot, at[step], 7, (213, 94, 0), 2, cv2.LINE_AA)
    cv2.putText(plot, "energy, px^2", (right - 130, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (40, 40, 40), 1, cv2.LINE_AA)
    cv2.putText(plot, "step", (right - 45, side - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (40, 40, 40), 1, cv2.LINE_AA)
    return plot


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
        if view != "picture":
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
        "view": choice("view", ["both", "surface", "picture"]),
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
        "colour": choice("colours", ["none", "mean", "log", "reinhard"]),
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


SMOOTHINGS = {"none, frame by frame": None, "0: one person": 0.0, "1.5": 1.5, "5": 5.0, "20": 20.0}


def clip_explorer(frames, landmarks, portrait, marks, every=1):
    """Lesson 04's last panel: a clip with another person's face, by smoothing and blending, beside the mask that it leaves.

    frames (T, H, W, 3) uint8; landmarks (S, 68, 2) of the whole clip, of which every ``every``-th has a frame; portrait
    (h, w, 3) uint8 of the source and its landmarks ``marks`` (68, 2).
    """
    from dflib import faces, media
    from dflib.swap import blend, clip, fit
    from dflib.swap.faceswap import blended
    from dflib.swap.texture import transfer

    model = fit.from_head_model(cast.head_model())
    noise = 0.01 * faces.interocular(landmarks).mean()
    source = fit.place(model, fit.fit_landmarks(model, marks[None], noise))[0]

    @lru_cache(maxsize=None)
    def fits(smoothing):
        if SMOOTHINGS[smoothing] is None:
            return fit.fit_landmarks(model, landmarks, noise)
        return clip.fit_clip(model, landmarks, SMOOTHINGS[smoothing], noise)

    for smoothing in SMOOTHINGS:  # now, so that a choice answers at once
        fits(smoothing)

    def draw(frame, smoothing, method, colour):
        fitted, image = fits(smoothing), frames[frame]
        here = every * frame
        face, mask = transfer(model, portrait, source, fit.place(model, fitted[here:here + 1])[0], image.shape)
        if colour != "none":
            face = blend.match_color(face, image, mask, colour)
        swapped = blended(face, image, mask, method, colour=False)
        change = media.difference(swapped, image)
        shown = np.repeat(np.clip(3 * change.astype(int), 0, 255).astype(np.uint8)[..., None], 3, 2)
        points = fit.linearise(model, fitted)[0]
        shake = np.sqrt((np.diff(points, 2, axis=0) ** 2).sum(-1).mean())
        gap = np.full((len(image), 4, 3), 255, np.uint8)
        return np.concatenate([image, gap, swapped, gap, shown], 1), (
            f"frame {here}: target, swap, |swap − target| × 3 · {100 * (change > 0).mean():.0f} % of the pixels changed · "
            f"acceleration of the fitted landmarks in the clip {shake:.2f} px"
        )

    controls = {
        "frame": slider("frame", 0, len(frames) - 1, 0),
        "smoothing": choice("smoothing", list(SMOOTHINGS)),
        "method": choice("blending", {"hard edge": "none", "feather": "feather", "Poisson": "poisson"}),
        "colour": choice("colours", ["none", "mean", "log", "reinhard"]),
    }
    return Panel(
        draw,
        controls,
        question="Which setting hides the seam in every frame, and what mask does it leave for a detector?",
        alt="A frame of the target, the same with the source's face, and a map of what was changed",
        width=640,
        plays="frame",
    )
