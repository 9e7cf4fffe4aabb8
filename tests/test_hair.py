"""Hair of the cast: where it grows, how it is drawn, what hides it."""
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.spatial import cKDTree

from dflib.cast import head_model, sample_person
from dflib.cast.hair import facialhair
from dflib.cast.hair.fibres import HairLight, shade_hair
from dflib.cast.hair.glasses import glasses_frame
from dflib.cast.hair.hair import grow_hair
from dflib.cast.geometry.mesh import vertex_normals
from dflib.cast.people.person import Beard, Glasses
from dflib.cast.hair.scalp import Scalp
from dflib.cast.geometry.shadows import light_basis
from dflib.cast.hair.strands import SKULL_CENTRE, draw, flat_colour, follows_head, make_strands, volume_depth
from dflib.cast.people.styles import STYLES, hairline


def first_person(female):
    return next(p for p in map(sample_person, range(50)) if bool(p.female) == female)


@pytest.fixture(scope="module", params=[True, False], ids=["woman", "man"])
def person(request):
    return first_person(request.param)


def neutral(person):
    """Vertices (V, 3) and normals of the person's neutral head."""
    head = head_model()
    vertices = head.vertices(person.identity, np.zeros(len(head.expression_names), np.float32)).astype(np.float32)
    return vertices, vertex_normals(vertices, head.triangles)


def styled(person, style, **changes):
    return replace(person, hair=replace(person.hair, style=style, **changes))


def lengths(strands):
    return np.linalg.norm(np.diff(strands.points, axis=1), axis=-1).sum(1)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_grows_on_the_scalp_and_stays_outside_the_skull(person, style):
    person = styled(person, style, recession=0., mess=.1)
    vertices, _ = neutral(person)
    hair = grow_hair(person, vertices)
    assert np.isfinite(hair.points).all() and (hair.colour >= 0).all() and (hair.colour <= 1).all()
    assert ((hair.alpha > 0) & (hair.alpha <= 1)).all() and (hair.width > 0).all() and len(hair) > 1500

    head = head_model()
    skin = head.grid_shape[0] * head.grid_shape[1]
    scalp = Scalp(person, vertices)
    distance, nearest = cKDTree(vertices[:skin]).query(hair.points[:, 0])
    if STYLES[style].field not in ("shell", "gather"):          # those add strands that hang on others
        assert distance.max() < .6, "a root lies off the skin"
        line = hairline(person.hair, person.seed, scalp.grid.angle[nearest], scalp.grid.template[nearest, 0])
        assert (scalp.grid.template[nearest, 1] > line - 1.0).mean() > .99, "hair grows below the hairline"

    above_neck = hair.points[..., 1] > -9
    radius, own = scalp.radius(hair.points[above_neck] - SKULL_CENTRE)
    assert np.quantile(radius - own, .999) < .5, "strands run inside the head"


def test_no_hair_crosses_the_face_except_a_fringe(person):
    """A strand in front of eyes, nose or mouth would hide the landmarks that lessons measure."""
    vertices, _ = neutral(person)
    for style in ("part", "long", "bob", "wavy", "long_curly", "slick", "bun", "braids"):
        points = grow_hair(styled(person, style, recession=0.), vertices).points
        on_face = (np.abs(points[..., 0]) < 4.4) & (points[..., 2] > 5.5) & (np.abs(points[..., 1] + 3) < 4.5)
        assert on_face.mean() < .002, style


def test_lengths_follow_the_style_and_the_person(person):
    vertices, _ = neutral(person)
    median = {style: np.median(lengths(grow_hair(styled(person, style, length=1., mess=0.), vertices)))
              for style in ("buzz", "crop", "bob", "long")}
    assert median["buzz"] < .6 < median["crop"] < 5 < median["bob"] < median["long"]
    longer = np.median(lengths(grow_hair(styled(person, "long", length=1.3, mess=0.), vertices)))
    assert longer / median["long"] == pytest.approx(1.3, rel=.05)


def test_the_same_person_grows_the_same_hair_and_another_does_not(person):
    vertices, _ = neutral(person)
    styled_person = styled(person, "crop")
    a, b = grow_hair(styled_person, vertices), grow_hair(replace(styled_person), vertices)
    assert np.array_equal(a.points, b.points) and np.array_equal(a.colour, b.colour)
    assert not np.array_equal(a.points, grow_hair(replace(styled_person, seed=person.seed + 1), vertices).points)


def test_bald_and_unknown_styles(person):
    vertices, _ = neutral(person)
    assert grow_hair(styled(person, "bald"), vertices) is None
    with pytest.raises(ValueError, match="unknown hair style 'mohawk'"):
        grow_hair(styled(person, "mohawk"), vertices)


def test_grey_hair_mixes_pigment_and_white(person):
    vertices, _ = neutral(person)
    dark = np.array([.02, .01, .006], np.float32)
    brightness = [grow_hair(styled(person, "crop", colour=dark, grey=grey), vertices).colour.mean(1)
                  for grey in (0., .45, .95)]
    assert brightness[0].mean() < brightness[1].mean() < brightness[2].mean()
    assert brightness[1].std() > 2 * brightness[0].std(), "grey hair is a mixture, not one tone"


def test_long_hair_lies_on_the_shoulders_not_in_them():
    """A second method: against the mesh itself, by the nearest skin vertex and its normal."""
    person = styled(first_person(True), "long", length=1.1)
    vertices, normals = neutral(person)
    torso = np.flatnonzero((vertices[:, 1] < -13) & (vertices[:, 1] > -23) & (np.abs(vertices[:, 0]) < 11))
    points = grow_hair(person, vertices).points
    points = points[(points[..., 1] < -14) & (points[..., 1] > -22) & (np.abs(points[..., 0]) < 10)]
    _, nearest = cKDTree(vertices[torso]).query(points)
    outside = ((points - vertices[torso[nearest]]) * normals[torso[nearest]]).sum(1)
    assert len(points) > 1000 and np.mean(outside < -.5) < .12


def test_brows_lashes_and_beards_lie_on_the_face(person):
    vertices, normals = neutral(person)
    head = head_model()
    tree = cKDTree(vertices[:head.skin_count])
    bearded = replace(person, beard=Beard("full", 0., 1.0))
    for strands, reach in ((facialhair.eyebrows(person, vertices, normals), .25),
                           (facialhair.eyelashes(person, vertices), .2),
                           (facialhair.beard(bearded, vertices, normals), .6)):
        assert tree.query(strands.points[:, 0])[0].max() < reach
        assert (strands.neck_weight == 1).all() and len(strands) > 100
    brows = facialhair.eyebrows(person, vertices, normals).points[:, 0]
    assert ((brows[:, 1] > .8) & (brows[:, 1] < 4.5) & (np.abs(brows[:, 0]) > .4) & (np.abs(brows[:, 0]) < 6.3)).all()
    assert abs((brows[:, 0] > 0).mean() - .5) < .01, "both brows have as many hairs"
    shaved = replace(person, beard=Beard("", .5, 1.0))
    assert facialhair.beard(shaved, vertices, normals) is None


def test_brows_move_with_the_expression(person):
    head = head_model()
    raised = np.zeros(len(head.expression_names), np.float32)
    raised[head.expression_index["brow_up"]] = 1
    vertices, normals = neutral(person)
    still, up = (facialhair.eyebrows(person, v, normals).points for v in
                 (vertices, head.vertices(person.identity, raised).astype(np.float32)))
    assert .2 < (up - still)[..., 1].mean() < 1.5


def test_a_beard_fades_on_the_neck():
    person = replace(first_person(False), beard=Beard("full", 0., 1.0))
    vertices, normals = neutral(person)
    beard = facialhair.beard(person, vertices, normals)
    template = head_model().template
    y = template[cKDTree(vertices).query(beard.points[:, 0])[1], 1]
    low, middle = y < -11.6, (y > -10) & (y < -8)
    assert lengths(beard)[low].mean() < .6 * lengths(beard)[middle].mean()
    assert beard.alpha[low].mean() < .6 * beard.alpha[middle].mean()


def test_glasses_sit_in_front_of_the_eyes(person):
    vertices, _ = neutral(person)
    assert glasses_frame(replace(person, glasses=None), vertices) is None
    frame = glasses_frame(replace(person, glasses=Glasses(np.ones(3), .8, 1., .2)), vertices)
    for curve, part in ((0, "right_eye"), (2, "left_eye")):
        eye, rim = vertices[head_model().parts[part]].mean(0), frame.points[curve]
        assert (rim.min(0)[:2] < eye[:2] - 1).all() and (rim.max(0)[:2] > eye[:2] + 1).all()
        assert rim[:, 2].min() > eye[2]
    assert frame.at_scale(1.) is frame, "a frame is never thinned"


def drawn(points, width, alpha=1., size=64, buffer=None, bias=0.):
    """Coverage (size, size) of strands given as raster coordinates; width in pixels."""
    strands = make_strands(points, (1., 1., 1.), width=width, alpha=alpha, even=True)
    flat = strands.points.reshape(-1, 3)
    image, coverage, depth = (np.zeros((size, size, 3), np.float32), np.zeros((size, size), np.float32),
                              np.full((size, size), 100, np.float32))
    draw(strands, tuple(np.ascontiguousarray(flat[:, d]) for d in range(3)), flat_colour(strands, np.ones(3)), 1.,
         image, coverage, depth, np.full((size, size), 100, np.float32) if buffer is None else buffer, bias)
    return image, coverage, depth


@pytest.mark.parametrize("end", [(52, 20), (20, 55), (12, 52), (54, 54), (50, 12)])
def test_a_thick_segment_covers_what_a_filled_polygon_covers(end):
    start, end, width = np.array([12., 12.]), np.array(end, float), 7.
    if tuple(end) == (12, 52) or tuple(end) == (50, 12):
        end = end + .3                                          # not exactly along an axis
    image, coverage, _ = drawn(np.array([[[*start, 5], [*end, 5]]]), width)
    side = np.array([-(end - start)[1], (end - start)[0]]) / np.linalg.norm(end - start) * width / 2
    corners = np.array([start + side, end + side, end - side, start - side])
    polygon = np.zeros((64 * 8, 64 * 8), np.uint8)
    cv2.fillPoly(polygon, [np.round(corners * 8 - .5).astype(np.int32)], 255)
    exact = cv2.resize(polygon, (64, 64), interpolation=cv2.INTER_AREA) / 255.
    rows, columns = np.mgrid[:64, :64] + .5
    line = end - start
    along = ((columns - start[0]) * line[0] + (rows - start[1]) * line[1]) / (line ** 2).sum()
    inner = (along > .15) & (along < .85)                       # the ends are cut square to the scan, not to the line
    assert np.abs(coverage - exact)[inner].max() < .30 and np.abs(coverage - exact)[inner].mean() < .01
    assert coverage.sum() == pytest.approx(exact.sum(), rel=.06)
    assert np.allclose(image[..., 0], coverage)


def test_a_thin_segment_is_as_faint_as_it_is_thin():
    line = np.array([[[8., 20.5, 5], [56., 30.5, 5]]])
    one, half = drawn(line, 1.)[1].sum(), drawn(line, .5)[1].sum()
    assert half == pytest.approx(one / 2, rel=1e-3)


def test_strands_behind_the_buffer_are_hidden_and_depth_is_that_of_what_is_seen():
    buffer = np.full((64, 64), 100, np.float32)
    buffer[:, 32:] = 4.0
    strand = np.array([[[4., 32., 5.], [60., 32.2, 5.]]])
    _, coverage, depth = drawn(strand, 3., buffer=buffer, bias=.5)
    assert coverage[32, 6:30].min() > .9 and coverage[:, 32:].max() == 0
    assert np.allclose(depth[32, 6:30], 5, atol=.05 * 95) and np.allclose(depth[:, 33:], 100)
    _, coverage, _ = drawn(strand, 3., buffer=buffer, bias=1.5)
    assert coverage[32, 34:58].min() > .9, "within the bias it shows"


def test_nearer_strands_lie_over_farther_ones():
    far_and_near = np.array([[[4., 32., 9.], [60., 32.2, 9.]], [[4., 32., 3.], [60., 32.2, 3.]]])
    for points in (far_and_near, far_and_near[::-1]):
        assert np.allclose(drawn(points, 5.)[2][32, 10:50], 3, atol=.01)
        _, coverage, depth = drawn(points, 5., alpha=.5)
        assert np.allclose(coverage[32, 10:50], .75, atol=.01)
        assert np.allclose(depth[32, 10:50], .5 * 3 + .25 * 9 + .25 * 100, atol=.1)


def test_thinned_strands_cover_about_as_much(person):
    vertices, _ = neutral(person)
    hair = grow_hair(styled(person, "long"), vertices)
    coarse = hair.at_scale(8.)
    assert len(coarse) < .6 * len(hair) and hair.at_scale(40.) is hair
    ratio = (coarse.width * coarse.alpha).sum() / (hair.width * hair.alpha).sum()
    assert .75 < ratio < 1.05
    assert np.array_equal(coarse.points, hair.points[:len(coarse)])


def test_hair_depth_is_the_distance_below_the_outermost_strands():
    direction = np.random.default_rng(0).normal(size=(4000, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = np.where(np.arange(4000) % 2, 12., 10.5)
    depth = volume_depth((SKULL_CENTRE + direction * radius[:, None])[:, None])[:, 0]
    assert depth[1::2].max() < .3 and np.median(depth[0::2]) == pytest.approx(1.5, abs=.1)


def lit(points, key, sky=0., tone=1., shine=1.):
    strands = make_strands(points, (.2, .1, .05), tone=tone)
    out = np.empty((len(strands) * strands.segments, 3), np.float32)
    f = np.float32
    light = HairLight(
        strands.points.reshape(-1, 3), strands.pigment, *strands.highlights, strands.tone, strands.edge,
        strands.depth.ravel(), strands.segments, SKULL_CENTRE, np.array([0, 0, 1.], f), np.full(3, key, f),
        np.zeros((0, 3), f), np.zeros((0, 3), f), np.full(3, sky, f), np.full(3, sky, f), f(90), f(shine),
        np.full((64, 64), 50, f), light_basis((0, 0, 1)))
    shade_hair(light, np.arange(len(out), dtype=np.int32), out)
    return out


def test_light_on_hair():
    front = np.array([[[-1., 2, 11], [1., 2, 11]]])
    assert (lit(front, 0.) == 0).all()
    assert np.allclose(lit(front, 2.), 2 * lit(front, 1.), rtol=1e-4)
    behind = front * [1, 1, -1]
    assert (lit(behind, 1.) < .3 * lit(front, 1.)).all(), "the far side of the head is darker"
    assert (lit(front, 1., shine=2.) > lit(front, 1., shine=0.)).all()


def test_what_hangs_on_the_body_follows_the_body():
    assert follows_head(np.array([5., -11.5])).tolist() == [1, 1]
    assert follows_head(np.array([-19., -40.])).tolist() == [0, 0]
