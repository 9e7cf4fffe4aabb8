"""Training StarGAN: who learns when, a rate that ends at 0, and a toy world whose one attribute it learns to edit."""
from dataclasses import replace

import numpy as np
import pytest
import torch

from dflib.datasets.domains import EDITS, INDEX, expression_labels
from dflib.datasets.edits import LabelledFaces, TrueEdits
from dflib.pictures import as_tensor
from dflib.synthesis.stargan import edit, stargan
from dflib.synthesis.stargan import train as stargan_train
from dflib.synthesis.stargan.train import Recipe, stargan_run, train

TINY = Recipe(16, width=4, steps=4, batch=4, blocks=1, critic_steps=2, expressions=2)


def toy(n=64, side=16):
    """Gray noise of two brightnesses, known as the skin; and reddish or bluish noise, known as the expression."""
    rng = np.random.default_rng(0)
    images = rng.normal(0, 12, (2 * n, side, side, 3))
    labels, known = np.zeros((n, 12), np.float32), np.zeros((n, 12), bool)
    labels[:, INDEX["dark skin"]] = np.arange(n) % 2
    known[:, INDEX["dark skin"]] = True
    images[:n] += np.where(np.arange(n) % 2, 70, 180)[:, None, None, None]
    names = np.where(np.arange(n) % 2, "happy", "sad")
    images[n:] += 120 + 50 * np.where(names == "happy", 1, -1)[:, None, None, None] * np.array([1, 0, -1])
    images = images.clip(0, 255).astype(np.uint8)
    return (LabelledFaces(images[:n], labels, known, np.arange(n), "gray"),
            LabelledFaces(images[n:], *expression_labels(names), np.arange(n), "coloured"))


def weights(module):
    return torch.cat([p.detach().flatten().clone() for p in module.parameters()])


@pytest.mark.parametrize("loss", ["wasserstein", "logistic"])
def test_the_generator_learns_in_every_second_step_only(tmp_path, loss):
    run = stargan_run(tmp_path, toy(), replace(TINY, loss=loss))
    seen = []
    before = run._step

    def step(run, i):
        networks = {name: getattr(run.models["stargan"], name) for name in ("generator", "critic")}
        start = {name: weights(network) for name, network in networks.items()}
        losses = before(run, i)
        seen.append({name: bool((weights(model) != start[name]).any()) for name, model in networks.items()})
        assert ("reconstruction" in losses) == (i % 2 == 1) and all(torch.isfinite(value) for value in losses.values())
        return losses

    run._step = step
    run.fit()
    assert [row["generator"] for row in seen] == [False, True, False, True] and all(row["critic"] for row in seen)


def test_keeping_asks_every_fourth_picture_for_its_own_label(tmp_path):
    class Shifted(torch.nn.Module):
        def forward(self, x, c):
            self.asked = x.shape[0], c
            return x + 0.25 * (c[:, :1, None, None] == 1) + 0.5

    shifted, labels = Shifted(), torch.eye(12)[torch.arange(8) % 5]
    kept = stargan.keeping_loss(shifted, torch.zeros(8, 3, 16, 16), labels)
    assert shifted.asked[0] == 2 and torch.equal(shifted.asked[1], labels[[0, 4]]) and kept.item() == pytest.approx(0.5 + 0.25 / 2)
    told = {}
    for weight in (0.0, 10.0):
        run = stargan_run(tmp_path / str(weight), toy(), replace(TINY, steps=2, keeping=weight))
        run.fit()
        assert ("keeping" in run.history[-1]) == (weight > 0)
        told[weight] = weights(run.models["stargan"].generator)
    assert not torch.equal(told[0.0], told[10.0])           # it is lowered, not only shown


def test_keeping_asks_for_the_pictures_own_labels(tmp_path, monkeypatch):
    asked = []

    def recorded(generator, reals, labels):
        asked.append((reals, labels))
        return generator(reals, labels).mean()

    monkeypatch.setattr(stargan, "keeping_loss", recorded)
    stargan_run(tmp_path, toy(), replace(TINY, steps=2, batch=16, keeping=1.0)).fit()
    (reals, labels), = asked
    dark = reals[:8].mean((1, 2, 3)) < 0                    # the darker half of the first set is labelled so
    assert torch.equal(dark, labels[:8, INDEX["dark skin"]] > 0) and 0 < dark.sum() < 8


def test_every_second_picture_gets_noise_of_its_own_strength():
    torch.manual_seed(0)
    pictures = torch.full((1000, 3, 24, 24), 0.5)
    assert stargan_train.noisy(pictures, 0.0) is pictures
    added = stargan_train.noisy(pictures, 0.4) - pictures
    strength = added.flatten(1).std(dim=1)
    some = strength[strength > 0]                           # even between 0 and 0.4: mean 0.2 and deviation 0.4 / 12 ** .5
    assert 450 < len(some) < 550 and some.max() < 0.43 and abs(added.mean().item()) < 0.002
    assert some.mean().item() == pytest.approx(0.2, abs=0.015) and some.std().item() == pytest.approx(0.115, abs=0.01)


def test_only_the_critic_sees_noise(tmp_path, monkeypatch):
    run = stargan_run(tmp_path, toy(), replace(TINY, steps=2, noise=0.5, loss="logistic"))
    seen, networks = [], run.models["stargan"]
    for name in ("generator", "critic"):
        getattr(networks, name).register_forward_pre_hook(lambda _, given, name=name: seen.append((name, given[0].detach())))
    monkeypatch.setattr(stargan_train, "noisy", lambda x, most: (x + 100 * most) if most else x)      # 50, to be known by
    run.fit()
    for name, pictures in seen:
        assert (pictures.mean() > 40) == (name == "critic")
    assert [name for name, _ in seen].count("critic") == 3          # for itself twice, for the generator once


def test_the_rate_really_decays(tmp_path):
    run = stargan_run(tmp_path, toy(), replace(TINY, steps=10))
    assert [run._schedule(i) for i in (0, 3, 5)] == [1, 1, 1]
    assert run._schedule(9) == pytest.approx(.2) and run._schedule(10) == 0


def test_a_batch_comes_from_both_sets_and_wants_edits(tmp_path):
    run = stargan_run(tmp_path, toy(), TINY)
    run.rng = np.random.default_rng(0)
    reals, labels, targets, known = stargan_train.batch(run, toy(), 8)
    assert reals.shape == (8, 3, 16, 16) and (known[:4, INDEX["dark skin"]].all() and known[4:, 7:].all())
    assert (labels != targets).any(dim=1).all() and not (labels != targets)[~known].any()


def test_pairs_teach_the_true_edit(tmp_path):
    """The upper bound: told what to make, the generator makes it; here dark pictures become light and light ones dark."""
    images = toy()[0].images[:16]
    labels = np.zeros((16, 12), np.float32)
    edit = np.where(np.arange(16) % 2, *(list(EDITS).index(("skin", value)) for value in ("light", "dark")))
    truth = TrueEdits(images, labels, labels > 0, np.arange(16), labels[:, 0], labels[:, 0], np.arange(16), edit,
                      images[np.arange(16) ^ 1], np.ones((16, 16, 16), bool))
    run = stargan_train.pairs_run(tmp_path, truth, Recipe(16, width=8, steps=60, blocks=1, rate=5e-3, half_life=100))
    before, _ = run.models["stargan"], run.fit()
    with torch.no_grad():
        made = before.generator(as_tensor(images), torch.from_numpy(truth.targets()))
    assert (made - as_tensor(truth.truth)).abs().mean() < .2 < (as_tensor(images) - as_tensor(truth.truth)).abs().mean()


def test_pictures_of_another_size_are_refused(tmp_path):
    with pytest.raises(ValueError, match="32 px, and gray has 16 px"):
        stargan_run(tmp_path, toy(), replace(TINY, size=32))


def test_it_learns_to_edit_a_toy_world(tmp_path, monkeypatch):
    """From nothing, in seconds: dark becomes light and the other way round, and what is not asked for stays."""
    recipe = Recipe(16, width=8, steps=240, batch=16, blocks=1, critic_steps=1, loss="logistic", penalty=.01, rate=5e-3,
                    half_life=200)
    data = toy()
    run = train(recipe, data, tmp_path)
    images = torch.from_numpy(data[0].images[:2]).permute(0, 3, 1, 2) / 127.5 - 1           # a light one and a dark one
    wanted = torch.zeros(2, 12)
    wanted[0, INDEX["dark skin"]] = 1
    generator = run.averaged.generator
    with torch.no_grad():
        edited = generator(images, wanted)
    light, dark = images.mean((1, 2, 3))
    to_dark, to_light = edited.mean((1, 2, 3))
    half = float(light - dark) / 2
    assert to_dark < light - half and to_light > dark + half
    colours = edited.mean((2, 3))                                                           # gray stays gray
    assert (colours.max(1).values - colours.min(1).values).max() < half
    sheet = stargan_train.edit_sheet(generator, data[0].of([0, 1], "two"))
    assert sheet.shape == (2 * 16, 16 * 16, 3)

    monkeypatch.setattr(stargan_train, "CHECKPOINTS", tmp_path)
    card = stargan_train.ship(run, recipe, "a toy world", {})
    model, _ = edit.load(tmp_path / "stargan-16.safetensors")
    assert card["steps"] == 240 and torch.allclose(model.generator(images, wanted), edited, atol=.05)
    assert edit.seen_labels(model.critic, images)[:, INDEX["dark skin"]].tolist() == [0, 1]
