"""Linear 3-D face models for fitting: a mean shape, blend shapes, and which vertices are landmarks.

Every model here has x to the image's right, y up and z towards the camera, so that a rotation of the identity looks
into the camera. The unit of length is the model's own (the cast: cm; Candide: about a face's height over two).
"""
import os
import warnings
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from dflib.cast.geometry.head import HeadModel

CAMERA_DISTANCE = 90.0      # cm, the middle of what the cast's shots have
EXPRESSION_SPREAD = 0.3     # usual weight of the cast's expressions, whose full strength is 1
CANDIDE_REACH = 0.1         # how far a Candide shape usually moves a point, in widths of the face
FOREHEAD = ((0.6, 1.12), (2.2, 0.98), (3.6, 0.78), (4.6, 0.5), (4.9, 0.0))
                            # height cm and angle: upper edge of the cast's face, from the ear to below the hairline


@dataclass(frozen=True, eq=False)
class FaceModel:
    """Vertices are mean + sum_k weights[k] * blendshapes[k].

    `spread` is the usual size of each weight (default 1): the prior of a fit pulls weights of that size alike.
    `shared` marks the shapes that belong to the person and stay the same through a clip (default: none). A `distance`
    gives pictures perspective; the default, infinity, is weak perspective.
    Raises ValueError for arrays that do not fit together.
    """
    mean: np.ndarray                # (V, 3)
    blendshapes: np.ndarray         # (K, V, 3)
    triangles: np.ndarray           # (F, 3) int, counter-clockwise seen from outside
    landmark_vertices: np.ndarray   # (N,) int: the vertex of each landmark that is used ...
    landmark_indices: np.ndarray    # (N,) int: ... and its place in the caller's list, e.g. the 68 of iBUG
    spread: "np.ndarray | None" = None      # (K,) positive
    shared: "np.ndarray | None" = None      # (K,) bool
    distance: float = np.inf                # from the camera to the model's origin, in its unit

    def __post_init__(self):
        count, shapes = len(self.mean), len(self.blendshapes)
        for name, default in (("spread", np.ones(shapes)), ("shared", np.zeros(shapes, bool))):
            object.__setattr__(self, name, default if getattr(self, name) is None else np.asarray(getattr(self, name)))
        if self.mean.shape != (count, 3) or self.blendshapes.shape != (shapes, count, 3):
            raise ValueError(f"A face model needs a mean (V, 3) and blend shapes (K, V, 3), not {self.mean.shape} and "
                             f"{self.blendshapes.shape}.")
        if self.landmark_vertices.ndim != 1 or self.landmark_vertices.shape != self.landmark_indices.shape:
            raise ValueError("landmark_vertices and landmark_indices must be two lists of one length.")
        for name, numbers in (("triangles", self.triangles), ("landmark_vertices", self.landmark_vertices)):
            if len(numbers) == 0 or numbers.min() < 0 or numbers.max() >= count:
                raise ValueError(f"{name} must name vertices from 0 to {count - 1}.")
        if self.landmark_indices.min() < 0:
            raise ValueError("landmark_indices must not be negative.")
        if self.spread.shape != (shapes,) or self.shared.shape != (shapes,) or not (self.spread > 0).all():
            raise ValueError(f"spread and shared need one value for each of the {shapes} blend shapes, and spread must be "
                             "positive.")
        if not self.distance > 2 * np.abs(self.mean).max():
            raise ValueError(f"the camera's distance must be more than twice the face's size, not {self.distance!r}.")

    def vertices(self, weights: np.ndarray) -> np.ndarray:
        """Vertices (V, 3) at weights (K,)."""
        return self.mean + np.tensordot(np.asarray(weights, self.mean.dtype), self.blendshapes, 1)

    @cached_property
    def landmark_mean(self) -> np.ndarray:
        """(N, 3) float64: the mean at the landmarks."""
        return np.ascontiguousarray(self.mean[self.landmark_vertices], np.float64)

    @cached_property
    def landmark_shapes(self) -> np.ndarray:
        """(N, 3, K) float64: the blend shapes at the landmarks."""
        return np.ascontiguousarray(self.blendshapes[:, self.landmark_vertices].transpose(1, 2, 0), np.float64)

    @cached_property
    def affine_solver(self) -> np.ndarray:
        """(3, N) float64: times landmarks (N, 2) it gives the best affine map of the mean shape, transposed."""
        return np.ascontiguousarray(np.linalg.pinv(self.landmark_mean - self.landmark_mean.mean(0)))


def from_head_model(head: HeadModel, identity_modes: "list | None" = None, expression_modes: "list | None" = None,
                    distance: float = CAMERA_DISTANCE) -> FaceModel:
    """The FaceModel of the cast's head: its face from jaw to forehead, without eyeballs, teeth, ears and neck.

    The modes are lists of names of `head`, None for all of them; landmarks are the 68 of iBUG. Identity modes are
    marked as shared. `distance` is in cm: heads turned by 30 degrees seem turned by 33 to a model without perspective
    (distance=np.inf). Raises ValueError for a name that the head does not have.
    """
    chosen = []
    for kind, names, index in (("identity", identity_modes, head.identity_index),
                               ("expression", expression_modes, head.expression_index)):
        names = index if names is None else names
        unknown = [name for name in names if name not in index]
        if unknown:
            raise ValueError(f"the head has no {kind} mode {unknown[0]!r}; it has {', '.join(index)}.")
        chosen.append([index[name] for name in names])
    identity, expression = chosen
    triangles = head.triangles[_in_face(head)[head.triangles].all(1)]
    used, renumbered = np.unique(np.concatenate([triangles.ravel(), head.landmark_vertices]), return_inverse=True)
    shapes = np.stack([head.identity[k][used] for k in identity] + [head.expression[k][used] for k in expression])
    return FaceModel(
        head.mean[used], shapes, renumbered[:triangles.size].reshape(-1, 3).astype(np.int32),
        renumbered[triangles.size:], np.arange(len(head.landmark_vertices)),
        spread=np.array([1.0] * len(identity) + [EXPRESSION_SPREAD] * len(expression)),
        shared=np.arange(len(shapes)) < len(identity), distance=distance)


@lru_cache(maxsize=2)
def _of_head(head):
    return from_head_model(head)


def as_face_model(model: "FaceModel | HeadModel") -> FaceModel:
    """A FaceModel as it is; the cast's HeadModel as `from_head_model` makes one of it, kept."""
    return _of_head(model) if isinstance(model, HeadModel) else model


def _in_face(head):
    """(V,) bool: skin, lids and lips between the jaw's landmarks and FOREHEAD, which is drawn on the skin grid."""
    import cv2
    rows, columns = head.grid_shape
    profile = head.grid_template[:, columns // 2, 1]

    def place(height, angle):
        return np.argmin(abs(profile - height)), np.argmin(abs(head.column_angle - angle))

    top = [place(h, a) for h, a in FOREHEAD] + [place(h, -a) for h, a in FOREHEAD[-2::-1]]
    outline = np.concatenate([head.texture_coords[head.landmark_vertices[:17]], top])
    inside = np.zeros((rows, columns), np.uint8)
    cv2.fillPoly(inside, [np.round(outline[:, ::-1]).astype(np.int32)], 1)
    row, column = head.texture_coords[:head.face_count].astype(int).T
    face = np.zeros(len(head.mean), bool)
    face[:head.face_count] = inside[row, column] > 0        # rims of lids and lips lie at their parents' place
    return face


def load_candide(path: "str | os.PathLike") -> FaceModel:
    """The FaceModel in a `candide.npz` as used by M. Kowalski's FaceSwap (a reader's own copy; none is shipped).

    It holds mean3DShape (3, 113), blendshapes (14, 3, 113), mesh (175, 3), and idxs3D and idxs2D (46,): vertices and their
    places among 68 landmarks. There y points down and z away from the camera; here both are reversed. The file does
    not say how large weights usually are, so a shape's spread is the weight that moves its farthest point by a tenth of
    the face's width. Raises FileNotFoundError for no file, ValueError for another kind of file.
    """
    names = ("mean3DShape", "blendshapes", "mesh", "idxs3D", "idxs2D")
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no file {path}.")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Reading `.npy` or `.npz` file required additional header parsing")
            with np.load(path, allow_pickle=False) as stored:
                mean, shapes, mesh, vertices, indices = (stored[name] for name in names)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no candide.npz: it must hold {', '.join(names)}.") from error
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{path} cannot be read as an .npz file: {error}.") from error
    if mean.ndim != 2 or len(mean) != 3 or shapes.ndim != 3 or mesh.ndim != 2 or mesh.shape[1] != 3:
        raise ValueError(f"{path} is no candide.npz: its shapes are {mean.shape}, {shapes.shape} and {mesh.shape}.")
    turn = np.array([1.0, -1.0, -1.0])
    mean, shapes = mean.T * turn, np.swapaxes(shapes, 1, 2) * turn
    spread = CANDIDE_REACH * np.ptp(mean[:, 0]) / np.linalg.norm(shapes, axis=2).max(1)
    model = FaceModel(mean, shapes, mesh.astype(np.int32), vertices.astype(int), indices.astype(int), spread)
    a, b, c = mean[mesh].transpose(1, 0, 2)
    backwards = np.cross(b - a, c - a)[:, 2] < 0            # the file winds its triangles either way
    model.triangles[backwards] = model.triangles[backwards][:, ::-1]
    return model
