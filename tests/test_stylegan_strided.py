"""The strided discriminator: its shapes, what it sees, what it refuses, and a run that begins from a checkpoint with it."""
from dataclasses import replace

import numpy as np
import pytest
import torch

from dflib.synthesis.stylegan import train
from dflib.synthesis.stylegan.strided import StridedDiscriminator
from dflib.synthesis.stylegan.stylegan import Discriminator, discriminator_loss


@pytest.fixture(autouse=True)
def smoke(monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("resolution, widths", [(32, [8, 16, 32]), (64, [8, 16, 32, 32])])
def test_pictures_are_halved_down_to_four_pixels(resolution, widths):
    network, x = StridedDiscriminator(resolution, width=8), torch.rand(4, 3, resolution, resolution)
    assert network.halving(x).shape == (4, 32, 4, 4) and network(x).shape == (4,)
    assert [layer.out_channels for layer in network.halving if isinstance(layer, torch.nn.Conv2d)] == widths
    with pytest.raises(ValueError, match="does not grow"):
        network(x, fade=0.5)


def test_it_is_told_how_much_pictures_differ():
    network, x = StridedDiscriminator(32, width=8), torch.rand(4, 3, 32, 32)
    alone = network(x[:1].expand(4, -1, -1, -1))            # four times the same picture: no deviation
    assert not torch.isclose(alone[0], network(x)[0], atol=1e-6)


def test_it_sees_a_faint_grid_much_sooner_than_the_paper_s():
    """What strided.py says of the two, in small: pictures, and pictures with a grid of one grey level in 64."""
    random = torch.Generator().manual_seed(0)
    grid = 4 / 255 * (torch.arange(64) % 2 * 2.0 - 1)

    def draw(count):
        x = torch.nn.functional.interpolate(torch.rand(count, 3, 8, 8, generator=random) * 2 - 1, 64, mode="bicubic")
        return x, x[torch.randperm(count, generator=random)] + grid

    found = {}
    for network, rate in ((StridedDiscriminator(64, width=16), 5e-4), (Discriminator(64, base=512, limit=32), 2e-3)):
        adam = torch.optim.Adam(network.parameters(), rate, betas=(0.0, 0.99))
        for _ in range(40):
            loss = discriminator_loss(network, *draw(16), gamma=0.0)[0]
            adam.zero_grad()
            loss.backward()
            adam.step()
        with torch.no_grad():
            real, fake = (network(x) for x in draw(64))
        found[type(network)] = (real[:, None] > fake).float().mean().item()
    assert found[StridedDiscriminator] > 0.95 and found[Discriminator] < 0.8


def test_a_run_has_the_discriminator_and_the_rates_that_its_recipe_names(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
    recipe = replace(train.RECIPES["smoke"], latent=8, base=256, limit=8, start=32, images=8, strided=True, ahead=0.25)
    run = train.stylegan_run(tmp_path / "run", pictures, recipe)
    before = {name: {key: p.detach().clone() for key, p in network.named_parameters()} for name, network in run.models.items()}
    run.steps = 1
    run.fit()
    assert isinstance(run.models["discriminator"], StridedDiscriminator)
    for name, rate in (("generator", recipe.rate), ("discriminator", recipe.rate / 4)):        # Adam's first step is its rate
        moved = torch.cat([(p.detach() - before[name][key]).flatten() for key, p in run.models[name].named_parameters()])
        assert moved.abs().max() == pytest.approx(rate, rel=0.02)


def test_the_rates_fall_over_the_last_steps(tmp_path):
    recipe = replace(train.RECIPES["smoke"], start=32, images=400, falling=0.6)        # 100 steps of 4
    pictures = np.zeros((4, 32, 32, 3), np.uint8)
    run = train.stylegan_run(tmp_path, pictures, recipe)
    assert run.steps == 100
    assert [run._schedule(i) for i in (0, 40)] == [1, 1] and run._schedule(70) == pytest.approx(0.5) and run._schedule(100) == 0
    still = train.stylegan_run(tmp_path, pictures, replace(recipe, falling=0.0))
    assert still._schedule(99) == 1
