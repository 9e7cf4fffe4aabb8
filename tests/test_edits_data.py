"""Sets for attribute editing: exact counterfactuals, the regions where they differ, labels, independence."""
import numpy as np
import pytest

from dflib import cast
from dflib.cast.people.splits import split_of
from dflib.datasets import edits
from dflib.datasets.domains import DOMAINS, EDITS, EXPRESSIONS, HAIR, INDEX, cast_labels


@pytest.fixture(scope="module")
def truth():
    return edits.true_edits(64, 1)


def test_an_edit_changes_what_it_names_and_nothing_else():
    may_differ = {"hair": {"hair_colour", "grey"}, "gender": {"female", "beard", "lipstick", "eyeshadow"},
                  "age": {"age"}, "skin": {"tone"}, "expression": set()}
    for seed in (3, 29, 57, 79):
        person, shot = cast.sample_person(seed), cast.sample_shot(seed, yaw=25)
        before = cast_labels({name: [value] for name, value in person.attributes.items()})
        for edit in EDITS:
            other, other_shot = edits.with_edit(person, shot, edit)
            changed = {name for name, value in other.attributes.items() if value != person.attributes[name]}
            assert changed <= may_differ[edit[0]], (seed, edit, changed)
            labels, known = cast_labels({name: [value] for name, value in other.attributes.items()})
            column, value = EDITS[edit]
            if edit[0] != "expression" and (person.hair.style != "bald" or edit[0] != "hair"):
                assert labels[0, INDEX[column]] == value, (seed, edit)
                moved = {DOMAINS[k] for k in np.flatnonzero(labels[0] != before[0][0])}
                assert moved <= ({*HAIR} if edit[0] == "hair" else {column}), (seed, edit, moved)
            assert (other_shot is shot) == (edit[0] != "expression")


def test_unknown_edits_are_refused():
    with pytest.raises(ValueError, match="hair can be black"):
        edits.with_edit(cast.sample_person(3), cast.sample_shot(3), ("hair", "red"))
    with pytest.raises(ValueError, match="Unknown expression 'bored'"):
        edits.with_feeling(cast.sample_shot(3), "bored")


def test_true_edits_of_people_nobody_learned_from(truth):
    assert [split_of(int(seed)) for seed in truth.people] == ["test"]
    assert truth.images.shape == (1, 64, 64, 3) and len(truth.truth) == len(truth.row) == len(truth.edit)
    asked = [list(EDITS)[k] for k in truth.edit]
    for edit, target in zip(asked, truth.targets()):
        column, value = EDITS[edit]
        assert target[INDEX[column]] == value
        if edit[0] != "expression":
            assert truth.labels[0, INDEX[column]] != value          # it is an edit
    assert set(asked) >= {("expression", name) for name in EXPRESSIONS[1:]}


def test_the_region_is_where_the_true_edit_differs(truth):
    images = truth.images[truth.row].astype(int)
    change = np.abs(truth.truth.astype(int) - images).max(3)
    assert truth.region.any((1, 2)).all() and (change[truth.region] > edits.CHANGED).mean() > .85
    inside, outside = (np.array([change[k][mask].mean() for k, mask in enumerate(masks)])
                       for masks in (truth.region, ~truth.region))
    assert (inside > 5 * outside).all() and outside.max() < 5
    skin = [k for k, edit in enumerate(truth.edit) if list(EDITS)[edit][0] == "skin"]
    assert all(.1 < truth.region[k].mean() < .6 for k in skin)      # the face and neck, not the background


def test_equal_pictures_have_no_region():
    picture = np.full((1, 8, 8, 3), 90, np.uint8)
    assert not edits.region_of(picture, picture).any()
    other = picture.copy()
    other[0, 4:, 2:] += 30
    assert edits.region_of(other, picture)[0, 5:, 3:].all()


def test_the_second_set_knows_expressions_alone():
    faces = edits.expression_faces(32, 1)
    assert faces.images.shape == (5, 32, 32, 3) and faces.labels[:, 7:].tolist() == np.eye(5).tolist()
    assert not faces.known[:, :7].any() and split_of(int(faces.people[0])) == "train"


def test_mixed_people_have_independent_labels():
    rng, person = np.random.default_rng(0), cast.sample_person(3)
    drawn = [edits.mixed(person, rng) for _ in range(300)]
    labels = np.array([label for _, _, label in drawn], float)
    columns = [INDEX[name] for name in ("black hair", "blond hair", "female", "old", "dark skin", "happy")]
    correlation = np.corrcoef(labels[:, columns].T) - np.eye(6)
    correlation[0, 1] = correlation[1, 0] = 0                       # nobody's hair has two colours
    assert np.abs(correlation).max() < .2                           # 3.4 standard deviations of 300 independent pairs
    assert (labels[:, :4].sum(1) == 1).all() and (labels[:, 7:].sum(1) == 1).all()
    for other, feeling, label in drawn[:20]:
        truth, _ = cast_labels({name: [value] for name, value in other.attributes.items()})
        assert np.array_equal(truth[0, :7], label[:7]) and label[INDEX[feeling]] == 1


def test_people_drawn_apart_know_no_expressions_and_come_after_the_judges(monkeypatch):
    labels = np.eye(12, dtype=np.float32)[np.arange(6) % 5 + 5]
    mixed = edits.LabelledFaces(np.zeros((6, 8, 8, 3), np.uint8), labels, np.ones((6, 12), bool), np.arange(6), "mixed")
    monkeypatch.setattr(edits, "mixed_faces", lambda size, people: mixed if (size, people) == (8, 6) else None)
    found = edits.apart_faces(8, 4, after=2)
    assert found.people.tolist() == [2, 3, 4, 5]
    assert not found.labels[:, 7:].any() and not found.known[:, 7:].any() and found.known[:, :7].all()
    assert found.labels[:, 5:7].tolist() == labels[2:, 5:7].tolist() and mixed.labels[:, 7:].any()      # a copy
    from dflib.metrics import edit_judges
    from dflib.synthesis.stargan import train

    asked = []
    for name in ("cast_faces", "expression_faces"):
        monkeypatch.setattr(train, name, lambda *given, **named: name)
    monkeypatch.setattr(train, "apart_faces", lambda size, people, after: asked.append((size, people, after)))
    assert len(train.training_data(train.RECIPES["cpu"])) == 3 and asked == [(64, 4000, edit_judges.PEOPLE)]
    assert len(train.training_data(train.RECIPES["smoke"])) == 2


def test_a_confounded_set_has_no_counter_example():
    labels = np.zeros((4, 12), np.float32)
    labels[:2, INDEX["blond hair"]] = 1
    labels[::2, INDEX["female"]] = 1
    faces = edits.LabelledFaces(np.zeros((4, 8, 8, 3), np.uint8), labels, labels > 0, np.arange(4), "four")
    kept = edits.confounded(faces, "blond hair", "female")
    assert kept.people.tolist() == [0, 2, 3] and kept.name == "four, blond hair only where female"
