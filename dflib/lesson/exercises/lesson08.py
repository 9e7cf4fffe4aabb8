"""Checks of lesson 08."""

import torch
from torch.nn import functional as F

from dflib.lesson.checks import Wrong, as_tensor, call, call_unchanged, exercise, mistake, same


# ---- separable convolutions


@exercise("08.multiplications", "warm-up")
def multiplications(answer):
    """multiplications(channels, out, kernel) -> (full, separable): at one place of the result."""
    for channels, out, kernel in ((728, 728, 3), (3, 32, 5), (64, 128, 1)):
        wanted = channels * out * kernel**2, channels * kernel**2 + channels * out
        what = f"from {channels} to {out} channels with a kernel of {kernel}, (full, separable)"
        same(call(answer, channels, out, kernel), wanted, what)


mistake(
    "08.multiplications",
    "a kernel of side k has k² weights, not k",
    lambda c, d, k: (c * d * k, c * k + c * d),
)
mistake(
    "08.multiplications",
    "the filter that each channel has for itself sees that channel alone: k² C, not k² C D",
    lambda c, d, k: (c * d * k**2, c * d * k**2 + c * d),
)
mistake(
    "08.multiplications",
    "the 1 x 1 convolution that mixes the channels multiplies too: C D times",
    lambda c, d, k: (c * d * k**2, c * k**2),
)
mistake(
    "08.multiplications",
    "the two parts follow each other: their multiplications add up, they are not multiplied",
    lambda c, d, k: (c * d * k**2, c * k**2 * c * d),
)
mistake("08.multiplications", "the order is (full, separable)", lambda c, d, k: (c * k**2 + c * d, c * d * k**2))


# ---- residuals and their words


@exercise("08.words", "core")
def words(answer):
    """words(gray (H,W) whole levels as float) -> (81,): shares of the words along the rows."""
    generator = torch.Generator().manual_seed(3)
    gray = torch.randint(0, 30, (9, 16), generator=generator).float()
    same(as_tensor(call_unchanged(answer, gray), "the shares"), _shares(gray), "for random levels the share of the words")
    same(call(answer, torch.full((4, 9), 7.0)), F.one_hot(torch.tensor(40), 81), "for a flat picture, where only word 40 occurs,")
    same(
        call(answer, torch.arange(12.0).square().repeat(3, 1)),
        F.one_hot(torch.tensor(40), 81),
        "for a parabola, whose third difference is 0, the share of the words",
    )


def _shares(gray, taps=(1, -3, 3, -1), step=3, order=(27, 9, 3, 1), stride=1, total=None, columns=False):
    gray = gray.T if columns else gray
    span = gray.shape[1] - len(taps) + 1
    residual = sum(tap * gray[:, i : i + span] for i, tap in enumerate(taps))
    value = (residual / step).round().clamp(-1, 1).long() + 1
    word = sum(place * value[:, i : i + span - 3] for i, place in enumerate(order))[:, ::stride]
    counts = torch.bincount(word.flatten(), minlength=81).float()
    return counts / (counts.sum() if total is None else total(counts))


mistake("08.words", "shares are wanted: divide the counts by their sum", lambda gray: _shares(gray, total=lambda n: 1))
mistake("08.words", "that is the second difference: the filter is 1, −3, 3, −1", lambda gray: _shares(gray, (1, -2, 1)))
mistake("08.words", "the residual is divided by 3 before it is rounded", lambda gray: _shares(gray, step=1))
mistake(
    "08.words",
    "the first of the four values counts 27, the last 1: yours are read from right to left",
    lambda gray: _shares(gray, order=(1, 3, 9, 27)),
)
mistake("08.words", "words run along the rows: yours run down the columns", lambda gray: _shares(gray, columns=True))
mistake(
    "08.words",
    "words overlap: one begins at every place, not at every fourth",
    lambda gray: _shares(gray, stride=4),
)
mistake(
    "08.words",
    "the filter's signs are the other way round: 1, −3, 3, −1",
    lambda gray: _shares(gray, (-1, 3, -3, 1)),
)


# ---- the constraint


@exercise("08.constrained", "core")
def constrained(answer):
    """constrained(w (O,I,k,k)) -> (O,I,k,k): the centre −1, the others summing to 1."""
    generator = torch.Generator().manual_seed(5)
    w = torch.rand(3, 2, 5, 5, generator=generator) + 0.1
    found = as_tensor(call_unchanged(answer, w), "the filters")
    same(found, _constrained(w), "for random filters the constrained filter", 1e-4)
    same(call(answer, _constrained(w)), _constrained(w), "for filters that fulfil it already the constrained filter", 1e-4)
    w = torch.zeros(1, 1, 3, 3)
    w[0, 0, 0, 0], w[0, 0, 2, 2], w[0, 0, 1, 1] = 4.0, -2.0, 9.0
    same(call(answer, w), [[[[2, 0, 0], [0, -1, 0], [0, 0, -1]]]], "for the filter 4, −2 around 9 the constrained filter", 1e-4)


def _constrained(w, goal=1.0, middle=-1.0, before=0.0, dims=(2, 3), power=1, divide=True):
    w, k = w.clone(), w.shape[-1] // 2
    if before is not None:
        w[:, :, k, k] = before
    if divide:
        total = w.abs().sum(dims, keepdim=True) if power == "absolute" else w.sum(dims, keepdim=True)
        w = goal * w / total
    w[:, :, k, k] = middle
    return w


mistake("08.constrained", "the centre is part of your sum: set it to 0 first", lambda w: _constrained(w, before=None))
mistake("08.constrained", "the centre should be −1, not 1", lambda w: _constrained(w, middle=1.0))
mistake("08.constrained", "the others should sum to 1, so that all together sum to 0", lambda w: _constrained(w, goal=-1.0))
mistake("08.constrained", "only the centre is set: divide the others by their sum", lambda w: _constrained(w, divide=False))
mistake(
    "08.constrained",
    "signs count: the sum of the others should be 1, not the sum of their absolute values",
    lambda w: _constrained(w, power="absolute"),
)
mistake(
    "08.constrained",
    "each filter is constrained by itself: yours shares one sum over all filters and channels",
    lambda w: _constrained(w, dims=(0, 1, 2, 3)),
)


# ---- a batch norm that two layers share


@exercise("08.shared_norm", "core")
def shared_norm(answer):
    """shared_norm(first (T,B), second (T,B), momentum) -> (mean, variance): tracked over T steps by one batch norm."""
    generator = torch.Generator().manual_seed(7)
    first, second = 2 + torch.randn(4, 6, generator=generator), 8 + 3 * torch.randn(4, 6, generator=generator)
    what = "(mean, variance) after"
    same(_pair(call(answer, first, second, 0.1)), _tracked(first, second, 0.1), f"{what} four steps, momentum 0.1,", 1e-4)
    same(_pair(call(answer, first[:1], second[:1], 1.0)), _tracked(first[:1], second[:1], 1.0), f"{what} one step, momentum 1,", 1e-4)


def _pair(found) -> list:
    try:
        mean, variance = found
        return [float(mean), float(variance)]
    except (TypeError, ValueError):
        raise Wrong("two numbers are wanted: the running mean and the running variance") from None


def _tracked(first, second, momentum, biased=False, together=False, start=(0.0, 1.0)):
    mean, variance = map(torch.tensor, start)
    for one, other in zip(first, second):
        for x in (torch.cat([one, other]),) if together else (one, other):
            mean = (1 - momentum) * mean + momentum * x.mean()
            variance = (1 - momentum) * variance + momentum * x.var(correction=0 if biased else 1)
    return [float(mean), float(variance)]


mistake("08.shared_norm", "both layers pass in every step, one after the other: yours is updated once, by both together",
        lambda first, second, momentum: _tracked(first, second, momentum, together=True))
mistake("08.shared_norm", "the second layer passes after the first: yours goes the other way round",
        lambda first, second, momentum: _tracked(second, first, momentum))
mistake("08.shared_norm", "torch tracks the unbiased variance: divide by B − 1",
        lambda first, second, momentum: _tracked(first, second, momentum, biased=True))
mistake("08.shared_norm", "momentum is the weight of the new value: yours is that of the old one",
        lambda first, second, momentum: _tracked(first, second, 1 - momentum))
mistake("08.shared_norm", "the running mean begins at 0 and the variance at 1",
        lambda first, second, momentum: _tracked(first, second, momentum, start=(0.0, 0.0)))


# ---- the gradient of the statistics


@exercise("08.statistics_gradient", "stretch")
def statistics_gradient(answer):
    """statistics_gradient(maps (C,N), upstream (C,4)) -> (C,N): through mean, minimum, maximum, variance of each map."""
    generator = torch.Generator().manual_seed(9)
    maps, upstream = torch.randn(3, 10, generator=generator), torch.randn(3, 4, generator=generator)
    one = torch.zeros(1, 4)
    for number, name in enumerate(("mean", "minimum", "maximum", "variance")):
        same(
            as_tensor(call_unchanged(answer, maps[:1], one + F.one_hot(torch.tensor(number), 4)), "the gradient"),
            _gradient(maps[:1], one + F.one_hot(torch.tensor(number), 4)),
            f"through the {name} alone the gradient",
            1e-4,
        )
    same(call(answer, maps, upstream), _gradient(maps, upstream), "through all four the gradient", 1e-4)


def _gradient(maps, upstream, factor=2.0, lack=0, centred=True, swap=False, share=True):
    n = maps.shape[1]
    low, high = (F.one_hot(place, n).float() for place in (maps.argmin(1), maps.argmax(1)))
    if swap:
        low, high = high, low
    from_mean = maps - maps.mean(1, keepdim=True) if centred else maps
    return (upstream[:, :1] / (n if share else 1) + upstream[:, 1:2] * low + upstream[:, 2:3] * high
            + upstream[:, 3:] * factor * from_mean / (n - lack))


mistake("08.statistics_gradient", "the mean divides by N, and so does its gradient",
        lambda maps, upstream: _gradient(maps, upstream, share=False))
mistake("08.statistics_gradient", "minimum and maximum are exchanged: the order is mean, minimum, maximum, variance",
        lambda maps, upstream: _gradient(maps, upstream, swap=True))
mistake("08.statistics_gradient", "the derivative of a square has a factor 2",
        lambda maps, upstream: _gradient(maps, upstream, factor=1.0))
mistake("08.statistics_gradient", "the variance is measured from the mean: take it off",
        lambda maps, upstream: _gradient(maps, upstream, centred=False))
mistake("08.statistics_gradient", "the variance is the biased one: divide by N, not by N − 1",
        lambda maps, upstream: _gradient(maps, upstream, lack=1))
