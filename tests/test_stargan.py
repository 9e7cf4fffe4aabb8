"""StarGAN: counts, networks and losses against a plain formulation, labels that are always edits, published files."""
import numpy as np
import pytest
import stargan_plain as plain
import torch

from dflib.datasets.domains import (COLUMNS, DOMAINS, EDITS, EXPRESSIONS, HAIR, INDEX, cast_labels,
                                    celeba_labels, edited, expression_labels)
from dflib.published import load_published
from dflib.synthesis import stargan as package
from dflib.synthesis.stargan import stargan
from dflib.synthesis.stargan.labels import even_chances, legal_targets
from dflib.synthesis.stargan.stargan import Discriminator, Generator


def count(network):
    return sum(p.numel() for p in network.parameters())


def pictures(n, side, seed=0):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def some_labels(n, columns, seed=0):
    return torch.randint(0, 2, (n, columns), generator=torch.Generator().manual_seed(seed)).double()


def test_as_many_parameters_as_in_the_paper():
    with torch.device("meta"):
        assert count(Generator((5,))) == 8_430_528
        assert count(Discriminator(128, 5)) == 44_762_048


def test_names_that_outside_checks_call():
    assert package.DOMAINS == DOMAINS and package.Generator is Generator and package.Discriminator is Discriminator
    made = Generator(width=4, blocks=1)(torch.zeros(2, 3, 16, 16), torch.zeros(2, len(DOMAINS)))
    assert made.shape == (2, 3, 16, 16)


def test_labels_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 12\)"):
        Generator(width=4, blocks=1)(torch.zeros(2, 3, 16, 16), torch.zeros(2, 5))
    with pytest.raises(ValueError, match="power of two"):
        Discriminator(48)


# ---- networks and losses against the plain formulation, in double precision
@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(3)
    generator, critic = Generator((5,), width=6, blocks=2).double(), Discriminator(32, 5, width=6).double()
    with torch.no_grad():                           # scales and shifts away from 1 and 0
        for p in generator.parameters():
            if p.ndim == 1:
                p.add_(torch.randn_like(p) / 4)
        for p in critic.parameters():               # slopes of about 1, so that the penalty matters
            p.mul_(2.5)
    return generator, critic


def test_the_generator_is_the_paper_s(networks):
    x, c = pictures(3, 32), some_labels(3, 5)
    expected = plain.generator(dict(networks[0].named_parameters()), x, c)
    assert torch.allclose(networks[0](x, c), expected, atol=1e-12)


def test_eval_changes_nothing(networks):
    x, c = pictures(2, 32), some_labels(2, 5)
    trained = networks[0].train()(x, c)
    assert torch.equal(networks[0].eval()(x, c), trained)
    assert not list(networks[0].buffers())          # nothing is tracked


def test_without_a_border_a_label_says_nothing(networks):
    """Instance normalisation takes a constant away: the label gets in where the zero padding begins, and only there."""
    first = networks[0].main[0]
    zeros = torch.zeros(1, 8, 16, 16, dtype=torch.float64)
    label = zeros.clone()
    label[:, 3:] = torch.tensor([1, 0, 1, 0, 0.]).view(1, 5, 1, 1)
    change = first(label) - first(zeros)
    inside = change[..., 3:-3, 3:-3]
    assert torch.allclose(inside, inside[..., :1, :1].expand_as(inside), atol=1e-12)
    assert (change[..., 0, 0] - inside[..., 0, 0]).abs().max() > .05


def test_gradients_are_those_of_the_plain_formulation(networks):
    generator, critic = networks
    x, c, wanted = pictures(4, 32), some_labels(4, 5), some_labels(4, 5, seed=1)
    torch.manual_seed(7)
    fakes = generator(x, wanted)
    adversarial, classes, penalty = stargan.critic_losses(critic, x, fakes, c)
    total = adversarial + stargan.CLASSES * classes + stargan.PENALTY * penalty
    ours = torch.autograd.grad(total, list(critic.parameters()))
    torch.manual_seed(7)
    share = torch.rand(4, 1, 1, 1)
    weights, tensors = dict(critic.named_parameters()), dict(generator.named_parameters())
    def generate(x, c):
        return plain.generator(tensors, x, c)

    def judge(x):
        return plain.critic(weights, x)

    loss = plain.critic_step(generate, judge, x, c, wanted, share)
    for a, b in zip(ours, torch.autograd.grad(loss, list(critic.parameters()))):
        assert torch.allclose(a, b, rtol=1e-8, atol=1e-9 * float(b.abs().max()) + 1e-12)
    assert penalty > .01

    losses = stargan.generator_losses(generator, critic, x, fakes, c, wanted)
    total = losses[0] + stargan.CLASSES * losses[1] + stargan.RECONSTRUCTION * losses[2]
    ours = torch.autograd.grad(total, list(generator.parameters()))
    loss = plain.generator_step(generate, judge, x, c, wanted)
    for a, b in zip(ours, torch.autograd.grad(loss, list(generator.parameters()))):
        assert torch.allclose(a, b, rtol=1e-8, atol=1e-9 * float(b.abs().max()) + 1e-12)


def test_the_fast_slope_is_the_plain_one(networks):
    x = pictures(3, 32)
    fast = torch.linalg.vector_norm(networks[1].input_gradient(x).flatten(1), dim=1)
    assert torch.allclose(fast, stargan.gradient_norms(networks[1], x), rtol=1e-10)


def test_a_flat_critic_has_a_penalty_and_no_nan():
    critic = Discriminator(16, 5, width=4)
    with torch.no_grad():
        critic.source.weight.zero_()
    x = torch.zeros(2, 3, 16, 16)
    penalty = stargan.gradient_penalty(critic, x, x)
    assert penalty == 1.0
    for loss in (penalty, (stargan.gradient_norms(critic, x) - 1).square().mean()):
        for g in torch.autograd.grad(loss, list(critic.parameters()), allow_unused=True):
            assert g is None or torch.isfinite(g).all()


def test_the_class_loss_is_a_sum_over_known_columns():
    logits, labels = torch.tensor([[0., 2.], [0., -1.]]), torch.tensor([[1., 0.], [0., 0.]])
    by_hand = np.array([[np.log(2), np.log(1 + np.exp(2))], [np.log(2), np.log(1 + np.exp(-1))]])
    assert float(stargan.classification_loss(logits, labels)) == pytest.approx(by_hand.sum() / 2, rel=1e-6)
    known = torch.tensor([[True, False], [True, True]])
    found = float(stargan.classification_loss(logits, labels, known))
    assert found == pytest.approx((by_hand.sum() - by_hand[0, 1]) / 2, rel=1e-6)


def test_the_mask_says_which_set_a_label_speaks_of():
    labels = torch.zeros(4, 12)
    labels[0, INDEX["blond hair"]] = labels[1, INDEX["happy"]] = labels[3, INDEX["old"]] = labels[3, INDEX["sad"]] = 1
    masked = stargan.with_mask(labels, COLUMNS)
    assert masked[:, 12:].tolist() == [[1, 0], [0, 1], [1, 0], [1, 1]]
    assert torch.equal(masked[:, :12], labels)
    assert torch.equal(stargan.with_mask(labels[:, :5], (5,)), labels[:, :5])


# ---- labels
ATTRIBUTES = {"hair_colour": np.array(["black", "dark_brown", "light_brown", "pale_blond", "white", "red", "none", "grey"]),
              "female": np.array([1, 0, 1, 0, 1, 0, 1, 0], bool),
              "age": np.array([20, 49, 50, 51, 70, 30, 30, 80.]),
              "tone": np.array([.1, .49, .5, .9, .2, .3, .4, .6])}


def test_labels_of_the_cast():
    labels, known = cast_labels(ATTRIBUTES)
    hair = [[HAIR[k] for k in np.flatnonzero(row[:4])] for row in labels]
    assert hair == [["black hair"], [], ["brown hair"], ["blond hair"], ["grey hair"], [], [], ["grey hair"]]
    assert np.array_equal(known[:, 0], [1, 0, 1, 1, 1, 0, 0, 1]) and known[:, 4:7].all() and not known[:, 7:].any()
    assert labels[:, INDEX["old"]].tolist() == [0, 0, 1, 1, 1, 0, 0, 1]
    assert labels[:, INDEX["dark skin"]].tolist() == [0, 0, 1, 1, 0, 0, 0, 1]
    labels, known = expression_labels(["sad", "neutral"])
    assert labels[:, 7:].tolist() == [[0, 0, 1, 0, 0], [1, 0, 0, 0, 0]] and not known[:, :7].any() and known[:, 7:].all()


def test_labels_of_celeba():
    names = ["Male", "Young", "Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"]
    attributes = np.array([[0, 1, 0, 1, 0, 0], [1, 0, 0, 0, 0, 1], [1, 1, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0]], bool)
    labels, known = celeba_labels(attributes, names)
    assert [{DOMAINS[k] for k in np.flatnonzero(row)} for row in labels] == [
        {"blond hair", "female"}, {"grey hair", "old"}, set(), {"female", "old"}]
    assert known[:, 0].tolist() == [True, True, False, False]
    assert known[:, [INDEX["female"], INDEX["old"]]].all() and not known[:, INDEX["dark skin"]:].any()


def test_targets_are_always_edits_and_always_legal():
    sets = [cast_labels(ATTRIBUTES), expression_labels(EXPRESSIONS)]
    labels, known = (np.tile(np.concatenate(parts), (300, 1)) for parts in zip(*sets))
    targets = legal_targets(labels, known, np.random.default_rng(0))
    changed = targets != labels
    assert changed.any(axis=1).all() and not changed[~known].any()
    has_hair = known[:, 0]
    assert (targets[has_hair, :4].sum(1) == 1).all() and (targets[~has_hair, :4] == 0).all()
    second = known[:, 7:].any(axis=1)
    assert (targets[second, 7:].sum(1) == 1).all() and changed[second, 7:].any(axis=1).all()
    for column in range(12):                                        # every column is asked for and taken away
        assert {0., 1.} <= set(targets[known[:, column] & changed[:, column], column])
    one = changed[~second & has_hair][:, [0, 1, 2, 3]].any(axis=1).mean()
    assert .35 < one < .55                                          # CHANGED and what at least one change adds
    with pytest.raises(ValueError, match="no label is known"):
        legal_targets(labels[:1], np.zeros((1, 12), bool), np.random.default_rng(0))


def test_edits_by_name():
    label = np.zeros(12, np.float32)
    label[[INDEX["black hair"], INDEX["female"]]] = 1
    assert [DOMAINS[k] for k in np.flatnonzero(edited(label, ("hair", "blond")))] == ["blond hair", "female"]
    assert [DOMAINS[k] for k in np.flatnonzero(edited(label, ("gender", "male")))] == ["black hair"]
    assert [DOMAINS[k] for k in np.flatnonzero(edited(label, ("expression", "sad")))] == ["sad"]
    happy = edited(label, ("expression", "happy"))
    assert [DOMAINS[k] for k in np.flatnonzero(edited(happy, ("age", "old")))] == ["old"]
    with pytest.raises(ValueError, match="hair can be black, brown, blond, grey, not 'green'"):
        edited(label, ("hair", "green"))
    with pytest.raises(ValueError, match="there are hair, gender, age, skin, expression"):
        edited(label, ("nose", "long"))
    assert {column for column, _ in EDITS.values()} == set(DOMAINS)


# ---- published files
@pytest.mark.parametrize("labels, width, blocks", [(5, 8, 6), (15, 6, 3)])
def test_an_official_file_makes_the_official_pictures(tmp_path, labels, width, blocks):
    state = plain.generator_state(labels, width, blocks)
    torch.save(state, tmp_path / "200000-G.ckpt")
    generator = load_published("stargan", tmp_path / "200000-G.ckpt")
    x, c = pictures(2, 32).float(), some_labels(2, labels).float()
    made, expected = generator(x, c), plain.generator(state, x, c)
    assert (made - expected).abs().max() < 1e-5 and expected.abs().mean() > .2
    assert generator.columns == (labels,) and not made.requires_grad
    older = {name: value for name, value in state.items() if "running" not in name and "batches" not in name}
    torch.save(older, tmp_path / "older.ckpt")
    assert torch.equal(load_published("stargan", tmp_path / "older.ckpt")(x, c), made)


@pytest.mark.parametrize("damage, words", [
    (lambda s: s.pop("main.9.main.1.bias"), "lacks main.9.main.1.bias"),
    (lambda s: s.update(surplus=torch.zeros(1)), "surplus surplus"),
    (lambda s: s.update({"main.6.weight": torch.zeros(3, 3)}), "main.6.weight"),
    (lambda s: s.update({"main.1.running_mean": torch.zeros(3)}), "main.1.running_mean"),
    (lambda s: s.update({"main.0.running_var": torch.zeros(8)}), "main.0.running_var"),
    (lambda s: s.update({"main.1.weight": torch.ones(8, dtype=torch.int64)}), "main.1.weight"),
    (lambda s: s.pop("main.0.weight"), "no StarGAN generator"),
])
def test_a_damaged_file_is_one_sentence(tmp_path, damage, words):
    state = plain.generator_state(5, 8, 2)
    damage(state)
    torch.save(state, tmp_path / "x-G.ckpt")
    with pytest.raises(ValueError, match=words) as error:
        load_published("stargan", tmp_path / "x-G.ckpt")
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_every_hair_colour_is_drawn_equally_often():
    labels, known = np.zeros((12, 12), np.float32), np.ones((12, 12), bool)
    labels[[0, 1, 2, 3, 4, 5], 0] = labels[[6, 7], 1] = labels[8, 2] = 1                 # black, brown, blond; nobody is grey
    known[9:, :4] = False                                                               # and three wear no hair
    chances = even_chances(labels, known)
    assert chances.sum() == pytest.approx(1) and chances[9:] == pytest.approx(1 / 12)
    assert [chances[labels[:, k] == 1].sum() for k in range(4)] == pytest.approx([.25, .25, .25, 0])
    assert even_chances(labels, np.zeros((12, 12), bool)) == pytest.approx(1 / 12)
