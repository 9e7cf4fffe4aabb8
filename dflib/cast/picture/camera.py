"""Where points of the head land in the picture: rotation of head and torso about the neck, then perspective.

World: cm, x to the image's right, y up, z towards the camera, which stands on the z axis at `distance`.
Raster coordinates: pixel (row j, column i) covers [i, i+1) x [j, j+1), so its centre is at (i + 0.5, j + 0.5).
"""
from dataclasses import dataclass

import numba
import numpy as np

from dflib.cast.hair.strands import SKULL_CENTRE
from dflib.cast.people.shots import Shot

NECK = np.array([0, -10, -1.5], np.float32)      # the point about which head and torso turn
TORSO_SHARE = np.array([0.25, 0.2, 0.2])         # how much of yaw, pitch and roll the torso follows
PICTURE_WIDTH = 29.0                             # cm seen at the head's depth when zoom is 1


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3) float32 rotation of the head from degrees: roll after pitch after yaw.

    yaw > 0 turns the face to the image's right, pitch > 0 down, roll > 0 counter-clockwise in the picture.
    """
    (sy, cy), (sp, cp), (sr, cr) = ((np.sin(a), np.cos(a)) for a in np.radians([yaw, pitch, roll]))
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return (about_z @ about_x @ about_y).astype(np.float32)


@dataclass(frozen=True)
class View:
    """One camera looking at one pose, for a raster of `size` x `size` pixels."""
    head: np.ndarray        # (3, 3) rotation of the head
    torso: np.ndarray       # (3, 3) rotation of the torso
    distance: float         # cm from the origin to the camera
    focal: float            # pixels
    centre: tuple           # x, y in cm of the point at the picture's centre
    size: int

    @classmethod
    def of(cls, shot: Shot, size: int) -> "View":
        """The view of a Shot."""
        angles = np.array([shot.yaw, shot.pitch, shot.roll], np.float64)
        distance = float(shot.camera.distance)
        return cls(rotation(*angles), rotation(*(angles * TORSO_SHARE)), distance,
                   float(shot.camera.zoom * size * distance / PICTURE_WIDTH),
                   tuple(float(c) for c in shot.camera.offset), size)

    @property
    def pixels_per_cm(self) -> float:
        """Scale of the picture at the origin's depth."""
        return self.focal / self.distance

    @property
    def head_centre(self) -> np.ndarray:
        """(3,) the skull's centre in the world."""
        return self.head @ (SKULL_CENTRE - NECK) + NECK

    def place(self, points: np.ndarray, neck_weight: np.ndarray) -> tuple:
        """Points (N, 3) of the neutral head -> world (N, 3), raster x (N,), raster y (N,), distance z (N,), float32.

        neck_weight (N,) is 1 where a point follows the head and 0 where it follows the torso.
        """
        points = np.ascontiguousarray(points, np.float32)
        world = np.empty_like(points)
        x, y, z = np.empty((3, len(points)), np.float32)
        _place(points, neck_weight, self.head, self.torso, NECK, np.float32(self.distance), np.float32(self.focal),
               np.float32(self.centre[0]), np.float32(self.centre[1]), np.float32(self.size / 2), world, x, y, z)
        return world, x, y, z

    def unturn(self, world: np.ndarray) -> np.ndarray:
        """Points (N, 3) of the head before its rotation, from where they are in the world."""
        return (world - NECK) @ self.head + NECK

    def unproject(self, index: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """World points (P, 3) of the pixels with flat indices `index` (P,) int32 in a depth map (H, W)."""
        return _unproject(index, depth, np.float32(self.size / 2), np.float32(self.focal), np.float32(self.distance),
                          np.float32(self.centre[0]), np.float32(self.centre[1]))


@numba.njit(cache=True, fastmath=True)
def _place(points, neck_weight, head, torso, pivot, distance, focal, centre_x, centre_y, half, world, x, y, z):
    for i in range(points.shape[0]):
        a, b, c = points[i, 0] - pivot[0], points[i, 1] - pivot[1], points[i, 2] - pivot[2]
        u = neck_weight[i]
        v = np.float32(1) - u
        for d in range(3):
            world[i, d] = (pivot[d] + a * (head[d, 0] * u + torso[d, 0] * v) + b * (head[d, 1] * u + torso[d, 1] * v)
                           + c * (head[d, 2] * u + torso[d, 2] * v))
        z[i] = distance - world[i, 2]
        x[i] = half + focal * (world[i, 0] - centre_x) / z[i]
        y[i] = half - focal * (world[i, 1] - centre_y) / z[i]


@numba.njit(cache=True, fastmath=True)
def _unproject(index, depth, half, focal, distance, centre_x, centre_y):
    width = depth.shape[1]
    world = np.empty((index.shape[0], 3), np.float32)
    for p in range(index.shape[0]):
        row, column = index[p] // width, index[p] % width
        z = depth[row, column]
        world[p, 0] = (column + np.float32(.5) - half) * z / focal + centre_x
        world[p, 1] = (half - row - np.float32(.5)) * z / focal + centre_y
        world[p, 2] = distance - z
    return world
