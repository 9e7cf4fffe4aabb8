"""A face's skin carried from one picture to the pose of another, along a fitted model.

Each pixel of the target sees a point of the model; the same point of the source's fit says where in the source
picture its colour is. No texture map is stored: the source picture is the texture, as in M. Kowalski's FaceSwap.
"""
import cv2
import numpy as np

from dflib.cast.geometry.raster import interpolate, rasterise
from dflib.swap.face_model import FaceModel
from dflib.swap.fit import Fit

GRAZING = 0.15      # cosine to the viewer below which the source hardly sees a triangle: its colours would be smeared


def transfer(model: FaceModel, picture: np.ndarray, source: np.ndarray, target: np.ndarray, shape: tuple) -> tuple:
    """Render `picture`'s face in the target's pose and expression.

    picture (h, w, 3) uint8 RGB; source and target (V, 3): vertices of `model` in the two pictures, from `fit.place`;
    shape: (H, W) of the target picture. Returns the face (H, W, 3) uint8, black elsewhere, and its mask (H, W) bool: pixels
    that see the model where the source shows it too, face on enough and inside its picture.
    """
    index, at = correspondences(model, source, target, shape, picture.shape)
    face, mask = np.zeros((*shape[:2], 3), np.uint8), np.zeros(shape[:2], bool)
    if len(index):
        # OpenCV takes maps of any shape, but neither side may exceed 32767
        rows = np.resize(np.arange(len(index)), (-(-len(index) // 1024), 1024))
        colours = cv2.remap(picture, at[rows, 0], at[rows, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        face.reshape(-1, 3)[index] = colours.reshape(-1, 3)[:len(index)]
        mask.ravel()[index] = True
    return face, mask


def correspondences(model: FaceModel, source: np.ndarray, target: np.ndarray, shape: tuple, source_shape: tuple) -> tuple:
    """Which pixels of a target picture of `shape` (H, W) see the model (P,), counted row by row, and where in the source
    picture, of `source_shape`, the same point of the model lies (P, 2) float32; those that the source shows well enough.

    source and target (V, 3): vertices of `model` in the two pictures, from `fit.place`.
    """
    x, y, z = np.ascontiguousarray(target.T, np.float32)
    triangles = np.ascontiguousarray(model.triangles, np.int32)
    seen = rasterise(x + np.float32(0.5), y + np.float32(0.5), -z, triangles, *shape[:2])
    index = np.flatnonzero(seen.triangle.ravel() >= 0)
    triangle, weights = seen.triangle.ravel()[index], seen.weights.reshape(-1, 2)[index]
    at = interpolate(triangle, weights, triangles, np.ascontiguousarray(source[:, :2], np.float32))       # (P, 2)
    height, width = source_shape[:2]
    good = facing(source, triangles)[triangle] > GRAZING
    good &= ((at >= -0.5) & (at <= (width - 0.5, height - 0.5))).all(1)
    return index[good], at[good]


def facing(placed: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Cosine (F,) between each triangle's normal and the viewer, of vertices (V, 3) placed in a picture; < 0 behind."""
    a, b, c = placed[triangles].transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)                         # the picture's y points down: towards the viewer is -z
    return -normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-12)


def nearest_pose(source: Fit, target: Fit) -> np.ndarray:
    """For each face of the Fit `target` the number (B,) of the face of the Fit `source` whose head is turned most alike."""
    return np.einsum("aij,bij->ba", source.rotation, target.rotation).argmax(1)     # trace(Ra' Rb) = 1 + 2 cos(angle)
