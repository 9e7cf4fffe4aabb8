"""Scores against scikit-image and closed forms; the identity and attribute networks on held-out people."""
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import norm
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dflib import cast, checkpoints, faces
from dflib.cast.people.splits import split_of
from dflib.datasets import RenderedFaces
from dflib.metrics import (equal_error_rate, face_attributes, identity_embedding, identity_similarity, psnr, ssim,
                           train)
from dflib.metrics.attributes import CHOICES, NUMBERS, OUTPUTS, WIDTH, YES_NO, AttributeNetwork, attribute_loss, targets
from dflib.metrics.augment import augment
from dflib.metrics.identity import IdentityNetwork, cosface
from dflib.metrics.looks import LOOKS, render_looks, with_other_look
from dflib.metrics.network import CROP, INPUT, as_input, crops
from dflib.metrics.verification import verify


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def pictures(count=3, side=40, seed=0):
    rng = np.random.default_rng(seed)
    smooth = rng.integers(0, 256, (count, side // 8, side // 8, 3)).repeat(8, 1).repeat(8, 2)
    return np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)


# pictures

def test_psnr_and_ssim_equal_those_of_scikit_image():
    a, b = pictures(), pictures(seed=1)
    b = np.clip(.7 * a + .3 * b, 0, 255).astype(np.uint8)
    ours, theirs = psnr(a, b), [peak_signal_noise_ratio(y, x) for x, y in zip(a, b)]
    assert ours.shape == (3,) and np.allclose(ours, theirs, rtol=0, atol=1e-9)
    reference = [structural_similarity(x, y, channel_axis=2, gaussian_weights=True, sigma=1.5,
                                       use_sample_covariance=False, data_range=255) for x, y in zip(a, b)]
    assert np.allclose(ssim(a, b), reference, rtol=0, atol=1e-6)
    assert psnr(a[1], b[1]) == pytest.approx(theirs[1]) and ssim(a[1], b[1]) == pytest.approx(reference[1], abs=1e-6)
    assert psnr(a[0], a[0]) == np.inf and ssim(a[0], a[0]) == 1


def test_tensor_scores_equal_array_scores_and_have_gradients():
    a, b = pictures(2), pictures(2, seed=1)
    x, y = (torch.from_numpy(z).permute(0, 3, 1, 2).double() / 127.5 - 1 for z in (a, b))
    assert np.allclose(psnr(x, y), psnr(a, b), atol=1e-9) and np.allclose(ssim(x, y), ssim(a, b), atol=1e-9)
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(ssim(x, y).sum(), x)
    with torch.no_grad():
        assert ssim(x + 1e-3 * gradient / gradient.norm(), y).sum() > ssim(x, y).sum()


def test_scores_refuse_what_does_not_match():
    a = pictures()
    for score in (psnr, ssim):
        with pytest.raises(ValueError, match="Both pictures must be uint8"):
            score(a, a[:2])
        with pytest.raises(ValueError, match="Both pictures must be uint8"):
            score(a.astype(float), a.astype(float))
        with pytest.raises(ValueError, match="Both tensors must be"):
            score(torch.zeros(3, 8, 8), torch.zeros(3, 8, 8))
    with pytest.raises(ValueError, match="at least 11 x 11"):
        ssim(a[:, :10], a[:, :10])


# verdicts

def test_equal_error_rate():
    assert equal_error_rate([0, 0, 1, 1], [.1, .2, .3, .4]) == 0
    assert equal_error_rate([1, 1, 0, 0], [.1, .2, .3, .4]) == 1
    assert equal_error_rate([0, 1, 0, 1], [.1, .2, .3, .4]) == .5
    rng = np.random.default_rng(0)
    scores = np.r_[rng.normal(0, 1, 200_000), rng.normal(2, 1, 200_000)]
    labels = np.arange(400_000) >= 200_000
    assert equal_error_rate(labels, scores) == pytest.approx(norm.cdf(-1), abs=2e-3)    # both tails


# crops

def test_crops_are_those_of_faces_align():
    frame = cast.render(cast.sample_person(1), cast.sample_shot(1), size=96)
    aligned = faces.align(frame.image, frame.landmarks, CROP)[0]
    assert np.array_equal(crops(frame.image, frame.landmarks)[0], aligned)
    assert np.array_equal(crops([frame.image] * 2, [frame.landmarks] * 2)[1], aligned)
    assert np.array_equal(crops(aligned)[0], aligned)
    large = faces.align(frame.image, frame.landmarks, 4 * CROP)[0]
    assert np.abs(crops(large)[0].astype(int) - aligned).mean() < 4     # the same part of the face
    with pytest.raises(ValueError, match="must be square crops"):
        crops(frame.image[:50])
    with pytest.raises(ValueError, match="2 pictures but landmarks for 1"):
        crops([frame.image] * 2, [frame.landmarks])


def test_the_identity_network_sees_the_centre_and_the_attribute_network_everything():
    ramp = np.zeros((1, CROP, CROP, 3), np.uint8)
    ramp[..., 0] = np.arange(CROP)
    row = (as_input(ramp, centre=True)[0, 0, 0] + 1) * 127.5
    assert torch.allclose(row, torch.arange(8, 72).float(), atol=1e-4)
    row = (as_input(ramp, centre=False)[0, 0, 0] + 1) * 127.5
    assert torch.allclose(row[2:-2], ((torch.arange(INPUT) + .5) * CROP / INPUT - .5)[2:-2], atol=.05)


def test_augmented_crops_keep_the_face_in_place():
    face = np.zeros((64, CROP, CROP, 3), np.uint8)
    face[:, 36:44, 36:44] = 255
    torch.manual_seed(0)
    for share, side in ((.8, 8), (1., 6.4)):
        changed = augment(torch.from_numpy(face), share=share)
        assert changed.shape == (64, 3, INPUT, INPUT) and changed.min() >= -1 and changed.max() <= 1
        weight = (changed.mean(1) + 1) / 2 > .4
        y, x = torch.meshgrid(*[torch.arange(INPUT) - 31.5] * 2, indexing="ij")
        centres = torch.stack([(x * weight).sum((1, 2)), (y * weight).sum((1, 2))], 1) / weight.sum((1, 2))[:, None]
        assert centres.abs().max() < .04 * INPUT / share + 1.5 and centres.std() > .5
        assert weight.sum((1, 2)).float().sqrt().mean() == pytest.approx(side, rel=.12)


# losses

def test_cosface_by_hand():
    rng = np.random.default_rng(0)
    x, w, y = rng.normal(size=(5, 7)), rng.normal(size=(4, 7)), np.array([0, 3, 1, 2, 3])
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    loss = 0
    for i in range(5):
        cosines = [x[i] @ w[j] / np.linalg.norm(w[j]) for j in range(4)]
        right = np.exp(24 * (cosines[y[i]] - .2))
        loss -= np.log(right / (right + sum(np.exp(24 * c) for j, c in enumerate(cosines) if j != y[i]))) / 5
    assert float(cosface(*map(torch.from_numpy, (x, w, y)))) == pytest.approx(loss, rel=1e-12)


def test_attribute_heads_fit_their_targets():
    truth = {name: np.array([True, False]) for name in YES_NO}
    truth.update({name: np.array([middle, middle + 2 * deviation]) for name, (middle, deviation) in NUMBERS.items()})
    truth.update({name: np.array(names[:2]) for name, names in CHOICES.items()})
    goal, outputs = targets(truth), torch.zeros(2, WIDTH)
    assert goal["age"].tolist() == [0, 2] and goal["beard"].tolist() == [0, 1]
    # zeros: log 2 per yes-or-no, smooth L1 of 0 and 2 per number, log(choices) per choice
    expected = np.log(2) * len(YES_NO) + .75 * len(NUMBERS) + sum(np.log(len(names)) for names in CHOICES.values())
    assert float(attribute_loss(outputs, goal)) == pytest.approx(expected, rel=1e-5)
    assert sorted(k for part in OUTPUTS.values() for k in range(WIDTH)[part]) == list(range(WIDTH))


# people in other looks

def test_another_look_changes_the_look_alone():
    person = cast.sample_person(12)
    other = with_other_look(person, 1)
    for same in ("seed", "female", "age", "tone", "identity", "skin", "eyes", "teeth"):
        assert getattr(other, same) is getattr(person, same)
    assert other.hair is not person.hair and with_other_look(person, 2).hair is not other.hair
    assert np.array_equal(with_other_look(person, 1).hair.colour, other.hair.colour)


def test_verification_scores_on_made_up_embeddings():
    rng = np.random.default_rng(0)
    person, look = np.repeat(np.arange(60), 8), np.tile(LOOKS, 60)
    tone, female = np.repeat(rng.random(60), 8), np.repeat(np.arange(60) % 2 == 0, 8)
    centres, styles = rng.normal(size=(60, 32)), rng.normal(size=(60, 3, 32))

    def scores(style):
        x = centres[person] + style * styles[person, look] + .1 * rng.normal(size=(480, 32))
        return verify(x / np.linalg.norm(x, axis=1, keepdims=True), person, look, tone, female)

    perfect, fooled = scores(0), scores(1.5)
    assert perfect["same_look"] == perfect["changed_look"] == perfect["similar_people"] == 1
    assert perfect["equal_error_rate"] == 0 and perfect["people"] == 60 and perfect["pictures"] == 480
    assert fooled["same_look"] > .99 > .95 > fooled["changed_look"] > .6


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    """Eight shots each of 16 people whose seeds end in 9, elsewhere than the people of training and of the card."""
    return render_looks(range(70_009, 70_169, 10))


@pytest.mark.parametrize("recipes", [train.IDENTITY, train.ATTRIBUTES])
def test_networks_are_trained_and_shipped(held_out, tmp_path, monkeypatch, recipes):
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(train, "render_looks", lambda seeds: asked.extend(seeds) or held_out)
    asked, recipe = [], recipes["smoke"]
    run = train.train(recipe)
    assert run.done == recipe.steps and np.isfinite(list(run.history[-1].values())).all()
    assert len(asked) == recipe.people and all(split_of(seed) == "train" for seed in asked)
    again = train.train(replace(recipe, steps=recipe.steps + 1))       # a longer run goes on
    assert again.folder == run.folder and [row["step"] for row in again.history] == [recipe.steps, recipe.steps + 1]
    asked.clear()
    card = train.ship(again, tmp_path, people=3)
    assert all(split_of(seed) == "test" for seed in asked) and len(asked) == 3
    assert card["scale"] == "smoke" and card["steps"] == recipe.steps + 1 and card["scores"]["people"] == 16
    assert [path.name for path in tmp_path.glob("*.safetensors")] == [f"{recipe.network}.safetensors"]


def test_a_run_of_another_scale_recipe_or_data_is_another_run(held_out, tmp_path, monkeypatch):
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    some, recipe = held_out.of(slice(0, 24)), replace(train.IDENTITY["smoke"], steps=1)
    run = train.train(recipe, some)
    for other, data in ((replace(recipe, batch=16), some), (recipe, held_out.of(slice(24, 48))),
                        (replace(train.ATTRIBUTES["smoke"], steps=1), some)):
        assert train.train(other, data).folder != run.folder
        with pytest.raises(ValueError, match="is another one"):
            train.train(other, data, run.folder)
    monkeypatch.setenv("DFLIB_SCALE", "cpu")            # a trial at smoke scale never stands for the real network
    assert train.train(recipe, some).folder != run.folder
    with pytest.raises(ValueError, match="trains identity or attributes, not 'age'"):
        train.train(replace(recipe, network="age"))


# the shipped networks

@pytest.mark.parametrize("name, network", [("identity", IdentityNetwork), ("attributes", AttributeNetwork)])
def test_shipped_networks_reach_the_figures_on_their_cards(name, network):
    _, card = checkpoints.load(checkpoints.shipped(name), network())
    scores = card["scores"]
    if name == "identity":
        assert scores["same_look"] >= .98 and scores["changed_look"] >= .95
        assert min(scores[f"changed_look_{group}"] for group in ("light", "medium", "dark", "women", "men")) > .85
    else:
        assert scores["female_auc"] > .97 and scores["glasses_auc"] > .97 and scores["yaw_mae"] < 4


def test_identity_network_knows_held_out_people(held_out):
    embeddings = identity_embedding(held_out.images)
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    scores = verify(embeddings, held_out.person, held_out.look, held_out.truth["tone"], held_out.truth["female"])
    assert scores["same_look"] > .96 and scores["changed_look"] > .92


def test_identity_similarity_orders_pairs(held_out):
    own, other = held_out.images[3::8], np.roll(held_out.images[::8], 8, axis=0)    # another look, another person
    same = identity_similarity(held_out.images[::8], own)
    assert same.shape == (16,) and (same > identity_similarity(held_out.images[::8], other)).mean() >= .85
    assert np.allclose(identity_similarity(held_out.images[0], own), identity_embedding(own)
                       @ identity_embedding(held_out.images[0])[0], atol=1e-6)


def test_attributes_of_held_out_people_in_the_shipped_set():
    test = RenderedFaces("test")
    rows = range(0, 400, 2)
    found = face_attributes(test.images(rows), test.landmarks[::2])
    assert ((found["female"] > .5) == test.attribute("female")[::2]).mean() > .9
    assert ((found["glasses"] > .5) == test.attribute("glasses")[::2]).mean() > .9
    assert np.abs(found["yaw"] - test.attribute("yaw")[::2]).mean() < 5
    assert np.corrcoef(found["tone"], test.attribute("tone")[::2])[0, 1] > .9
    smile = cast.head_model().expression_index["smile"]
    true_smile = [cast.sample_shot(int(seed)).expression[smile] for seed in test.shots[::2]]
    assert np.corrcoef(found["smile"], true_smile)[0, 1] > .6
