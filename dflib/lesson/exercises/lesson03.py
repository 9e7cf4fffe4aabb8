"""Checks of lesson 03."""
import numpy as np
import torch

from dflib.lesson.checks import Wrong, call, exercise, same


@exercise("03.adain")
def adain(answer):
    """adain(x (B,C,H,W), scale (B,C), bias (B,C)) -> (B,C,H,W) tensors: each map to mean 0 and deviation 1, then styled."""
    x = torch.tensor([[[[1.0, 3.0], [1.0, 3.0]], [[0.0, 0.0], [8.0, 8.0]]]])
    same(call(answer, x, torch.ones(1, 2), torch.zeros(1, 2)), [[[[-1, 1], [-1, 1]], [[-1, -1], [1, 1]]]],
         "for two maps, scale 1 and bias 0 the result", 1e-4)
    same(call(answer, x, torch.tensor([[2.0, 1.0]]), torch.tensor([[0.0, 5.0]])), [[[[-2, 2], [-2, 2]], [[4, 4], [6, 6]]]],
         "for scales (2, 1) and biases (0, 5) the result", 1e-4)
    rng = torch.Generator().manual_seed(0)
    x = 3 + 2 * torch.randn(3, 4, 5, 6, generator=rng)
    scale, bias = torch.randn(2, 3, 4, generator=rng)
    styled = np.asarray(call(answer, x, scale, bias).detach())
    same(styled.mean((2, 3)), bias, "for random maps of three pictures each map's mean", 1e-3)
    same(styled.std((2, 3)), scale.abs(), "for random maps of three pictures each map's deviation (divided by H·W)", 1e-3)
    same(call(answer, torch.ones(1, 1, 2, 2), torch.ones(1, 1), torch.full((1, 1), 7.0)), torch.full((1, 1, 2, 2), 7.0),
         "for a map that is the same everywhere (mind the division by 0) the result", 1e-3)


@exercise("03.mixed_styles")
def mixed_styles(answer):
    """mixed_styles(w1 (B,D), w2 (B,D), crossover (B,), layers) -> (B,layers,D): layers before a picture's crossover follow w1."""
    w1, w2 = torch.full((3, 2), 1.0), torch.full((3, 2), 2.0)
    found = call(answer, w1, w2, torch.tensor([1, 3, 4]), 4)
    wanted = torch.tensor([[1.0, 2, 2, 2], [1, 1, 1, 2], [1, 1, 1, 1]])[:, :, None].expand(3, 4, 2)
    same(found, wanted, "for w1 all 1, w2 all 2, crossovers (1, 3, 4) and 4 layers the styles")
    rng = torch.Generator().manual_seed(1)
    w1, w2 = torch.randn(2, 4, 5, generator=rng)
    cross = torch.tensor([5, 1, 2, 3])
    wanted = torch.stack([torch.stack([a if layer < c else b for layer in range(6)]) for a, b, c in zip(w1, w2, cross)])
    same(call(answer, w1, w2, cross, 6), wanted, "for random w's of four pictures the styles")


@exercise("03.truncate")
def truncate(answer):
    """truncate(ws (B,L,D), mean (D,), psi, cutoff) -> (B,L,D): the first `cutoff` layers drawn towards the mean."""
    rng = torch.Generator().manual_seed(2)
    ws, mean = torch.randn(2, 5, 3, generator=rng), torch.tensor([10.0, 20.0, 30.0])
    same(call(answer, ws, mean, 1.0, 5), ws, "with psi 1 nothing changes: the styles")
    same(call(answer, ws, mean, 0.0, 5), mean.expand(2, 5, 3), "with psi 0 everybody is the mean w: the styles")
    wanted = ws.clone()
    wanted[:, :3] = mean + 0.7 * (ws[:, :3] - mean)
    same(call(answer, ws, mean, 0.7, 3), wanted, "with psi 0.7 on the first 3 of 5 layers the styles", 1e-5)
    same(call(answer, ws, mean, -1.0, 5), 2 * mean - ws, "with psi -1 everybody is mirrored at the mean: the styles", 1e-5)


@exercise("03.slerp")
def slerp(answer):
    """slerp(a (D,), b (D,), t) -> (D,): along the arc from a to b, both of length 1."""
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    same(call(answer, a, b, 0.0), a, "from (1, 0) to (0, 1) at t = 0 the point")
    same(call(answer, a, b, 0.5), [0.5 ** 0.5, 0.5 ** 0.5], "from (1, 0) to (0, 1) at t = 0.5 the point", 1e-5)
    same(call(answer, a, b, 1 / 3), [np.cos(np.pi / 6), np.sin(np.pi / 6)],
         "from (1, 0) to (0, 1) at t = 1/3, which is 30 degrees, the point", 1e-5)
    angle = np.radians(120)
    b = torch.tensor([np.cos(angle), np.sin(angle)], dtype=torch.float32)
    same(call(answer, a, b, 0.25), [np.cos(angle / 4), np.sin(angle / 4)],
         "over an angle of 120 degrees at t = 0.25 the point", 1e-5)


@exercise("03.path_length")
def path_length(answer):
    """path_length(synthesis, distance, w1 (D,), w2 (D,), t, eps) -> a number: how fast pictures change on the way through w."""
    def synthesis(w):
        return torch.stack([3 * w[0], 4 * w[1], w[0] * w[1]])

    def distance(a, b):                     # quadratic, as the paper's
        return (a - b).square().sum()

    w1, w2 = torch.tensor([0.0, 1.0], dtype=torch.float64), torch.tensor([2.0, 4.0], dtype=torch.float64)
    for t in (0.0, 0.5):
        x, y, step = 2 * t, 1 + 3 * t, 1e-4
        change = [3 * 2, 4 * 3, 2 * y + 3 * x + 6 * step]
        found = call(answer, synthesis, distance, w1, w2, t, step)
        if np.ndim(found) == 0 and float(found) < 0.1:
            raise Wrong("the distance is quadratic: over a step of eps it shrinks with eps², by which you have to divide")
        same(found, sum(v * v for v in change),
             f"for G(w) = (3 w0, 4 w1, w0 w1), from (0, 1) to (2, 4) at t = {t}, the path length", 1e-4)
