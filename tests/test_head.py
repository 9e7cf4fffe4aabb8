"""The head model: linear, symmetric, closed where it should be, and free of parts that cut each other."""
import numpy as np
import pytest
from scipy.spatial import cKDTree

from dflib.cast.geometry.head import EYE, INNER_LIP, SKIN, TEETH, head_model
from dflib.cast.geometry.mesh import bump, grid_triangles, smoothstep, unit, vertex_normals
from dflib.cast.geometry.parts import eyeball, eyeball_depth

# Index of the mirror image of each of the 68 landmarks (iBUG).
MIRROR = np.array([*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46,
                   39, 38, 37, 36, 41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66,
                   65])
SAMPLES = 30


@pytest.fixture(scope="module")
def head():
    return head_model()


def expression(head, **strengths):
    weights = np.zeros(len(head.expression), np.float32)
    for name, strength in strengths.items():
        weights[head.expression_index[name]] = strength
    return weights


def neutral(head, **strengths):
    return head.vertices(np.zeros(len(head.identity)), expression(head, **strengths))


def face_normals(points, triangles):
    a, b, c = points[triangles].transpose(1, 0, 2)
    return np.cross(b - a, c - a)


def samples(head, count=SAMPLES):
    """Vertices of random people, each with a random mixture of two expressions."""
    random = np.random.default_rng(3)
    for _ in range(count):
        a = np.clip(random.normal(size=len(head.identity)), -1.9, 1.9) * .6
        b = np.zeros(len(head.expression))
        b[random.integers(len(b), size=2)] = random.uniform(.3, 1, 2)
        yield head.vertices(a, b)


def test_mesh_helpers_match_closed_forms():
    assert smoothstep(np.array([-1, 0, .25, .5, 1, 2]), 0, 1) == pytest.approx([0, 0, .15625, .5, 1, 1])
    assert smoothstep(.25, 1, 0) == pytest.approx(1 - .15625)
    assert bump(1.0, 2.0, 0.0, 2.0, 1.0, 3.0) == pytest.approx(np.exp(-.5))
    assert np.linalg.norm(unit(np.array([[3., 4., 0.], [0, 0, 2.]])), axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert not unit(np.zeros(3)).any()


def test_normals_of_a_tessellated_plane_and_cylinder():
    y, x = np.meshgrid(np.linspace(1, -1, 5), np.linspace(-1, 1, 6), indexing="ij")
    plane = np.stack([x, y, 0.5 * x], -1).reshape(-1, 3).astype(np.float32)
    expected = np.array([-.5, 0, 1]) / np.sqrt(1.25)
    assert np.abs(vertex_normals(plane, grid_triangles(5, 6).astype(np.int32)) - expected).max() < 1e-6
    angle = np.arange(160) / 160 * 2 * np.pi
    tube = np.stack([np.tile(np.sin(angle), 3), np.repeat([1, 0, -1], 160), np.tile(np.cos(angle), 3)], 1)
    tube = tube.astype(np.float32)
    normals = vertex_normals(tube, grid_triangles(3, 160, wrap=True).astype(np.int32))
    assert np.abs(normals - tube * [1, 0, 1]).max() < 1e-2          # outward: the flat facets leave a small error
    flipped = grid_triangles(3, 160, wrap=True, flip=True).astype(np.int32)
    assert np.abs(vertex_normals(tube, flipped) + normals).max() < 1e-6


def test_shapes_and_names(head):
    vertices, triangles = len(head.mean), len(head.triangles)
    assert head.identity.shape == (len(head.identity_names), vertices, 3)
    assert head.expression.shape == (len(head.expression_names), vertices, 3)
    assert head.materials.shape == (triangles,) and head.materials.max() == INNER_LIP
    assert head.template.shape == head.mean.shape and head.texture_coords.shape == (vertices, 2)
    assert len(set(head.identity_names)) == len(head.identity_names) == 63
    assert len(set(head.expression_names)) == len(head.expression_names) == 14
    assert [head.identity_names[k] for k in head.identity_index.values()] == list(head.identity_index)
    assert head.triangles.min() == 0 and head.triangles.max() == vertices - 1
    assert vertices == max(part.stop for part in head.parts.values()) and 50_000 < vertices < 60_000
    assert np.isfinite(head.mean).all() and np.isfinite(head.identity).all() and np.isfinite(head.expression).all()
    assert head_model() is head


def test_linear_in_identity_and_expression(head):
    random = np.random.default_rng(0)
    a, b = random.normal(size=63) * .5, random.random(14)
    reference = (head.mean.astype(float) + np.tensordot(a, head.identity.astype(float), 1)
                 + np.tensordot(b, head.expression.astype(float), 1))
    assert np.abs(head.vertices(a, b) - reference).max() < 1e-5
    zero_a, zero_b = np.zeros(63), np.zeros(14)
    assert np.array_equal(head.vertices(zero_a, zero_b), head.mean)
    both = head.vertices(a, zero_b) + head.vertices(zero_a, b) - head.mean
    assert np.abs(head.vertices(a, b) - both).max() < 1e-5


def test_wrong_number_of_weights_is_refused(head):
    with pytest.raises(ValueError, match="expected 63 weights"):
        head.vertices(np.zeros(10), np.zeros(14))
    with pytest.raises(ValueError, match="expected 14 weights"):
        head.vertices(np.zeros(63), np.zeros(63))


def test_mean_is_symmetric(head):
    rows, cols = head.grid_shape
    skin = head.mean[:rows * cols].reshape(rows, cols, 3)
    mirrored = np.roll(skin[:, ::-1], 1, axis=1) * [-1, 1, 1]
    assert np.abs(skin - mirrored)[:, 1:].max() < 1e-4
    for right, left in (("right_eye", "left_eye"), ("right_ear", "left_ear")):
        a, b = head.mean[head.parts[right]], head.mean[head.parts[left]]
        assert np.abs(a.mean(0) * [-1, 1, 1] - b.mean(0)).max() < 1e-4
    assert np.abs(head.mean[head.parts["upper_teeth"]].mean(0)[0]) < 1e-4


def test_normals_point_outwards(head):
    normals = face_normals(head.mean, head.triangles)
    centre = head.mean[head.triangles].mean(1)
    cranium = (head.materials == SKIN) & (centre[:, 1] > 3) & (centre[:, 1] < 11)
    outward = (normals * (centre - [0, 2, -1])).sum(1)[cranium]
    assert (outward > 0).mean() > .999
    assert (normals[head.materials == EYE][:, 2] > 0).mean() > .9


def test_every_inner_edge_of_the_skin_belongs_to_two_opposite_triangles(head):
    skin = head.triangles[head.materials == SKIN]
    edges = np.concatenate([skin[:, [0, 1]], skin[:, [1, 2]], skin[:, [2, 0]]]).astype(np.int64)
    directed = edges[:, 0] * len(head.mean) + edges[:, 1]
    assert len(np.unique(directed)) == len(directed)                # no edge is used twice in the same direction
    alone = ~np.isin(edges[:, 1] * len(head.mean) + edges[:, 0], directed)
    rows, cols = head.grid_shape
    rim = np.zeros(len(head.mean), bool)
    rim[:cols] = rim[(rows - 1) * cols:rows * cols] = True
    for upper, lower in head.slits.values():
        rim[upper] = rim[lower] = True
    assert rim[edges[alone]].all()                                  # open only at crown, chest, lids and lips


def test_landmarks_follow_the_convention(head):
    points = head.mean[head.landmark_vertices]
    assert points.shape == (68, 3)
    assert np.abs(points[MIRROR] * [-1, 1, 1] - points).max() < .05
    assert (points.min(0) > head.mean.min(0)).all() and (points.max(0) < head.mean.max(0)).all()
    jaw = points[:17]
    assert (np.diff(jaw[:, 0]) > 0).all()                           # from the person's right ear (image left)
    assert jaw[:, 1].argmin() == 8 and abs(jaw[8, 0]) < .02         # chin
    ear = head.mean[head.parts["right_ear"]]
    assert np.linalg.norm(ear - points[0], axis=1).min() < 1.5 and ear[:, 1].min() < points[0, 1] < ear[:, 1].max()
    assert (np.diff(points[17:27, 0]) > 0).all() and (points[17:27, 1] > points[36:48, 1].max()).all()
    assert (np.diff(points[27:31, 1]) < 0).all() and (np.diff(points[27:31, 2]) > 0).all()      # down the ridge
    assert points[30, 2] == points[:, 2].max()
    assert (np.diff(points[31:36, 0]) > 0).all()
    for first in (36, 42):
        corner, top1, top2, other, low2, low1 = points[first:first + 6]
        assert corner[0] < top1[0] < top2[0] < other[0] and low1[0] < low2[0]
        assert min(top1[1], top2[1]) > max(corner[1], other[1]) > min(corner[1], other[1]) > max(low1[1], low2[1])
    outer, inner = points[48:60], points[60:68]
    assert outer[0, 0] == outer[:, 0].min() and outer[6, 0] == outer[:, 0].max()
    assert (outer[1:6, 1] > outer[7:][::-1, 1]).all() and (outer[1:6, 1] > points[61:64, 1].max()).all()
    assert (outer[7:, 1] < points[65:68, 1].min()).all() and inner[0, 0] == inner[:, 0].min()
    assert -.01 < (inner[1:4, 1] - inner[[7, 6, 5], 1]).min()       # closed lips


def test_proportions_are_human(head):
    points = head.mean[head.landmark_vertices]
    pupils = points[42:48].mean(0) - points[36:42].mean(0)
    face_height = points[27, 1] - points[8, 1]
    assert 5.8 < pupils[0] < 6.8
    assert 10 < face_height < 12.5
    assert 4.4 < np.ptp(points[48:60, 0]) < 5.6                     # mouth
    assert 12.5 < np.ptp(points[:17, 0]) < 15.5                     # face
    assert .8 < points[30, 2] - points[33, 2] < 2.2                 # nose tip before its base
    assert .9 < points[33, 1] - points[51, 1] < 1.7                 # philtrum


@pytest.mark.parametrize("name, side", [("right_eye", "blinkR"), ("left_eye", "blinkL")])
def test_blink_closes_its_own_eye_only(head, name, side):
    upper, lower = head.slits[name]
    other_upper, other_lower = head.slits["left_eye" if name == "right_eye" else "right_eye"]
    open_gap = (head.mean[upper] - head.mean[lower])[:, 1]
    assert open_gap.max() > .7
    points = neutral(head, **{side: 1})
    shut = points[upper] - points[lower]
    assert shut[:, 1].max() < .05 and shut[:, 1].min() > -.2        # the upper lid laps over the lower one,
    assert shut[:, 2].min() > -.01 and shut[:, 2].max() < .3        # in front of it
    assert np.array_equal(points[other_upper], head.mean[other_upper])
    assert np.array_equal(points[other_lower], head.mean[other_lower])


def test_jaw_and_lips_open_and_the_mouth_is_closed_at_rest(head):
    upper, lower = head.slits["mouth"]
    middle = len(upper) // 2

    def gap(**strengths):
        points = neutral(head, **strengths)
        return (points[upper] - points[lower])[middle, 1]

    assert abs(gap()) < 1e-3
    assert gap(jaw_open=1) > 1.5 and gap(jaw_open=.5) == pytest.approx(.5 * gap(jaw_open=1), abs=1e-3)
    assert .3 < gap(lips_part=1) < .6
    assert abs(gap(smile=1)) < .1
    chin = head.landmark_vertices[8]
    assert neutral(head, jaw_open=1)[chin, 1] < head.mean[chin, 1] - 1
    teeth = head.parts["upper_teeth"]
    assert np.abs(neutral(head, smile=1, lips_part=1)[teeth] - head.mean[teeth]).max() < 1e-6


def test_smile_lifts_corners_and_cheeks_and_draws_them_back(head):
    moved = neutral(head, smile=1) - head.mean
    left, right = moved[head.landmark_vertices[54]], moved[head.landmark_vertices[48]]
    assert np.abs(left - right * [-1, 1, 1]).max() < .02
    assert left[0] > .3 and left[1] > .5 and left[2] < -.2
    assert left[1] > moved[head.landmark_vertices[62], 1] + .4      # a curve, not a lift of the whole mouth
    apple = np.argmin(np.abs(head.template[:head.skin_count] - [4.0, -3.4, 7.8]).sum(1))
    assert moved[apple, 1] > .2 and moved[apple, 2] > .2


def test_lids_stay_outside_the_eyeball(head):
    """The lids against the eye surface in its own coordinates, over people and expressions."""
    home = {"right": eyeball(-1).points[0], "left": eyeball(1).points[0]}
    t, skin = head.template, np.arange(len(head.mean)) < head.skin_count
    worst = np.inf
    for points in samples(head):
        for name, sign in (("right", -1), ("left", 1)):
            x = t[:, 0] * sign
            lids = skin & (t[:, 2] > 3) & (abs(t[:, 1]) < 1) & (x > 1.5) & (x < 4.8)
            local = points[lids] - (points[head.parts[f"{name}_eye"]][0] - home[name])
            ax, y = local[:, 0] * sign, local[:, 1]
            near = (ax > 1.45) & (ax < 4.85) & (abs(y) < 1.2)
            worst = min(worst, (local[near, 2] - eyeball_depth(ax[near], y[near])).min())
    assert worst > -.06


def test_lips_do_not_cross_and_teeth_stay_behind_them(head):
    upper, lower = head.slits["mouth"]
    t, teeth = head.template, np.unique(head.triangles[head.materials == TEETH])
    by_mouth = (abs(t[:, 0]) < 4) & (abs(t[:, 1] + 6.7) < 2) & (t[:, 2] > 4)
    skin = np.flatnonzero(by_mouth & (np.arange(len(t)) < head.skin_count))
    for points in samples(head):
        assert (points[upper] - points[lower])[:, 1].min() > -.05
        distance, nearest = cKDTree(points[skin, :2]).query(points[teeth, :2])
        covered = distance < .12
        assert (points[skin[nearest], 2] - points[teeth, 2])[covered].min() > 0


def test_few_triangles_of_the_face_turn_over(head):
    t = head.template
    region = (t[:, 2] > 3) & (t[:, 1] > -10.8) & (t[:, 1] < 6)
    face = head.triangles[(head.materials == SKIN) & region[head.triangles].all(1)]
    mean = face_normals(head.mean, face)
    for points in samples(head):
        assert ((face_normals(points, face) * mean).sum(1) < 0).mean() < .01


def test_ambient_occlusion_is_cached_and_darkens_hollows(head, tmp_path, monkeypatch):
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    head.__dict__.pop("_occlusion", None)
    sky = head.ambient_occlusion()
    files = list(tmp_path.rglob("occlusion-*.npz"))
    assert len(files) == 1 and np.array_equal(np.load(files[0], allow_pickle=False)["sky"], sky)
    assert sky.shape == (len(head.mean),) and sky.dtype == np.float32 and sky.min() >= 0 and sky.max() <= 1
    assert sky[head.landmark_vertices[30]] > .8 > .5 > sky[head.parts["cavity"]].mean()
    np.savez(files[0], sky=np.full(len(sky), .25, np.float32))
    head.__dict__.pop("_occlusion", None)
    assert (head.ambient_occlusion() == .25).all()                  # read back, not computed again
    head.__dict__.pop("_occlusion", None)
