"""Fitting a 3-D face model to landmarks, by Gauss-Newton and Levenberg-Marquardt.

The weak-perspective model puts vertex X_i = S0_i + sum_k w_k S_k,i into the picture at

    x_i = s P q_i R X_i + t,    P = [[1, 0, 0], [0, -1, 0]],    q_i = 1                                     (1)

with scale s in pixels per unit, rotation R, translation t in pixels and weights w. P drops the depth and flips y: the
model's y points up, the picture's down. A model that knows its `distance` d to the camera has perspective instead:
q_i = 1 / (1 - z_i / d) with z_i the depth of R X_i, so that what is nearer is larger. A fit minimises

    E = sum_i |x_i - l_i|^2 + prior^2 sum_k (w_k / spread_k)^2                                             (2)

over landmarks l_i. With prior = the landmarks' noise in pixels this is the most probable face (each w_k Gaussian with
standard deviation spread_k); prior = 0 is plain least squares. Steps are taken on the manifold of poses: a step
(a, d, u, v) with a growth a, a rotation vector d (3,), u (2,) and v (K,) leads to

    s e^a,  exp([d]x) R,  t + u,  w + v                                                                  (3)

so R stays a rotation and s positive, and no angle is special. Everything is float64. `fit_plain.py` has the same in a hundred
lines of NumPy, to be read first; here the loops over faces are compiled.
"""
from dataclasses import dataclass, replace

import numba
import numpy as np
from scipy.spatial.transform import Rotation

from dflib.swap.face_model import FaceModel, as_face_model, from_head_model, load_candide

__all__ = ["FaceModel", "Fit", "angles", "fit_landmarks", "from_head_model", "linearise", "load_candide", "moved",
           "place"]
ROUNDS = 40                 # most steps of a fit
REFUSALS = 30               # most refused steps in a row: then the energy cannot be lowered in float64
START = 1e-3                # Levenberg and Marquardt's first damping, in shares of the normal matrix's diagonal
ENOUGH, TINY = 1e-11, 1e-18  # a step that lowers the energy by a smaller share, or by fewer square pixels, is the last
SINGULAR = 1e-13            # a pivot below this share of its diagonal element is 0
FLAT = 1e-6                 # smallest ratio of the two sides of a set of landmarks that is not a line


@dataclass(frozen=True, eq=False)
class Fit:
    """B fitted faces: pose and weights of equation (1), the distances left, and the energy (2)."""
    scale: np.ndarray           # (B,) pixels per unit of the model
    rotation: np.ndarray        # (B, 3, 3)
    translation: np.ndarray     # (B, 2) pixels: where the model's origin lies
    weights: np.ndarray         # (B, K)
    rms: np.ndarray             # (B,) root mean square distance to the landmarks, pixels
    energy: np.ndarray          # (B, M): (2) at the start and after each step, then nan

    def __len__(self):
        return len(self.scale)

    def __getitem__(self, chosen):
        """The Fit of some of the faces: a slice, a list of numbers or a mask, not a single number."""
        return Fit(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    @property
    def steps(self) -> np.ndarray:
        """(B,) number of steps taken."""
        return np.isfinite(self.energy).sum(1) - 1


def fit_landmarks(model: FaceModel, landmarks: np.ndarray, prior: float = 1.0, method: str = "lm") -> Fit:
    """Fit `model` to landmarks (B, N, 2) pixels, y down, each face on its own; returns a Fit.

    `model` is a FaceModel, or the cast's HeadModel as `from_head_model` makes one of it; its `landmark_indices` choose
    among the N landmarks. `prior`: pixels of landmark noise, 0 for no prior. `method` is
    "lm", Levenberg-Marquardt, or "gn", Gauss-Newton with step halving. Both start from the weak-perspective pose of the
    mean shape, in closed form. Raises ValueError for other shapes, numbers that are not finite, landmarks on a line, and
    when there is no prior though the landmarks do not determine the weights.
    """
    model = as_face_model(model)
    chosen, pull = _prepare(model, landmarks, prior)
    if method not in ("lm", "gn"):
        raise ValueError(f"method must be 'lm' or 'gn', not {method!r}.")
    batch, shapes = len(chosen), len(pull)
    scale, rotation, translation = np.empty(batch), np.empty((batch, 3, 3)), np.empty((batch, 2))
    weights, energy = np.zeros((batch, shapes)), np.full((batch, ROUNDS + 1), np.nan)
    flat = _initialise(model.landmark_mean, model.affine_solver, chosen, scale, rotation, translation)
    if flat >= 0:
        raise ValueError(f"the landmarks of face {flat} lie on a line or a point: no pose can be found.")
    if _descend(model.landmark_mean, model.landmark_shapes, 1 / model.distance, chosen, pull, method == "lm", scale,
                rotation, translation, weights, energy) < batch:
        raise ValueError("these landmarks do not determine the weights: use a prior above 0.")
    steps = np.isfinite(energy).sum(1) - 1
    squares = energy[np.arange(batch), steps] - (pull ** 2 * weights ** 2).sum(1)
    return Fit(scale, rotation, translation, weights, np.sqrt(np.maximum(squares, 0) / chosen.shape[1]),
               energy[:, :steps.max(initial=0) + 1])


def _prepare(model, landmarks, prior):
    """The model's landmarks (B, N, 2) float64 contiguous, and prior / spread (K,)."""
    landmarks = np.asarray(landmarks, np.float64)
    most = int(model.landmark_indices.max())
    if landmarks.ndim != 3 or landmarks.shape[2] != 2 or landmarks.shape[1] <= most:
        raise ValueError(f"landmarks must have the shape (B, N, 2) with N > {most}, not {landmarks.shape}.")
    if not 0 <= prior < np.inf:
        raise ValueError(f"prior must be a number of pixels from 0, not {prior!r}.")
    chosen = np.ascontiguousarray(landmarks[:, model.landmark_indices])
    if not np.isfinite(chosen).all():
        raise ValueError("landmarks must be finite numbers.")
    shapes = len(model.spread)
    if prior == 0 and 6 + shapes > 2 * chosen.shape[1]:
        raise ValueError(f"{chosen.shape[1]} landmarks do not determine {shapes} weights: use a prior above 0.")
    return chosen, prior / model.spread.astype(np.float64)


@numba.njit(cache=True)
def _initialise(mean, solver, landmarks, scale, rotation, translation):
    """The pose of the mean shape (N, 3) for each face, written into the last three.

    The best affine map A (2, 3) from the shape to the landmarks, then the nearest scaled pair of rows of a rotation:
    (A A^T)^(-1/2) A, whose matrix root is in closed form for 2x2. Returns the number of a face without area, or -1.
    """
    centre = np.array([mean[:, 0].mean(), mean[:, 1].mean(), mean[:, 2].mean()])
    for b in range(len(landmarks)):
        x, y = landmarks[b, :, 0], landmarks[b, :, 1]
        affine = np.empty((2, 3))
        affine[0], affine[1] = solver @ (x - x.mean()), -(solver @ (y - y.mean()))      # y up from here
        g00, g01, g11 = affine[0] @ affine[0], affine[0] @ affine[1], affine[1] @ affine[1]
        root = np.sqrt(max(g00 * g11 - g01 * g01, 0.0))
        if not root > FLAT * (g00 + g11):
            return b
        both = np.sqrt(g00 + g11 + 2 * root)                # sum of the singular values of A
        # (A A^T)^(1/2) = (A A^T + root I) / both; its inverse times A:
        rows = np.empty((2, 3))
        rows[0] = ((g11 + root) * affine[0] - g01 * affine[1]) / (root * both)
        rows[1] = ((g00 + root) * affine[1] - g01 * affine[0]) / (root * both)
        scale[b] = both / 2
        rotation[b, 0], rotation[b, 1], rotation[b, 2] = rows[0], rows[1], np.cross(rows[0], rows[1])
        translation[b, 0] = x.mean() - scale[b] * (rows[0] @ centre)
        translation[b, 1] = y.mean() + scale[b] * (rows[1] @ centre)
    return -1


@numba.njit(cache=True, fastmath=True)
def _linearise(mean, shapes, nearness, scale, rotation, translation, weights, points, jacobian):
    """Write (1) into points (2N,) as x0 y0 x1 y1 ..., and its derivatives by a step (3) into jacobian (2N, 6 + K)."""
    R, count = rotation, shapes.shape[2]
    for i in range(len(mean)):
        a, b, c = mean[i, 0], mean[i, 1], mean[i, 2]
        for k in range(count):
            a += shapes[i, 0, k] * weights[k]
            b += shapes[i, 1, k] * weights[k]
            c += shapes[i, 2, k] * weights[k]
        x = R[0, 0] * a + R[0, 1] * b + R[0, 2] * c                     # Y = R X, y up
        y = R[1, 0] * a + R[1, 1] * b + R[1, 2] * c
        z = R[2, 0] * a + R[2, 1] * b + R[2, 2] * c
        q = 1 / (1 - nearness * z)
        sq, gx, gy = scale * q, nearness * q * x, nearness * q * y      # d(s q x) = sq (dx + gx dz), also for y
        u, v = 2 * i, 2 * i + 1
        points[u], points[v] = translation[0] + sq * x, translation[1] - sq * y
        jacobian[u, 0], jacobian[v, 0] = sq * x, -sq * y                # growth
        jacobian[u, 1], jacobian[u, 2], jacobian[u, 3] = sq * gx * y, sq * (z - gx * x), -sq * y
        jacobian[v, 1], jacobian[v, 2], jacobian[v, 3] = sq * (z - gy * y), sq * gy * x, -sq * x    # dY = d x Y
        jacobian[u, 4], jacobian[u, 5] = 1.0, 0.0
        jacobian[v, 4], jacobian[v, 5] = 0.0, 1.0
        u0, u1, u2 = sq * (R[0, 0] + gx * R[2, 0]), sq * (R[0, 1] + gx * R[2, 1]), sq * (R[0, 2] + gx * R[2, 2])
        v0, v1, v2 = sq * (R[1, 0] + gy * R[2, 0]), sq * (R[1, 1] + gy * R[2, 1]), sq * (R[1, 2] + gy * R[2, 2])
        for k in range(count):                                          # weights: dY = R S_k
            a, b, c = shapes[i, 0, k], shapes[i, 1, k], shapes[i, 2, k]
            jacobian[u, 6 + k] = u0 * a + u1 * b + u2 * c
            jacobian[v, 6 + k] = -(v0 * a + v1 * b + v2 * c)


@numba.njit(cache=True)
def _turn(vector):
    """exp([v]x) (3, 3): the rotation about v (3,) by |v| radians (Rodrigues)."""
    angle = np.sqrt(vector @ vector)
    first = 1.0 if angle < 1e-8 else np.sin(angle) / angle
    second = 0.5 if angle < 1e-8 else (1 - np.cos(angle)) / angle ** 2
    x, y, z = vector[0], vector[1], vector[2]
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + first * cross + second * (cross @ cross)


@numba.njit(cache=True, fastmath=True)
def _solve(normal, damping, gradient, factor, step):
    """Write the step that solves (normal + damping diag(normal)) step = -gradient, by Cholesky; False if it has none."""
    size = len(step)
    for a in range(size):
        for b in range(a + 1):
            total = normal[a, b] * (1 + damping if a == b else 1.0)
            for c in range(b):
                total -= factor[a, c] * factor[b, c]
            if a > b:
                factor[a, b] = total * factor[b, b]
            elif total > SINGULAR * normal[a, a]:
                factor[a, a] = 1 / np.sqrt(total)           # the diagonal holds reciprocals: divisions are slow
            else:
                return False
    for a in range(size):                                   # forwards with the factor, backwards with its transpose
        total = -gradient[a]
        for b in range(a):
            total -= factor[a, b] * step[b]
        step[a] = total * factor[a, a]
    for a in range(size - 1, -1, -1):
        step[a] *= factor[a, a]
        for b in range(a):
            step[b] -= factor[a, b] * step[a]
    return True


@numba.njit(cache=True)
def _descend(mean, shapes, nearness, landmarks, pull, damped, scale, rotation, translation, weights, energy):
    """Lower (2) for each face from the state in the last five, which are overwritten.

    Returns how many faces it could do: all, or those before the first whose normal equations are singular.
    """
    count, size, square = 2 * len(mean), 6 + len(pull), pull ** 2
    points, trial_points = np.empty(count), np.empty(count)
    jacobian, trial_jacobian = np.empty((count, size)), np.empty((count, size))
    factor, step = np.empty((size, size)), np.empty(size)
    for face in range(len(landmarks)):
        s, R, t, w = scale[face], rotation[face], translation[face], weights[face]
        wanted = landmarks[face].ravel()
        _linearise(mean, shapes, nearness, s, R, t, w, points, jacobian)
        residual = points - wanted
        now = energy[face, 0] = residual @ residual + square @ w ** 2
        damping, taken, done = START if damped else 0.0, 0, False
        while taken < ROUNDS and not done:
            normal, gradient = jacobian.T @ jacobian, jacobian.T @ residual     # half of (2)'s derivatives, with ...
            for k in range(len(pull)):
                normal[6 + k, 6 + k] += square[k]                               # ... the prior's
                gradient[6 + k] += square[k] * w[k]
            for refused in range(REFUSALS):
                if not _solve(normal, damping, gradient, factor, step):
                    return face
                if not damped:
                    step *= 0.5 ** refused
                done = -(gradient @ step) <= ENOUGH * now + TINY
                new_s, new_R, new_t, new_w = s * np.exp(step[0]), _turn(step[1:4]) @ R, t + step[4:6], w + step[6:]
                _linearise(mean, shapes, nearness, new_s, new_R, new_t, new_w, trial_points, trial_jacobian)
                trial_residual = trial_points - wanted
                lower = trial_residual @ trial_residual + square @ new_w ** 2
                if lower < now or done:
                    break
                damping *= 10
            if not lower < now:
                break
            s, R, t, w, now, residual = new_s, new_R, new_t, new_w, lower, trial_residual
            points, trial_points, jacobian, trial_jacobian = trial_points, points, trial_jacobian, jacobian
            damping /= 10
            taken += 1
            energy[face, taken] = now
        scale[face], rotation[face], translation[face], weights[face] = s, R, t, w
    return len(landmarks)


def linearise(model: FaceModel, fit: Fit) -> tuple:
    """Landmarks of the fitted model (B, N, 2) in pixels, by (1), and their Jacobian (B, 2N, 6 + K) by a step (3).

    The N landmarks are those of `model.landmark_vertices`; rows of the Jacobian are x0, y0, x1, y1, ..., columns growth,
    rotation vector, translation, weights.
    """
    model = as_face_model(model)
    count, size = 2 * len(model.landmark_vertices), 6 + len(model.spread)
    points, jacobian = np.empty((len(fit), count)), np.empty((len(fit), count, size))
    for b in range(len(fit)):
        _linearise(model.landmark_mean, model.landmark_shapes, 1 / model.distance, fit.scale[b], fit.rotation[b],
                   fit.translation[b], fit.weights[b], points[b], jacobian[b])
    return points.reshape(len(fit), -1, 2), jacobian


def moved(fit: Fit, step: np.ndarray) -> Fit:
    """The Fit after a step (B, 6 + K) as in (3); rms and energy stay those of the old one."""
    turned = Rotation.from_rotvec(step[:, 1:4]).as_matrix() @ fit.rotation
    return replace(fit, scale=fit.scale * np.exp(step[:, 0]), rotation=turned,
                   translation=fit.translation + step[:, 4:6], weights=fit.weights + step[:, 6:])


def place(model: FaceModel, fit: Fit) -> np.ndarray:
    """All vertices in the picture, (B, V, 3): x and y in pixels (y down), and z in pixels towards the viewer."""
    model = as_face_model(model)
    placed = np.empty((len(fit), len(model.mean), 3))
    for b in range(len(fit)):
        turned = model.vertices(fit.weights[b]) @ fit.rotation[b].T
        placed[b] = fit.scale[b] * turned
        placed[b, :, :2] /= (1 - turned[:, 2:] / model.distance)
        placed[b, :, 0] += fit.translation[b, 0]
        placed[b, :, 1] = fit.translation[b, 1] - placed[b, :, 1]
    return placed


def angles(rotation: np.ndarray) -> np.ndarray:
    """Yaw, pitch and roll (B, 3) in degrees of rotations (B, 3, 3), as the cast's shots count them."""
    R = np.asarray(rotation)
    return np.degrees(np.stack([np.arctan2(-R[..., 2, 0], R[..., 2, 2]), np.arcsin(np.clip(R[..., 2, 1], -1, 1)),
                                np.arctan2(-R[..., 0, 1], R[..., 1, 1])], -1))
