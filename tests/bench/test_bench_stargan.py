"""StarGAN's training cycle and its edits on one thread, ours and the authors' formulation in one process.

A cycle is five steps of the critic and one of the generator with Adam's updates, 64 px, width 32, batch 16, on two data
sets; edits are 16 pictures of 128 px by the paper's network. That gradients are equal: tests/test_stargan.py.
"""
import sys
from pathlib import Path

import pytest
import torch
from timing import fastest
from torch import nn

from dflib.synthesis.stargan import stargan
from dflib.synthesis.stargan.edit import edited_pictures

sys.path.append(str(Path(__file__).parents[1]))      # where the tests' helpers lie
import stargan_plain as plain  # noqa: E402

CRITIC_STEPS = 5


class TheirGenerator(nn.Sequential):
    """The generator in the authors' formulation: labels concatenated, instance norm with tracked statistics."""

    def __init__(self, labels, width, blocks=6):
        def block(conv, relu=True):
            channels = conv.out_channels
            return [conv, nn.InstanceNorm2d(channels, affine=True, track_running_stats=True)] + [nn.ReLU(inplace=True)] * relu

        w = width
        super().__init__(
            *block(nn.Conv2d(3 + labels, w, 7, padding=3, bias=False)),
            *block(nn.Conv2d(w, 2 * w, 4, 2, 1, bias=False)), *block(nn.Conv2d(2 * w, 4 * w, 4, 2, 1, bias=False)),
            *[Residual(*block(nn.Conv2d(4 * w, 4 * w, 3, padding=1, bias=False)),
                       *block(nn.Conv2d(4 * w, 4 * w, 3, padding=1, bias=False), relu=False)) for _ in range(blocks)],
            *block(nn.ConvTranspose2d(4 * w, 2 * w, 4, 2, 1, bias=False)),
            *block(nn.ConvTranspose2d(2 * w, w, 4, 2, 1, bias=False)), nn.Conv2d(w, 3, 7, padding=3, bias=False), nn.Tanh())

    def forward(self, images, labels):
        replicated = labels[:, :, None, None].repeat(1, 1, *images.shape[2:])
        return super().forward(torch.cat([images, replicated], dim=1))


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


@pytest.fixture(autouse=True)
def one_core():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def adam(network):
    return torch.optim.Adam(network.parameters(), 1e-4, betas=(0.5, 0.999))


def report(capsys, what, ours, theirs):
    with capsys.disabled():
        print(f"\n{what}: {ours:.2f} s of CPU, the authors' formulation {theirs:.2f} s: {theirs / ours:.2f} times faster")


def test_a_cycle_is_1_3_times_as_fast(capsys):
    reals, columns = torch.rand(16, 3, 64, 64) * 2 - 1, (7, 5)
    labels, targets = (torch.eye(12)[torch.randint(12, (16,))] for _ in range(2))
    generator, critic = stargan.Generator(columns, 32), stargan.Discriminator(64, 12, 32)
    adams = adam(generator), adam(critic)

    def ours():
        for k in range(CRITIC_STEPS):
            with torch.set_grad_enabled(k == CRITIC_STEPS - 1):
                fakes = generator(reals, targets)
            losses = stargan.critic_losses(critic, reals, fakes, labels)
            update(adams[1], losses[0] + losses[1] + 10 * losses[2])
        losses = stargan.generator_losses(generator, critic, reals, fakes, labels, targets)
        update(adams[0], losses[0] + losses[1] + 10 * losses[2])

    their_generator, their_critic = TheirGenerator(14, 32), stargan.Discriminator(64, 12, 32)
    weights, their_adams = dict(their_critic.named_parameters()), (adam(their_generator), adam(their_critic))

    def generate(x, c):
        return their_generator(x, stargan.with_mask(c, columns))

    def judge(x):
        return plain.critic(weights, x)

    def theirs():
        for _ in range(CRITIC_STEPS):
            loss = plain.critic_step(generate, judge, reals, labels, targets, torch.rand(16, 1, 1, 1))
            their_update(their_adams, 1, loss)
        their_update(their_adams, 0, plain.generator_step(generate, judge, reals, labels, targets))

    mine, other = fastest(ours, theirs, rounds=2)
    report(capsys, "a cycle", mine, other)
    assert other > 1.3 * mine


def test_16_edits_are_1_2_times_as_fast(capsys):
    generator = stargan.Generator((5,)).eval().to(memory_format=torch.channels_last)
    theirs = TheirGenerator(5, 64)                      # in training mode, as their code uses it
    with torch.no_grad():
        for own, given in zip(theirs.parameters(), generator.parameters()):
            own.copy_(given)
    pictures, labels = torch.rand(16, 3, 128, 128) * 2 - 1, torch.randint(0, 2, (16, 5)).float()
    with torch.no_grad():
        assert torch.allclose(edited_pictures(generator, pictures, labels), theirs(pictures, labels), atol=1e-3)
        mine, other = fastest(lambda: edited_pictures(generator, pictures, labels), lambda: theirs(pictures, labels), rounds=8)
    report(capsys, "16 edits", mine, other)
    assert other > 1.2 * mine


def update(optimizer, loss):
    parameters = optimizer.param_groups[0]["params"]
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
        parameter.grad = gradient
    optimizer.step()


def their_update(optimizers, which, loss):
    """As in the authors' loop: both networks' gradients are computed, one optimiser steps."""
    for optimizer in optimizers:
        optimizer.zero_grad()
    loss.backward()
    optimizers[which].step()
