"""Many games on the ring at once: what `points.play` plays, as one batch of small networks.

A game is too small to keep a processor busy. Here every weight has one more dimension in front, K games, and a product of
matrices is a batch of K products; twenty games then take little longer than three. Games never touch each other.
"""
from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from dflib.synthesis.gan.points import EXTENT, LATENT, Moment, Perceptron, Rules, coverage, ring

SAME = ("loss", "discriminator_steps", "rate", "width", "batch")        # what the games of one batch must agree in


class _Players:
    """K perceptrons of the same widths: x (K, N, first) -> (K, N, last)."""

    def __init__(self, networks):
        parts = zip(*(network.parameters() for network in networks))    # all first weights, all first biases, …
        stacked = [torch.stack([part.detach() for part in same]) for same in parts]
        self.weights = [(part.transpose(1, 2).contiguous() if part.dim() == 3 else part[:, None]).requires_grad_() for part in stacked]

    def __call__(self, x: Tensor) -> Tensor:
        *hidden, last = zip(self.weights[::2], self.weights[1::2])
        for weight, bias in hidden:
            x = torch.relu(torch.baddbmm(bias, x, weight))
        return torch.baddbmm(last[1], x, last[0])


class _Adam:
    """Adam with another first momentum beta1 (K,) for each game; the second is 0.99."""

    def __init__(self, players: _Players, rate: float, beta1: Tensor):
        self.weights, self.rate, self.beta1, self.steps = players.weights, rate, beta1[:, None, None], 0
        self.means = [torch.zeros_like(weight) for weight in self.weights]
        self.squares = [torch.zeros_like(weight) for weight in self.weights]

    @torch.no_grad()
    def step(self, loss: Tensor) -> None:
        self.steps += 1
        gradients = torch.autograd.grad(loss, self.weights)
        for weight, gradient, mean, square in zip(self.weights, gradients, self.means, self.squares):
            mean.mul_(self.beta1).add_((1 - self.beta1) * gradient)
            square.mul_(0.99).addcmul_(gradient, gradient, value=0.01)
            size = (square / (1 - 0.99 ** self.steps)).sqrt_().add_(1e-8)
            weight.sub_(self.rate / (1 - self.beta1 ** self.steps) * mean / size)


def play_many(rules: list[Rules], steps: int, every: int = 50, seeds: "list[int] | None" = None) -> list[list[Moment]]:
    """`points.play` for each of ``rules``, which may differ in beta1 and r1 only; a list of Moments a game.

    seeds: of each game's two networks, 0 by default. Random draws go on from the last one's, other ones in every game.
    ValueError for rules that differ otherwise, or a loss that is not the non-saturating one.
    """
    first = rules[0]
    if any(getattr(other, name) != getattr(first, name) for other in rules for name in SAME) or first.loss != "non-saturating":
        raise ValueError("Games that are played at once may differ in beta1 and r1 only, and lower the non-saturating loss.")
    generators, discriminators = [], []
    for seed in seeds or [0] * len(rules):
        torch.manual_seed(seed)
        generators.append(Perceptron(LATENT, first.width, first.width, 2))
        discriminators.append(Perceptron(2, first.width, first.width, 1))
    G, D, games = _Players(generators), _Players(discriminators), len(rules)
    beta1, r1 = (torch.tensor([getattr(other, name) for other in rules]) for name in ("beta1", "r1"))
    move_G, move_D = (_Adam(players, first.rate, beta1) for players in (G, D))
    latents = torch.randn(512, LATENT).expand(games, -1, -1)
    line = torch.linspace(-EXTENT, EXTENT, 48)
    grid = torch.stack(torch.meshgrid(line, -line, indexing="xy"), 2).view(-1, 2).expand(games, -1, -1)
    moments = [[] for _ in rules]
    for step in range(steps + 1):
        if step % every == 0:
            with torch.no_grad():
                points, belief = G(latents).numpy(), torch.sigmoid(D(grid)).view(games, 48, 48).numpy()
            for game in range(games):
                moments[game].append(Moment(step, points[game], belief[game], *coverage(points[game])))
        for _ in range(first.discriminator_steps):
            reals = ring(games * first.batch).view(games, -1, 2).requires_grad_(bool(r1.any()))
            with torch.no_grad():
                fakes = G(torch.randn(games, first.batch, LATENT))
            answers = D(reals)
            loss = softplus(-answers).mean((1, 2)) + softplus(D(fakes)).mean((1, 2))                # (K,)
            if r1.any():
                slope, = torch.autograd.grad(answers.sum(), reals, create_graph=True)               # (K, N, 2)
                loss = loss + r1 / 2 * slope.square().sum(2).mean(1)
            move_D.step(loss.sum())
        move_G.step(softplus(-D(G(torch.randn(games, first.batch, LATENT)))).mean((1, 2)).sum())
    return moments
