"""StyleGAN against a plain formulation in double precision, and the points where public implementations deviate."""
import math

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from dflib.synthesis.stylegan import Discriminator, Generator, plain, stylegan

SMALL = dict(resolution=32, base=256, limit=24)     # 24, 24, 16, 8 maps at 4, 8, 16, 32 px


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def shaken(module):
    """The module in double precision with no parameter left at a special value such as 0 or 1."""
    module = module.double()
    for parameter in module.parameters():
        parameter.data += .3 * torch.randn_like(parameter) * parameter.abs().max().clamp(min=1)
    return module


@pytest.fixture
def generator():
    return shaken(Generator(latent=20, **SMALL))


@pytest.fixture
def discriminator():
    return shaken(Discriminator(**SMALL))


def doubles(maps):
    return [m.double() for m in maps]


def close(a, b, tolerance=1e-12):
    """Equal but for rounding, relative to the largest value."""
    assert a.shape == b.shape
    return (a - b).abs().max() <= tolerance * max(1., b.abs().max())


# ---- exact reformulations

def test_nearest_upsampling_and_convolution_are_one_transposed_convolution():
    layer, x = stylegan.Conv(5, 7, resample="up").double(), torch.randn(2, 5, 6, 6).double()
    assert close(layer(x), plain.conv(plain.doubled(x), layer.weight, bias=layer.bias))


def test_convolution_and_average_pooling_are_one_strided_convolution():
    layer, x = stylegan.Conv(5, 7, resample="down").double(), torch.randn(2, 5, 6, 6).double()
    layer.bias.data += 1
    assert close(layer(x), F.avg_pool2d(plain.conv(x, layer.weight, bias=layer.bias), 2))


def test_blur_and_its_first_and_second_derivatives():
    x = torch.randn(2, 2, 3, 4).double().requires_grad_()
    assert close(stylegan.blur(x), plain.blurred(x))
    assert torch.autograd.gradcheck(stylegan.blur, x) and torch.autograd.gradgradcheck(stylegan.blur, x)


def test_adain_is_group_normalisation():
    x, scale, bias = torch.randn(3, 4, 5, 5).double() * 2 + 1, torch.randn(3, 4).double(), torch.randn(3, 4).double()
    wanted = plain.instance_norm(x) * scale[:, :, None, None] + bias[:, :, None, None]
    assert close(stylegan.adain(x, scale, bias), wanted)


def test_generator_equals_the_plain_one(generator):
    z, noise = torch.randn(3, 20).double(), doubles(generator.noise(3))
    assert close(generator(z, noise=noise), plain.generator(generator.state_dict(), z, noise))


def test_discriminator_losses_and_their_gradients_equal_the_plain_ones(discriminator):
    reals, fakes = torch.randn(2, 8, 3, 32, 32).double()
    mine = stylegan.discriminator_loss(discriminator, reals, fakes)
    theirs = plain.discriminator_losses(dict(discriminator.named_parameters()), reals, fakes)
    assert close(mine[0], theirs[0]) and close(mine[1], theirs[1]) and mine[1] > 0
    for name, loss in (("both", 0), ("R1", 1)):
        gradients = [torch.autograd.grad(sum(losses[loss:]), list(discriminator.parameters()), allow_unused=True,
                                         retain_graph=True) for losses in (mine, theirs)]
        for a, b in zip(*gradients):
            assert (a is None and b is None) or a is None and not b.any() or close(a, b), name


def test_torch_skips_weight_gradients_inside_r1(discriminator):
    masks = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            if function is torch.ops.aten.convolution_backward.default:
                masks.append(args[-1])
            return function(*args, **(kwargs or {}))

    images = torch.randn(4, 3, 32, 32).double().requires_grad_()
    scores = discriminator(images)
    with Watch():
        torch.autograd.grad(scores.sum(), images, create_graph=True)
    assert len(masks) == 8 and all(mask == [True, False, False] for mask in masks)


# ---- the points where implementations differ

def test_z_is_normalised_to_unit_root_mean_square():
    mapping = stylegan.Mapping(64, layers=0)
    w = mapping(5 * torch.randn(7, 64))
    assert torch.allclose(w.square().mean(dim=1), torch.ones(7), atol=1e-5)


def test_mapping_learns_a_hundredth_as_fast_weights_and_biases():
    layer = stylegan.Mapping(512).layers[0].double()
    assert layer.weight.std().item() == pytest.approx(100, rel=.01)
    layer.bias.data += 3.
    x = torch.randn(5, 512).double()
    assert close(layer(x), x @ layer.weight.T * (.01 * math.sqrt(2 / 512)) + .01 * 3)
    before = layer(x)
    with torch.no_grad():       # one step of Adam moves every stored number by the learning rate
        layer.weight += 1e-3
        layer.bias += 1e-3
    change = 1e-5 * (1 + x.sum(dim=1) * math.sqrt(2 / 512))
    assert torch.allclose(layer(x) - before, change[:, None].expand(-1, 512), atol=1e-11, rtol=1e-5)


def test_gains():
    root = math.sqrt(2)
    g, d = Generator(latent=20, **SMALL), Discriminator(**SMALL)
    assert g.blocks[1].conv0.scale == pytest.approx(root / math.sqrt(24 * 9))
    assert g.mapping.layers[0].scale == pytest.approx(.01 * root / math.sqrt(20))
    assert g.blocks[1].layer0.style.scale == pytest.approx(1 / math.sqrt(20))
    assert g.blocks[1].to_rgb.scale == pytest.approx(1 / math.sqrt(24))
    assert d.blocks[0].from_rgb.scale == pytest.approx(root / math.sqrt(3))
    assert d.conv.scale == pytest.approx(root / math.sqrt(25 * 9))
    assert d.dense.scale == pytest.approx(root / math.sqrt(24 * 16))
    assert d.score.scale == pytest.approx(1 / math.sqrt(24))


def test_what_a_new_network_starts_from():
    g = Generator(latent=20, **SMALL)
    assert torch.equal(g.blocks[0].start.value, torch.ones(1, 24, 4, 4))
    for name, value in g.named_parameters():
        if name.endswith(("bias", "noise_strength")):
            assert not value.any(), name
        elif "mapping" not in name and "start" not in name:
            assert value.std().item() == pytest.approx(1, rel=.25), name
    names = dict(g.named_parameters())
    assert "blocks.1.conv0.bias" not in names and "blocks.1.conv1.bias" not in names    # the bias follows the noise
    assert names["blocks.0.layer0.bias"].shape == names["blocks.0.layer0.noise_strength"].shape == (24,)


def test_order_within_a_layer():
    """Noise, bias, leaky ReLU, instance norm, style; each step is told apart by what it would do elsewhere."""
    layer = shaken(stylegan.StyledLayer(3, 4))
    x, w, noise = torch.randn(2, 3, 5, 5).double(), torch.randn(2, 4).double(), torch.randn(2, 1, 5, 5).double()
    y = x + noise * layer.noise_strength.reshape(1, 3, 1, 1) + layer.bias.reshape(1, 3, 1, 1)
    y = torch.where(y > 0, y, .2 * y)
    y = (y - y.mean(dim=(2, 3), keepdim=True)) / torch.sqrt(y.var(dim=(2, 3), unbiased=False, keepdim=True) + 1e-8)
    style = w @ layer.style.weight.T / 2 + layer.style.bias
    assert close(layer(x, w, noise), y * (style[:, :3, None, None] + 1) + style[:, 3:, None, None])


def test_instance_norm_uses_an_epsilon_of_a_hundred_millionth():
    x = torch.tensor([-1e-4, 1e-4]).double().repeat(8, 4)[None, None]           # variance 1e-8
    one, zero = torch.ones(1, 1).double(), torch.zeros(1, 1).double()
    assert stylegan.adain(x, one, zero).abs().max() == pytest.approx(math.sqrt(.5))


def test_blur_comes_between_upsampling_and_noise(generator):
    block, x = generator.blocks[1], torch.randn(2, 24, 4, 4).double()
    w, noise = torch.randn(2, 2, 20).double(), (torch.randn(2, 1, 8, 8).double(), torch.zeros(2, 1, 8, 8).double())
    y = block.layer0(plain.blurred(plain.conv(plain.doubled(x), block.conv0.weight)), w[:, 0], noise[0])
    assert close(block(x, w, noise), block.layer1(plain.conv(y, block.conv1.weight), w[:, 1], noise[1]))


def test_every_layer_has_its_own_noise_map():
    g = Generator(latent=20, **SMALL)
    noise = g.noise(2)
    assert [tuple(m.shape) for m in noise] == [(2, 1, r, r) for r in (4, 4, 8, 8, 16, 16, 32, 32)]
    assert all(not torch.equal(a, b) for a, b in zip(noise[::2], noise[1::2]))
    repeated = g.noise(2, generator=torch.Generator().manual_seed(3))
    assert all(map(torch.equal, repeated, g.noise(2, generator=torch.Generator().manual_seed(3))))
    assert len(g.noise(1, resolution=8)) == 4


def test_noise_changes_nothing_before_its_strength_is_learned():
    g, z = Generator(latent=20, **SMALL), torch.randn(2, 20)
    assert torch.equal(g(z), g(z))
    g.blocks[2].layer1.noise_strength.data[5] = 1
    assert not torch.equal(g(z), g(z))


def test_mixing_crosses_over_between_any_two_layers(generator):
    w1, w2 = torch.randn(2, 3, 20).double()
    ws = generator.mixed_styles(w1, w2, torch.tensor([1, 4, 8]))
    for i, crossover in enumerate((1, 4, 8)):
        assert torch.equal(ws[i], torch.stack([w1[i]] * crossover + [w2[i]] * (8 - crossover)))
    assert torch.equal(generator.mixed_styles(w1, w2, 3)[:, 2:4], torch.stack([w1, w2], dim=1))


def test_mean_w_moves_by_half_a_percent(generator):
    batches = torch.randn(3, 16, 20).double()
    for w in batches:
        generator.track_average(w)
    means = batches.mean(dim=1)
    assert close(generator.w_average, .005 * (means[2] + .995 * means[1] + .995 ** 2 * means[0]))


def test_truncation_touches_the_first_eight_layers():
    g = Generator(64, latent=8, base=256, limit=8)
    g.w_average += torch.randn(8)
    w = torch.randn(2, 8)
    ws = g.styles(w, psi=.7)
    assert torch.allclose(ws[:, :8], (g.w_average + .7 * (w - g.w_average))[:, None].expand(-1, 8, -1), atol=1e-6)
    assert torch.equal(ws[:, 8:], w[:, None].expand(-1, 2, -1))
    assert torch.equal(g.styles(w), w[:, None].expand(-1, 10, -1))              # as in training
    z, noise = torch.randn(2, 8), g.noise(2)
    assert torch.equal(g(z, psi=.5, noise=noise), g.synthesise(g.styles(g.mapping(z), .5), noise))
    assert torch.equal(g.train()(z, noise=noise), g.eval()(z, noise=noise))     # no hidden switch


@pytest.mark.parametrize("batch", [2, 3, 4, 8, 12])
def test_minibatch_deviation_against_loops(batch):
    x = torch.randn(batch, 5, 4, 4).double()
    y = stylegan.minibatch_deviation(x)
    assert torch.equal(y[:, :5], x)
    assert close(y[:, 5], plain.deviation(x)[:, None, None].expand(-1, 4, 4))


def test_minibatch_deviation_of_a_batch_that_four_does_not_divide():
    x = torch.randn(6, 5, 4, 4).double()
    assert close(stylegan.minibatch_deviation(x)[:, 5, 0, 0], plain.deviation(x, group=3))


def test_r1_is_a_mean_over_the_batch(discriminator):
    images = torch.randn(4, 3, 32, 32).double()
    _, penalty = stylegan.discriminator_loss(discriminator, images, images)
    # Twice the batch with the same pictures: groups of copies, whose deviation is that of the pictures themselves.
    _, same = stylegan.discriminator_loss(discriminator, images.repeat_interleave(2, dim=0), images)
    assert close(penalty, same) and penalty > 0
    assert stylegan.discriminator_loss(discriminator, images, images, gamma=0)[1] == 0


def test_losses_in_closed_form():
    class Judge(torch.nn.Module):       # D(x) = sum of 3x: its squared gradient is 9 a value
        def forward(self, x, fade):
            return 3 * x.sum(dim=(1, 2, 3))

    reals, fakes = torch.full((2, 1, 1, 2), .5).double(), torch.full((2, 1, 1, 2), -.25).double()
    loss, penalty = stylegan.discriminator_loss(Judge(), reals, fakes, gamma=10)
    assert loss.item() == pytest.approx(math.log1p(math.exp(-1.5)) + math.log1p(math.exp(-3)))
    assert penalty.item() == pytest.approx(10 / 2 * 2 * 9)
    assert stylegan.generator_loss(Judge(), fakes).item() == pytest.approx(math.log1p(math.exp(1.5)))


def test_parameters_at_full_size():
    with torch.device("meta"):
        g, d = Generator(1024), Discriminator(1024)
    assert sum(p.numel() for p in g.parameters()) == 26_219_627
    # By hand: fromRGB 10,176; 1024 to 8 px 16,517,328; 4 px 2,364,416 + 4,194,816 + 513.
    assert sum(p.numel() for p in d.parameters()) == 10_176 + 16_517_328 + 2_364_416 + 4_194_816 + 513 == 23_087_249


# ---- progressive growing

def test_generator_grows_from_the_picture_before(generator):
    z, noise = torch.randn(2, 20).double(), doubles(generator.noise(2))
    small, large = (generator(z, noise=noise, resolution=r) for r in (16, 32))
    assert torch.equal(generator(z, noise=noise, fade=0.), plain.doubled(small))
    assert torch.equal(generator(z, noise=noise, fade=1.), large)
    assert close(generator(z, noise=noise, fade=.3), .7 * plain.doubled(small) + .3 * large)
    ws = generator.styles(generator.mapping(z))
    for r, wanted in zip((4, 8, 16, 32), plain.generated(generator.state_dict(), ws, noise, 4)):
        assert close(generator(z, noise=noise, resolution=r), wanted)
    assert torch.equal(generator(z, noise=noise, resolution=4, fade=.5), generator(z, noise=noise, resolution=4))


@pytest.mark.parametrize("side", [8, 16, 32])
def test_discriminator_grows_from_the_one_before(discriminator, side):
    images = torch.randn(4, 3, side, side).double()
    assert close(discriminator(images, fade=0.), discriminator(F.avg_pool2d(images, 2)), 0)
    scores = discriminator(images, fade=.5)
    assert not close(scores, discriminator(images, fade=0.), 1e-3) and not close(scores, discriminator(images), 1e-3)
    start = len(discriminator.blocks) - int(math.log2(side)) + 2
    shorter = {key: value for key, value in discriminator.state_dict().items() if not key.startswith("blocks")}
    for i, block in enumerate(discriminator.blocks[start:]):
        shorter.update({f"blocks.{i}.{key}": value for key, value in block.state_dict().items()})
    assert close(discriminator(images), plain.discriminator(shorter, images))


def test_smallest_discriminator_sees_four_pixels(discriminator):
    assert discriminator(torch.randn(4, 3, 4, 4).double()).shape == (4,)


# ---- errors and autocast

def test_errors():
    with pytest.raises(ValueError, match="must be a power of two from 8 upwards, not 48"):
        Generator(48)
    with pytest.raises(ValueError, match="must be a power of two from 8 upwards, not 4"):
        Discriminator(4)
    with pytest.raises(ValueError, match=r"must be one of \[4, 8, 16, 32\], not 64"):
        Generator(latent=20, **SMALL)(torch.randn(1, 20), resolution=64)
    with pytest.raises(ValueError, match=r"side of \[4, 8, 16, 32\], not 24"):
        Discriminator(**SMALL)(torch.randn(1, 3, 24, 24))


def test_autocast_keeps_styles_scores_and_r1_in_float32():
    g, d = Generator(latent=20, **SMALL), Discriminator(**SMALL)
    z, noise = torch.randn(4, 20), g.noise(4)
    wanted = g(z, noise=noise)
    with torch.autocast("cpu", torch.bfloat16):
        assert g.mapping(z).dtype == torch.float32
        images = g(z, noise=noise)
        loss, penalty = stylegan.discriminator_loss(d, wanted, images)
    assert images.dtype == torch.bfloat16 and (images - wanted).abs().mean() < .05 * wanted.abs().mean()
    assert penalty.item() == stylegan.discriminator_loss(d, wanted, images.float())[1].item()
    (loss + penalty).backward()
    assert all(p.grad.dtype == torch.float32 for p in d.parameters() if p.grad is not None)


def test_without_r1_real_and_generated_pictures_are_judged_at_the_same_precision():
    d, seen = Discriminator(**SMALL), []
    d.conv.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    reals, fakes = torch.randn(2, 4, 3, 32, 32)
    with torch.autocast("cpu", torch.bfloat16):
        stylegan.discriminator_loss(d, reals, fakes, gamma=0)
        stylegan.discriminator_loss(d, reals, fakes)
    assert seen == [torch.bfloat16, torch.bfloat16, torch.float32, torch.bfloat16]


def test_fading_in_under_autocast_where_interpolation_stays_in_float32(monkeypatch):
    """As CUDA's autocast does, and the CPU's does not."""
    plain = stylegan.F.interpolate
    monkeypatch.setattr(stylegan.F, "interpolate", lambda x, **how: plain(x, **how).float())
    g = Generator(latent=20, **SMALL)
    with torch.autocast("cpu", torch.bfloat16):
        assert g(torch.randn(2, 20), resolution=16, fade=0.3).dtype == torch.bfloat16
