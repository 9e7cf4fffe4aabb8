"""Ground truth of a picture: parts, face mask, depth, normals, landmarks, their visibility and the visible jaw line."""
from functools import lru_cache

import cv2
import numba
import numpy as np

from dflib.cast.head import EAR, EYE, INNER_LIP, LID, MOUTH, SKIN, TEETH, head_model
from dflib.cast.mesh import unit
from dflib.cast.raster import EMPTY

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


def surface_labels(pixels, painted, clothed):
    """Labels (P,) uint8 of the head's visible pixels, and in_face (P,) bool: what a face mask keeps.

    painted (P, 8): the skin's texture there; clothed (P,) bool.
    """
    regions = _face_map()
    material = pixels.material
    rows, columns = (np.minimum((pixels.local * REFINED + 0.5).astype(np.int32).T,
                                np.array(regions.shape)[:, None] - 1))
    skin = material == SKIN
    region = np.where(skin, regions[rows * skin, columns * skin], 0)
    label = np.full(len(material), NUMBER["skin"], np.uint8)
    label[region == 2] = NUMBER["neck"]
    label[skin & (painted[:, 6] > 0.5)] = NUMBER["lip"]
    label[skin & (painted[:, 7] > 0.5)] = NUMBER["hair"]
    label[clothed] = NUMBER["clothes"]
    for number, name in ((EAR, "ear"), (EYE, "eye"), (TEETH, "mouth"), (MOUTH, "mouth"), (INNER_LIP, "lip"),
                         (LID, "skin")):
        label[material == number] = NUMBER[name]
    inner = (material == EYE) | (material == TEETH) | (material == MOUTH) | (material == INNER_LIP) | (material == LID)
    return label, inner | ((region == 1) & (label != NUMBER["hair"]) & ~clothed)


@numba.njit(cache=True)
def _most_common(labels, factor, kinds):
    """The commonest label of every factor x factor block; of equals the one that comes first in the block."""
    size = labels.shape[0] // factor
    out = np.empty((size, size), np.uint8)
    count = np.zeros(kinds, np.int32)
    for j in range(size):
        for i in range(size):
            count[:] = 0
            best = labels[j * factor, i * factor]
            for b in range(factor):
                for a in range(factor):
                    count[labels[j * factor + b, i * factor + a]] += 1
            for kind in range(kinds):
                if count[kind] > count[best]:
                    best = kind
            out[j, i] = best
    return out


def picture_truth(view, pixels, depth, label, in_face, strands, factor):
    """labels, mask, depth and normals of the picture, `factor` times smaller than the raster.

    depth (H, W): distance of the mesh; label, in_face (P,): of its pixels; strands: name -> (coverage (H, W), summed
    distance (H, W)) in the order of drawing. Returns labels (S, S) uint8, mask (S, S) bool, depth (S, S) float32 cm
    (0 where there is nothing), normals (S, S, 3) float32 (0 there too).
    """
    shape = depth.shape
    labels, face = np.zeros(shape, np.uint8), np.zeros(shape, bool)
    labels.ravel()[pixels.index], face.ravel()[pixels.index] = label, in_face
    nearest = depth.copy()
    loose = np.zeros(shape, bool)
    for name, (coverage, distance) in strands.items():
        covered = coverage > HIDING
        labels[covered] = NUMBER[name]
        if name == "hair":
            face &= ~covered
        if name in ("hair", "glasses"):
            nearest[covered] = distance[covered] / coverage[covered]
            loose |= covered
    normals = np.zeros(shape + (3,), np.float32)
    normals.reshape(-1, 3)[pixels.index] = pixels.normal
    rows, columns = np.nonzero(loose)
    world = view.unproject(columns, rows, nearest[loose])
    normals[loose] = unit(world - view.head_centre)
    _face_camera(normals, nearest, view)

    small = _most_common(labels, factor, len(LABELS))
    size = shape[0] // factor
    blocks = nearest.reshape(size, factor, size, factor).transpose(0, 2, 1, 3).reshape(size, size, -1)
    chosen = blocks.argmin(-1)
    row = np.arange(size)[:, None] * factor + chosen // factor
    column = np.arange(size)[None] * factor + chosen % factor
    distance = nearest[row, column]
    normal = normals[row, column]
    nothing = (distance >= EMPTY) | (small == NUMBER["background"])
    distance[nothing], normal[nothing] = 0, 0
    small[nothing] = NUMBER["background"]
    share = face.reshape(size, factor, size, factor).mean((1, 3))
    return small, (share > 0.5) & ~np.isin(small, OUTSIDE_FACE), distance, normal


OUTSIDE_FACE = [NUMBER[name] for name in ("background", "neck", "ear", "hair", "clothes")]


def _face_camera(normals, depth, view):
    """Turn normals that point away from the camera (an artefact of smoothing at outlines) into its plane, in place."""
    rows, columns = np.nonzero((normals != 0).any(-1) & (depth < EMPTY))
    towards = unit(np.array([0, 0, view.distance], np.float32) - view.unproject(columns, rows, depth[rows, columns]))
    normal = normals[rows, columns]
    facing = (normal * towards).sum(-1, keepdims=True)
    normals[rows, columns] = unit(normal - np.minimum(facing - 0.01, 0) * towards)


def visible_landmarks(x, y, z, depth, strands):
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


def visible_jaw(x, y, view):
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
