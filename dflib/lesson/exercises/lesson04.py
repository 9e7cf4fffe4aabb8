"""Checks of lesson 04."""

import numpy as np
from scipy.spatial.transform import Rotation

from dflib.lesson.checks import call, call_unchanged, exercise, mistake, no_loop, same


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


@exercise("04.poisson_step", "core")
def poisson_step(answer):
    """poisson_step(f (H,W,C), g (H,W,C), mask (H,W) bool) -> (H,W,C): one Jacobi sweep of Poisson's equation, without a loop."""
    random = np.random.default_rng(3)
    f, g = random.uniform(0, 255, (2, 7, 8, 3))
    mask = np.zeros((7, 8), bool)
    mask[2:5, 2:6] = True
    mask[3, 3] = False
    swept = call_unchanged(answer, f, g, mask)
    same(np.asarray(swept)[~mask], f[~mask], "outside the mask, where nothing may change, the result")
    same(swept, _swept(f, g, mask), "the sweep")
    same(call(answer, g + 30, g, mask), g + 30, "for a picture that has the source's differences already the sweep")
    same(call(answer, f[..., :1], 0 * g[..., :1], mask), _swept(f[..., :1], 0 * g[..., :1], mask), "for one channel the sweep")
    no_loop(answer)


def _sum_around(x, axes=(0, 1)):
    return sum(np.roll(x, k, axis) for axis in axes for k in (1, -1))


def _swept(f, g, mask, share=4, gradient=1, everywhere=False, of_source=False):
    around = _sum_around(g if of_source else f)
    new = (around + gradient * (4 * g - _sum_around(g))) / share
    return np.where(mask[..., None] | everywhere, new, f)


mistake(
    "04.poisson_step",
    "the source's differences have the wrong sign: each pixel is g_p - g_q above its neighbours",
    lambda f, g, mask: _swept(f, g, mask, gradient=-1),
)
mistake(
    "04.poisson_step",
    "the source does not enter: that smooths the target over the hole",
    lambda f, g, mask: _swept(f, g, mask, gradient=0),
)
mistake(
    "04.poisson_step",
    "that is a sum: divide by the number of neighbours, 4",
    lambda f, g, mask: _swept(f, g, mask, share=1),
)
mistake(
    "04.poisson_step",
    "pixels outside the mask are changed too: they are the target's, and stay",
    lambda f, g, mask: _swept(f, g, mask, everywhere=True),
)
mistake(
    "04.poisson_step",
    "that is the source itself: the neighbours are those of f, the picture so far",
    lambda f, g, mask: _swept(f, g, mask, of_source=True),
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
