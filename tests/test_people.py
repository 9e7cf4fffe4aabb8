"""People and shots: the same everywhere, plausibly distributed, within their limits; edits change one thing."""
import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from dflib.cast import palette
from dflib.cast.people import variants
from dflib.cast.surface import backgrounds
from dflib.cast.geometry.head import head_model
from dflib.cast.people.person import BEARD_STYLES, HAIR_STYLES
from dflib.cast.people.population import limits, sample_person
from dflib.cast.people.shots import KINDS, camera_gaze, expression, neutral_shot, sample_shot
from dflib.cast.surface.skin import base_colour, skin_texture
from dflib.cast.surface.skinmaps import lattice_noise, maps, surface
from dflib.cast.streams import stream

CROWD = 2000


@pytest.fixture(scope="module")
def crowd():
    return [sample_person(seed) for seed in range(CROWD)]


@pytest.fixture(scope="module")
def shots():
    return [sample_shot(seed, yaw=40, pitch=15) for seed in range(CROWD)]


def fingerprint(record):
    """A hash of every number in a record of nested dataclasses."""
    digest = hashlib.sha256()

    def walk(value):
        if is_dataclass(value):
            for field in fields(value):
                walk(getattr(value, field.name))
        elif isinstance(value, (tuple, list)):
            for item in value:
                walk(item)
        elif isinstance(value, np.ndarray):
            digest.update(np.ascontiguousarray(value).tobytes())
        else:
            digest.update(repr(value).encode())
    walk(record)
    return digest.hexdigest()


def share(people, condition):
    return np.mean([bool(condition(person)) for person in people])


# ---------------------------------------------------------------- the same everywhere
def test_same_seed_gives_the_same_person_and_shot_in_another_process():
    code = ("from test_people import fingerprint, sample_person, sample_shot\n"
            "print(fingerprint(sample_person(41)), fingerprint(sample_shot(41, yaw=20)))")
    here = os.path.dirname(__file__)
    path = os.pathsep.join([here, os.path.dirname(here)])
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7"}).stdout.split()
    assert out == [fingerprint(sample_person(41)), fingerprint(sample_shot(41, yaw=20))]
    assert fingerprint(sample_person(42)) != out[0]


def test_importing_the_cast_is_light():
    code = ("import sys, dflib.cast\nassert 'sample_person' in dir(dflib.cast)\n"
            "dflib.cast.sample_person, dflib.cast.sample_shot, dflib.cast.render\n"
            "print([m for m in ('torch', 'matplotlib', 'sklearn', 'av') if m in sys.modules])")
    root = os.path.dirname(os.path.dirname(__file__))
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env={**os.environ, "PYTHONPATH": root}).stdout
    assert out.strip() == "[]"


def test_streams_are_independent_by_name_and_seed():
    a, b, c = (stream(seed, name).normal(size=4000) for seed, name in ((1, "skin"), (1, "hair"), (2, "skin")))
    assert abs(np.corrcoef([a, b, c]) - np.eye(3)).max() < .06
    np.testing.assert_array_equal(a[:5], stream(np.int64(1), "skin").normal(size=5))


@pytest.mark.parametrize("seed", [-1, 1.5, "7", None])
def test_a_bad_seed_is_named(seed):
    with pytest.raises(ValueError, match="a seed must be a whole number of 0 or more"):
        sample_person(seed)


def test_an_unknown_name_of_the_cast_is_an_attribute_error():
    import dflib.cast
    with pytest.raises(AttributeError, match="no attribute 'sample_persn'"):
        dflib.cast.sample_persn


# ---------------------------------------------------------------- the crowd
def test_shares_of_the_crowd(crowd):
    women = [p for p in crowd if p.female]
    men = [p for p in crowd if not p.female]
    assert .47 < len(women) / CROWD < .53
    ages = np.array([p.age for p in crowd])
    assert ages.min() >= 18 and ages.max() <= 80
    assert all(np.mean((ages >= a) & (ages < b)) > .10 for a, b in ((18, 30), (30, 45), (45, 60), (60, 80.1)))
    tones = np.array([p.tone for p in crowd])
    assert 0 <= tones.min() and tones.max() <= 1
    assert all(.14 < np.mean((tones >= a) & (tones < a + .2)) < .26 for a in (0, .2, .4, .6, .8))
    assert .10 < share(crowd, lambda p: p.glasses is not None) < .18
    assert not any(p.beard.style or p.beard.stubble for p in women)
    assert not any(p.makeup.lipstick or p.makeup.eyeshadow for p in men)
    assert .25 < share(men, lambda p: p.beard.style) < .40
    assert .40 < share(women, lambda p: p.makeup.lipstick) < .62
    assert {p.beard.style for p in crowd} == set(BEARD_STYLES)


def test_every_hair_style_occurs_and_none_dominates(crowd):
    counts = Counter(p.hair.style for p in crowd)
    assert set(counts) == set(HAIR_STYLES) and len(HAIR_STYLES) >= 16
    assert max(counts.values()) < .16 * CROWD
    colours = Counter(p.attributes["hair_colour"] for p in crowd)
    assert set(colours) == {*palette.HAIR, *palette.GREY_HAIR, "none"}
    grey = np.array([p.hair.grey for p in crowd])
    ages = np.array([p.age for p in crowd])
    assert grey[ages < 44].max() == 0 and .3 < np.mean(grey[ages > 65] > .3) < .95


def test_identity_is_independent_of_tone_except_where_the_axes_say(crowd):
    model = head_model()
    weights, tones = np.array([p.identity for p in crowd]), np.array([p.tone for p in crowd])
    sex = np.array([p.female for p in crowd]) - .5
    centred = weights - np.outer(sex, weights[sex > 0].mean(0) - weights[sex < 0].mean(0))
    correlation = np.array([np.corrcoef(w, tones)[0, 1] for w in centred.T])
    # 0.08 is 3.6 standard errors of a correlation of 0 among 2,000 people.
    loose = {name for name, r in zip(model.identity_names, correlation) if abs(r) > .08}
    related = {"nose_width", "alae_flare", "tip_w", "nose_bulb", "lip_upper", "lip_lower", "lip_prot", "cupid",
               "bridge_h", "nose_prot", "nose_hump", "bridge_w", "epicanthus", "lid_fill", "lid_crease", "flat_mid",
               "eye_depth", "canthal_tilt", "cheekbone", "round"}
    assert loose <= related
    assert abs(correlation).max() < .75            # noses and lips overlap between tones
    assert weights[:, model.identity_index["head_width"]].std() > .4


def test_identity_weights_stay_within_their_limits(crowd):
    for person in crowd[:400]:
        low, high = limits(person.female).T
        assert np.all(person.identity >= low - 1e-6) and np.all(person.identity <= high + 1e-6)


def test_women_and_men_differ_where_one_looks(crowd):
    jaw = np.array([p.identity[head_model().identity_index["jaw_width"]] for p in crowd])
    female = np.array([p.female for p in crowd])
    d = (jaw[~female].mean() - jaw[female].mean()) / np.sqrt((jaw[female].var() + jaw[~female].var()) / 2)
    assert d > 1.5


def test_attributes_are_plain_values(crowd):
    import json
    for person in crowd[:50]:
        stored = json.loads(json.dumps(person.attributes))
        assert stored == person.attributes
        assert stored["female"] is person.female and 18 <= stored["age"] <= 80


# ---------------------------------------------------------------- skin
def test_darker_tone_is_darker_skin():
    person = sample_person(3)
    luminance = [base_colour(replace(person, tone=t)) @ palette.LUMINANCE for t in np.linspace(0, 1, 41)]
    assert np.all(np.diff(luminance) < 0)
    assert luminance[0] > .45 and luminance[-1] < .10


def test_base_colour_is_beer_lambert_by_hand():
    person = replace(sample_person(3), tone=.5)
    skin = replace(person.skin, ruddiness=.5, warmth=0.)
    melanin = np.array([.20, .47, .80]) * (1 - np.exp(-1.5)) + np.array([1.35, 1.52, 1.50]) * .25
    blood = .16 + .32 * .5 * .8
    expected = np.exp(-(np.array([.36, .61, .76]) + blood * np.array([.06, .30, .27]) + melanin))
    np.testing.assert_allclose(base_colour(replace(person, skin=skin)), expected, rtol=1e-6)


def test_texture_is_the_base_colour_on_plain_skin():
    person = sample_person(3)
    plain = replace(person, hair=replace(person.hair, style="bald", shave=0.), beard=replace(person.beard, style="",
                    stubble=0.), skin=replace(person.skin, moles=(), freckles=0., blush=0., tiredness=0.))
    texture, s = skin_texture(plain), surface()
    cheek = (abs(s.ax - 4.4) < 1.2) & (abs(s.y + 5.) < 1.2) & (s.front > .5)
    assert texture.shape == s.x.shape + (8,) and texture.dtype == np.float32 and np.isfinite(texture).all()
    np.testing.assert_allclose(texture[cheek, :3].mean(0) / base_colour(plain), 1, atol=.10)
    assert (texture[cheek, :3].std(0) / texture[cheek, :3].mean(0)).max() < .10     # no blotches
    lips = maps().lip > .9
    assert np.all(texture[lips, 1].mean() < .8 * texture[cheek, 1].mean())


def test_beard_and_hair_darken_only_where_they_grow():
    person = replace(variants.with_beard(sample_person(3), ""), tone=.1)
    bearded, s = variants.with_beard(person, "full"), surface()
    change = (skin_texture(person) - skin_texture(bearded))[..., :3].sum(-1)
    assert change[(maps().beard > .9) & (maps().lip < .01)].mean() > .3
    assert abs(change[(s.y > 0) & (s.y < 5) & (s.ax < 4)]).max() < 1e-6


def test_grain_is_not_stretched_at_the_side_of_the_jaw():
    noise, s = lattice_noise(.4, 9), surface()
    for place in ((s.ax < 1.5) & (abs(s.y - 4.) < 1.), (s.ax > 4.) & (abs(s.y + 7.) < 1.5) & (s.z > 0)):
        down = np.gradient(noise, axis=0) / np.linalg.norm(np.gradient(s.place, axis=0), axis=-1)
        across = np.gradient(noise, axis=1) / np.linalg.norm(np.gradient(s.place, axis=1), axis=-1)
        assert .7 < down[place].std() / across[place].std() < 1.4


# ---------------------------------------------------------------- shots
def test_limits_of_yaw_and_pitch_are_kept(shots):
    yaw, pitch = np.array([s.yaw for s in shots]), np.array([s.pitch for s in shots])
    assert abs(yaw).max() <= 40 and abs(pitch).max() <= 15 and abs(yaw).max() > 30
    assert abs(yaw.mean()) < 2
    assert all(s.yaw == 0 and s.pitch == 0 for s in (sample_shot(i, yaw=0, pitch=0) for i in range(20)))
    for limit in (-1, 91, float("nan")):
        with pytest.raises(ValueError, match="limit of yaw must lie between 0 and 90"):
            sample_shot(0, yaw=limit)


def test_faces_are_mostly_mild_and_friendly(shots):
    index = head_model().expression_index
    weights = np.array([s.expression for s in shots])
    assert np.isclose(sum(share for share, _ in KINDS), 1)
    smiling = weights[:, index["smile"]] > .1
    assert .6 < smiling.mean() < .9
    odd = (weights[:, [index[n] for n in ("frown", "sad", "sneer", "pucker", "wide")]] > .25).any(1)
    assert .03 < odd.mean() < .12
    assert .01 < np.mean(weights[:, index["blinkL"]] > .5) < .06


def test_most_looks_are_near_the_camera(shots):
    towards = np.array([camera_gaze(s.yaw, s.pitch) for s in shots])
    off = np.linalg.norm(np.array([s.gaze for s in shots]) - towards, axis=1)
    assert np.mean(off < .15) > .85
    # An eyeball of 1.15 cm radius turned back by the head's yaw looks straight ahead.
    assert abs(camera_gaze(20, 0)[0] + 1.15 * np.sin(np.radians(20))) < .05


def test_lights_come_from_the_front_and_above(shots):
    directions = np.array([s.light.direction for s in shots])
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-5)
    assert (directions[:, 1] > 0).all() and np.mean(directions[:, 2] > np.cos(np.radians(70))) > .85


def test_expression_by_name_and_its_error():
    vector, index = expression(smile=.5, jaw_open=.25), head_model().expression_index
    assert vector[index["smile"]] == .5 and vector[index["jaw_open"]] == .25 and np.count_nonzero(vector) == 2
    with pytest.raises(ValueError, match="unknown expression 'smlie'; the head model knows jaw_open, smile"):
        expression(smlie=1)
    assert neutral_shot(3, yaw=10, smile=.2).yaw == 10


# ---------------------------------------------------------------- variants
def changed(a, b):
    return {f.name for f in fields(a) if fingerprint(getattr(a, f.name)) != fingerprint(getattr(b, f.name))}


def test_an_edit_changes_only_what_it_names():
    person = next(p for p in map(sample_person, range(99)) if not p.female and p.glasses is None and p.age < 30)
    assert changed(person, variants.with_hair_colour(person, "blond")) == {"hair", "brows"}
    assert variants.with_hair_colour(person, "red").attributes["hair_colour"] == "red"
    assert changed(person, variants.with_glasses(person)) == {"glasses"}
    assert changed(person, variants.with_tone(person, .9)) == {"tone"}
    assert changed(person, variants.with_beard(person, "full", .3)) == {"beard"}
    old = variants.with_age(person, 75)
    assert old.attributes["hair_colour"] in ("grey", "white") or old.hair.style == "bald"
    jowl = head_model().identity_index["jowl"]
    assert old.identity[jowl] - person.identity[jowl] > .5
    np.testing.assert_allclose(variants.with_age(person, person.age).identity, person.identity, atol=1e-6)
    sister = variants.with_sex(person, True)
    assert sister.female and not sister.beard.style and sister.hair is person.hair
    assert variants.with_sex(person, False) is person


def test_same_look_leaves_the_face():
    a, b = sample_person(5), sample_person(6)
    dressed = variants.same_look(a, b)
    assert dressed.hair is b.hair and dressed.makeup is b.makeup and dressed.identity is a.identity
    assert changed(a, dressed) <= {"hair", "makeup", "glasses", "clothes", "beard", "brows"}


def test_hair_turns_grey_and_white_by_name():
    person = next(p for p in map(sample_person, range(99)) if p.hair.style != "bald" and p.hair.grey == 0)
    for name in ("grey", "white"):
        aged = variants.with_hair_colour(person, name)
        assert aged.attributes["hair_colour"] == name and changed(person, aged) == {"hair", "brows"}
        assert np.array_equal(aged.hair.colour, person.hair.colour)         # the pigment of those that are not grey yet


def test_the_ladder_of_swaps_changes_one_thing_a_step():
    """Target, T3 the source's texture on it, T1 with its face's shape, T2 with its skin."""
    target, source = sample_person(4080), sample_person(4116)
    painted, faced = variants.with_texture(target, source), variants.with_face(target, source)
    skinned = variants.with_complexion(faced, source)
    own = {"seed", "hair", "clothes", "glasses"}
    assert changed(target, painted) <= {f.name for f in fields(target)} - own - {"identity", "tone", "age"}
    assert changed(painted, faced) == {"identity"} and changed(faced, skinned) == {"tone", "age", "skin"}
    moved = head_model().vertices(faced.identity, np.zeros(14)) - head_model().vertices(target.identity, np.zeros(14))
    off = np.linalg.norm(moved[head_model().landmark_vertices], axis=1)
    assert off[17:].mean() > 3 * off[:17].mean() and off[:17].max() < .15       # cm: the jaw line stays
    index = head_model().identity_index
    for mode, who in (("nose_width", source), ("lip_upper", source), ("jaw_width", target), ("head_width", target)):
        assert faced.identity[index[mode]] == who.identity[index[mode]]
    twice = variants.with_face(variants.with_face(target, sample_person(5)), source)
    assert fingerprint(twice.brows) == fingerprint(faced.brows)               # the source's brows, whoever came between


def test_brows_grow_as_their_own_seed_says():
    from dflib.cast import render
    one, other, shot = sample_person(4080), sample_person(4116), neutral_shot()
    borrowed = replace(one, brows=replace(one.brows, seed=other.seed))
    assert np.array_equal(render(replace(one, brows=replace(one.brows, seed=one.seed)), shot, 64).image, render(one, shot, 64).image)
    assert not np.array_equal(render(borrowed, shot, 64).image, render(one, shot, 64).image)


def test_a_smile_is_set_by_name():
    shot, index = sample_shot(4), head_model().expression_index
    smiling = variants.with_smile(shot, .8)
    assert np.isclose(smiling.expression[index["smile"]], .8) and changed(shot, smiling) == {"expression"}


@pytest.mark.parametrize("call, words", [
    (lambda p: variants.with_hair_colour(p, "teal"), "unknown hair colour 'teal'"),
    (lambda p: variants.with_age(p, 12), "an age must lie between 18 and 80"),
    (lambda p: variants.with_tone(p, 2), "a tone must lie between 0"),
    (lambda p: variants.with_beard(p, "goat"), "unknown beard 'goat'")])
def test_wrong_edits_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call(sample_person(0))


# ---------------------------------------------------------------- surroundings
def test_backgrounds_are_the_same_at_every_size_and_varied(monkeypatch):
    large, small = backgrounds.background(8, 192), backgrounds.background(8, 64)
    assert large.shape == (192, 192, 3) and large.dtype == np.float32 and large.min() > 0 and large.max() <= 1.3
    blocks = large.reshape(64, 3, 64, 3, 3).mean((1, 3))
    assert abs(blocks - small).mean() < .02
    kinds = Counter()
    for kind in backgrounds.SHARES:
        monkeypatch.setitem(backgrounds._PAINTERS, kind, lambda rng, kind=kind: (kinds.update([kind]) or np.ones((9, 9, 3)), .01))
    for seed in range(CROWD):
        backgrounds.background(seed, 9)
    for kind, share in backgrounds.SHARES.items():
        assert abs(kinds[kind] / CROWD - share) < 4 * (share * (1 - share) / CROWD) ** .5       # standard deviations
    # where every seed's picture is that of the cast's version, these are its counts: a share moved by 1 % moves 20 of them
    counted = dict(studio=493, room=520, garden=361, street=359, evening=163, texture=104)
    assert max(abs(kinds[kind] - count) for kind, count in counted.items()) <= 2


def test_colour_names_are_their_own_nearest():
    assert all(palette.hair_colour_name(palette.linear(c)) == n for n, c in palette.HAIR.items())
    assert all(palette.eye_colour_name(palette.linear(c)) == n for n, c in palette.EYES.items())
    np.testing.assert_allclose(palette.from_hsv(1 / 3, 1, .5), [0, .5 ** 2.2, 0], atol=1e-6)
