"""The panels of the lessons: ready-made combinations of controls and pictures, built on :mod:`dflib.widgets`."""

import time
from dataclasses import replace

import numpy as np

from dflib import cast, faces, figures
from dflib.cast.people.shots import camera_gaze, unit_vector
from dflib.faces.alignment import TEMPLATE, warp
from dflib.pictures import as_images
from dflib.widgets import Panel, choice, slider, switch

VIEWS = ("photograph", "parts", "depth", "normals")
SHAPE_SLIDERS = ("face_len", "jaw_width", "nose_len", "lip_upper", "eye_open")    # identity modes shown to the reader
FACE_SLIDERS = ("smile", "jaw_open", "brow_up", "frown")                          # expressions shown to the reader


def head_explorer(size=256, first_person=311):
    """Lesson 00's panel: one person, with sliders for identity, age, expression, pose and light.

    ``size``: pixels of the picture; ``first_person``: seed of the person shown first.
    """
    from dflib.cast.people.variants import with_age

    def draw(person, age, yaw, pitch, light, view, marks, **weights):
        start = time.perf_counter()
        actor = cast.sample_person(person)
        if age != "own":
            actor = with_age(actor, float(age))
        head = cast.head_model()
        shape = actor.identity.copy()
        for name in SHAPE_SLIDERS:
            shape[head.identity_index[name]] += weights[name]
        if any(weights[name] for name in SHAPE_SLIDERS):
            actor = replace(actor, identity=shape)
        shot = cast.neutral_shot(yaw=yaw, pitch=pitch, **{name: weights[name] for name in FACE_SLIDERS})
        side = np.radians(light)
        shot = replace(shot, gaze=camera_gaze(yaw, pitch),
                       light=replace(shot.light, direction=unit_vector((np.sin(side), 0.45, np.cos(side)))))
        frame = cast.render(actor, shot, size)
        picture = dict(zip(("photograph", "landmarks", "parts", "depth", "normals"), figures.truth_images(frame)[0]))[view]
        if marks:
            picture = figures.marked_image(np.ascontiguousarray(np.broadcast_to(
                picture[..., None] if picture.ndim == 2 else picture, (*picture.shape[:2], 3))), frame.landmarks, frame.visible, 1)
        milliseconds = 1000 * (time.perf_counter() - start)
        return picture, (f"person {person}, {'woman' if actor.female else 'man'}, {actor.age:.0f} years · yaw {yaw}° · "
                         f"{int(frame.visible.sum())} of 68 landmarks visible · {milliseconds:.0f} ms")

    controls = {"person": slider("person (seed)", 300, 340, first_person),
                "age": choice("age", ["own", "20", "35", "50", "65", "80"]),
                "yaw": slider("yaw, degrees", -80, 80, 0), "pitch": slider("pitch, degrees", -25, 25, 0),
                "light": slider("light from, degrees", -100, 100, -30)}
    controls |= {name: slider(name.replace("_", " "), 0.0, 1.0, 0.0) for name in FACE_SLIDERS}
    controls |= {name: slider(name.replace("_", " "), -2.0, 2.0, 0.0) for name in SHAPE_SLIDERS}
    controls |= {"view": choice("view", VIEWS), "marks": switch("landmarks")}
    return Panel(draw, controls, alt="A rendered head that follows the sliders", width=384)


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
        matrix = faces.similarity(found[chosen], TEMPLATE[chosen - 17] * size - 0.5)      # the template begins after the jaw
        crop = warp(frame.image, matrix, (size, size))
        scale = np.hypot(*matrix[:, 0])
        angle = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
        both = np.concatenate([figures.marked_image(frame.image, found, scale=1), np.full((size, 4, 3), 255, np.uint8), crop], 1)
        return both, f"aligned on {points}: zoom {scale:.2f}, turned by {angle:.1f}° (the head was rolled by {roll}°)"

    controls = {"person": slider("person (seed)", 300, 340, first_person), "yaw": slider("yaw, degrees", -60, 60, 0),
                "roll": slider("roll, degrees", -40, 40, 15), "noise": slider("noise, % of eye dist.", 0.0, 15.0, 0.0),
                "seed": slider("noise seed", 0, 20, 0), "points": choice("align on", list(POINT_SETS))}
    return Panel(draw, controls, alt="A head with its landmarks, and beside it the aligned crop", width=560)


def fit_explorer(size=256, first_person=311):
    """Lesson 04's panel: a head whose landmarks are disturbed, and the 3-D model that is fitted to them.

    ``size``: pixels of the picture. One landmark can be moved away; noise is added to all.
    """
    from dflib.swap import fit
    model = fit.from_head_model(cast.head_model())

    def draw(person, yaw, smile, jaw_open, noise, prior, landmark, move_x, move_y, view):
        frame = cast.render(cast.sample_person(person), cast.neutral_shot(yaw=yaw, smile=smile, jaw_open=jaw_open), size)
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
        return picture, (f"fit: {fitted.rms[0]:.2f} px RMS in {fitted.steps[0]} steps, {milliseconds:.1f} ms · yaw {found[0]:.1f}° "
                         f"(true {yaw}°) · largest weight {np.abs(fitted.weights[0] / model.spread).max():.1f} σ")

    controls = {"person": slider("person (seed)", 300, 340, first_person), "yaw": slider("yaw, degrees", -40, 40, 0),
                "smile": slider("smile", 0.0, 1.0, 0.0), "jaw_open": slider("jaw open", 0.0, 1.0, 0.0),
                "noise": slider("noise, px", 0.0, 5.0, 0.0), "prior": slider("prior, px", 0.1, 10.0, 1.0),
                "landmark": slider("landmark", 0, 67, 30), "move_x": slider("moved right, px", -40, 40, 0),
                "move_y": slider("moved down, px", -40, 40, 0), "view": choice("view", ["both", "surface", "photograph"])}
    return Panel(draw, controls, alt="A face, its 68 landmarks, and the surface of the fitted model", width=384)


def blend_explorer(size=256, first_source=311, first_target=317):
    """Lesson 04's second panel: one person's face carried onto another, and the ways to hide the seam.

    ``size``: pixels of the picture. The mask grows past the face or shrinks into it.
    """
    import cv2
    from dflib.swap import blend, fit
    from dflib.swap.texture import transfer
    model = fit.from_head_model(cast.head_model())

    def draw(source, target, yaw, method, colour, shrink, width, mixed):
        frames = [cast.render(cast.sample_person(person), cast.neutral_shot(yaw=angle), size)
                  for person, angle in ((source, 0), (target, yaw))]
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

    controls = {"source": slider("face of (seed)", 300, 340, first_source),
                "target": slider("onto (seed)", 300, 340, first_target), "yaw": slider("yaw, degrees", -30, 30, 0),
                "method": choice("blending", ["paste", "feather", "poisson"]),
                "colour": choice("colours", ["none", "mean", "reinhard"]), "shrink": slider("mask smaller, px", 1, 20, 2),
                "width": slider("feather, px", 1, 40, 12), "mixed": switch("mixed gradients")}
    return Panel(draw, controls, alt="A person, and the same picture with another person's face blended in", width=560)


def ring_explorer(games, size=384):
    """Lesson 02's panel: games on the ring of eight Gaussians, at any moment of their training.

    ``games``: name -> moments of `dflib.synthesis.gan.play`, the same steps in all; ``size``: pixels of the picture.
    """
    from dflib.synthesis.gan import MODES, moment_image

    def draw(game, moment):
        now = games[game][moment]
        return moment_image(now, size), f"{game}, step {now.step}: {now.modes} of {MODES} modes, {now.good:.0%} good samples"

    controls = {"game": choice("game", list(games)), "moment": slider("moment", 0, min(map(len, games.values())) - 1, 0)}
    return Panel(draw, controls, alt="Samples of a generator among eight circles, on the discriminator's belief", width=384)


def swap_explorer(method, frames):
    """Lesson 05's panel: frames of a target's clip, swapped, with another mask, other colours, another edge.

    ``method``: a `dflib.swap.deepfake.DeepFake` that has met the clip; ``frames``: (number, picture (H, W, 3) uint8) pairs.
    """
    from dflib.swap import deepfake

    def draw(frame, blend_by, colour, shrink, placed, view):
        number, picture = frames[frame]
        seen, own = method.places[number]
        start = time.perf_counter()
        face, mask = deepfake.converted(method.model, picture, seen, own if placed else seen, method.source, method.target)
        result = deepfake.blended(face, picture, mask, colour, blend_by, shrink / 100)
        milliseconds = 1000 * (time.perf_counter() - start)
        changed = (result != picture).any(2)
        if view == "what was changed":
            result = np.where(changed[..., None], result, 255).astype(np.uint8)
        both = np.concatenate([picture, np.full((len(picture), 4, 3), 255, np.uint8), result], 1)
        return both, f"frame {number} · {int(changed.sum())} px changed · {milliseconds:.0f} ms"

    controls = {"frame": slider("frame", 0, len(frames) - 1, len(frames) // 2),
                "blend_by": choice("edge", deepfake.BLENDS, method.blend_by),
                "colour": choice("colours", deepfake.COLOURS, method.colour),
                "shrink": slider("mask smaller, % of width", 0, 25, round(100 * method.shrink)), "placed": switch("placed by the source's shape", method.placed),
                "view": choice("view", ["whole picture", "what was changed"])}
    return Panel(draw, controls, alt="A frame of the target's clip, and the same frame with the source's face", width=560)


def morph_explorer(model, crops, masks, person=0, size=256):
    """Lesson 05's second panel: one face through two decoders, and what lies between them.

    ``model``: a SwapAutoencoder; ``crops`` (N, S, S, 3) uint8 and ``masks`` (N, S, S) bool: aligned faces of ``person``.
    """
    import torch
    from torch.func import functional_call
    from dflib.swap import train

    levels = torch.from_numpy(np.concatenate([crops, 255 * masks[..., None].astype(np.uint8)], 3)).permute(0, 3, 1, 2).float()
    pictures, hulls = train.unpacked(levels)
    own, other = model.decoders[person], model.decoders[(person + 1) % model.people]

    @torch.no_grad()
    def draw(face, share, what):
        codes = model.encode(train.masked(pictures[face:face + 1], hulls[face:face + 1]), person)
        maps = model.encoder.spread(codes)
        if what == "pictures":
            made = torch.lerp(own(maps), other(maps), share)
        else:
            weights = {name: torch.lerp(one, other.state_dict()[name], share) for name, one in own.state_dict().items()}
            made = functional_call(own, weights, (maps,))
        shown = as_images(made[:1])[0]
        factor = max(1, size // len(shown))
        both = np.concatenate([crops[face], shown], 1).repeat(factor, 0).repeat(factor, 1)
        return both, f"face {face} · {1 - share:.0%} of the own decoder, {share:.0%} of the other · mean level {shown.mean():.0f}"

    controls = {"face": slider("face", 0, len(crops) - 1, 0), "share": slider("other decoder", 0.0, 1.0, 0.5),
                "what": choice("mixed are", ["pictures", "weights"])}
    return Panel(draw, controls, alt="A face, and what two decoders together make of it", width=512)
