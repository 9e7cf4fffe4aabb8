"""How good is a swapped clip? Its frames held against the true swap, and whom they resemble.

Lessons 04 and 05 and the table in data/swaps take their numbers from here. The true swap is the target's performance
played by the source person, which only rendered people can give.
"""
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dflib import faces, metrics
from dflib.cast import head_model
from dflib.swap.clip import fit_clip, noise
from dflib.swap.face_model import as_face_model
from dflib.swap.fit import Fit

PART = 16           # pictures compared at once, for the memory

# name: (heading, decimals); more is better for PSNR, SSIM and the likeness to the source, less for the others
COLUMNS = {"psnr": ("PSNR, dB", 1), "ssim": ("SSIM", 3), "ssim_frame": ("SSIM, all", 3), "landmarks": ("landmarks, %", 1),
           "expression": ("expression, %", 1), "pose": ("pose, °", 1), "flicker": ("flicker", 2),
           "source": ("like source", 2), "target": ("like target", 2)}


@dataclass(frozen=True, eq=False)
class TrueSwap:
    """What a swapped clip of T frames is held against."""
    frames: np.ndarray          # (T, H, W, 3) uint8: a perfect swap
    masks: np.ndarray           # (T, H, W) bool: the face in them
    landmarks: np.ndarray       # (T, 68, 2) pixels, exact
    source: np.ndarray          # (D,) of length 1: `metrics.identity_embedding` of whose face it is ...
    target: np.ndarray          # (D,) ... and of the person who performs

    @cached_property
    def fit(self) -> Fit:
        """The cast's head fitted to the exact landmarks."""
        return _fitted(self.landmarks)

    def part(self, start: int, stop: int) -> "TrueSwap":
        """The TrueSwap of the frames from `start` to before `stop`."""
        return TrueSwap(self.frames[start:stop], self.masks[start:stop], self.landmarks[start:stop], self.source, self.target)


def true_swap(shown: Iterable, source: tuple, target: tuple) -> TrueSwap:
    """The TrueSwap of `shown`, the cast's Frames of a perfect swap (`ActorClips.true_swap`, `cast.render_clip`).

    source, target: what the two people look like, each a pair of pictures (N, H, W, 3) uint8 and landmarks (N, 68, 2).
    """
    shown = list(shown)
    frames, masks, landmarks = (np.array([getattr(frame, name) for frame in shown]) for name in ("image", "mask", "landmarks"))
    return TrueSwap(frames, masks, landmarks, *(metrics.person_embedding(*person) for person in (source, target)))


def find_landmarks(frames: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Landmarks (T, 68, 2) that dflib's network finds in frames (T, H, W, 3), looking where `near` (T, 68, 2) says."""
    return np.stack([faces.landmarks(frame, "dflib", faces.box_around(points)[None])[0] for frame, points in zip(frames, near)])


def score_frames(frames: np.ndarray, truth: TrueSwap, landmarks: "np.ndarray | None" = None) -> dict:
    """The scores of each frame, name -> (T,), for a swapped clip (T, H, W, 3) uint8; names as in COLUMNS:

    psnr, ssim      against the true swap, inside its face (see `metrics`)
    ssim_frame      SSIM of the whole picture, hair and background included
    landmarks       mean distance from the true landmarks, per cent of the distance between the outer corners of the eyes
    expression      the same of the cast's mean face, moved by the expression weights fitted to this clip and to the
                    truth: whose face it is and how it is turned do not count
    pose            angle between the fitted rotations, degrees
    flicker         change of the error from the frame before, grey levels inside the face; nan for the first frame
    source, target  cosines between the frame's embedding and those of the two people

    `landmarks` (T, 68, 2) of the swapped frames are looked for (`find_landmarks`) unless given. The true swap itself
    shows what errors the landmark network adds. ValueError for a clip of another shape than the truth's.
    """
    frames = np.asarray(frames)
    if frames.shape != truth.frames.shape or frames.dtype != np.uint8:
        raise ValueError(f"The swapped clip must be uint8 {truth.frames.shape} like the true swap, "
                         f"not {frames.dtype} {frames.shape}.")
    found = find_landmarks(frames, truth.landmarks) if landmarks is None else np.asarray(landmarks, np.float64)
    parts = [slice(start, start + PART) for start in range(0, len(frames), PART)]

    def compared(measure, mask=None):
        return np.concatenate([measure(frames[p], truth.frames[p], None if mask is None else mask[p]) for p in parts])

    fit, embedding = _fitted(found), metrics.identity_embedding(frames, found)
    turn = np.einsum("tij,tij->t", fit.rotation, truth.fit.rotation)            # trace(Ra' Rb) = 1 + 2 cos(angle)
    return {"psnr": compared(metrics.psnr, truth.masks), "ssim": compared(metrics.ssim, truth.masks),
            "ssim_frame": compared(metrics.ssim), "landmarks": faces.landmark_error(found, truth.landmarks),
            "expression": expression_error(fit.weights, truth.fit.weights),
            "pose": np.degrees(np.arccos(np.clip((turn - 1) / 2, -1, 1))),
            "flicker": np.concatenate([[np.nan], metrics.flicker(frames, truth.frames, truth.masks)]),
            "source": embedding @ truth.source, "target": embedding @ truth.target}


def score(frames: np.ndarray, truth: TrueSwap, landmarks: "np.ndarray | None" = None) -> dict:
    """The `means` of what `score_frames` gives: name -> number."""
    return means(score_frames(frames, truth, landmarks))


def means(by_frame: dict) -> dict:
    """Means over the frames of scores {name: (T,)}; a first frame has no flicker, and an equal one's PSNR is infinite."""
    return {name: float((values[1:] if name == "flicker" and len(values) > 1 else values).mean())
            for name, values in by_frame.items()}


def expression_error(weights: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance (T,) between the landmarks of the mean head under two sets of weights (T, K) of the cast's face model.

    Only its expressions move it, in 3-D; in per cent of the distance between the outer corners of the eyes.
    """
    model = as_face_model(head_model())
    moved = np.einsum("nak,tk->tna", model.landmark_shapes[..., ~model.shared], (weights - truth)[:, ~model.shared])
    eyes = np.linalg.norm(model.landmark_mean[45] - model.landmark_mean[36])
    return 100 * np.linalg.norm(moved, axis=2).mean(1) / eyes


def table(rows: dict, names: tuple = tuple(COLUMNS)) -> str:
    """A table in Markdown, readable as text too, of rows {what: scores} with the columns `names`."""
    first = max(map(len, rows))
    widths = [max(len(COLUMNS[name][0]), 5) for name in names]
    lines = [f"| {'':{first}} | " + " | ".join(f"{COLUMNS[name][0]:>{width}}" for name, width in zip(names, widths)) + " |",
             f"|{'-' * (first + 2)}|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|"]
    for what, scores in rows.items():
        cells = [f"{scores[name]:{width}.{COLUMNS[name][1]}f}" for name, width in zip(names, widths)]
        lines.append(f"| {what:{first}} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _fitted(landmarks):
    """The cast's head fitted to a clip's landmarks (T, 68, 2): one person, each frame's pose and expression its own."""
    return fit_clip(head_model(), landmarks, smoothing=0, prior=noise(landmarks))

