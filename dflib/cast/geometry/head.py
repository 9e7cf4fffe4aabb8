"""The head model: a mean head and its identity and expression modes, all computed from equations.

    head = head_model()
    vertices = head.vertices(a, b)      # (V, 3) cm; a (K,) identity, b (E,) expression; linear in both
"""
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from dflib.cast.geometry import parts as pieces
from dflib.cast.geometry.expressions import expression_modes
from dflib.cast.geometry.features import (EYE_INNER, EYE_OUTER, MOUTH_CORNER, brow_curve, lower_lip_height, sculpt,
                                          upper_lip_height)
from dflib.cast.geometry.mesh import add_modes, smoothstep, vertex_normals
from dflib.cast.geometry.modes import AVERAGE, Template, identity_modes
from dflib.cast.geometry.skull import MOUTH_LINE, skull_grid
from dflib.cast.renders import kept

SKIN, EYE, TEETH, MOUTH, EAR, LID, INNER_LIP = range(7)


@dataclass(frozen=True, eq=False)
class HeadModel:
    """A linear model of the head; lengths in cm, x to the person's left, y up, z towards the camera."""
    mean: np.ndarray                # (V, 3) float32
    identity: np.ndarray            # (K, V, 3) float32, about one standard deviation each
    expression: np.ndarray          # (E, V, 3) float32, full strength each
    triangles: np.ndarray           # (F, 3) int32, counter-clockwise from outside
    materials: np.ndarray           # (F,) uint8, SKIN .. INNER_LIP
    landmark_vertices: np.ndarray   # (68,) int32, in the iBUG order
    identity_names: tuple
    expression_names: tuple
    template: np.ndarray            # (V, 3) float32: the closed, featureless head, where textures are defined
    side: np.ndarray                # (V,) int8: -1 on the lower copy of a slit, else 0
    texture_coords: np.ndarray      # (V, 2) float32: (row, column) of the skin grid; local coordinates on the parts
    grid_shape: tuple               # (rows, columns) of the skin grid, which is the first rows * columns vertices
    grid_template: np.ndarray       # (rows, columns, 3) float64
    column_angle: np.ndarray        # (columns,) radians around the head, 0 in front
    skin_count: int                 # vertices of the skin; lids and inner lips follow
    face_count: int                 # and then the parts
    parts: dict                     # name -> slice of vertices
    slits: dict                     # 'mouth' | 'right_eye' | 'left_eye' -> (upper, lower) vertex numbers, by column
    neck_weight: np.ndarray         # (V,) float32: 1 turns with the head, 0 stays with the torso
    identity_index: dict = field(init=False)
    expression_index: dict = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "identity_index", {name: k for k, name in enumerate(self.identity_names)})
        object.__setattr__(self, "expression_index", {name: k for k, name in enumerate(self.expression_names)})

    def vertices(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Vertices (V, 3) float32 of identity a (K,) and expression b (E,): mean + a @ identity + b @ expression."""
        points = self.mean.copy()
        for weights, modes in ((a, self.identity), (b, self.expression)):
            weights = np.asarray(weights, np.float32)
            if weights.shape != (len(modes),):
                raise ValueError(f"expected {len(modes)} weights, got an array of shape {weights.shape}")
            add_modes(points, weights, modes)
        return points

    def ambient_occlusion(self) -> np.ndarray:
        """Share (V,) float32 of the sky that the mean head leaves open above each vertex; kept in the cache."""
        return self._occlusion

    @cached_property
    def _occlusion(self):
        def compute():
            from dflib.cast.geometry.occlusion import open_sky          # compiled when needed
            sky = open_sky(self.mean, vertex_normals(self.mean, self.triangles), self.triangles)
            _, y, z = self.template.T
            throat = smoothstep(y, -10.9, -12.0) * smoothstep(y, -17.5, -14.5) * smoothstep(z, -1, 3)
            return {"sky": (sky * (1 - .38 * throat * (np.arange(len(sky)) < self.skin_count))).astype(np.float32)}
        return kept("head", "occlusion", (self.mean, self.triangles), compute)["sky"]


class _Assembly:
    """Vertices and triangles while the head is being put together."""

    def __init__(self):
        self.points, self.template, self.coords, self.side, self.parent = [], [], [], [], []
        self.triangles, self.materials, self.count = [], [], 0

    def add_vertices(self, points: np.ndarray, template: np.ndarray, coords: np.ndarray, side,
                     parent: "np.ndarray | None" = None) -> np.ndarray:
        """Append vertices and return their numbers; `parent` are vertices whose modes they follow."""
        ids = np.arange(self.count, self.count + len(points))
        for store, value in ((self.points, points), (self.template, template), (self.coords, coords),
                             (self.side, np.full(len(points), side) if np.isscalar(side) else side),
                             (self.parent, ids if parent is None else parent)):
            store.append(np.asarray(value))
        self.count += len(points)
        return ids

    def add_triangles(self, triangles: np.ndarray, material: int) -> None:
        self.triangles.append(triangles)
        self.materials.append(np.full(len(triangles), material))

    def stacked(self, name: str) -> np.ndarray:
        return np.concatenate(getattr(self, name))


def _add_skin(build, grid, eye_row, mouth_row):
    """The skin with its three slits. Returns the slits: name -> (upper, lower) vertex numbers."""
    rows, cols = grid.shape[:2]
    coords = np.stack(np.meshgrid(np.arange(rows), np.arange(cols), indexing="ij"), -1).astype(float)
    upper = build.add_vertices(sculpt(grid).reshape(-1, 3), grid.reshape(-1, 3), coords.reshape(-1, 2), 0.0)
    upper = upper.reshape(rows, cols)
    lower = upper.copy()                    # what the triangles below a row use in place of its own vertices
    slits = {}
    for name, row, sign, inner, outer in (("right_eye", eye_row, -1, EYE_INNER, EYE_OUTER),
                                          ("left_eye", eye_row, 1, EYE_INNER, EYE_OUTER),
                                          ("mouth", mouth_row, 1, -MOUTH_CORNER, MOUTH_CORNER)):
        x = grid[row, :, 0] * sign
        columns = np.flatnonzero((grid[row, :, 2] > 0) & (x > inner + .02) & (x < outer - .02))
        copies = grid[row, columns]
        lower[row, columns] = build.add_vertices(sculpt(copies, lower=True), copies, coords[row, columns], -1.0)
        with_corners = np.arange(columns[0] - 1, columns[-1] + 2)
        slits[name] = upper[row, with_corners], lower[row, with_corners]
    corners = np.stack([lower[:-1], np.roll(lower[:-1], -1, 1), upper[1:], np.roll(upper[1:], -1, 1)], -1)
    corners = corners.reshape(-1, 4)
    build.add_triangles(np.concatenate([corners[:, [0, 2, 1]], corners[:, [1, 2, 3]]]), SKIN)
    return slits


def _add_rim(build, edge, steps, material, flip):
    """Carry the edge of a lid or lip into the head, so that it has a thickness."""
    points, template, coords, side, parent = (build.stacked(name)[edge]
                                              for name in ("points", "template", "coords", "side", "parent"))
    scale = 1.0
    if material == INNER_LIP:               # thinner towards the corners of the mouth
        scale = np.clip(1 - (points[:, :1] / MOUTH_CORNER) ** 2, .12, 1) ** .5
    previous = edge
    for step in steps:
        ids = build.add_vertices(points + np.array(step) * scale, template, coords, side, parent)
        a, b, c, d = previous[:-1], previous[1:], ids[:-1], ids[1:]
        triangles = np.concatenate([np.stack([a, c, b], -1), np.stack([b, c, d], -1)])
        build.add_triangles(triangles[:, ::-1] if flip else triangles, material)
        previous = ids


def _add_parts(build):
    """Eyeballs, sockets, teeth, mouth and ears. Returns name -> slice."""
    slices = {}
    for name, part, material in (
            ("right_eye", pieces.eyeball(-1), EYE), ("right_socket", pieces.socket(-1), LID),
            ("left_eye", pieces.eyeball(1), EYE), ("left_socket", pieces.socket(1), LID),
            ("upper_teeth", pieces.upper_teeth(), TEETH), ("lower_teeth", pieces.lower_teeth(), TEETH),
            ("cavity", pieces.cavity(), MOUTH), ("plug", pieces.plug(), MOUTH), ("tongue", pieces.tongue(), MOUTH),
            ("right_ear", pieces.ear(-1), EAR), ("left_ear", pieces.ear(1), EAR)):
        build.add_triangles(part.triangles + build.count, material)
        ids = build.add_vertices(part.points, np.repeat(part.anchor[None], len(part.points), 0), part.coords, 0.0)
        slices[name] = slice(int(ids[0]), int(ids[-1]) + 1)
    return slices


def _landmarks(grid, angles, template, side, slits):
    """The 68 iBUG points: jaw 0-16 from the person's right ear, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67."""
    from scipy.spatial import cKDTree
    whole = np.flatnonzero(side >= 0)
    tree = cKDTree(template[whole] * [1, 1, .3])
    profile = grid[:, grid.shape[1] // 2, 1]

    def at(x, y, z):
        return int(whole[tree.query([x, y, z * .3])[1]])

    def on_ring(y, angle):
        return int(np.argmin(abs(profile - y))) * len(angles) + int(np.argmin(abs(angles - angle)))

    def along(edge, x):
        return int(edge[np.argmin(abs(template[edge, 0] - x))])

    def lid(edge, x):
        return int(edge[np.argmin(abs(abs(template[edge, 0]) - x))])

    jaw = [(-.2, 1.42), (-2.4, 1.40), (-5.5, 1.36), (-8.6, 1.30), (-10.2, 1.16), (-10.6, .92), (-10.8, .66),
           (-10.9, .36)]
    points = [on_ring(y, -angle) for y, angle in jaw] + [on_ring(-11.0, 0)]
    points += [on_ring(y, angle) for y, angle in jaw[::-1]]
    brow = [1.35, 2.3, 3.3, 4.3, 5.3]
    points += [at(x, brow_curve(abs(x)) + .12, 9 if abs(x) < 3 else 7.5) for x in [-b for b in brow[::-1]] + brow]
    points += [at(0, y, 9.1) for y in (.2, -1.05, -2.3, -3.62)]
    points += [at(x, -4.45 if abs(x) < 1 else -4.3, 9.4) for x in (-1.35, -.65, 0, .65, 1.35)]
    inner, outer = EYE_INNER + .95, EYE_OUTER - 1.0
    for name, first, second in (("right_eye", outer, inner), ("left_eye", inner, outer)):
        upper, lower = slits[name]
        points += [int(upper[0]), lid(upper, first), lid(upper, second)]
        points += [int(upper[-1]), lid(lower, second), lid(lower, first)]
    upper, lower = slits["mouth"]
    points += [int(upper[0])] + [at(x, MOUTH_LINE + upper_lip_height(abs(x)), 9.6) for x in (-1.4, -.5, 0, .5, 1.4)]
    points += [int(upper[-1])] + [at(x, MOUTH_LINE - lower_lip_height(abs(x)), 9.6) for x in (1.4, .6, 0, -.6, -1.4)]
    points += [along(upper, x) for x in (-2.1, -.7, 0, .7, 2.1)] + [along(lower, x) for x in (.7, 0, -.7)]
    return np.array(points, np.int32)


@lru_cache(maxsize=1)
def head_model() -> HeadModel:
    """The one HeadModel of the cast; built in about a second, then kept."""
    grid, angles, eye_row, mouth_row = skull_grid()
    build = _Assembly()
    slits = _add_skin(build, grid, eye_row, mouth_row)
    skin_count = build.count
    for name in ("right_eye", "left_eye"):
        _add_rim(build, slits[name][0], [(0, -.02, -.16), (0, .1, -.5)], LID, flip=False)
        _add_rim(build, slits[name][1], [(0, .03, -.13), (0, -.1, -.5)], LID, flip=True)
    _add_rim(build, slits["mouth"][0], [(0, -.05, -.22), (0, .10, -.55), (0, .9, -.9)], INNER_LIP, flip=False)
    _add_rim(build, slits["mouth"][1], [(0, .05, -.22), (0, -.10, -.55), (0, -.9, -.9)], INNER_LIP, flip=True)
    face_count = build.count
    slices = _add_parts(build)

    points, template, side, parent = (build.stacked(n) for n in ("points", "template", "side", "parent"))
    fields = Template(*template.T, side, points, slices, face_count)
    identity, expression = identity_modes(fields), expression_modes(fields)
    rim = slice(skin_count, face_count)
    for mode in (*identity.values(), *expression.values()):
        mode[rim] = mode[parent[rim]]
    mean = points + sum(weight * identity[name] for name, weight in AVERAGE.items())
    neck_weight = smoothstep(template[:, 1], -19, -11.5)
    neck_weight[face_count:] = 1
    return HeadModel(
        mean=mean.astype(np.float32), identity=np.stack(list(identity.values())).astype(np.float32),
        expression=np.stack(list(expression.values())).astype(np.float32),
        triangles=np.ascontiguousarray(build.stacked("triangles"), dtype=np.int32),
        materials=build.stacked("materials").astype(np.uint8),
        landmark_vertices=_landmarks(grid, angles, template[:skin_count], side[:skin_count], slits),
        identity_names=tuple(identity), expression_names=tuple(expression),
        template=template.astype(np.float32),
        side=side.astype(np.int8), texture_coords=build.stacked("coords").astype(np.float32), grid_shape=grid.shape[:2],
        grid_template=grid, column_angle=angles, skin_count=skin_count, face_count=face_count, parts=slices,
        slits=slits, neck_weight=neck_weight.astype(np.float32))
