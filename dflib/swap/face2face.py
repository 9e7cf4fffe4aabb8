"""Face2Face in small: the source's expression on the target's own face, frame by frame.

Thies et al., CVPR 2016 (https://arxiv.org/abs/2007.14808), in the order of the paper, with the cast's head as the model and
landmarks instead of every pixel's colour:

1. both people are fitted in all their frames: the shape is the person's, pose and expression are the frame's (sec. 3, 4);
2. the target keeps shape, pose and light and takes the source's expression weights. Blend shapes mean the same for everybody
   here, so the paper's deformation transfer (sec. 5) is a copy;
3. the target's picture is warped from the old expression to the new one, along the model: its skin is its own texture.
   (The paper renders the fitted face anew, with its albedo and light, sec. 3.)
   Around the face the warp fades out, so that a chin that drops takes the neck along a little;
4. what a warp cannot invent, the inside of the mouth, is cut from the frame of the target's own clip whose mouth fits best
   (sec. 6), and its colours are brought to the frame's.

Lids stay the target's: an eye that was shut has no iris to uncover.
"""
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from scipy.ndimage import binary_fill_holes
from tqdm.auto import tqdm

from dflib import media
from dflib.cast import head_model
from dflib.manipulate import LONGEST, LOOKS
from dflib.swap import blend, fit
from dflib.swap.clip import fit_clip, noise
from dflib.swap.face_model import FaceModel
from dflib.swap.fit import Fit
from dflib.swap.texture import correspondences

MOUTH = ("jaw_open", "smile", "lips_part", "pucker", "sad", "sneer")        # weights that shape the mouth
LIDS = ("blinkR", "blinkL", "squint", "wide", "lid_gaze")                   # weights that stay the target's
LIPS, OUTER, INNER = slice(48, 68), slice(0, 12), slice(12, 20)             # of 68 landmarks; of the lips' twenty
FADE = 0.25         # how far the warp reaches beyond the face, in widths of the face
TURN = 2.0          # what a radian of turn counts against a weight of 1, where mouths are compared
SHUT = 2.0          # what a mouth that is shut counts, where an open one is wanted
GAIN = 1.4          # a mouth's colours are made brighter or darker by this factor at most


class Face2Face:
    """A `manipulate.Method`. ``smoothing`` as for `clip.fit_clip`, for both clips."""

    kind = "composite"
    note = "expression changed: 3-D model, own texture"

    def __init__(self, smoothing=1.5):
        head = head_model()
        self.smoothing, self.model = smoothing, fit.as_face_model(head)
        place = {name: np.flatnonzero(~self.model.shared)[i] for name, i in head.expression_index.items()}
        self.mouth = [place[name] for name in MOUTH]
        self.copied = [column for name, column in place.items() if name not in LIDS]

    def learn(self, source: "media.Video", target: "media.Video", follow: Callable, progress: bool = True) -> None:
        """Fit the source in all its frames, and keep frames of the target for their mouths.

        ``follow(picture) -> (landmarks (68, 2) or None, same)``, as `faces.follow.Follower`. ValueError without a face.
        """
        numbers, points, number = [], [], 0
        for number, image in enumerate(tqdm(source, "following", unit="frame", leave=False, disable=not progress)):
            landmarks = follow(image)[0]
            if landmarks is not None:
                numbers.append(number)
                points.append(landmarks)
        if not numbers:
            raise ValueError(f"No face was found in {source.path}.")
        weights = np.concatenate([self._fitted(np.array(points[i:i + LONGEST])).weights for i in range(0, len(points), LONGEST)])
        before = np.searchsorted(numbers, np.arange(number + 1), "right") - 1           # a frame without a face repeats
        self.played = weights[np.maximum(before, 0)]                                    # (T, K)
        self.gallery, step = {}, 1
        for number, image in enumerate(target):
            if number % step == 0:
                self.gallery[number] = image
            if len(self.gallery) > LOOKS:
                step *= 2
                self.gallery = {n: kept for n, kept in self.gallery.items() if n % step == 0}

    def prepare(self, runs: list, progress: bool = True) -> None:
        """Fit the model to the target's faces: ``runs`` are pairs (number of the first frame, landmarks (T, 68, 2))."""
        self.fits = {}
        for start, points in tqdm(runs, "fitting", unit="run", leave=False, disable=not progress):
            fitted = self._fitted(points)
            self.fits |= {start + i: fitted[i:i + 1] for i in range(len(points))}
        self.gallery = {number: image for number, image in self.gallery.items() if number in self.fits}

    def changed(self, number: int, image: np.ndarray) -> np.ndarray:
        """Frame ``number`` of the target, ``image`` (H, W, 3) uint8, with the source's expression."""
        now = self.fits[number]
        then = replace(now, weights=self._transferred(now.weights, self.played[mirrored(number, len(self.played))]))
        old, new = (fit.place(self.model, one)[0] for one in (now, then))
        warped, hole = warp(self.model, image, old, new)
        return self._with_mouth(warped, hole, number, image, then, new)

    def _fitted(self, points):
        return fit_clip(self.model, points, smoothing=self.smoothing, prior=noise(points))

    def _transferred(self, weights, played):
        """Weights (1, K) of the target with the source's expression (K,), lids apart."""
        changed = weights.copy()
        changed[0, self.copied] = played[self.copied]
        return changed

    def _with_mouth(self, warped, hole, number, image, then, new):
        """``warped`` with the inside of the best-fitting mouth where ``hole`` (H, W) bool lies between the lips."""
        goal = new[self.model.landmark_vertices][LIPS, :2]                              # (20, 2)
        inside = hole & polygon(goal[INNER], hole.shape)
        if not inside.any():
            return warped
        pictures = {**self.gallery, number: image}

        wanted = opening(self.model, then)

        def unlike(other):
            fitted = self.fits[other]
            weights = fitted.weights[0, self.mouth] - then.weights[0, self.mouth]
            turn = np.arccos(np.clip((np.trace(fitted.rotation[0].T @ then.rotation[0]) - 1) / 2, -1, 1))
            shut = max(0.0, 1 - opening(self.model, fitted) / wanted)       # an open mouth can be made smaller, not larger
            return (weights ** 2).sum() + (TURN * turn) ** 2 + SHUT * shut ** 2

        best = min(pictures, key=unlike)
        theirs = fit.place(self.model, self.fits[best])[0][self.model.landmark_vertices][LIPS, :2]
        affine = np.linalg.lstsq(np.column_stack([theirs, np.ones(len(theirs))]), goal, rcond=None)[0].T      # (2, 3)
        mouth = cv2.warpAffine(pictures[best], affine, hole.shape[::-1], borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        lips = polygon(goal[OUTER], hole.shape) & ~polygon(goal[INNER], hole.shape)
        gain = (warped[lips].mean(0) + 1) / (mouth[lips].mean(0) + 1) if lips.any() else 1.0
        mouth = np.clip(mouth * np.clip(gain, 1 / GAIN, GAIN), 0, 255).astype(np.uint8)
        return blend.feather(mouth, warped, inside, 1.5)


def opening(model: FaceModel, fitted: Fit) -> float:
    """Distance between the middles of the inner lips of a Fit of one face, in units of the model, never 0."""
    shape = model.vertices(fitted.weights[0])[model.landmark_vertices]
    return np.linalg.norm(shape[62] - shape[66]) + 1e-6


def mirrored(number: int, count: int) -> int:
    """The frame of a clip of ``count`` frames that is shown at ``number``, when it plays forwards and backwards in turn."""
    place = number % max(2 * count - 2, 1)
    return min(place, 2 * count - 2 - place)


def warp(model: FaceModel, image: np.ndarray, old: np.ndarray, new: np.ndarray) -> tuple:
    """``image`` (H, W, 3) uint8 with the vertices ``old`` (V, 3) of the model moved to ``new``, and where the moved model has
    holes (H, W) bool, eyes and mouth.

    Inside the model each pixel is fetched from where its point was; outside, the displacement goes on smoothly and fades out
    over FADE of the face's width.
    """
    shape = image.shape[:2]
    index, at = correspondences(model, old, new, shape, shape)
    y, x = np.mgrid[:shape[0], :shape[1]].astype(np.float32)
    known, shift = np.zeros(shape, np.float32), np.zeros((*shape, 2), np.float32)
    known.ravel()[index] = 1
    shift.reshape(-1, 2)[index] = at - np.stack([x.ravel()[index], y.ravel()[index]], 1)
    whole = binary_fill_holes(known > 0)
    width = max(2, np.count_nonzero(whole.any(0)))
    near = [cv2.GaussianBlur(plane, (0, 0), width / 25) for plane in (*shift.transpose(2, 0, 1), known)]
    near += [cv2.GaussianBlur(plane, (0, 0), width / 6) * 1e-3 for plane in near]       # where nothing is near, from farther off
    around = np.stack([near[0] + near[3], near[1] + near[4]], 2) / np.maximum(near[2] + near[5], 1e-12)[..., None]
    distance = cv2.distanceTransform((~whole).astype(np.uint8), cv2.DIST_L2, 5) / (FADE * width)
    fade = np.clip(1 - distance, 0, 1) ** 2
    shift = np.where(known[..., None] > 0, shift, around * fade[..., None])
    places = (np.stack([x, y], 2) + shift).astype(np.float32)
    moved = cv2.remap(image, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return moved, whole & (known == 0)


def polygon(points: np.ndarray, shape: tuple) -> np.ndarray:
    """(H, W) bool: the inside of a closed line of points (N, 2)."""
    canvas = np.zeros(shape, np.uint8)
    cv2.fillPoly(canvas, [np.round(points * 16).astype(np.int32)], 1, shift=4)
    return canvas > 0
