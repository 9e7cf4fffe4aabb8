"""The pixels that see the head, with everything the mesh knows at each of them."""
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dflib.cast.geometry.head import head_model
from dflib.cast.geometry.mesh import bump
from dflib.cast.geometry.raster import Visible, interpolate, normalise
from dflib.cast.picture.camera import View

SOCKET_LIGHT = 0.7      # light that bounces between lids and brow; without it sockets look made up

@dataclass(frozen=True)
class Pixels:
    """The P pixels that see the head, in the order of the raster."""
    shape: tuple                # of the raster
    index: np.ndarray           # (P,) flat index into the raster
    triangle: np.ndarray        # (P,) int32
    weights: np.ndarray         # (P, 2) float32
    position: np.ndarray        # (P, 3) float32 in the world
    normal: np.ndarray          # (P, 3) float32 unit
    template: np.ndarray        # (P, 3) float32
    local: np.ndarray           # (P, 2) float32 texture coordinates
    occlusion: np.ndarray       # (P,) float32
    material: np.ndarray        # (P,) uint8
    first_vertex: np.ndarray    # (P,) int32, tells to which part the pixel belongs

    @classmethod
    def of(cls, visible: Visible, view: View, normals: np.ndarray) -> "Pixels":
        """From what is Visible of the head in the View, and the normals (V, 3) of its vertices."""
        head = head_model()
        index = np.flatnonzero(visible.triangle.ravel() >= 0).astype(np.int32)
        triangle, weights = visible.triangle.take(index), visible.weights.reshape(-1, 2).take(index, 0)
        fixed = interpolate(triangle, weights, head.triangles, _fixed_attributes())
        return cls(visible.triangle.shape, index, triangle, weights, view.unproject(index, visible.depth),
                   normalise(interpolate(triangle, weights, head.triangles, normals)), fixed[:, :3], fixed[:, 3:5],
                   fixed[:, 5], head.materials[triangle], _first_vertices()[triangle])

    def interpolate(self, attribute: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Attribute (V, C) at the `chosen` pixels."""
        return interpolate(self.triangle[chosen], self.weights[chosen], head_model().triangles, attribute)


@lru_cache(1)
def _first_vertices():
    """(F,) int32, the first vertex of each triangle."""
    return np.ascontiguousarray(head_model().triangles[:, 0])


@lru_cache(1)
def _fixed_attributes():
    """(V, 6) float32: template, texture coordinates, ambient occlusion."""
    head = head_model()
    occlusion = head.ambient_occlusion()
    x, y, z = head.template.T
    socket = bump(np.abs(x), y, 3.0, 0.45, 1.7, 0.75) * (z > 2) * (np.arange(len(x)) < head.skin_count)
    occlusion = occlusion + SOCKET_LIGHT * socket * (1 - occlusion)
    return np.ascontiguousarray(np.column_stack([head.template, head.texture_coords, occlusion]), np.float32)
