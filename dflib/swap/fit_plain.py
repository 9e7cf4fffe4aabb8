"""The fit of `fit.py` written plainly, one face at a time in NumPy: what its compiled loops do, as it stands in a book.

    scale, rotation, translation, weights, energies = fit_plain(model, landmarks)

The notation is that of `fit.py`: the picture of the model (1), the energy (2), a step on the manifold of poses (3). A test
holds the two to the same minimum; `fit.fit_landmarks` is about a hundred times as fast.
"""
import numpy as np
from scipy.spatial.transform import Rotation

from dflib.swap.face_model import FaceModel, as_face_model

FLIP = np.diag([1.0, -1.0, 1.0])        # the model's y points up, the picture's down


def points_and_jacobian(model: FaceModel, scale: float, rotation: np.ndarray, translation: np.ndarray, weights: np.ndarray) -> tuple:
    """(1) for the model's N landmarks, (N, 2), and its derivatives by a step (3), (2N, 6 + K)."""
    X = model.landmark_mean + model.landmark_shapes @ weights               # (N, 3) the shape ...
    Y = X @ rotation.T                                                      # ... turned
    q = 1 / (1 - Y[:, 2:] / model.distance)                                 # (N, 1) nearer is larger; 1 without a camera
    points = scale * (q * Y @ FLIP)[:, :2] + translation

    def derivative(dY):
        """d (s q P Y) for changes dY (N, 3) of the turned shape: q changes with the depth."""
        return (scale * q * (dY + q * Y * dY[:, 2:] / model.distance) @ FLIP)[:, :2]

    growth = [scale * (q * Y @ FLIP)[:, :2]]                                # s e^a: by a
    turns = [derivative(np.cross(axis, Y)) for axis in np.eye(3)]           # exp([d]x) R: by d, where dY = d x Y
    shifts = [np.broadcast_to(axis, points.shape) for axis in np.eye(2)]    # t + u: by u
    shapes = [derivative(model.landmark_shapes[:, :, k] @ rotation.T) for k in range(len(weights))]
    return points, np.stack([column.ravel() for column in growth + turns + shifts + shapes], 1)


def first_pose(model: FaceModel, landmarks: np.ndarray) -> tuple:
    """Scale, rotation (3, 3) and translation (2,) of the mean shape: the best affine map, then the nearest similarity."""
    shape, wanted = model.landmark_mean, landmarks * (1, -1)
    affine = np.linalg.lstsq(shape - shape.mean(0), wanted - wanted.mean(0), rcond=None)[0].T       # (2, 3)
    left, stretch, right = np.linalg.svd(affine, full_matrices=False)
    rows = left @ right                                                     # two rows of a rotation
    scale = stretch.mean()
    translation = landmarks.mean(0) - scale * (rows @ shape.mean(0)) * (1, -1)
    return scale, np.stack([*rows, np.cross(*rows)]), translation


def fit_plain(model: FaceModel, landmarks: np.ndarray, prior: float = 1.0, damped: bool = True, most: int = 40) -> tuple:
    """Fit ``model`` to landmarks (N, 2) of one face by Levenberg-Marquardt, or by Gauss-Newton when not ``damped``.

    Returns scale, rotation (3, 3), translation (2,), weights (K,) and the energy (2) at the start and after each step.
    """
    model = as_face_model(model)
    wanted = np.asarray(landmarks, np.float64)[model.landmark_indices]
    pull = prior / model.spread.astype(np.float64)                          # (K,)
    state = (*first_pose(model, wanted), np.zeros(len(pull)))

    def linearised(state):
        """Residuals (2N + K,) of both sums in (2) and their Jacobian (2N + K, 6 + K)."""
        points, jacobian = points_and_jacobian(model, *state)
        return (np.concatenate([(points - wanted).ravel(), pull * state[3]]),
                np.vstack([jacobian, np.hstack([np.zeros((len(pull), 6)), np.diag(pull)])]))

    residual, jacobian = linearised(state)
    energies, damping = [residual @ residual], 1e-3 if damped else 0.0
    for _ in range(most):
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ residual
        for refused in range(30):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -gradient)
            if not damped:
                step *= 0.5 ** refused                                      # Gauss-Newton takes half the step instead
            enough = -(gradient @ step) <= 1e-11 * energies[-1] + 1e-18
            scale, rotation, translation, weights = state
            trial = (scale * np.exp(step[0]), Rotation.from_rotvec(step[1:4]).as_matrix() @ rotation, translation + step[4:6],
                     weights + step[6:])
            trial_residual, trial_jacobian = linearised(trial)
            lower = trial_residual @ trial_residual < energies[-1]
            if lower or enough:
                break
            damping *= 10
        if not lower:
            break
        state, residual, jacobian, damping = trial, trial_residual, trial_jacobian, damping / 10
        energies.append(residual @ residual)
        if enough:
            break
    return *state, np.array(energies)
