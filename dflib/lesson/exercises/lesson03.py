"""Checks of lesson 03."""

import numpy as np
import torch

from dflib.lesson.checks import as_tensor, call, call_unchanged, exercise, mistake, no_loop, same


@exercise("03.truncate", "warm-up")
def truncate(answer):
    """truncate(ws (B,L,D), mean (D,), psi, cutoff) -> (B,L,D): the first `cutoff` layers drawn towards the mean."""
    rng = torch.Generator().manual_seed(2)
    ws, mean = torch.randn(2, 5, 3, generator=rng), torch.tensor([10.0, 20.0, 30.0])
    wanted = ws.clone()
    wanted[:, :3] = mean + 0.7 * (ws[:, :3] - mean)
    same(
        as_tensor(call_unchanged(answer, ws, mean, 0.7, 3)),
        wanted,
        "with psi 0.7 on the first 3 of 5 layers the styles",
        1e-5,
    )
    same(call_unchanged(answer, ws, mean, 1.0, 5), ws, "with psi 1 nothing changes: the styles")
    same(
        call_unchanged(answer, ws, mean, 0.0, 5), mean.expand(2, 5, 3), "with psi 0 everybody is the mean w: the styles"
    )
    same(
        call_unchanged(answer, ws, mean, -1.0, 5),
        2 * mean - ws,
        "with psi -1 everybody is mirrored at the mean: the styles",
        1e-5,
    )


def _truncated(ws, mean, psi, layers):
    drawn = mean + psi * (ws - mean)
    chosen = torch.zeros(ws.shape[1], dtype=torch.bool)
    chosen[layers] = True
    return torch.where(chosen[None, :, None], drawn, ws)


mistake(
    "03.truncate",
    "the styles are drawn towards 0 instead of the mean w",
    lambda ws, mean, psi, cutoff: _truncated(ws, torch.zeros_like(mean), psi, slice(cutoff)),
)
mistake(
    "03.truncate",
    "the last layers are truncated: the first `cutoff` of them should be",
    lambda ws, mean, psi, cutoff: _truncated(ws, mean, psi, slice(ws.shape[1] - cutoff, None)),
)
mistake(
    "03.truncate",
    "psi 1 must change nothing: yours goes to the mean as psi rises",
    lambda ws, mean, psi, cutoff: _truncated(ws, mean, 1 - psi, slice(cutoff)),
)
mistake(
    "03.truncate",
    "all layers are truncated: only the first `cutoff` of them should be",
    lambda ws, mean, psi, cutoff: _truncated(ws, mean, psi, slice(None)),
)


@exercise("03.adain", "core")
def adain(answer):
    """adain(x (B,C,H,W), scale (B,C), bias (B,C)) -> (B,C,H,W) tensors: each map to mean 0 and standard deviation 1, then styled."""
    x = torch.tensor(
        [[[[1.0, 3.0], [1.0, 3.0]], [[0.0, 0.0], [8.0, 8.0]]], [[[5.0, 7.0], [5.0, 7.0]], [[2.0, 2.0], [6.0, 6.0]]]]
    )
    same(
        as_tensor(call(answer, x, torch.tensor([[2.0, 1.0]] * 2), torch.tensor([[0.0, 5.0]] * 2))),
        [[[[-2, 2], [-2, 2]], [[4, 4], [6, 6]]]] * 2,
        "for scales (2, 1) and biases (0, 5) the result",
        1e-4,
    )
    rng = torch.Generator().manual_seed(0)
    x = 3 + 2 * torch.randn(3, 4, 5, 6, generator=rng)
    scale, bias = torch.randn(2, 3, 4, generator=rng)
    styled = as_tensor(call(answer, x, scale, bias)).detach().numpy()
    same(styled.mean((2, 3)), bias, "for random maps of three pictures each map's mean", 1e-3)
    same(
        styled.std((2, 3)),
        scale.abs(),
        "for random maps of three pictures each map's standard deviation (divided by H·W)",
        1e-3,
    )
    same(
        call(answer, torch.ones(1, 1, 2, 2), torch.ones(1, 1), torch.full((1, 1), 7.0)),
        torch.full((1, 1, 2, 2), 7.0),
        "for a map that is the same everywhere the result",
        1e-3,
    )


def _styled(x, scale, bias, over, power=0.5, tiny=1e-8, unbiased=False):
    mean, variance = x.mean(over, keepdim=True), x.var(over, keepdim=True, unbiased=unbiased)
    return scale[:, :, None, None] * (x - mean) / (variance**power + tiny) + bias[:, :, None, None]


mistake(
    "03.adain",
    "the statistics are taken over the whole batch, as batch normalisation does: every picture has its own",
    lambda x, scale, bias: _styled(x, scale, bias, (0, 2, 3)),
)
mistake(
    "03.adain",
    "the statistics are taken over all maps of a picture, as layer normalisation does: every map has its own",
    lambda x, scale, bias: _styled(x, scale, bias, (1, 2, 3)),
)
mistake(
    "03.adain",
    "divide by the standard deviation, not by the variance",
    lambda x, scale, bias: _styled(x, scale, bias, (2, 3), 1.0),
)
mistake(
    "03.adain",
    "a map that is the same everywhere makes it 0 divided by 0: add a small number",
    lambda x, scale, bias: _styled(x, scale, bias, (2, 3), tiny=0.0),
)
mistake(
    "03.adain",
    "divide by H·W, not by H·W - 1: torch's std needs unbiased=False",
    lambda x, scale, bias: _styled(x, scale, bias, (2, 3), unbiased=True),
)
mistake(
    "03.adain",
    "the bias is added before the scale multiplies",
    lambda x, scale, bias: scale[:, :, None, None] * _styled(x, torch.ones_like(scale), bias, (2, 3)),
)


@exercise("03.mixed_styles", "core")
def mixed_styles(answer):
    """mixed_styles(w1 (B,D), w2 (B,D), crossover (B,), layers) -> (B,layers,D): layers before a picture's crossover follow w1."""
    w1, w2 = torch.full((3, 2), 1.0), torch.full((3, 2), 2.0)
    found = as_tensor(call(answer, w1, w2, torch.tensor([1, 3, 4]), 4))
    wanted = torch.tensor([[1.0, 2, 2, 2], [1, 1, 1, 2], [1, 1, 1, 1]])[:, :, None].expand(3, 4, 2)
    same(found, wanted, "for w1 all 1, w2 all 2, crossovers (1, 3, 4) and 4 layers the styles")
    rng = torch.Generator().manual_seed(1)
    w1, w2 = torch.randn(2, 4, 5, generator=rng)
    cross = torch.tensor([5, 1, 2, 3])
    wanted = torch.stack([torch.stack([a if layer < c else b for layer in range(6)]) for a, b, c in zip(w1, w2, cross)])
    same(call(answer, w1, w2, cross, 6), wanted, "for random w's of four pictures the styles")
    no_loop(answer)


def _mixed(w1, w2, crossover, layers):
    return torch.where(torch.arange(layers)[None, :, None] < crossover[:, None, None], w1[:, None], w2[:, None])


mistake(
    "03.mixed_styles",
    "the layer `crossover` itself follows w2 already: yours changes over one layer late",
    lambda w1, w2, crossover, layers: _mixed(w1, w2, crossover + 1, layers),
)
mistake(
    "03.mixed_styles",
    "w1 and w2 are exchanged: the first layers follow w1",
    lambda w1, w2, crossover, layers: _mixed(w2, w1, crossover, layers),
)
mistake(
    "03.mixed_styles",
    "the crossover falls between layers, of which every resolution has two, not between resolutions",
    lambda w1, w2, crossover, layers: _mixed(w1, w2, crossover // 2 * 2, layers),
)
mistake(
    "03.mixed_styles",
    "every picture has a crossover of its own: yours uses the first one for all",
    lambda w1, w2, crossover, layers: _mixed(w1, w2, crossover[:1].expand(len(w1)), layers),
)


@exercise("03.slerp", "core")
def slerp(answer):
    """slerp(a (D,), b (D,), t) -> (D,): along the arc from a to b, both of length 1."""
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    same(
        as_tensor(call(answer, a, b, 1 / 3)),
        [np.cos(np.pi / 6), np.sin(np.pi / 6)],
        "from (1, 0) to (0, 1) at t = 1/3, which is 30 degrees, the point",
        1e-5,
    )
    same(call(answer, a, b, 0.0), a, "from (1, 0) to (0, 1) at t = 0 the point")
    angle = np.radians(120)
    b = torch.tensor([np.cos(angle), np.sin(angle)], dtype=torch.float32)
    same(
        call(answer, a, b, 0.25),
        [np.cos(angle / 4), np.sin(angle / 4)],
        "over an angle of 120 degrees at t = 0.25 the point",
        1e-5,
    )
    a, b = torch.nn.functional.normalize(torch.randn(2, 8, generator=torch.Generator().manual_seed(3)), dim=1)
    angle = torch.arccos(a @ b)
    wanted = (torch.sin(0.3 * angle) * a + torch.sin(0.7 * angle) * b) / torch.sin(angle)
    same(
        call(answer, a, b, 0.7), wanted, "between two random directions in eight dimensions at t = 0.7 the point", 1e-5
    )
    a = torch.eye(8)[2]
    same(call(answer, a, a, 0.5), a, "from a to a itself the point", 1e-5)


def _arc(a, b, t, divide=True):
    angle = torch.acos((a * b).sum())
    way = torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b
    return way / torch.sin(angle) if divide else way


def _in_the_plane(a, b, t):
    turn = (torch.atan2(b[1], b[0]) - torch.atan2(a[1], a[0])) * t
    return torch.cat(
        [
            torch.stack(
                [torch.cos(turn) * a[0] - torch.sin(turn) * a[1], torch.sin(turn) * a[0] + torch.cos(turn) * a[1]]
            ),
            a[2:],
        ]
    )


def _straight_then_long(a, b, t):
    return torch.lerp(a, b, t) / torch.lerp(a, b, t).norm()


mistake("03.slerp", "that is the straight line, which runs inside the sphere", lambda a, b, t: torch.lerp(a, b, t))
mistake(
    "03.slerp",
    "a straight line brought to length 1 ends at the right places, but is too fast in the middle",
    _straight_then_long,
)
mistake(
    "03.slerp",
    "divide by the sine of the angle, or the point is too near to the centre",
    lambda a, b, t: _arc(a, b, t, divide=False),
)
mistake(
    "03.slerp",
    "that turns within the first two dimensions: the arc lies in the plane of a and b, wherever that is",
    _in_the_plane,
)
mistake("03.slerp", "a and b are exchanged: t = 0 must give a", lambda a, b, t: _arc(b, a, t))
mistake(
    "03.slerp", "from a to a the angle is 0, and 0 divided by 0 is no number: there is only one point on that arc", _arc
)


@exercise("03.path_length", "stretch")
def path_length(answer):
    """path_length(synthesis, distance, w1 (D,), w2 (D,), t, eps) -> a number: how fast pictures change on the way through w."""

    def synthesis(w):
        return torch.stack([3 * w[0], 4 * w[1], w[0] * w[1]])

    def distance(a, b):  # quadratic, as the paper's
        return (a - b).square().sum()

    w1, w2 = torch.tensor([0.0, 1.0], dtype=torch.float64), torch.tensor([2.0, 4.0], dtype=torch.float64)
    for t in (0.5, 0.0):
        x, y, step = 2 * t, 1 + 3 * t, 1e-4
        change = [3 * 2, 4 * 3, 2 * y + 3 * x + 6 * step]
        same(
            call(answer, synthesis, distance, w1, w2, t, step),
            sum(v * v for v in change),
            f"for G(w) = (3 w0, 4 w1, w0 w1), from (0, 1) to (2, 4) at t = {t}, the path length",
            1e-4,
        )


def _between(synthesis, distance, w1, w2, t, ahead):
    return distance(synthesis(torch.lerp(w1, w2, t)), synthesis(torch.lerp(w1, w2, ahead)))


mistake(
    "03.path_length",
    "the distance is quadratic: over a step of eps it shrinks with eps², by which you have to divide",
    lambda G, d, w1, w2, t, eps: _between(G, d, w1, w2, t, t + eps) / eps,
)
mistake(
    "03.path_length",
    "the distance is not divided by eps²: it says how far, not how fast",
    lambda G, d, w1, w2, t, eps: _between(G, d, w1, w2, t, t + eps),
)
mistake(
    "03.path_length",
    "that compares the two ends: compare t with its neighbour t + eps",
    lambda G, d, w1, w2, t, eps: d(G(w1), G(w2)),
)
mistake(
    "03.path_length",
    "the neighbour is at t + eps, not at t (1 + eps)",
    lambda G, d, w1, w2, t, eps: _between(G, d, w1, w2, t, t * (1 + eps)) / eps**2,
)
