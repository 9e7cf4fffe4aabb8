"""Checks of lesson 04."""

import numpy as np
from scipy.spatial.transform import Rotation

from dflib.lesson.checks import call, exercise, mistake, same


@exercise("04.project", "warm-up")
def project(answer):
    """project(points (N,3), s, R (3,3), t (2,)) -> (N,2): weak perspective, y up in the model and down in the picture."""
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    turned = Rotation.from_euler("yx", [40, 25], degrees=True).as_matrix()
    same(
        call(answer, points, 2.0, turned, np.array([5.0, 7])),
        2 * (points @ turned.T)[:, :2] * (1, -1) + (5, 7),
        "for a turned head, scale 2 and a shift by (5, 7) the points",
    )
    same(
        call(answer, points, 1.0, np.eye(3), np.zeros(2)),
        [[0, 0], [1, 0], [0, -1], [0, 0]],
        "for no turn, scale 1 and no shift the points",
    )
    quarter = Rotation.from_euler("y", 90, degrees=True).as_matrix()
    same(
        call(answer, points, 1.0, quarter, np.zeros(2)),
        [[0, 0], [0, 0], [0, -1], [1, 0]],
        "for a quarter turn about y the points",
    )


mistake(
    "04.project",
    "y is not turned over: it points up in the model and down in a picture",
    lambda points, s, R, t: s * (points @ R.T)[:, :2] + t,
)
mistake(
    "04.project",
    "the rotation is applied backwards: points are rows, so it is points @ R.T",
    lambda points, s, R, t: s * (points @ R)[:, :2] * (1, -1) + t,
)
mistake(
    "04.project",
    "the shift is scaled too: it is in pixels already",
    lambda points, s, R, t: s * ((points @ R.T)[:, :2] * (1, -1) + t),
)
mistake(
    "04.project",
    "the shift's y is turned over too: t is given in the picture's coordinates",
    lambda points, s, R, t: (s * (points @ R.T)[:, :2] + t) * (1, -1),
)
mistake("04.project", "the shift is missing", lambda points, s, R, t: s * (points @ R.T)[:, :2] * (1, -1))


@exercise("04.acceleration", "core")
def acceleration(answer):
    """acceleration(landmarks (T,N,2)) -> (T-2,N,2)."""
    time = np.arange(5.0)[:, None, None] * np.ones((5, 3, 2))
    landmarks = np.random.default_rng(2).normal(size=(6, 68, 2))
    same(call(answer, landmarks), landmarks[:-2] - 2 * landmarks[1:-1] + landmarks[2:], "the acceleration")
    same(call(answer, 3 * time + 1), np.zeros((3, 3, 2)), "for a steady movement the acceleration")
    same(call(answer, time**2), 2 * np.ones((3, 3, 2)), "for positions t² the acceleration")


mistake(
    "04.acceleration",
    "that is a velocity, twice: it is not 0 for a steady movement",
    lambda landmarks: landmarks[2:] - landmarks[:-2],
)
mistake(
    "04.acceleration",
    "that is the velocity: take the difference of two of them",
    lambda landmarks: np.diff(landmarks, axis=0),
)
mistake(
    "04.acceleration",
    "the difference runs over the landmarks of a frame: time is the first axis",
    lambda landmarks: np.diff(landmarks, 2, axis=1),
)
mistake(
    "04.acceleration",
    "the sign is turned: before, minus twice this, plus after",
    lambda landmarks: 2 * landmarks[1:-1] - landmarks[:-2] - landmarks[2:],
)
mistake(
    "04.acceleration",
    "this frame counts twice: a steady movement must give 0",
    lambda landmarks: landmarks[:-2] - landmarks[1:-1] + landmarks[2:],
)


@exercise("04.damped_step", "core")
def damped_step(answer):
    """damped_step(jacobian (M,P), residuals (M,), damping) -> (P,)."""
    random = np.random.default_rng(1)
    jacobian, residuals = random.normal(size=(9, 3)) * (1, 10, 0.1), random.normal(size=9)
    normal = jacobian.T @ jacobian
    same(
        call(answer, jacobian, residuals, 0.5),
        -np.linalg.solve(normal + 0.5 * np.diag(np.diag(normal)), jacobian.T @ residuals),
        "with damping 0.5 the step",
    )
    same(
        call(answer, jacobian, residuals, 0.0),
        -np.linalg.lstsq(jacobian, residuals, rcond=None)[0],
        "without damping (Gauss-Newton) the step",
    )


def _step(jacobian, residuals, damping, of=lambda normal: np.diag(np.diag(normal))):
    normal = jacobian.T @ jacobian
    return -np.linalg.solve(normal + damping * of(normal), jacobian.T @ residuals)


mistake("04.damped_step", "that steps uphill: the right side has a minus", lambda J, r, damping: -_step(J, r, damping))
mistake(
    "04.damped_step",
    "that damps every parameter alike (Levenberg): Marquardt's damping is times the diagonal of J'J",
    lambda J, r, damping: _step(J, r, damping, lambda normal: np.eye(len(normal))),
)
mistake(
    "04.damped_step", "the damping is not used: that is the Gauss-Newton step", lambda J, r, damping: _step(J, r, 0.0)
)
mistake(
    "04.damped_step",
    "all of J'J is multiplied: only its diagonal is damped",
    lambda J, r, damping: _step(J, r, damping, lambda normal: normal),
)
mistake(
    "04.damped_step",
    "that is the gradient with a minus, a step of steepest descent: solve with J'J first",
    lambda J, r, damping: -J.T @ r,
)


@exercise("04.rodrigues", "stretch")
def rodrigues(answer):
    """rodrigues(v (3,)) -> (3,3): the rotation by |v| radians about v."""
    random = np.random.default_rng(0)
    for _ in range(3):
        v = random.normal(size=3)
        same(call(answer, v), Rotation.from_rotvec(v).as_matrix(), f"for v = {v.round(3)} the matrix")
    same(
        call(answer, np.array([0, 0, np.pi / 2])),
        [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
        "for a quarter turn about z the matrix",
    )
    with np.errstate(all="ignore"):
        same(call(answer, np.zeros(3)), np.eye(3), "for v = 0 the matrix")


def _rodrigues(v, length=None, second=1.0):
    angle = np.linalg.norm(v) if length is None else length
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + np.sin(angle) / angle * cross + second * (1 - np.cos(angle)) / angle**2 * cross @ cross


mistake(
    "04.rodrigues", "it turns the other way: check the signs of the cross product's matrix", lambda v: _rodrigues(-v)
)
mistake("04.rodrigues", "the term with K² is missing", lambda v: _rodrigues(v, second=0.0))
mistake(
    "04.rodrigues",
    "that is I + K, right for very small angles only",
    lambda v: np.eye(3) + np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]]),
)
mistake(
    "04.rodrigues",
    "the sine and the cosine take the angle |v|, but then K must be divided by it",
    lambda v: (
        np.eye(3)
        + np.sin(np.linalg.norm(v)) * np.cross(np.eye(3), -v)
        + (1 - np.cos(np.linalg.norm(v))) * np.cross(np.eye(3), -v) @ np.cross(np.eye(3), -v)
    ),
)
mistake(
    "04.rodrigues", "for v = 0 your formula divides 0 by 0: sin(a)/a tends to 1 and (1 - cos a)/a² to 1/2", _rodrigues
)
