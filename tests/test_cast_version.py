"""The cast's version: stored pictures must be rendered again, level for level, or the version is raised.

    python tests/test_cast_version.py       draws the pictures of a version that has none yet

Why a tolerance of one level of 255: pictures are rounded from sums of float32, whose last digits depend on the processor
and on the day's compiler. Rendered without AVX and FMA, 20 of these 660,000 values fell on the other side of a rounding,
none by more than one level, and one label of 240,000 went to its neighbour. What is meant to be seen is larger, and touches more
values than SHARE of them.
"""
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from dflib import cast
from dflib.cast.geometry.head import head_model
from dflib.cast.people import variants
from dflib.cast.people.person import BEARD_STYLES, HAIR_STYLES
from dflib.cast.surface import backgrounds
from dflib.cast.version import VERSION
from dflib.pictures import as_sheet

FOLDER = Path(__file__).parent / "golden"
SHARE = 1e-3
SIZE, STYLE_SIZE, LARGE = 96, 48, 192
SEEDS = range(120)


def portraits():
    """(person, shot, size) of twelve people who have between them all that the cast can draw."""
    def sampled(seed, yaw=40, **edits):
        return cast.sample_person(seed), replace(cast.sample_shot(seed, yaw=yaw), **edits), SIZE

    def posed(seed, size=SIZE, **pose):
        return cast.sample_person(seed), cast.neutral_shot(seed, **pose), size

    performer, role = cast.sample_person(41), cast.perform(3, 2.0).shots[20]
    return [
        sampled(14),                                            # glasses, lipstick, light skin, a street
        sampled(45, yaw=60),                                    # glasses, stubble, dark skin, a garden
        posed(63, jaw_open=.8, lips_part=.5),                   # full beard, open mouth: teeth, tongue; the studio
        posed(31, yaw=-85, smile=.5),                           # profile from the left, long curls, dark skin
        posed(96, yaw=60, pitch=-20, brow_up=.6),               # old, white hair, glasses, from below
        posed(9, smile=.9, lips_part=.9, cheek_raise=.6),       # teeth, moustache; a room
        posed(91, pitch=25, blinkR=1, blinkL=1, frown=.6),      # closed eyes, very light, from above
        sampled(77),                                            # eye shadow, lips; evening lights
        sampled(106),                                           # goatee; a texture
        (performer, role, SIZE),                                # braids, a frame of a performance
        (variants.same_look(cast.sample_person(120), cast.sample_person(83)), cast.sample_shot(120), SIZE),
        (variants.with_age(cast.sample_person(64), 70), cast.neutral_shot(4, yaw=25, sneer=.4), LARGE),
    ]


def styles():
    """(person, shot, size) of every style of hair, small."""
    people = [cast.sample_person(seed) for seed in (1, 51)]
    return [(replace(people[k % 2], hair=replace(people[k % 2].hair, style=style)), cast.neutral_shot(k, yaw=20), STYLE_SIZE)
            for k, style in enumerate(HAIR_STYLES)]


def sampled():
    """What many seeds stand for: attributes of people as dicts, and numbers (SEEDS, M) of people, shots and surroundings."""
    people, shots = [cast.sample_person(seed) for seed in SEEDS], [cast.sample_shot(seed) for seed in SEEDS]
    numbers = [np.concatenate([person.identity, (shot.yaw, shot.pitch, shot.roll), shot.expression, shot.gaze,
                               (shot.light.exposure, *shot.light.direction, shot.camera.distance, shot.noise),
                               backgrounds.background(shot.background, 2).ravel()]) for person, shot in zip(people, shots)]
    return [person.attributes for person in people], np.float32(numbers)


def drawn():
    """The pictures on one sheet (H, W, 3) uint8, and the truth of all: labels, landmarks, visible, attributes, numbers."""
    frames = [cast.render(*scene) for scene in portraits() + styles()]
    large = frames[11].image
    small = as_sheet([frame.image for frame in frames[:11]], columns=4)
    rest = as_sheet([frame.image for frame in frames[12:]], columns=12)
    sheet = np.zeros((len(small) + len(rest), len(rest[0]), 3), np.uint8)
    sheet[:len(small), :small.shape[1]] = small
    sheet[:LARGE, -LARGE:] = large
    sheet[len(small):] = rest
    attributes, numbers = sampled()
    truth = {
        "numbers": numbers,
        "labels": np.concatenate([(frame.labels | 128 * frame.mask.astype(np.uint8)).ravel() for frame in frames]),
        "landmarks": np.stack([frame.landmarks for frame in frames]), "visible": np.stack([frame.visible for frame in frames]),
        "attributes": np.array(json.dumps(attributes + [frame.attributes for frame in frames]))}
    return sheet, truth


def files():
    return FOLDER / f"cast-{VERSION}.png", FOLDER / f"cast-{VERSION}.npz"


def draw():
    """Store the pictures of this version; those of a version that is there already are never replaced."""
    picture, truth = files()
    if picture.exists():
        raise SystemExit(f"There are pictures of version {VERSION}: raise dflib.cast.version.VERSION if others are wanted.")
    for old in FOLDER.glob("cast-*"):
        old.unlink()
    sheet, arrays = drawn()
    np.savez_compressed(truth, **arrays)
    cv2.imwrite(str(picture), sheet[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


def test_what_is_rendered_is_what_the_version_says():
    """If this fails and the change is meant: raise dflib.cast.version.VERSION, and call this file as a program."""
    picture, path = files()
    assert picture.exists(), "The version has no pictures yet: run python tests/test_cast_version.py"
    sheet, truth = drawn()
    away = np.abs(sheet.astype(int) - cv2.imread(str(picture))[..., ::-1])
    assert away.max() <= 1 and np.mean(away > 0) < SHARE
    with np.load(path, allow_pickle=False) as stored:
        assert np.mean(truth["labels"] != stored["labels"]) < SHARE
        assert np.abs(truth["landmarks"] - stored["landmarks"]).max() < 1e-3
        assert np.allclose(truth["numbers"], stored["numbers"], rtol=1e-4, atol=1e-5)
        assert np.mean(truth["visible"] != stored["visible"]) < SHARE
        for mine, theirs in zip(*(json.loads(str(each["attributes"])) for each in (truth, stored)), strict=True):
            assert mine.keys() == theirs.keys()
            for name, value in mine.items():
                assert value == (pytest.approx(theirs[name], rel=1e-5) if isinstance(value, float) else theirs[name])


def test_the_stored_people_cover_the_cast(monkeypatch):
    people, shots, _ = zip(*portraits(), *styles())
    painted = set()
    for kind in backgrounds.SHARES:
        monkeypatch.setitem(backgrounds._PAINTERS, kind, lambda rng, kind=kind: (painted.add(kind) or np.ones((9, 9, 3)), .01))
    for shot in shots:
        backgrounds.background(shot.background, 9)
    assert painted == set(backgrounds.SHARES)
    assert {person.hair.style for person in people} == set(HAIR_STYLES)
    assert {person.beard.style for person in people} == set(BEARD_STYLES)
    assert any(person.glasses for person in people) and any(person.makeup.eyeshadow for person in people)
    tones, yaws = [person.tone for person in people], [shot.yaw for shot in shots]
    assert min(tones) < .1 and max(tones) > .9 and min(yaws) < -80 and max(yaws) > 50
    opened = head_model().expression_index["jaw_open"]
    assert max(shot.expression[opened] for shot in shots) > .7


if __name__ == "__main__":
    draw()
