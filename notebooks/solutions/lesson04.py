"""Solutions of lesson 04."""
import numpy as np


def project(points, s, R, t):
    """points (N, 3), y up -> pixels (N, 2), y down."""
    turned = points @ R.T
    return s * turned[:, :2] * (1, -1) + t


def rodrigues(v):
    """Rotation vector (3,) -> rotation matrix (3, 3)."""
    angle = np.linalg.norm(v)
    x, y, z = v
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    if angle < 1e-8:
        return np.eye(3) + cross
    return np.eye(3) + np.sin(angle) / angle * cross + (1 - np.cos(angle)) / angle ** 2 * cross @ cross


def damped_step(jacobian, residuals, damping):
    """jacobian (M, P), residuals (M,) -> step (P,)."""
    normal = jacobian.T @ jacobian
    return -np.linalg.solve(normal + damping * np.diag(np.diag(normal)), jacobian.T @ residuals)


def acceleration(landmarks):
    """landmarks (T, N, 2) -> (T - 2, N, 2)."""
    return landmarks[:-2] - 2 * landmarks[1:-1] + landmarks[2:]


SOLUTIONS = {"04.project": project, "04.rodrigues": rodrigues, "04.damped_step": damped_step, "04.acceleration": acceleration}
