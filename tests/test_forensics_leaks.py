"""The five leaks: trivial classifiers win under the wrong protocol and fall to chance under the set's own, on the shipped set."""
import json

import numpy as np
import pytest

from dflib.paths import DATA
from dflib.studies.forensics_set import leaks

ROOT = DATA / "forensics"


@pytest.fixture(scope="module")
def found():
    people = json.loads((ROOT / "actors.json").read_text())["actors"]
    pairs = [pair for split in ("train", "val", "test") for pair in json.loads((ROOT / "splits" / f"{split}.json").read_text())]
    return leaks.pictures_of(ROOT, people, pairs)


@pytest.mark.parametrize("leak", leaks.LEAKS)
def test_a_trivial_classifier_wins_under_the_wrong_protocol_only(found, leak):
    assert len(set(found.pairs)) >= 50
    wrong, own = (leaks.measured(found, leak, choice) for choice in (True, False))
    assert wrong.low > 0.8, wrong
    assert own.high < 0.6, own


def test_an_unknown_leak_is_one_sentence(found):
    with pytest.raises(ValueError, match="Unknown leak 'smell': there are identity, source"):
        leaks.measured(found, "smell", True)


def test_blocks_see_the_codec_and_brightness_the_side():
    from dflib import cast, media
    rng = np.random.default_rng(0)
    noise = np.clip(rng.normal(120, 30, (4, 96, 96, 3)), 0, 255).astype(np.uint8)
    coded = np.array([media.compress(picture, 40) for picture in noise])
    fine, coarse = leaks.blocks(noise), leaks.blocks(coded)
    assert (coarse[:, 2] < fine[:, 2] - 0.5).all()
    ramp = np.broadcast_to(np.linspace(40, 200, 96)[None, :, None], (96, 96, 3)).astype(np.uint8)
    marks = cast.render(cast.sample_person(4208), cast.neutral_shot(), 96).landmarks
    right, left = leaks.brightness(np.stack([ramp, ramp[:, ::-1]]), np.stack([marks, marks]))
    assert (right < -0.05).all() and (left > 0.05).all()
