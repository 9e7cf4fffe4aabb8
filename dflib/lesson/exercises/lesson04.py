"""Checks of lesson 04."""
import numpy as np
from scipy.spatial.transform import Rotation

from dflib.lesson.checks import Wrong, call, exercise, same


@exercise("04.project")
def project(answer):
    """project(points (N,3), s, R (3,3), t (2,)) -> (N,2): weak perspective, y up in the model and down in the picture."""
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    same(call(answer, points, 1.0, np.eye(3), np.zeros(2)), [[0, 0], [1, 0], [0, -1], [0, 0]],
         "for no turn, scale 1 and no shift the points")
    same(call(answer, points, 2.0, np.eye(3), np.array([5.0, 7])), [[5, 7], [7, 7], [5, 5], [5, 7]],
         "for scale 2 and a shift by (5, 7) the points")
    quarter = Rotation.from_euler("y", 90, degrees=True).as_matrix()
    same(call(answer, points, 1.0, quarter, np.zeros(2)), [[0, 0], [0, 0], [0, -1], [1, 0]], "for a quarter turn about y the points")


@exercise("04.rodrigues")
def rodrigues(answer):
    """rodrigues(v (3,)) -> (3,3): the rotation by |v| radians about v."""
    same(call(answer, np.array([0, 0, np.pi / 2])), [[0, -1, 0], [1, 0, 0], [0, 0, 1]], "for a quarter turn about z the matrix")
    random = np.random.default_rng(0)
    for _ in range(3):
        v = random.normal(size=3)
        same(call(answer, v), Rotation.from_rotvec(v).as_matrix(), f"for v = {v.round(3)} the matrix")
    with np.errstate(all="ignore"):
        still = np.asarray(call(answer, np.zeros(3)), float)
    if not np.isfinite(still).all():
        raise Wrong("for v = 0 your formula divides 0 by 0: sin(a)/a tends to 1 and (1 - cos a)/a² to 1/2")
    same(still, np.eye(3), "for v = 0 the matrix")


@exercise("04.damped_step")
def damped_step(answer):
    """damped_step(jacobian (M,P), residuals (M,), damping) -> (P,)."""
    random = np.random.default_rng(1)
    jacobian, residuals = random.normal(size=(9, 3)) * (1, 10, 0.1), random.normal(size=9)
    same(call(answer, jacobian, residuals, 0.0), -np.linalg.lstsq(jacobian, residuals, rcond=None)[0],
         "without damping (Gauss-Newton) the step")
    normal = jacobian.T @ jacobian
    same(call(answer, jacobian, residuals, 0.5), -np.linalg.solve(normal + 0.5 * np.diag(np.diag(normal)), jacobian.T @ residuals),
         "with damping 0.5 (times the diagonal of J'J, not times 1) the step")


@exercise("04.acceleration")
def acceleration(answer):
    """acceleration(landmarks (T,N,2)) -> (T-2,N,2)."""
    time = np.arange(5.0)[:, None, None] * np.ones((5, 3, 2))
    same(call(answer, 3 * time + 1), np.zeros((3, 3, 2)), "for a steady movement the acceleration")
    same(call(answer, time ** 2), 2 * np.ones((3, 3, 2)), "for positions t² the acceleration")
    landmarks = np.random.default_rng(2).normal(size=(6, 68, 2))
    same(call(answer, landmarks), landmarks[:-2] - 2 * landmarks[1:-1] + landmarks[2:], "the acceleration")
