"""Ground truth of a picture: parts, face mask, depth, normals, landmarks, their visibility and the visible jaw line."""
from functools import lru_cache

import cv2
import numba
import numpy as np

from dflib.cast.geometry.head import EAR, EYE, INNER_LIP, LID, MOUTH, SKIN, TEETH, head_model
from dflib.cast.geometry.raster import EMPTY, scatter
from dflib.cast.picture.camera import View
from dflib.cast.picture.pixels import Pixels

LABELS = ("background", "skin", "neck", "ear", "eye", "brow", "lip", "mouth", "hair", "beard", "glasses", "clothes")
NUMBER = {name: number for number, name in enumerate(LABELS)}
HIDING = 0.5            # coverage from which strands count as the surface
BEHIND = 0.6            # cm a landmark may lie behind the depth buffer and still be seen: lips and lids are thick
REFINED = 4             # pixels of the face map per row and column of the skin grid
TEMPLES = ((1.5, 1.36), (3.0, 1.20), (4.8, 0.95), (5.9, 0.62), (6.2, 0.30), (6.3, 0.0))
                        # height cm and angle of the mask's upper edge, from the ears to the natural hairline


def _grid_place(height, angle):
    """Fractional-free (row, column) of the skin grid whose ring crosses the face's middle at `height`."""
    head = head_model()
    profile = head.grid_template[:, len(head.column_angle) // 2, 1]
    return int(np.argmin(np.abs(profile - height))), int(np.argmin(np.abs(head.column_angle - angle)))


LABEL_OF_MATERIAL = np.zeros(7, np.uint8)
for _material, _name in ((SKIN, "skin"), (EYE, "eye"), (TEETH, "mouth"), (MOUTH, "mouth"), (EAR, "ear"), (LID, "skin"),
                         (INNER_LIP, "lip")):
    LABEL_OF_MATERIAL[_material] = NUMBER[_name]
IN_FACE = np.isin(np.arange(7), (EYE, TEETH, MOUTH, INNER_LIP, LID))


@numba.njit(cache=True)
def _regions_at(regions, places, wanted):
    """Values (P,) uint8 of the face map nearest to grid places (P, 2), 0 where not wanted (P,)."""
    out = np.zeros(places.shape[0], np.uint8)
    for p in range(places.shape[0]):
        if wanted[p]:
            row = min(int(places[p, 0] * REFINED + .5), regions.shape[0] - 1)
            out[p] = regions[row, min(int(places[p, 1] * REFINED + .5), regions.shape[1] - 1)]
    return out


@lru_cache(1)
def _face_map():
    """(rows*REFINED, columns*REFINED) uint8: 1 inside the face, 2 below it (neck), 0 elsewhere, on the skin grid."""
    head = head_model()
    rows, columns = head.grid_shape
    jaw = head.texture_coords[head.landmark_vertices[:17]]
    top = [_grid_place(y, a) for y, a in TEMPLES] + [_grid_place(y, -a) for y, a in TEMPLES[-2::-1]]
    below = np.concatenate([jaw, [[jaw[16, 0], columns], [rows, columns], [rows, 0], [jaw[0, 0], 0]]])
    regions = np.zeros((rows * REFINED, columns * REFINED), np.uint8)
    for polygon, number in ((below, 2), (np.concatenate([jaw, top]), 1)):
        corners = np.round(polygon[:, ::-1] * REFINED * 16).astype(np.int32)
        cv2.fillPoly(regions, [corners], number, shift=4)
    return regions


def surface_labels(pixels: Pixels, painted: np.ndarray, clothed: np.ndarray) -> tuple:
    """Labels (P,) uint8 of the head's visible pixels, and in_face (P,) bool: what a face mask keeps.

    painted (P, 8): the skin's texture there; clothed (P,) bool.
    """
    material = pixels.material
    region = _regions_at(_face_map(), pixels.local, material == SKIN)
    label = LABEL_OF_MATERIAL[material]
    label[region == 2] = NUMBER["neck"]
    label[painted[:, 6] > 0.5] = NUMBER["lip"]
    label[painted[:, 7] > 0.5] = NUMBER["hair"]
    label[clothed] = NUMBER["clothes"]
    return label, IN_FACE[material] | ((region == 1) & (label != NUMBER["hair"]) & ~clothed)


def picture_truth(view: View, pixels: Pixels, depth: np.ndarray, label: np.ndarray, in_face: np.ndarray, strands: dict,
                  factor: int) -> tuple:
    """labels, mask, depth and normals of the picture, `factor` times smaller than the raster.

    depth (H, W): distance of the mesh; label, in_face (P,): of its pixels; strands: name -> (coverage (H, W), summed
    distance (H, W)) in the order of drawing. Returns labels (S, S) uint8, mask (S, S) bool, depth (S, S) float32 cm
    (0 where there is nothing), normals (S, S, 3) float32 (0 there too).
    """
    labels, face = np.zeros(depth.shape, np.uint8), np.zeros(depth.shape, np.uint8)
    labels.ravel()[pixels.index], face.ravel()[pixels.index] = label, in_face
    normals = np.zeros(depth.shape + (3,), np.float32)
    scatter(pixels.normal, pixels.index, normals)
    nearest = depth.copy()
    for name, (coverage, distance) in strands.items():
        in_front = name in ("hair", "glasses")          # brows and beards lie on the skin: its depth and normal serve
        _cover(labels, face, nearest, normals, coverage, distance, NUMBER[name], name == "hair", in_front)
    eye = np.array([view.centre[0], view.centre[1], view.size / 2, view.focal, view.distance], np.float32)
    return _shrink(labels, face, nearest, normals, factor, len(LABELS), IS_FACE, view.head_centre, eye)


IS_FACE = np.array([name in ("skin", "eye", "brow", "lip", "mouth", "beard", "glasses") for name in LABELS])


@numba.njit(cache=True)
def _cover(labels, face, nearest, normals, coverage, distance, number, hides_face, in_front):
    for j in range(labels.shape[0]):
        for i in range(labels.shape[1]):
            if coverage[j, i] > HIDING:
                labels[j, i] = number
                if hides_face:
                    face[j, i] = 0
                if in_front:
                    nearest[j, i] = distance[j, i] / coverage[j, i]
                    normals[j, i] = 0           # taken from the skull's centre below


@numba.njit(cache=True, fastmath=True)
def _shrink(labels, face, nearest, normals, factor, kinds, is_face, head_centre, eye):
    """One pixel from every factor x factor block: its commonest label, place and normal of its nearest point."""
    size = labels.shape[0] // factor
    out = np.zeros((size, size), np.uint8)
    mask = np.zeros((size, size), np.bool_)
    depth = np.zeros((size, size), np.float32)
    normal = np.zeros((size, size, 3), np.float32)
    count = np.zeros(kinds, np.int32)
    for j in range(size):
        for i in range(size):
            count[:] = 0
            best, share, row, column = labels[j * factor, i * factor], 0, j * factor, i * factor
            for b in range(j * factor, (j + 1) * factor):
                for a in range(i * factor, (i + 1) * factor):
                    count[labels[b, a]] += 1
                    share += face[b, a]
                    if nearest[b, a] < nearest[row, column]:
                        row, column = b, a
            for kind in range(kinds):
                if count[kind] > count[best]:
                    best = kind
            if best == 0 or nearest[row, column] >= EMPTY:
                continue
            z = nearest[row, column]
            out[j, i], depth[j, i] = best, z
            mask[j, i] = share * 2 > factor * factor and is_face[best]
            x = (column + .5 - eye[2]) * z / eye[3] + eye[0]
            y = (eye[2] - row - .5) * z / eye[3] + eye[1]
            nx, ny, nz = normals[row, column, 0], normals[row, column, 1], normals[row, column, 2]
            if nx == 0 and ny == 0 and nz == 0:         # hair and glasses: away from the skull
                nx, ny, nz = x - head_centre[0], y - head_centre[1], eye[4] - z - head_centre[2]
            inverse = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
            nx, ny, nz = nx * inverse, ny * inverse, nz * inverse
            inverse = 1 / np.sqrt(x * x + y * y + z * z)
            vx, vy, vz = -x * inverse, -y * inverse, z * inverse
            turned = nx * vx + ny * vy + nz * vz - .01
            if turned < 0:                              # smoothed normals look away at outlines: turn them edge-on
                nx, ny, nz = nx - turned * vx, ny - turned * vy, nz - turned * vz
            inverse = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
            normal[j, i, 0], normal[j, i, 1], normal[j, i, 2] = nx * inverse, ny * inverse, nz * inverse
    return out, mask, depth, normal


def visible_landmarks(x: np.ndarray, y: np.ndarray, z: np.ndarray, depth: np.ndarray, strands: dict) -> np.ndarray:
    """Whether each landmark (68,) is in the picture and neither the head nor hair or glasses lie in front of it.

    x, y, z (68,): raster place and distance; depth (H, W) of the mesh; strands as in `picture_truth`. A landmark on an
    outline counts as seen when any neighbouring pixel sees that far.
    """
    height, width = depth.shape
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    column, row = np.clip(column, 0, width - 1), np.clip(row, 0, height - 1)
    farthest = cv2.dilate(depth, np.ones((3, 3), np.uint8))
    seen = inside & (farthest[row, column] > z - BEHIND)
    for name in ("hair", "glasses"):
        if name in strands:
            coverage, distance = strands[name]
            there = coverage[row, column]
            seen &= (there < HIDING) | (distance[row, column] / np.maximum(there, 1e-6) > z)
    return seen


def visible_jaw(x: np.ndarray, y: np.ndarray, view: View) -> np.ndarray:
    """The 17 jaw points (17, 2), raster, moved to the face's outline where the head is turned.

    x, y (V,): the raster place of every vertex. Each point slides along its ring of the skin grid towards the middle
    of the face, to where the ring reaches farthest to its side; points that the camera sees directly stay.
    """
    head = head_model()
    columns = head.grid_shape[1]
    middle = columns // 2
    across = np.array([view.head[0, 0], -view.head[1, 0]])      # direction of the person's left in the picture
    contour = np.empty((17, 2), np.float32)
    for k, vertex in enumerate(head.landmark_vertices[:17]):
        row, column = divmod(int(vertex), columns)
        stop = (column + middle) // 2
        path = row * columns + np.arange(min(column, stop), max(column, stop) + 1)
        reach = np.sign(column - middle) * (x[path] * across[0] + y[path] * across[1])
        farthest = path[np.argmax(reach)] if column != middle else vertex
        contour[k] = x[farthest], y[farthest]
    return contour
