"""A person in a shot becomes a picture and everything that is true of it.

The order of work: the neutral head with this expression, turned and projected; the triangle that every pixel sees; its
material; the key light's soft shadow; light; strands from far to near; exposure and film.
"""
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from dflib.cast.geometry import shadows
from dflib.cast.geometry.head import head_model
from dflib.cast.geometry.mesh import add_modes, smoothstep, vertex_normals
from dflib.cast.geometry.raster import rasterise, scatter
from dflib.cast.hair import facialhair, fibres, strands
from dflib.cast.hair.glasses import glasses_frame
from dflib.cast.palette import LUMINANCE
from dflib.cast.people.person import Person
from dflib.cast.people.shots import Shot
from dflib.cast.picture import film, materials, shading, truth
from dflib.cast.picture.actor import actor_of
from dflib.cast.picture.camera import View
from dflib.cast.picture.pixels import Pixels
from dflib.cast.picture.slits import Margins
from dflib.cast.picture.truth import LABELS
from dflib.cast.streams import stream
from dflib.cast.surface.backgrounds import background

__all__ = ["Frame", "LABELS", "render"]
FACTOR = 2              # the raster is this many times finer than the picture


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture and its ground truth; sizes in pixels of the picture, points x right, y down, centres at integers."""
    image: np.ndarray       # (S, S, 3) uint8
    landmarks: np.ndarray   # (68, 2) float32: fixed anatomical points in the iBUG order, exact, also where hidden
    contour: np.ndarray     # (17, 2) float32: the jaw as seen, on the face's outline where the head is turned
    visible: np.ndarray     # (68,) bool: in the picture, with neither head, hair nor glasses' rims in front
    mask: np.ndarray        # (S, S) bool: face from hairline to jaw with brows, eyes, mouth, beard and glasses
    labels: np.ndarray      # (S, S) uint8: index into LABELS
    depth: np.ndarray       # (S, S) float32: cm along the camera's axis to head, hair or glasses; 0 on the background
    normals: np.ndarray     # (S, S, 3) float32: unit, x right, y up, z to the camera; 0 on the background
    attributes: dict        # of the person, with the shot's yaw, pitch and roll in degrees


def render(person: Person, shot: Shot, size: int = 128) -> Frame:
    """The Frame of `person` in `shot`, `size` pixels square. The same arguments give the same Frame.

    Raises ValueError when `size` is not a whole number from 16 to 2048.
    """
    if size != int(size) or not 16 <= size <= 2048:
        raise ValueError(f"size must be a whole number from 16 to 2048, not {size!r}.")
    head, actor, view = head_model(), actor_of(person), View.of(shot, int(size) * FACTOR)
    expressive = _expressive(actor, shot)
    world, x, y, z = view.place(_tuck_eyes(expressive), head.neck_weight)
    normals = vertex_normals(world, head.triangles)
    visible = rasterise(x, y, z, head.triangles, view.size, view.size)
    _close_pockets(visible, x, y, z)
    pixels = Pixels.of(visible, view, normals)

    hair = actor.hair.at_scale(view.pixels_per_cm) if actor.hair is not None else None
    placed_hair = None if hair is None else view.place(hair.points.reshape(-1, 3), hair.neck_weight.ravel())
    direction = np.asarray(shot.light.direction, np.float32)
    depth_map = shadows.shadow_map(world, None if hair is None else placed_hair[0][1::2], direction)
    lit = shadows.soft_shadow(pixels.position, pixels.index, pixels.shape, depth_map, direction)

    surface = shading.Surface.blank(pixels.normal.copy(), pixels.occlusion.copy(), lit)
    bump = view.pixels_per_cm * np.clip((view.pixels_per_cm - 6) / 13, 0.08, 1)
    painted, clothed = materials.dress(surface, pixels, person, actor.base, actor.texture(view.pixels_per_cm),
                                       expressive, shot.gaze, view, bump)
    diffuse, mirrored = shading.light_surface(surface, pixels.position, view, shot.light, actor.base)
    shading.bleed(diffuse, pixels.index, surface.skin, pixels.shape, view.pixels_per_cm)
    colour = surface.albedo * diffuse + mirrored
    sample = np.flatnonzero(surface.skin)[::7]                  # enough for a mean and a median
    exposure = _exposure(person, shot, colour[sample])

    picture = _behind(shot, view.size, exposure)
    scatter(colour, pixels.index, picture)
    mean_light = diffuse[sample].mean(0) if len(sample) else np.ones(3, np.float32)
    drawn = _draw_strands(actor, shot, view, expressive, hair, placed_hair, depth_map, mean_light, picture,
                          visible.depth)
    image = film.develop(picture, exposure, FACTOR, shot.blur * min(size / 128, 1), shot.noise,
                         stream(shot.seed, "noise"))

    label, in_face = truth.surface_labels(pixels, painted, clothed)
    labels, mask, depth, normal_map = truth.picture_truth(view, pixels, visible.depth, label, in_face, drawn, FACTOR)
    marks = head.landmark_vertices
    landmarks = np.stack([x[marks], y[marks]], 1)
    attributes = {**person.attributes, "yaw": float(shot.yaw), "pitch": float(shot.pitch), "roll": float(shot.roll)}
    return Frame(image, landmarks / FACTOR - 0.5, truth.visible_jaw(x, y, view) / FACTOR - 0.5,
                 truth.visible_landmarks(x[marks], y[marks], z[marks], visible.depth, drawn),
                 mask, labels, depth, normal_map, attributes)


def _expressive(actor, shot):
    """(V, 3) vertices with clothes and expression; the lids follow the gaze up and down unless they are closed."""
    head = head_model()
    weights = np.array(shot.expression, np.float32)
    name = head.expression_index
    closed = 0.5 * (weights[name["blinkR"]] + weights[name["blinkL"]])
    weights[name["lid_gaze"]] += np.clip(shot.gaze[1] * 1.6, -0.6, 0.4) * (1 - closed)
    vertices = actor.dressed.copy()
    add_modes(vertices, weights, head.expression)
    return vertices


def _tuck_eyes(vertices):
    """Vertices (V, 3) with what the lids cover of the eyeballs moved back, so that no raised lid is pierced."""
    head, vertices = head_model(), vertices.copy()
    for name, side in (("right_eye", -1), ("left_eye", 1)):
        ball = vertices[head.parts[name]]
        below_upper, above_lower, _, _ = Margins.of(vertices, head.slits[name], side).distances(ball)
        ball[:, 2] -= 0.5 * smoothstep(np.minimum(below_upper, above_lower), -0.03, -0.30)
    return vertices


def _close_pockets(visible, x, y, z):
    """Give an inner surface to pixels that look through a lid or lip slit past everything behind it."""
    head = head_model()
    height, width = visible.depth.shape
    for slit, part, inset in (("mouth", "cavity", 2.0), ("right_eye", "right_socket", 1.0),
                              ("left_eye", "left_socket", 1.0)):
        upper, lower = head.slits[slit]
        outline = np.concatenate([upper, lower[::-1]])
        corners = np.stack([x[outline], y[outline]], 1)
        left, top = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int) + 2, (width, height))
        if right <= left or bottom <= top:
            continue
        inside = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(inside, [np.round((corners - (left, top)) * 16 - 8).astype(np.int32)], 1, shift=4)
        window = np.s_[top:bottom, left:right]
        distance = float(z[outline].mean())
        empty = (inside > 0) & (visible.depth[window] > distance + 4.5)
        visible.depth[window][empty] = distance + inset
        visible.triangle[window][empty] = _first_triangle(part)
        visible.weights[window][empty] = 1 / 3


@lru_cache(None)
def _first_triangle(part):
    head = head_model()
    return int(np.flatnonzero(head.triangles[:, 0] >= head.parts[part].start)[0])


def _exposure(person, shot, skin_light):
    """Factor that brings the median luminance of the visible skin to what suits it; skin_light (P, 3)."""
    median = float(np.median(skin_light @ LUMINANCE)) if len(skin_light) else 0.3
    return film.target_luminance(person.tone) * shot.light.exposure / max(median, 1e-3)


@lru_cache(maxsize=8)
def _background(seed, size):
    return background(seed, size)


def _behind(shot, size, exposure):
    """(size, size, 3) background that keeps its brightness whatever the exposure, brighter under a brighter light."""
    luminance = (np.asarray(shot.light.colour) + np.asarray(shot.light.sky)) @ LUMINANCE / 2
    return _background(shot.background, size) * np.float32((0.35 + 0.5 * min(luminance, 1.4)) / exposure)


def _draw_strands(actor, shot, view, expressive, hair, placed_hair, depth_map, mean_light, picture, depth):
    """Draw brows, lashes, beard, hair and glasses into picture; returns what `truth.picture_truth` needs of each."""
    person, drawn = actor.person, {}

    def draw(name, group, placed, colour, bias):
        coverage, distance = drawn.setdefault(name, (np.zeros_like(depth), np.zeros_like(depth)))
        strands.draw(group, placed[1:], colour, view.pixels_per_cm, picture, coverage, distance, depth, bias)

    def draw_flat(name, group, light, bias):
        if group is not None:
            group = group.at_scale(view.pixels_per_cm)
            placed = view.place(group.points.reshape(-1, 3), group.neck_weight.ravel())
            draw(name, group, placed, strands.flat_colour(group, light), bias)

    dim = np.float32(0.9 * np.clip(mean_light.mean(), 0.1, 2))
    draw_flat("brow", facialhair.eyebrows(person, expressive, actor.normals), dim, 0.12)
    draw_flat("lash", facialhair.eyelashes(person, expressive), dim, 0.10)
    draw_flat("beard", facialhair.beard(person, expressive, actor.normals), dim, 0.12)
    if hair is not None:
        light = fibres.HairLight(placed_hair[0], hair.pigment, *hair.highlights, hair.tone, hair.edge,
                                 hair.depth.ravel(), hair.segments, view.head_centre, *shading.light_arrays(shot.light),
                                 np.float32(view.distance), np.float32(person.hair.shine), depth_map,
                                 shadows.light_basis(shot.light.direction))
        draw("hair", hair, placed_hair, light, 0.06)
    frame = glasses_frame(person, expressive)
    if frame is not None:
        _add_lenses(picture, view, frame, shot.light)
    draw_flat("glasses", frame, mean_light.mean(), 0.3)
    drawn.pop("lash")
    return drawn


def _add_lenses(picture, view, frame, light):
    """The faint reflection of the sky in both lenses, in place; the frame's first and third strand are the rims."""
    sky = np.asarray(light.sky, np.float32) + 0.25 * np.asarray(light.colour, np.float32)
    for rim in frame.points[[0, 2]]:
        _, x, y, _ = view.place(rim, np.ones(len(rim), np.float32))
        lens = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillPoly(lens, [np.round((np.stack([x, y], 1) - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        rows, columns = np.nonzero(lens)
        across = (columns - x.min()) / np.ptp(x) * 0.6 + (rows - y.min()) / np.ptp(y)       # a slanting band
        share = (0.01 + 0.035 * smoothstep(across, 0.95, 0.25)) * lens[rows, columns] / 255
        picture[rows, columns] += share[:, None].astype(np.float32) * (sky - picture[rows, columns])
