"""Published StyleGAN layouts: files with random weights against forward passes written here from the keys alone."""
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dflib.published import load_published
from dflib.synthesis.stylegan import published

LATENT, WIDTHS = 20, (12, 12, 12, 12, 10, 5)        # 4 to 128 px: the last block is of the transposed kind
KERNEL = torch.tensor([[1., 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


def randn(*shape):
    return torch.randn(*shape, generator=randn.generator)


@pytest.fixture(autouse=True)
def seeded():
    randn.generator = torch.Generator().manual_seed(0)


def rosinality_state():
    state = {}
    for i in range(1, 16, 2):
        state[f"style.{i}.linear.weight_orig"] = randn(LATENT, LATENT)
        state[f"style.{i}.linear.bias"] = randn(LATENT) / 5
    for i, (before, width) in enumerate(zip((None, *WIDTHS), WIDTHS)):
        p = f"generator.progression.{i}"
        if i == 0:
            state[f"{p}.conv1.input"] = randn(1, width, 4, 4)
        elif i < 5:
            state[f"{p}.conv1.1.conv.weight_orig"] = randn(width, before, 3, 3)
            state[f"{p}.conv1.1.conv.bias"] = randn(width)
            state[f"{p}.conv1.2.weight"] = state[f"{p}.conv1.2.weight_flip"] = KERNEL.repeat(width, 1, 1, 1)
        else:
            state[f"{p}.conv1.0.weight"], state[f"{p}.conv1.0.bias"] = randn(before, width, 3, 3), randn(width)
            state[f"{p}.conv1.1.weight"] = state[f"{p}.conv1.1.weight_flip"] = KERNEL.repeat(width, 1, 1, 1)
        state[f"{p}.conv2.conv.weight_orig"], state[f"{p}.conv2.conv.bias"] = randn(width, width, 3, 3), randn(width)
        for k in (1, 2):
            state[f"{p}.noise{k}.weight_orig"] = randn(1, width, 1, 1)
            state[f"{p}.adain{k}.style.linear.weight_orig"] = randn(2 * width, LATENT)
            state[f"{p}.adain{k}.style.linear.bias"] = torch.cat([1 + randn(width) / 5, randn(width) / 5])
        state[f"generator.to_rgb.{i}.conv.weight_orig"] = randn(3, width, 1, 1) / 8    # pictures of about [-1, 1]
        state[f"generator.to_rgb.{i}.conv.bias"] = randn(3)
    return state


def huangzh13_state():
    state = {"truncation.avg_latent": randn(LATENT)}
    for i in range(8):
        state[f"g_mapping.map.dense{i}.weight"] = 100 * randn(LATENT, LATENT)
        state[f"g_mapping.map.dense{i}.bias"] = 20 * randn(LATENT)
    for i, (before, width) in enumerate(zip((None, *WIDTHS), WIDTHS)):
        p, second = (f"g_synthesis.blocks.{i - 1}", "conv1") if i else ("g_synthesis.init_block", "conv")
        if i == 0:
            state[f"{p}.const"], state[f"{p}.bias"] = randn(1, width, 4, 4), randn(width)
        else:
            state[f"{p}.conv0_up.weight"], state[f"{p}.conv0_up.bias"] = randn(width, before, 3, 3), randn(width)
            state[f"{p}.conv0_up.intermediate.kernel"] = KERNEL[None, None].clone()
        state[f"{p}.{second}.weight"], state[f"{p}.{second}.bias"] = randn(width, width, 3, 3), randn(width)
        for k in (1, 2):
            state[f"{p}.epi{k}.top_epi.noise.weight"] = randn(width)
            state[f"{p}.epi{k}.style_mod.lin.weight"] = randn(2 * width, LATENT)
            state[f"{p}.epi{k}.style_mod.lin.bias"] = randn(2 * width) / 5
        state[f"g_synthesis.to_rgb.{i}.weight"] = randn(3, width, 1, 1) / 8
        state[f"g_synthesis.to_rgb.{i}.bias"] = randn(3)
    return state


def he(weight, gain=2 ** .5):
    return weight * gain / weight[0].numel() ** .5


def box(weight):
    """A 3x3 kernel spread to 4x4 by summing it at four places, as the fused layers of both codebases do."""
    return sum(F.pad(weight, (dx, 1 - dx, dy, 1 - dy)) for dx in (0, 1) for dy in (0, 1))


def blurred(x):
    return F.conv2d(x, KERNEL.to(x).repeat(x.shape[1], 1, 1, 1), padding=1, groups=x.shape[1])


def doubled(x):
    return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def normalised(x):
    return F.instance_norm(x, eps=1e-5)


def rosinality_forward(state, z, noise):
    w = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for i in range(1, 16, 2):
        w = F.leaky_relu(F.linear(w, he(state[f"style.{i}.linear.weight_orig"]), state[f"style.{i}.linear.bias"]), .2)
    for i, eta in enumerate(noise):
        p = f"generator.progression.{i}"
        if i == 0:
            x = state[f"{p}.conv1.input"].repeat(len(z), 1, 1, 1)
        elif i < 5:
            weight, bias = state[f"{p}.conv1.1.conv.weight_orig"], state[f"{p}.conv1.1.conv.bias"]
            x = blurred(F.conv2d(doubled(x), he(weight), bias, padding=1))
        else:
            weight, bias = state[f"{p}.conv1.0.weight"], state[f"{p}.conv1.0.bias"]
            scaled = weight * (2 / (weight.shape[0] * 9)) ** .5
            x = blurred(F.conv_transpose2d(x, box(scaled) / 4, bias, stride=2, padding=1))
        for k in (1, 2):
            if k == 2:
                x = F.conv2d(x, he(state[f"{p}.conv2.conv.weight_orig"]), state[f"{p}.conv2.conv.bias"], padding=1)
            x = F.leaky_relu(x + eta * state[f"{p}.noise{k}.weight_orig"] * (2 / x.shape[1]) ** .5, .2)
            style = f"{p}.adain{k}.style.linear"
            styles = F.linear(w, he(state[f"{style}.weight_orig"]), state[f"{style}.bias"])[..., None, None]
            x = normalised(x) * styles[:, :x.shape[1]] + styles[:, x.shape[1]:]
    return F.conv2d(x, he(state[f"generator.to_rgb.{i}.conv.weight_orig"]), state[f"generator.to_rgb.{i}.conv.bias"])


def huangzh13_forward(state, z, noise):
    w = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for i in range(8):
        weight, bias = state[f"g_mapping.map.dense{i}.weight"], state[f"g_mapping.map.dense{i}.bias"]
        w = F.leaky_relu(F.linear(w, .01 * he(weight), .01 * bias), .2)
    for layer, eta in enumerate(noise):
        i, k = layer // 2, layer % 2 + 1
        p, second = (f"g_synthesis.blocks.{i - 1}", "conv1") if i else ("g_synthesis.init_block", "conv")
        if layer == 0:
            x = (state[f"{p}.const"] + state[f"{p}.bias"][None, :, None, None]).repeat(len(z), 1, 1, 1)
        elif k == 1:
            weight = he(state[f"{p}.conv0_up.weight"])
            x = F.conv2d(doubled(x), weight, padding=1) if i < 5 else F.conv_transpose2d(
                x, box(weight.transpose(0, 1)), stride=2, padding=1)
            x = blurred(x) + state[f"{p}.conv0_up.bias"][None, :, None, None]
        else:
            x = F.conv2d(x, he(state[f"{p}.{second}.weight"]), state[f"{p}.{second}.bias"], padding=1)
        x = normalised(F.leaky_relu(x + eta * state[f"{p}.epi{k}.top_epi.noise.weight"][:, None, None], .2))
        style = f"{p}.epi{k}.style_mod.lin"
        scale, shift = F.linear(w, he(state[f"{style}.weight"], 1), state[f"{style}.bias"])[..., None, None].chunk(2, 1)
        x = x * (scale + 1) + shift
    return F.conv2d(x, he(state[f"g_synthesis.to_rgb.{i}.weight"], 1), state[f"g_synthesis.to_rgb.{i}.bias"])


CASES = {"rosinality-stylegan": (rosinality_state, rosinality_forward, 1),
         "huangzh13-stylegan": (huangzh13_state, huangzh13_forward, 2)}     # the number: noise maps a resolution


def saved(tmp_path, content):
    torch.save(content, tmp_path / "weights.pt")
    return tmp_path / "weights.pt"


@pytest.mark.parametrize("resolution", [8, 64, 128])
@pytest.mark.parametrize("name", CASES)
def test_same_pictures(tmp_path, name, resolution):
    make, forward, maps = CASES[name]
    state = make()
    generator = load_published(name, saved(tmp_path, state), resolution=resolution)
    z, sizes = randn(3, LATENT), [4 * 2 ** i for i in range(6) if 4 * 2 ** i <= resolution for _ in range(maps)]
    noise = [randn(3, 1, size, size) for size in sizes]
    wanted = forward(state, z, noise)
    assert wanted.shape == (3, 3, resolution, resolution) and wanted.std() > .3
    assert (generator(z, noise=noise) - wanted).abs().max() < 1e-4
    precise = {key: value.double() for key, value in state.items()}
    noise = [m.double() for m in noise]
    difference = (generator.double()(z.double(), noise=noise) - forward(precise, z.double(), noise)).abs().max()
    assert difference < 1e-6        # what is left: biases that were moved by 1 in float32


def test_the_number_of_keys_at_full_size():
    """139 and 133 tensors, as the real files have: ours has six of nine blocks."""
    assert len(rosinality_state()) == 139 - 3 * 14 and len(huangzh13_state()) == 133 - 3 * 13


@pytest.mark.parametrize("name", CASES)
def test_largest_resolution_is_the_default(tmp_path, name):
    generator = load_published(name, saved(tmp_path, CASES[name][0]()))
    assert generator.resolution == 128 and not generator.training
    assert not any(p.requires_grad for p in generator.parameters())
    with pytest.raises(ValueError, match="makes pictures of up to 128 px, not of 256 px"):
        load_published(name, tmp_path / "weights.pt", resolution=256)


def test_fresh_noise_is_drawn_as_there(tmp_path):
    """One map a resolution in rosinality's, shared by both layers; one map a layer in huangzh13's."""
    z = randn(2, LATENT)
    for name, (make, forward, maps) in CASES.items():
        state = make()
        generator = load_published(name, saved(tmp_path, state), resolution=16)
        torch.manual_seed(7)
        mine = generator(z)
        torch.manual_seed(7)
        noise = [torch.randn(2, 1, r, r) for r in (4, 8, 16) for _ in range(maps)]
        assert (mine - forward(state, z, noise)).abs().max() < 1e-4


def test_averaged_weights_are_preferred(tmp_path):
    state, other = rosinality_state(), rosinality_state()
    z, noise = randn(2, LATENT), [randn(2, 1, r, r) for r in (4, 8)]
    for content in ({"generator": other, "g_running": state, "g_optimizer": {"state": {}}}, {"generator": state}):
        generator = load_published("rosinality-stylegan", saved(tmp_path, content), resolution=8)
        assert (generator(z, noise=noise) - rosinality_forward(state, z, noise)).abs().max() < 1e-4


def test_mean_w(tmp_path):
    state = huangzh13_state()
    generator = load_published("huangzh13-stylegan", saved(tmp_path, state), resolution=8)
    assert torch.equal(generator.w_average, state["truncation.avg_latent"])
    generator = load_published("rosinality-stylegan", saved(tmp_path, rosinality_state()), resolution=8)
    mean = generator.mapping(randn(20_000, LATENT)).mean(dim=0)
    assert (generator.w_average - mean).norm() < .1 * mean.norm()


@pytest.mark.parametrize("name, key", [
    ("rosinality-stylegan", "generator.progression.3.conv1.2.weight_flip"),
    ("rosinality-stylegan", "style.15.linear.bias"),
    ("rosinality-stylegan", "generator.to_rgb.5.conv.bias"), ("huangzh13-stylegan", "truncation.avg_latent"),
    ("huangzh13-stylegan", "g_synthesis.blocks.4.epi2.style_mod.lin.weight")])
def test_a_missing_or_surplus_key_is_named(tmp_path, name, key):
    state = CASES[name][0]()
    value = state.pop(key)
    with pytest.raises(ValueError, match=f"not of the layout {name}: it lacks {key}\\.$"):
        load_published(name, saved(tmp_path, state), resolution=8)
    with pytest.raises(ValueError, match="it has a surplus another.key\\.$"):
        load_published(name, saved(tmp_path, {**state, key: value, "another.key": value}), resolution=8)


def test_other_refusals(tmp_path):
    state = huangzh13_state()
    with pytest.raises(ValueError, match="does not hold the named tensors of one network"):
        load_published("huangzh13-stylegan", saved(tmp_path, {"gen": state}))
    with pytest.raises(ValueError, match="and more; it has a surplus"):
        load_published("rosinality-stylegan", saved(tmp_path, state))
    state["g_synthesis.blocks.0.conv0_up.intermediate.kernel"] += .1
    with pytest.raises(ValueError, match="blocks.0.conv0_up.intermediate.kernel is another blur"):
        load_published("huangzh13-stylegan", saved(tmp_path, state))
    with pytest.raises(ValueError, match="does not hold the named tensors of one network"):
        load_published("huangzh13-stylegan", saved(tmp_path, {**huangzh13_state(), 7: randn(1)}))
    for name, left_out in (("rosinality-stylegan", "generator"), ("huangzh13-stylegan", r"blocks|to_rgb.[1-9]")):
        smaller = {key: value for key, value in CASES[name][0]().items() if not re.search(left_out, key)}
        with pytest.raises(ValueError, match=f"not of the layout {name}: it lacks .* and more\\.$"):     # 0 and 4 px
            load_published(name, saved(tmp_path, smaller))
    with pytest.raises(ValueError, match="it has a surplus generator.to_rgb.999999999.conv.bias\\.$"):
        load_published("rosinality-stylegan", saved(
            tmp_path, {**rosinality_state(), "generator.to_rgb.999999999.conv.bias": randn(3)}))


HUANG, ROSINALITY = "huangzh13-stylegan", "rosinality-stylegan"


@pytest.mark.parametrize("name, key, shape, said", [
    (HUANG, "g_synthesis.blocks.0.conv0_up.intermediate.kernel", (1, 1, 5, 5), "is another blur than [1, 2, 1]"),
    (ROSINALITY, "generator.progression.5.conv1.1.weight_flip", (5, 1, 5, 5), "is another blur than [1, 2, 1]"),
    (HUANG, "truncation.avg_latent", (), "is () instead of (20,)"),
    (HUANG, "g_mapping.map.dense7.bias", (), "is () instead of (20,)"),
    (HUANG, "g_synthesis.blocks.1.conv1.weight", (12, 12, 1, 1), "is (12, 12, 1, 1) instead of (12, 12, 3, 3)"),
    (HUANG, "g_synthesis.blocks.4.conv0_up.weight", (9,), "is (9,) instead of (5, 10, 3, 3)"),
    (ROSINALITY, "generator.progression.5.conv1.0.weight", (9,), "is (9,) instead of (10, 5, 3, 3)"),
    (ROSINALITY, "generator.progression.5.conv1.0.weight", (5, 10, 3, 3), "is (5, 10, 3, 3) instead of (10, 5, 3, 3)"),
    (ROSINALITY, "generator.progression.2.noise1.weight_orig", (0,), "is (0,) instead of (1, 12, 1, 1)"),
    (ROSINALITY, "generator.progression.2.adain1.style.linear.bias", (), "is () instead of (24,)")])
def test_a_shape_that_does_not_fit_is_named(tmp_path, name, key, shape, said):
    path = saved(tmp_path, {**CASES[name][0](), key: randn(shape)})
    with pytest.raises(ValueError) as caught:
        load_published(name, path, resolution=8)        # although these blocks are not all needed for 8 px
    assert str(caught.value) == f"The file {path} is not of the layout {name}: {key} {said}."


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("odd", [
    lambda: torch.zeros(20).to_sparse(), lambda: torch.zeros(20, device="meta"), lambda: torch.zeros(1).expand(10 ** 12),
    lambda: torch.zeros(20, dtype=torch.complex64), lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])],
    ids=["sparse", "without numbers", "one number expanded", "complex", "nested"])
def test_what_is_no_plain_table_of_numbers(tmp_path, odd):
    path = saved(tmp_path, {**huangzh13_state(), "truncation.avg_latent": odd()})
    with pytest.raises(ValueError) as caught:
        load_published(HUANG, path, resolution=8)
    assert str(caught.value) == \
        f"The file {path} is not of the layout {HUANG}: truncation.avg_latent is not a plain table of numbers."


@pytest.mark.parametrize("name", CASES)
def test_any_tensor_of_any_other_shape_is_refused(tmp_path, monkeypatch, name):
    """One of every kind of key (they differ only by numbers) with shapes of 0 to 5 dimensions, some of them empty."""
    state, path = CASES[name][0](), tmp_path / "weights.pt"
    kinds = {re.sub(r"\d", "0", key): key for key in state}
    assert len(kinds) > 15
    for key in kinds.values():
        for shape in ((), (0,), (1,), (0, 0), (20, 1), (4, 5, 6), (0, 1, 3, 3, 3), (2, 3, 3, 3), (1, 1, 1, 1, 1)):
            monkeypatch.setattr(published, "read_published", lambda _: {**state, key: randn(shape)})
            with pytest.raises(ValueError, match=f"^The file {path} is not of the layout {name}: "):
                load_published(name, path, resolution=8)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize("name", CASES)
def test_a_damaged_file_is_named_or_loads(tmp_path, name, zipped):
    """Flipped bits and cut files: in the first and the last ninth, where the names and shapes are and not the numbers."""
    path, rng, refused = tmp_path / "weights.pt", np.random.default_rng(0), 0
    torch.save(CASES[name][0](), path, _use_new_zipfile_serialization=zipped)
    whole = np.fromfile(path, np.uint8)
    for i in range(40):
        place, broken = rng.integers(len(whole) // 9) * (1 if i % 3 else -1), whole.copy()
        broken[place] ^= 1 << rng.integers(8)
        (broken[:place] if i % 4 == 0 else broken).tofile(path)
        try:
            load_published(name, path, resolution=8)
        except ValueError as error:
            refused += 1
            assert re.fullmatch(rf"The (weights )?file {path} .*\.", str(error)), error
    assert refused >= 10
