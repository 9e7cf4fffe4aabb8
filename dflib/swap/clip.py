"""Fitting a face model to all frames of a clip at once: one person, who moves smoothly.

Over T frames with landmarks l_t and model points x_t (both 2N numbers) this minimises

    sum_t |x_t - l_t|^2 + smoothing^2 sum_t |x_(t-1) - 2 x_t + x_(t+1)|^2 + priors                         (4)

with one set of shared weights for the clip, and pose and the other weights free in every frame. The second term is
the acceleration of the model's points in the picture: it needs no units but pixels and no special treatment of rotations.
A constant velocity costs nothing; a vibration of w radians a frame is passed on by a factor of 1 / (1 + (smoothing w^2)^2).

A Gauss-Newton step solves one linear system exactly. Frames are coupled to the next two only, so its matrix is banded,
bordered by the shared weights, which are eliminated by their Schur complement.
"""
from dataclasses import replace

import numpy as np
from scipy.linalg import solveh_banded

from dflib import faces
from dflib.swap.face_model import FaceModel, as_face_model
from dflib.swap.fit import Fit, fit_landmarks, linearise, moved

NOISE = 0.015               # of landmarks that a network finds, in distances between the eyes; measured on the shipped clips
ROUNDS = 12
ENOUGH = 1e-7               # a step that lowers the energy by a smaller share is the last


def fit_clip(model: FaceModel, landmarks: np.ndarray, smoothing: float = 1.5, prior: float = 1.0) -> Fit:
    """Fit `model` to the landmarks (T, N, 2) of a clip by (4); returns a Fit of T faces with equal shared weights.

    `smoothing` 0 only shares the person; `prior` is in pixels as for `fit_landmarks` and must be above 0. `energy` is
    (T, 1): each frame's |x_t - l_t|^2. Raises ValueError as `fit_landmarks` does, and for no frames.
    """
    if not 0 <= smoothing < np.inf or not prior > 0:
        raise ValueError(f"smoothing must not be negative and the prior must be above 0, not {smoothing!r} and {prior!r}.")
    if len(landmarks) == 0:
        raise ValueError("a clip needs at least one frame.")
    model = as_face_model(model)
    fit = fit_landmarks(model, landmarks, prior)
    wanted = np.asarray(landmarks, np.float64)[:, model.landmark_indices]
    weights = np.where(model.shared, fit.weights.mean(0), fit.weights)
    fit = replace(fit, weights=weights)
    system = _System(model, wanted, _coupling(len(wanted), smoothing), prior)
    energy = system.energy(fit)
    for _ in range(ROUNDS):
        step, length = system.step(fit), 1.0
        trial = moved(fit, step)
        while system.energy(trial) > energy and length > 1e-6:
            length /= 2
            trial = moved(fit, length * step)
        before, lowered = energy, system.energy(trial)
        if lowered < before:
            fit, energy = trial, lowered
        if before - lowered <= ENOUGH * before:
            break
    squares = ((linearise(model, fit)[0] - wanted) ** 2).sum((1, 2))
    return replace(fit, rms=np.sqrt(squares / wanted.shape[1]), energy=squares[:, None])


def noise(landmarks: np.ndarray) -> float:
    """Standard deviation in pixels to be expected of found landmarks (T, 68, 2): a `prior` for `fit_clip`."""
    return NOISE * float(np.median(faces.interocular(landmarks)))


def _coupling(count, smoothing):
    """(3, T): the diagonals 0, 1 and 2 of I + smoothing^2 D'D, D the second differences over T frames."""
    second = np.diff(np.eye(count), 2, axis=0) if count > 2 else np.zeros((1, count))
    diagonals = np.zeros((3, count))
    for d in range(min(3, count)):
        diagonals[d, :count - d] = (d == 0) + smoothing ** 2 * (second[:, :count - d] * second[:, d:]).sum(0)
    return diagonals


class _System:
    """The normal equations of (4)."""

    def __init__(self, model, wanted, coupling, prior):
        self.model, self.wanted, self.coupling = model, wanted.reshape(len(wanted), -1), coupling
        self.pull = (prior / model.spread) ** 2
        columns = np.arange(len(model.spread)) + 6
        self.own, self.common = np.concatenate([np.arange(6), columns[~model.shared]]), columns[model.shared]

    def coupled(self, values: np.ndarray) -> np.ndarray:
        """(I + smoothing^2 D'D) applied along the first axis of values (T, ...)."""
        shape = (-1,) + (1,) * (values.ndim - 1)
        total = self.coupling[0].reshape(shape) * values
        for d in (1, 2):
            factor = self.coupling[d, :-d].reshape(shape)
            total[d:] += factor * values[:-d]
            total[:-d] += factor * values[d:]
        return total

    def _force(self, points):
        """(T, 2N): half the derivative of (4) by the points; smoothing acts on the points, not on the residuals."""
        return self.coupled(points) - self.wanted

    def energy(self, fit: Fit) -> float:
        """(4) for a Fit of T frames."""
        points = linearise(self.model, fit)[0].reshape(self.wanted.shape)
        smooth = (points * (self.coupled(points) - points)).sum()
        squares = self.pull * fit.weights ** 2
        return (((points - self.wanted) ** 2).sum() + smooth + squares[:, ~self.model.shared].sum()
                + squares[0, self.model.shared].sum())

    def step(self, fit: Fit) -> np.ndarray:
        """The Gauss-Newton step (T, 6 + K); its shared columns are the same in every frame."""
        points, jacobian = linearise(self.model, fit)
        frames, force = len(points), self._force(points.reshape(self.wanted.shape))
        J, C = jacobian[:, :, self.own], jacobian[:, :, self.common]
        pull = np.concatenate([np.zeros(6), self.pull])
        weights = np.concatenate([np.zeros((frames, 6)), fit.weights], 1)
        g_own = np.einsum("tnp,tn->tp", J, force) + (pull * weights)[:, self.own]
        g_common = np.einsum("tnp,tn->p", C, force) + (pull * weights)[0, self.common]
        coupled = self.coupled(C)
        border = J.transpose(0, 2, 1) @ coupled                                     # (T, P, S)
        corner = np.einsum("tni,tnj->ij", C, coupled) + np.diag(pull[self.common])
        size = len(self.own)
        right = np.concatenate([g_own[..., None], border], 2).reshape(frames * size, -1)
        solved = solveh_banded(self._band(J, pull[self.own]), right, lower=True)
        from_own, from_common = solved[:, 0], solved[:, 1:]
        border = border.reshape(frames * size, -1)
        common = -np.linalg.solve(corner - border.T @ from_common, g_common - border.T @ from_own)
        step = np.empty((frames, size + len(self.common)))
        step[:, self.own] = -(from_own + from_common @ common).reshape(frames, size)
        step[:, self.common] = common
        return step

    def _band(self, J, pull):
        """The frames' part of the matrix in scipy's lower band storage: row d holds the d-th diagonal."""
        frames, _, size = J.shape
        band = np.zeros((3 * size, frames * size))
        a, b = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
        for d in range(min(3, frames)):
            blocks = J[d:].transpose(0, 2, 1) @ J[:frames - d] * self.coupling[d, :frames - d, None, None]
            if d == 0:
                blocks += np.diag(pull)
            below = d * size + a - b >= 0
            columns = np.arange(frames - d)[:, None] * size + b[below]
            band[(d * size + a - b)[below], columns] = blocks[:, below]
        return band
