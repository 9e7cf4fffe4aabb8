"""Solutions of lesson 04, and wrong answers that its checks must recognise."""
import numpy as np


def project(points, s, R, t):
    """points (N, 3), y up -> pixels (N, 2), y down."""
    turned = points @ R.T
    return s * turned[:, :2] * (1, -1) + t


def project_without_flip(points, s, R, t):
    return s * (points @ R.T)[:, :2] + t


def project_with_inverse_rotation(points, s, R, t):
    return s * (points @ R)[:, :2] * (1, -1) + t


def project_shift_scaled(points, s, R, t):
    return s * ((points @ R.T)[:, :2] * (1, -1) + t)


def rodrigues(v):
    """Rotation vector (3,) -> rotation matrix (3, 3)."""
    angle = np.linalg.norm(v)
    x, y, z = v
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    if angle < 1e-8:
        return np.eye(3) + cross
    return np.eye(3) + np.sin(angle) / angle * cross + (1 - np.cos(angle)) / angle ** 2 * cross @ cross


def rodrigues_transposed(v):
    return rodrigues(-v)


def rodrigues_without_second_order(v):
    x, y, z = v
    return np.eye(3) + np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])


def rodrigues_undefined_at_zero(v):
    angle = np.linalg.norm(v)
    x, y, z = v / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def damped_step(jacobian, residuals, damping):
    """jacobian (M, P), residuals (M,) -> step (P,)."""
    normal = jacobian.T @ jacobian
    return -np.linalg.solve(normal + damping * np.diag(np.diag(normal)), jacobian.T @ residuals)


def damped_step_upwards(jacobian, residuals, damping):
    return -damped_step(jacobian, residuals, damping)


def damped_step_by_identity(jacobian, residuals, damping):
    normal = jacobian.T @ jacobian
    return -np.linalg.solve(normal + damping * np.eye(len(normal)), jacobian.T @ residuals)


def acceleration(landmarks):
    """landmarks (T, N, 2) -> (T - 2, N, 2)."""
    return landmarks[:-2] - 2 * landmarks[1:-1] + landmarks[2:]


def acceleration_is_velocity(landmarks):
    return landmarks[2:] - landmarks[:-2]


def acceleration_over_coordinates(landmarks):
    return np.diff(landmarks, 2, axis=1)


SOLUTIONS = {"04.project": project, "04.rodrigues": rodrigues, "04.damped_step": damped_step, "04.acceleration": acceleration}
WRONG_ANSWERS = {
    "04.project": [project_without_flip, project_with_inverse_rotation, project_shift_scaled],
    "04.rodrigues": [rodrigues_transposed, rodrigues_without_second_order, rodrigues_undefined_at_zero],
    "04.damped_step": [damped_step_upwards, damped_step_by_identity],
    "04.acceleration": [acceleration_is_velocity, acceleration_over_coordinates],
}
