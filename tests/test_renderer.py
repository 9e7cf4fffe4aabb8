"""The renderer against second methods: OpenCV's polygons, SciPy's rotations, closed forms on spheres and planes."""
import warnings
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dflib.cast.geometry import raster
from dflib.cast.geometry import shadows
from dflib.cast.picture import film, renderer, shading, truth
from dflib.cast.picture.camera import NECK, View, rotation
from dflib.cast.geometry.head import head_model
from dflib.cast.geometry.mesh import grid_triangles
from dflib.cast.people.person import Glasses
from dflib.cast.people.population import sample_person
from dflib.cast.people.shots import neutral_shot, sample_shot
from dflib.datasets import ActorClips

SIZE = 128


@pytest.fixture(scope="module")
def bald():
    """A person whose face nothing hides."""
    person = sample_person(3)
    return replace(person, hair=replace(person.hair, style="bald"), beard=replace(person.beard, style="", stubble=0.),
                   glasses=None)


@pytest.fixture(scope="module")
def frontal(bald):
    return renderer.render(bald, neutral_shot(1), SIZE)


@pytest.fixture(scope="module")
def turned(bald):
    return {yaw: renderer.render(bald, neutral_shot(1, yaw=yaw), SIZE) for yaw in (-35, 35)}


def sphere(radius=1.0, rows=60, columns=120):
    """Vertices and outward triangles of a sphere around the origin."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, rows), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    points = radius * np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], -1)
    return points.reshape(-1, 3).astype(np.float32), grid_triangles(rows, columns, wrap=True).astype(np.int32)


ONE = np.array([[0, 1, 2]], np.int32)


# --- rasteriser -------------------------------------------------------------------------------------------------------

def test_triangle_covers_the_pixels_whose_centres_lie_inside():
    rng = np.random.default_rng(0)
    for _ in range(20):
        corners = rng.uniform(2, 60, (3, 2)).astype(np.float32)
        seen = raster.rasterise(corners[:, 0], corners[:, 1], np.ones(3, np.float32), ONE, 64, 64, False)
        row, column = np.mgrid[0:64, 0:64] + 0.5
        outline = corners.reshape(-1, 1, 2)
        signed = np.array([[cv2.pointPolygonTest(outline, (float(x), float(y)), True) for x, y in zip(xs, ys)]
                           for xs, ys in zip(column, row)])
        clear = np.abs(signed) > 0.01
        assert ((seen.triangle >= 0) == (signed > 0))[clear].all()


def test_weights_and_depth_are_the_plane_through_the_corners():
    x, y, z = (np.array(v, np.float32) for v in ((3, 50, 11), (4, 20, 58), (5, 9, 7)))
    seen = raster.rasterise(x, y, z, np.array([[0, 1, 2]], np.int32), 64, 64, False)
    row, column = np.nonzero(seen.triangle == 0)
    plane = np.linalg.solve(np.stack([x, y, np.ones(3)], 1).astype(float), z.astype(float))
    expected = np.stack([column + .5, row + .5, np.ones(len(row))], 1) @ plane
    assert len(row) > 300
    np.testing.assert_allclose(seen.depth[row, column], expected, atol=1e-4)
    values = raster.interpolate(seen.triangle[row, column], seen.weights[row, column], ONE, z[:, None])
    np.testing.assert_allclose(values[:, 0], expected, atol=1e-4)


def test_a_sphere_is_a_disc_with_its_near_side_in_front():
    points, triangles = sphere()
    x, y, z = 64 + 50 * points[:, 0], 64 - 50 * points[:, 1], 10 - points[:, 2]
    seen = raster.rasterise(x, y, z, triangles, 128, 128)
    disc = np.hypot(*(np.mgrid[0:128, 0:128] + 0.5 - 64)) / 50
    assert (seen.triangle[disc < 0.985] >= 0).all() and (seen.triangle[disc > 1.0] < 0).all()
    inside = disc < 0.9
    np.testing.assert_allclose(seen.depth[inside], 10 - np.sqrt(1 - disc[inside] ** 2), atol=3e-3)


def test_triangles_that_turn_their_back_are_dropped():
    points, triangles = sphere()
    x, y, z = 64 + 50 * points[:, 0], 64 - 50 * points[:, 1], 10 - points[:, 2]
    assert (raster.rasterise(x, y, z, triangles[:, ::-1].copy(), 128, 128).depth[60:68, 60:68] > 10).all()


def test_texture_is_bilinear():
    texture = np.random.default_rng(1).random((7, 9, 8)).astype(np.float32)
    places = np.random.default_rng(2).uniform(0, 2.9, (50, 2)).astype(np.float32)
    found = raster.sample_texture(texture, places, 2, np.ones(50, bool))
    row, column = places[:, :1] * 2, places[:, 1:] * 2
    expected = np.stack([cv2.remap(np.ascontiguousarray(texture[..., c]), column, row, cv2.INTER_LINEAR)[:, 0]
                         for c in range(8)], 1)
    np.testing.assert_allclose(found, expected, atol=0.02)      # OpenCV rounds positions to 1/32 pixel
    assert not raster.sample_texture(texture, places, 2, np.zeros(50, bool)).any()


# --- camera and landmarks ---------------------------------------------------------------------------------------------

def independent_landmarks(person, shot, size):
    """Projection with SciPy's rotation in double precision, without any of the renderer's code."""
    head = head_model()
    weights = shot.expression.astype(float).copy()
    names = head.expression_index
    lids_open = 1 - (weights[names["blinkR"]] + weights[names["blinkL"]]) / 2
    weights[names["lid_gaze"]] += np.clip(1.6 * shot.gaze[1], -0.6, 0.4) * lids_open
    marks = head.landmark_vertices
    points = (head.mean[marks].astype(float) + np.tensordot(person.identity.astype(float), head.identity[:, marks], 1)
              + np.tensordot(weights, head.expression[:, marks], 1))
    weight = head.neck_weight[marks].astype(float)[:, None]
    angles = np.array([shot.roll, shot.pitch, shot.yaw])
    whole, part = (Rotation.from_euler("ZXY", a, degrees=True) for a in (angles, angles * [0.2, 0.2, 0.25]))
    pivot = np.array([0, -10, -1.5])
    world = pivot + weight * whole.apply(points - pivot) + (1 - weight) * part.apply(points - pivot)
    focal = shot.camera.zoom * size * shot.camera.distance / 29
    depth = shot.camera.distance - world[:, 2]
    x = size / 2 - 0.5 + focal * (world[:, 0] - shot.camera.offset[0]) / depth
    y = size / 2 - 0.5 - focal * (world[:, 1] - shot.camera.offset[1]) / depth
    return np.stack([x, y], 1), depth


@pytest.mark.parametrize("seed", [5, 6, 9])
def test_landmarks_equal_an_independent_projection(seed):
    person, shot = sample_person(seed), sample_shot(seed)
    frame = renderer.render(person, shot, 96)
    expected, _ = independent_landmarks(person, shot, 96)
    np.testing.assert_allclose(frame.landmarks, expected, atol=2e-3)


def test_rotation_signs():
    nose = np.array([0, 0, 1.0])
    assert (rotation(30, 0, 0) @ nose)[0] > 0.4             # to the image's right
    assert (rotation(0, 30, 0) @ nose)[1] < -0.4            # down
    assert (rotation(0, 0, 30) @ [1, 0, 0])[1] > 0.4        # counter-clockwise


def test_yaw_moves_the_nose_to_that_side(frontal, turned):
    def nose(frame):
        return frame.landmarks[30, 0] - frame.landmarks[[36, 45], 0].mean()
    assert nose(turned[-35]) < -5 < nose(frontal) < 5 < nose(turned[35])


def seen_at(view, columns, rows, z):
    """World points (N, 3) at the centres of pixels (columns, rows) and the distance z, all (N,), by hand."""
    half = view.size / 2
    return np.stack([(columns + 0.5 - half) * z / view.focal + view.centre[0], (half - 0.5 - rows) * z / view.focal + view.centre[1],
                     view.distance - z], -1)


def test_unproject_inverts_place(bald):
    view = View.of(sample_shot(4), 200)
    points = np.random.default_rng(0).uniform(-6, 6, (30, 3)).astype(np.float32)
    world, x, y, z = view.place(points, np.ones(30, np.float32))
    np.testing.assert_allclose(seen_at(view, x - 0.5, y - 0.5, z), world, atol=1e-3)
    depth = np.random.default_rng(1).uniform(60, 90, (200, 200)).astype(np.float32)
    index = np.arange(0, 40_000, 77, dtype=np.int32)
    row, column = np.divmod(index, 200)
    np.testing.assert_allclose(view.unproject(index, depth), seen_at(view, column, row, depth[row, column]), atol=1e-4)
    assert np.allclose(world, (points - NECK) @ view.head.T + NECK, atol=1e-4)


# --- depth, normals, parts --------------------------------------------------------------------------------------------

def test_depth_at_visible_landmarks(bald, frontal):
    _, depth = independent_landmarks(bald, neutral_shot(1), SIZE)
    inner = np.arange(17, 68)
    column, row = np.round(frontal.landmarks[inner]).astype(int).T
    assert frontal.visible[inner].all()
    np.testing.assert_allclose(frontal.depth[row, column], depth[inner], atol=0.7)     # lids and lips are steps
    assert np.median(np.abs(frontal.depth[row, column] - depth[inner])) < 0.15


def test_normals_are_unit_face_the_camera_and_agree_with_depth(bald, frontal):
    there = frontal.depth > 0
    assert there.mean() > 0.2 and not frontal.normals[~there].any()
    assert np.abs(np.linalg.norm(frontal.normals[there], axis=1) - 1).max() < 1e-4
    view = View.of(neutral_shot(1), SIZE)
    row, column = np.nonzero(there)
    world = seen_at(view, column, row, frontal.depth[there])
    towards = np.array([0, 0, view.distance]) - world
    assert (frontal.normals[there] * towards).sum(1).min() > -1e-3
    points = np.zeros((SIZE, SIZE, 3))
    points[there] = world
    slope = np.cross(points[2:, 1:-1] - points[:-2, 1:-1], points[1:-1, 2:] - points[1:-1, :-2])
    slope /= np.linalg.norm(slope, axis=-1, keepdims=True) + 1e-9
    cheek = np.zeros((SIZE, SIZE), np.uint8)                    # between eye, nose and mouth: smooth skin
    cv2.fillPoly(cheek, [frontal.landmarks[[41, 46, 54, 48]].astype(np.int32)], 1)
    cheek = (cheek > 0) & (frontal.labels == truth.NUMBER["skin"])
    agreement = (slope * frontal.normals[1:-1, 1:-1]).sum(-1)[cheek[1:-1, 1:-1]]
    assert np.degrees(np.arccos(np.clip(np.median(agreement), -1, 1))) < 12


def test_mask_is_the_face(frontal):
    names = np.array(truth.LABELS)[frontal.labels]
    assert set(np.unique(names[frontal.mask])) <= {"skin", "eye", "brow", "lip", "mouth", "beard", "glasses"}
    column, row = np.round(frontal.landmarks[17:]).astype(int).T
    assert frontal.mask[row, column].all()
    hull = np.zeros(frontal.mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(frontal.landmarks).astype(np.int32)), 1)
    below_brows = np.arange(SIZE)[:, None] > frontal.landmarks[17:27, 1].max()
    overlap = (hull > 0) & below_brows, frontal.mask & below_brows
    assert (overlap[0] & overlap[1]).sum() / (overlap[0] | overlap[1]).sum() > 0.93
    assert cv2.connectedComponents(frontal.mask.astype(np.uint8))[0] == 2


def test_labels_cover_the_picture():
    person = sample_person(2)
    person = replace(person, female=False, hair=replace(person.hair, style="crop"),
                     beard=replace(person.beard, style="full", length=.8),
                     glasses=Glasses(np.full(3, .02, np.float32), .8, 1., .3))
    frame = renderer.render(person, neutral_shot(2, jaw_open=.8), SIZE)
    assert set(np.unique(frame.labels)) == set(range(len(truth.LABELS)))
    assert ((frame.labels == 0) == (frame.depth == 0)).all()
    hair = frame.labels == truth.NUMBER["hair"]
    assert (frame.depth[hair] > 0).all() and not frame.mask[hair].any()


# --- the visible jaw --------------------------------------------------------------------------------------------------

def test_contour_of_a_frontal_head_is_the_fixed_jaw(frontal):
    assert np.abs(frontal.contour - frontal.landmarks[:17]).max() < 1.0


@pytest.mark.parametrize("yaw, far", [(35, slice(9, 16)), (-35, slice(1, 8))])
def test_contour_of_a_turned_head_lies_on_the_mask(turned, yaw, far):
    frame = turned[yaw]
    outline = frame.mask.astype(np.uint8)
    distance = np.maximum(*(cv2.distanceTransform(side, cv2.DIST_L2, 5) for side in (outline, 1 - outline)))
    column, row = np.round(frame.contour[far]).astype(int).T
    assert distance[row, column].max() <= 2.3
    moved = np.linalg.norm(frame.contour - frame.landmarks[:17], axis=1)
    near = slice(1, 8) if yaw > 0 else slice(9, 16)
    assert moved[far].max() > 2 and moved[near].max() < 1.0


# --- what hides a landmark --------------------------------------------------------------------------------------------

def test_turned_heads_hide_their_far_ear(turned):
    assert not turned[35].visible[15] and turned[35].visible[:8].all()
    assert not turned[-35].visible[1] and turned[-35].visible[9:17].all()


def test_strands_in_front_hide_and_strands_behind_do_not():
    depth = np.full((20, 20), 50, np.float32)
    at = np.array([10.5], np.float32)
    full = np.ones((20, 20), np.float32)

    def seen(z, strand_distance, coverage=full):
        hair = {"hair": (coverage, coverage * strand_distance)}
        return truth.visible_landmarks(at, at, np.array([z], np.float32), depth, hair)[0]
    assert seen(50, 55) and not seen(50, 45) and seen(50, 45, full * 0.3) and not seen(52, 60)
    outside = np.array([-3], np.float32)
    assert not truth.visible_landmarks(outside, at, np.array([10], np.float32), depth, {})[0]


# --- light and film ---------------------------------------------------------------------------------------------------

def test_shadow_falls_away_from_the_light():
    head = head_model()
    light = np.array([0.9, 0.1, 0.42], np.float32)
    light /= np.linalg.norm(light)
    depth_map = shadows.shadow_map(head.mean, None, light)
    cheeks = np.array([[-4.0, -3.0, 7.6], [4.0, -3.0, 7.6]], np.float32)       # of the person's right and left
    index, shape = np.array([0, 20]), (4, 40)
    right, left = shadows.soft_shadow(cheeks, index, shape, depth_map, light)
    assert left > 0.9
    beside_nose = np.array([[-1.9, -2.5, 8.7], [1.9, -2.5, 8.9]], np.float32)
    right, left = shadows.soft_shadow(beside_nose, index, shape, depth_map, light)
    assert left - right > 0.5


def test_light_basis_is_a_rotation():
    for direction in ([0, 0, 1.], [.6, 0, .8], [0, 1., 0]):
        basis = shadows.light_basis(np.array(direction))
        np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-6)
        np.testing.assert_allclose(basis[2], direction, atol=1e-6)


def test_occlusion_that_rounding_took_below_zero_does_not_spoil_the_picture():
    """One pixel of the lip had -5e-8; its red light was no number, and through the exposure no pixel of the picture was."""
    clips = ActorClips()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = renderer.render(clips["ben"].person(), clips["ana"].performance().shots[100], 256).image
    assert 60 < picture.mean() < 200 and picture.std() > 20


def test_bleeding_keeps_uniform_light_and_softens_an_edge():
    shape, pixels = (40, 40), np.arange(1600)
    skin = np.ones(1600, bool)
    flat = np.full((1600, 3), 0.7, np.float32)
    shading.bleed(flat, pixels, skin, shape, 20.)
    np.testing.assert_allclose(flat, 0.7, atol=1e-3)
    edge = np.repeat((np.arange(1600) % 40 >= 20).astype(np.float32)[:, None], 3, 1)
    shading.bleed(edge, pixels, skin, shape, 20.)
    red, green, blue = edge.reshape(40, 40, 3)[20, 18]
    assert red > green > blue == 0


def test_film_keeps_grey_grey_and_averages_light():
    light = np.repeat(np.linspace(0, 1.5, 32, dtype=np.float32).repeat(2)[:, None, None], 64, 1).repeat(3, 2)
    picture = film.develop(light, 1.0, 2, 0, 0, np.random.default_rng(0))
    assert (np.ptp(picture, axis=-1) <= 1).all() and (np.diff(picture[:, 0, 0].astype(int)) >= 0).all()
    assert picture[0, 0, 0] == 0 and picture[-1, 0, 0] > 235


def test_exposure_brings_skin_to_its_target(bald):
    shot = replace(neutral_shot(1), blur=0., noise=0.)
    brighter = replace(shot, light=replace(shot.light, colour=shot.light.colour * 3, sky=shot.light.sky * 3,
                                           ground=shot.light.ground * 3, fills=()))
    shot = replace(shot, light=replace(shot.light, fills=()))
    face = renderer.render(bald, shot, 64)
    difference = face.image[face.mask].astype(float) - renderer.render(bald, brighter, 64).image[face.mask]
    assert np.abs(difference).mean() < 1.5


# --- the whole --------------------------------------------------------------------------------------------------------

def test_the_same_arguments_give_the_same_frame():
    person, shot = sample_person(8), sample_shot(8)
    first = renderer.render(person, shot, 64)
    renderer.actor_of.cache_clear()
    second = renderer.render(sample_person(8), sample_shot(8), 64)
    for name in ("image", "landmarks", "contour", "visible", "mask", "labels", "depth", "normals"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)
    assert first.attributes == second.attributes


def test_a_frame_has_the_promised_types():
    frame = renderer.render(sample_person(8), sample_shot(8), 48)
    shapes = dict(image=((48, 48, 3), np.uint8), landmarks=((68, 2), np.float32), contour=((17, 2), np.float32),
                  visible=((68,), bool), mask=((48, 48), bool), labels=((48, 48), np.uint8),
                  depth=((48, 48), np.float32), normals=((48, 48, 3), np.float32))
    for name, (shape, dtype) in shapes.items():
        value = getattr(frame, name)
        assert value.shape == shape and value.dtype == dtype, name
        assert np.isfinite(value).all(), name
    assert frame.image.std() > 10 and frame.attributes["yaw"] == pytest.approx(sample_shot(8).yaw)


def test_smaller_pictures_show_the_same(bald):
    large, small = (renderer.render(bald, neutral_shot(1), size) for size in (128, 64))
    halved = cv2.resize(large.image, (64, 64), interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(halved - small.image).mean() < 4
    np.testing.assert_allclose((large.landmarks + 0.5) / 2 - 0.5, small.landmarks, atol=1e-3)


@pytest.mark.parametrize("size", [0, 15, 4096, 64.5])
def test_size_is_checked(bald, size):
    with pytest.raises(ValueError, match="size must be a whole number from 16 to 2048"):
        renderer.render(bald, neutral_shot(1), size)
