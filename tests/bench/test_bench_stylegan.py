"""StyleGAN's training step and sampling on one thread, ours and the plain formulation in one process.

64 px, 128 channels from 4 to 32 px and 64 at 64 px, batch 16. The last test prints how much faster ours is.
"""
from functools import partial

import pytest
import torch
from timing import fastest

from dflib.synthesis.stylegan import plain, stylegan

SIZE = dict(resolution=64, base=4096, limit=128)
BATCH = 16


class Ours:
    def __init__(self, generator, discriminator):
        self.generate, self.judge = generator, discriminator

    def losses(self, reals, fakes):
        return stylegan.discriminator_loss(self.judge, reals, fakes)


class Plain:
    def __init__(self, generator, discriminator):
        self.weights, self.judge_weights = dict(generator.named_parameters()), dict(discriminator.named_parameters())
        self.noise = generator.noise

    def generate(self, z):
        return plain.generator(self.weights, z, self.noise(len(z)))

    def judge(self, images):
        return plain.discriminator(self.judge_weights, images)

    def losses(self, reals, fakes):
        return plain.discriminator_losses(self.judge_weights, reals, fakes)


@pytest.fixture(scope="module")
def networks():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield stylegan.Generator(**SIZE), stylegan.Discriminator(**SIZE)
    torch.set_num_threads(threads)


def sample(side):
    with torch.no_grad():
        return side.generate(torch.randn(BATCH, 512))


@pytest.fixture
def adams(networks):
    return [torch.optim.Adam(network.parameters(), 1e-3, betas=(0.0, 0.99), eps=1e-8) for network in networks]


def step(side, adams, reals):
    """One step of the discriminator and one of the generator, with Adam's updates of both."""
    update(adams[1], sum(side.losses(reals, sample(side))))
    scores = side.judge(side.generate(torch.randn(BATCH, 512)))
    update(adams[0], torch.nn.functional.softplus(-scores).mean())


def update(adam, loss):
    parameters = adam.param_groups[0]["params"]
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters, allow_unused=True)):
        parameter.grad = gradient
    adam.step()


@pytest.mark.parametrize("side", [Ours, Plain])
def test_sixteen_pictures(benchmark, networks, side):
    benchmark.pedantic(sample, (side(*networks),), rounds=5, warmup_rounds=1)


@pytest.mark.parametrize("side", [Ours, Plain])
def test_training_step(benchmark, networks, adams, side):
    reals = torch.randn(BATCH, 3, 64, 64)
    benchmark.pedantic(step, (side(*networks), adams, reals), rounds=2, warmup_rounds=1)


def test_ours_is_faster(networks, adams, capsys):
    reals, sides = torch.randn(BATCH, 3, 64, 64), [kind(*networks) for kind in (Ours, Plain)]
    report = {}
    for name, run, rounds in (("16 pictures", sample, 5), ("training step", lambda s: step(s, adams, reals), 2)):
        report[name] = fastest(*(partial(run, side) for side in sides), rounds=rounds)
    with capsys.disabled():
        for name, (ours, theirs) in report.items():
            print(f"\n{name}: {ours:.3f} s of CPU, plain {theirs:.3f} s, {theirs / ours:.2f} times faster", end="")
    assert all(ours < theirs for ours, theirs in report.values())
