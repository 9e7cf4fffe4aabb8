"""Critics on frozen features: what stays frozen, what is mixed, what they judge, and that a generator learns from them."""
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dflib.metrics.network import FaceEncoder
from dflib.synthesis.stylegan import critics, framing, train
from dflib.synthesis.stylegan.critics import FeatureProjector, ProjectedCritic


@pytest.fixture(autouse=True)
def smoke(monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def critic():
    return ProjectedCritic([FaceEncoder(4), FaceEncoder(6)], [framing.known_frame(), framing.known_frame(0.8)], 8, 8, 8)


def test_features_are_frozen_and_mixtures_of_three_scales():
    network = FaceEncoder(4)
    projector = FeatureProjector(network, width=8).train()
    x = torch.randn(2, 3, 64, 64)
    first = projector(x)
    assert [tuple(m.shape) for m in first] == [(2, 8, 16, 16), (2, 8, 8, 8), (2, 8, 4, 4)]
    assert all(torch.equal(a, b) for a, b in zip(first, projector(x)))          # no batch statistics, nothing moves
    assert not any(p.requires_grad for p in projector.parameters())
    assert torch.equal(network.layers[1].running_mean, torch.zeros(24))
    # The coarsest is made of its own scale alone; the finest sees the coarsest through the additions.
    maps = network.eval().layers[:7](x)
    assert torch.allclose(first[2], projector.across_scales[2](projector.across_channels[2](maps)), atol=1e-5)
    with torch.no_grad():
        projector.across_channels[2].weight.zero_()
    changed = projector(x)
    assert not changed[2].any() and not torch.allclose(changed[0], first[0])


def test_every_part_of_a_critic_learns_and_nothing_else():
    network = critic()
    reals, fakes = torch.rand(4, 3, 32, 32) * 2 - 1, torch.zeros(4, 3, 32, 32)
    assert [tuple(scores.shape) for scores in network(reals)] == [(4, 6), (4, 16)]
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], 1e-2)
    losses = []
    for _ in range(12):
        loss = critics.critic_loss(network, reals, fakes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 3 and losses[-1] < .7 * losses[0]
    for name, value in network.state_dict().items():
        if not name.startswith(("heads", "patches")):
            assert torch.equal(value, before[name]), name
        elif name.endswith("weight") or "original" in name:
            assert not torch.equal(value, before[name]), name


def test_losses_by_hand():
    def brightness(images):
        """Twice the mean of the picture, and thrice."""
        mean = images.mean(dim=(1, 2, 3))[:, None]
        return 2 * mean, 3 * mean.expand(-1, 4)

    reals, fakes = torch.full((4, 3, 2, 2), 0.25), torch.full((4, 3, 2, 2), -0.5)
    assert critics.critic_loss(brightness, reals, fakes).item() == pytest.approx((1 - .5) + 0 + (1 - .75) + 0)
    assert critics.fooling_loss(brightness, fakes).item() == pytest.approx(1 + 1.5)


def test_patches_are_judged_where_they_lie():
    """A change in one corner reaches the scores within 22 px, and no others."""
    network = critics.patches(4).eval()
    x = torch.rand(1, 3, 64, 64)
    y = x.clone()
    y[..., 0, 0] = -1
    changed = (network(x) != network(y))[0, 0]
    assert changed.shape == (8, 8) and changed[0, 0] and not changed[3:].any() and not changed[:, 3:].any()


def test_a_frame_is_what_the_networks_know():
    """What a critic sees in the first frame is `known_crop` at the network's size, and a shift moves it."""
    x = F.interpolate(torch.rand(2, 3, 8, 8), 64, mode="bicubic")
    seen = critics.framed(x, torch.tensor(framing.known_frame()))
    known = F.interpolate(framing.known_crop(x), 64, mode="bilinear", antialias=True)
    assert (seen - known).abs().mean() < .01


def test_training_with_critics_begins_where_it_is_told(tmp_path, monkeypatch):
    """The generator waits for the critics, then moves; the run resumes with all of them."""
    monkeypatch.setattr(train, "shipped_critic", critic)
    pictures = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
    recipe = replace(train.RECIPES["smoke"], latent=8, base=256, limit=8, start=32, images=16, projected=True,
                     critics_first=2)
    run = train.stylegan_run(tmp_path / "run", pictures, recipe)
    start = {name: p.detach().clone() for name, p in run.models["generator"].named_parameters()}
    run.steps = 2
    run.fit()
    assert all(torch.equal(p, start[name]) for name, p in run.models["generator"].named_parameters())
    heads = {name: p.detach().clone() for name, p in run.models["critic"].named_parameters() if p.requires_grad}
    run.steps = 4
    history = run.fit()
    assert any(not torch.equal(p, start[name]) for name, p in run.models["generator"].named_parameters())
    assert all(p.ndim < 2 or name not in heads or not torch.equal(p, heads[name])
               for name, p in run.models["critic"].named_parameters())
    assert {"generator", "critic"} <= set(history[-1]) and set(run.models) == {"generator", "critic"}

    path = tmp_path / "checkpoints" / "other-32.safetensors"
    path.parent.mkdir()
    run.export(path, "generator", "recipe", "noise", {})
    monkeypatch.setattr(train.checkpoints, "shipped", lambda name: path.parent / f"{name}.safetensors")
    again = train.stylegan_run(tmp_path / "again", pictures, replace(recipe, begin="other-32"))
    for name, p in run.models["generator"].named_parameters():
        assert torch.equal(p, again.models["generator"].state_dict()[name])
        assert torch.equal(p, again.averaged.state_dict()[name])
