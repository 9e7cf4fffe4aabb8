"""Scores and judges of edits: what doing nothing and the true edit get, heads against scikit-learn, leakage by hand."""
import numpy as np
import pytest

from dflib import cast, faces
from dflib.datasets.domains import DOMAINS, EDITS, INDEX
from dflib.datasets.edits import TrueEdits, true_edits
from dflib.faces.alignment import canonical_of_portrait, portrait_matrix, warp
from dflib.metrics import edit_judges, edit_scores
from dflib.metrics.edit_judges import QUESTIONS, Judge, answers, probabilities


@pytest.fixture(scope="module")
def truth():
    return true_edits(64, 1)


class Oracle:
    """A judge that knows the pictures of `truth` by heart, and answers `wrong` with a bald lie about age."""

    name = "oracle"

    def __init__(self, truth):
        self.known = [(picture, label) for picture, label in zip(truth.images, self.complete(truth.labels))]
        self.known += list(zip(truth.truth, self.complete(truth.targets())))

    def complete(self, labels):
        labels = labels.copy()
        labels[labels[:, 7:].sum(1) == 0, INDEX["neutral"]] = 1
        return labels

    def __call__(self, portraits):
        return np.array([next(label for picture, label in self.known if np.array_equal(picture, portrait))
                         for portrait in portraits])


def test_the_canonical_crop_of_a_portrait_is_the_canonical_crop():
    frame = cast.render(cast.sample_person(3), cast.sample_shot(3, yaw=15), size=256)
    crop, _ = faces.align(frame.image, frame.landmarks, 80)
    portrait = warp(frame.image, portrait_matrix(frame.landmarks, 256), (256, 256))
    assert np.abs(canonical_of_portrait(portrait, 80).astype(int) - crop).mean() < 1.5


def test_probabilities_and_answers():
    logits = np.random.default_rng(0).normal(size=(5, 12))
    found = probabilities(logits)
    assert np.allclose(found[:, :4].sum(1), 1) and np.allclose(found[:, 7:].sum(1), 1)
    assert np.allclose(found[:, 4:7], 1 / (1 + np.exp(-logits[:, 4:7])))
    assert np.allclose(np.log(found[:, 0] / found[:, 3]), logits[:, 0] - logits[:, 3])
    labels = answers(found)
    assert (labels[:, :4].sum(1) == 1).all() and np.array_equal(labels[:, 4:7], logits[:, 4:7] > 0)
    assert np.array_equal(labels[:, 7:].argmax(1), logits[:, 7:].argmax(1))


def test_heads_are_scikit_learns_with_the_scaling_folded_in(monkeypatch):
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    features, labels = rng.normal(5, 3, (200, 6)), np.zeros((200, 12), np.float32)
    labels[np.arange(200), (features[:, 0] > 5) + 2 * (features[:, 1] > 5)] = 1
    labels[:, 4:7] = features[:, 2:5] > 5
    labels[np.arange(200), 7 + rng.integers(5, size=200)] = 1
    known = np.ones((200, 12), bool)
    known[:50, 4] = False
    labels[:50, 4] = 1 - labels[:50, 4]             # wrong, and not to be looked at
    monkeypatch.setitem(edit_judges.FEATURES, "own", lambda portraits: features[:len(portraits)])
    judge = edit_judges.fit("own", np.zeros((200, 8, 8, 3), np.uint8), labels, known)
    scaled = (features - features.mean(0)) / (features.std(0) + 1e-3)
    head = LogisticRegression(C=8 / 6, max_iter=200).fit(scaled[50:], labels[50:, 4])
    found = judge(np.zeros((200, 8, 8, 3), np.uint8))
    assert np.allclose(found[:, 4], head.predict_proba(scaled)[:, 1], atol=1e-5)
    shares = edit_judges.accuracy(judge, np.zeros((200, 8, 8, 3), np.uint8), labels, known)
    assert list(shares) == [name for name, _, _ in QUESTIONS] and shares["hair"] > .9 and shares["female"] > .9
    assert shares["expression"] < .5                # which had nothing to do with the features


def test_features_have_the_width_their_docstrings_say():
    portraits = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    assert edit_judges.own_maps(portraits).shape == (2, 8704)
    assert edit_judges.imagenet_maps(portraits).shape == (2, 11264)


def test_nothing_and_the_true_edit(truth):
    found = edit_scores.references(truth, [Oracle(truth)])
    nothing, perfect = found["nothing done"], found["true edit"]
    images = truth.images[truth.row].astype(float)
    for k, region in enumerate(truth.region):
        error = ((images[k] - truth.truth[k]) ** 2)[region].mean()
        assert nothing["psnr_inside"][k] == pytest.approx(10 * np.log10(255 ** 2 / error))
    assert (perfect["psnr_inside"] == 60).all() and np.allclose(perfect["ssim_outside"], 1)
    assert np.allclose(perfect["identity"], 0)
    assert np.allclose(perfect["features"], 0, atol=1e-9) and (nothing["features"] > .1).all()
    assert (nothing["psnr_outside"] > nothing["psnr_inside"] + 8).all()
    assert (nothing["identity"] >= -1e-6).all()                     # an unchanged face is at least as much itself
    assert (perfect["taken_oracle"] == 1).all()
    what = np.array([edit[0] for edit in EDITS])[truth.edit]
    assert (nothing["taken_oracle"][what != "expression"] == 0).all()
    text = edit_scores.table(found, truth)
    assert "| skin | true edit | 60.0 |" in text and text.count("\n") == 1 + 2 * len(set(what))


def test_inside_and_outside_add_up(truth):
    """An edit that is right inside only has its ImageNet distance outside, and the other way round."""
    made = np.where(truth.region[..., None], truth.truth, truth.images[truth.row])
    found = edit_scores.scores(made, truth)
    assert np.allclose(found["features_inside"], 0, atol=1e-9)
    assert np.allclose(found["features"], found["features_outside"])
    with pytest.raises(ValueError, match="must be uint8"):
        edit_scores.scores(made[1:], truth)


def test_leakage_by_hand():
    """Four edits of two pictures; a judge whose answers are written into the pixels."""
    images = np.zeros((2, 8, 8, 3), np.uint8)
    made = np.zeros((4, 8, 8, 3), np.uint8)
    labels = {0: {"black hair", "neutral"}, 1: {"blond hair", "neutral"}, 2: {"blond hair", "female", "neutral"},
              3: {"black hair", "old", "happy"}}
    made[:, 0, 0, 0] = [1, 2, 1, 3]
    names = list(EDITS)
    edits = np.array([names.index(("hair", "blond"))] * 3 + [names.index(("age", "old"))])
    truth = TrueEdits(images, np.zeros((2, 12), np.float32), np.ones((2, 12), bool), np.arange(2), np.zeros(2),
                      np.zeros(2), np.array([0, 1, 0, 1]), edits, made, np.ones((4, 8, 8), bool))

    def judge(portraits):
        return np.array([[float(name in labels[p[0, 0, 0]]) for name in DOMAINS] for p in portraits])

    found = edit_scores.matrix(made, truth, judge)
    asked = [name for name, _, _ in QUESTIONS]
    blond, old = found[names.index(("hair", "blond"))], found[names.index(("age", "old"))]
    expected = {"hair": 100, "female": 100 / 3, "old": 0, "dark skin": 0, "expression": 0}
    assert dict(zip(asked, blond)) == pytest.approx(expected)
    assert dict(zip(asked, old)) == {"hair": 0, "female": 0, "old": 100, "dark skin": 0, "expression": 100}
    assert np.isnan(found[names.index(("skin", "dark"))]).all()
    assert edit_scores.leaked(found) == pytest.approx((100 / 3 + 100) / 8)      # four questions each that were not asked


def test_groups(truth):
    found = edit_scores.by_group({"psnr_inside": np.arange(len(truth.row), dtype=float)}, truth)
    tone = "light" if truth.tone[0] < 1 / 3 else "medium" if truth.tone[0] < 2 / 3 else "dark"
    assert len(found) == 3 and found[tone]["psnr_inside"] == pytest.approx((len(truth.row) - 1) / 2)
    kinds = edit_scores.by_kind({"x": np.ones(len(truth.row))}, truth)
    assert set(kinds) <= {what for what, _ in EDITS} and all(value == {"x": 1.} for value in kinds.values())


def test_a_judge_is_a_function_of_its_heads():
    judge = Judge("own", np.zeros((8704, 12), np.float32), np.arange(12, dtype=np.float32))
    found = judge(np.zeros((3, 64, 64, 3), np.uint8))
    assert np.allclose(found, probabilities(np.arange(12, dtype=np.float32)[None]))


def test_the_shipped_judges_are_those_of_todays_attribute_network(monkeypatch):
    assert [judge.name for judge in edit_judges.shipped()] == ["own", "imagenet"]
    edit_judges.shipped.cache_clear()
    card = edit_judges.checkpoints.read_card
    monkeypatch.setattr(edit_judges.checkpoints, "read_card",
                        lambda path: {"sha256": "another"} if "attributes" in str(path) else card(path))
    with pytest.raises(ValueError, match="another attribute network"):
        edit_judges.shipped()
