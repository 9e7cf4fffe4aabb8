"""The panels of lesson 01: a crop that follows from its landmarks, and the jitter of a face that holds still."""

from functools import lru_cache

import numpy as np

from dflib import cast, faces
from dflib.faces.alignment import TEMPLATE, warp
from dflib.faces.backend_dflib import network_landmarks
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
        question="Which crop moves least when the landmarks are noisy, and which when the head turns?",
        alt="A head with its landmarks, and beside it the aligned crop",
        width=560,
    )


FILM = 16  # frames, played over and over


def jitter_explorer(size=160):
    """Lesson 01's second panel: a face that holds still under a camera's noise, and its crop without and with smoothing.

    ``size``: pixels of the picture and of each crop. The landmarks are those that dflib's network finds in each frame.
    """

    @lru_cache(maxsize=8)
    def film(person, noise):
        """Frames (T, H, W, 3) of the same picture with new pixel noise, and the landmarks found in them, (T, 68, 2)."""
        frame = cast.render(cast.sample_person(person), cast.neutral_shot(yaw=10), size)
        random = np.random.default_rng(0)
        frames = frame.image + noise * random.normal(size=(FILM, *frame.image.shape))
        frames = np.clip(np.round(frames), 0, 255).astype(np.uint8)
        tower = frames.reshape(FILM * size, size, 3)  # one below the other: all pass the network at once
        below = size * np.arange(FILM)[:, None, None] * np.array([0, 1])
        boxes = faces.box_around(frame.landmarks + below)
        return frames, network_landmarks(tower, boxes, passes=1).astype(np.float64) - below

    def draw(frame, noise, window, person):
        frames, found = film(person, noise)
        # a mean over neighbouring frames; the film is a loop
        steady = np.mean([np.roll(found, k, axis=0) for k in range(-window, window + 1)], axis=0)
        crops = [warp(frames[frame], faces.alignment_matrix(points[frame], size), (size, size)) for points in (found, steady)]
        gap = np.full((size, 4, 3), 255, np.uint8)
        shown = [figures.marked_image(frames[frame], found[frame], scale=1), gap, crops[0], gap, crops[1]]
        rough, smooth = (np.sqrt(((points - points.mean(0)) ** 2).sum(-1).mean()) for points in (found, steady))
        return np.concatenate(shown, 1), (
            f"frame {frame}: landmarks, crop as found, crop smoothed over {2 * window + 1} frames · jitter {rough:.2f} px, "
            f"smoothed {smooth:.2f} px"
        )

    controls = {
        "frame": slider("frame", 0, FILM - 1, 0),
        "noise": slider("pixel noise, grey levels", 0, 60, 30),
        "window": slider("smoothing, frames each way", 0, 7, 2),
        "person": slider("person (seed)", 300, 340, 311),
    }
    return Panel(
        draw,
        controls,
        question="Press play: the face holds still, so why does the crop tremble, and how much smoothing calms it?",
        alt="A noisy picture with its landmarks, and beside it two crops, one aligned frame by frame, one smoothed",
        width=600,
        plays="frame",
    )
