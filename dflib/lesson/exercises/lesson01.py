"""Checks of lesson 01."""

import numpy as np

from dflib import faces
from dflib.lesson.checks import Wrong, as_tensor, call, call_unchanged, exercise, mistake, same


@exercise("01.overlap", "warm-up")
def overlap(answer):
    """overlap(a (4,), b (4,)) -> intersection over union of two boxes x0 y0 x1 y1."""
    same(
        call(answer, np.array([0.0, 0, 4, 2]), np.array([2.0, 0, 6, 2])),
        1 / 3,
        "for two boxes that share half the overlap",
    )
    same(call(answer, np.array([0.0, 0, 4, 2]), np.array([0.0, 0, 4, 2])), 1.0, "for a box and itself the overlap")
    same(
        call(answer, np.array([0.0, 0, 1, 1]), np.array([0.0, 3, 1, 4])),
        0.0,
        "for boxes one above the other the overlap",
    )
    same(call(answer, np.array([0.0, 0, 1, 1]), np.array([3.0, 3, 4, 4])), 0.0, "for boxes apart both ways the overlap")


def _area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def _shared(a, b, least=0.0):
    width, height = (min(a[k + 2], b[k + 2]) - max(a[k], b[k]) for k in (0, 1))
    return max(least, width) * max(least, height)


mistake(
    "01.overlap",
    "boxes that do not meet have a width or a height below 0: two of them multiply to a positive area",
    lambda a, b: _shared(a, b, -np.inf) / (_area(a) + _area(b) - _shared(a, b, -np.inf)),
)
mistake(
    "01.overlap",
    "the union counts what both share once: take the intersection off the sum of the areas",
    lambda a, b: _shared(a, b) / (_area(a) + _area(b)),
)
mistake(
    "01.overlap",
    "divide by the area of the union, not by that of the smaller box",
    lambda a, b: _shared(a, b) / min(_area(a), _area(b)),
)
mistake("01.overlap", "that is the intersection: divide it by the union", _shared)


@exercise("01.heat_loss", "core")
def heat_loss(answer):
    """heat_loss(logits (B,N,H,W), target (B,N,H,W)) tensors -> number: cross-entropy of softmaxed maps to maps that sum to 1."""
    import torch

    random = torch.Generator().manual_seed(0)
    logits, target = (torch.randn((2, 3, 4, 5), generator=random) for _ in range(2))
    target = target.flatten(2).softmax(2).view_as(target)
    loss = as_tensor(call_unchanged(answer, logits, target), "the loss")
    same(loss, -(target * logits.flatten(2).log_softmax(2).view_as(logits)).sum((2, 3)).mean(), "the loss", 1e-5)
    flat = call(answer, torch.zeros(1, 2, 4, 5), torch.full((1, 2, 4, 5), 1 / 20))
    same(flat, np.log(20), "for flat maps of 20 cells the loss", 1e-5)
    sure = torch.zeros(1, 1, 4, 5)
    sure[0, 0, 1, 2] = 1000.0
    same(call(answer, sure, sure / 1000), 0.0, "for a map that is sure and right the loss", 1e-5)
    same(call(answer, sure, sure.roll(1, 3) / 1000), 1000.0, "for a map that is sure and wrong the loss", 1e-5)
    logits.requires_grad_(True)
    if not as_tensor(answer(logits, target)).requires_grad:
        raise Wrong("the loss is right, but no gradient reaches the maps: stay with torch from beginning to end")


def _log_heat(logits):
    return logits.flatten(2).log_softmax(2).view_as(logits)


mistake(
    "01.heat_loss",
    "that is the mean over the cells: the 576 cells of a map are one distribution, so their terms are added up",
    lambda logits, target: -(target * _log_heat(logits)).mean(),
)
mistake(
    "01.heat_loss",
    "the softmax runs over each row for itself: a point is in one cell of the whole map, so flatten the map first",
    lambda logits, target: -(target * logits.log_softmax(-1)).sum((2, 3)).mean(),
)
mistake("01.heat_loss", "the sign is missing: this falls as the maps get worse", lambda logits, target: -_entropy(logits, target))
mistake(
    "01.heat_loss",
    "the logarithm is missing: the target's mean probability is no cross-entropy",
    lambda logits, target: -(target * _log_heat(logits).exp()).sum((2, 3)).mean(),
)
mistake(
    "01.heat_loss",
    "the maps of a batch are added up: take the mean over faces and points",
    lambda logits, target: -(target * _log_heat(logits)).sum(),
)
mistake(
    "01.heat_loss",
    "the logarithm of a softmax is minus infinity where the softmax is rounded to 0: use log_softmax",
    lambda logits, target: -(target * logits.flatten(2).softmax(2).view_as(logits).log()).sum((2, 3)).mean(),
)


def _entropy(logits, target):
    return -(target * _log_heat(logits)).sum((2, 3)).mean()


@exercise("01.similarity", "core")
def similarity(answer):
    """similarity(source (N,2), target (N,2)) -> (2,3): the similarity [sR | t] with the least squared error, never a reflection."""
    square = np.array([[0.0, 0], [4, 0], [4, 2], [0, 2]])
    same(
        call(answer, square + 1, 2 * square[:, ::-1] * (-1, 1)),
        [[0, -2, 2], [2, 0, -2]],
        "for a shift, a quarter turn and twice the size the matrix",
    )
    random = np.random.default_rng(5)
    source = random.normal(size=(68, 2)) * (30, 20) + (80, 90)
    target = source @ np.array([[0.8, 0.5], [-0.5, 0.8]]) + random.normal(size=(68, 2)) * 3
    same(call_unchanged(answer, source, target), faces.similarity(source, target), "for noisy points the matrix")
    mirrored = source * (-1, 1) + 0.1 * target
    same(call(answer, source, mirrored), faces.similarity(source, mirrored), "for a mirrored face the matrix")


def _umeyama(source, target, guard=True, turned=False, spread=None, scaled=True, shift=True):
    source_mean, target_mean = source.mean(0), target.mean(0)
    p, q = source - source_mean, target - target_mean
    U, D, Vt = np.linalg.svd(q.T @ p / len(p))
    S = np.array([1.0, np.sign(np.linalg.det(U @ Vt)) if guard else 1.0])
    R = U @ np.diag(S) @ Vt
    R = R.T if turned else R
    s = (D * S).sum() / ((p if spread is None else spread(p, q)) ** 2).sum(1).mean() if scaled else 1.0
    t = target_mean - s * R @ source_mean if shift else target_mean - source_mean
    return np.concatenate([s * R, t[:, None]], axis=1)


mistake(
    "01.similarity",
    "a mirrored face comes out mirrored: where det(U Vᵀ) is -1, the last direction has to be turned over (S)",
    lambda source, target: _umeyama(source, target, guard=False),
)
mistake(
    "01.similarity",
    "your rotation turns the other way: numpy returns Vᵀ already, and the covariance is q pᵀ, not p qᵀ",
    lambda source, target: _umeyama(source, target, turned=True),
)
mistake(
    "01.similarity",
    "the scale is divided by the variance of the target: it is that of the source, which is to be stretched",
    lambda source, target: _umeyama(source, target, spread=lambda p, q: q),
)
mistake(
    "01.similarity",
    "the scale is missing: that is the best rigid motion",
    lambda source, target: _umeyama(source, target, scaled=False),
)
mistake(
    "01.similarity",
    "the shift maps the mean onto the mean after turning and scaling: t = q̄ - s R p̄",
    lambda source, target: _umeyama(source, target, shift=False),
)
mistake(
    "01.similarity",
    "the variance is the mean over the points of both squares together, so twice what numpy's var gives",
    lambda source, target: _umeyama(source, target, spread=lambda p, q: p / np.sqrt(2)),
)


@exercise("01.invert", "core")
def invert(answer):
    """invert(matrix (2,3)) -> (2,3): the affine map that undoes it, needed to paste a crop back."""
    matrix = np.random.default_rng(3).normal(size=(2, 3))
    same(call(answer, matrix), np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2], "the inverse")
    same(call(answer, np.array([[1.0, 0, 5], [0, 1, -2]])), [[1, 0, -5], [0, 1, 2]], "for a plain shift the inverse")
    same(
        call(answer, np.array([[2.0, 0, 6], [0, 2, 8]])),
        [[0.5, 0, -3], [0, 0.5, -4]],
        "for twice the size and a shift the inverse",
    )


def _beside(linear, shift):
    return np.concatenate([linear, shift], axis=1)


mistake(
    "01.invert",
    "the shift back has to be turned and shrunk as well: it is -A⁻¹ t, not -t",
    lambda m: _beside(np.linalg.inv(m[:, :2]), -m[:, 2:]),
)
mistake(
    "01.invert",
    "the transposed matrix undoes a rotation only: this one zooms (and shears) too",
    lambda m: _beside(m[:, :2].T, -m[:, :2].T @ m[:, 2:]),
)
mistake(
    "01.invert",
    "the shift has the wrong sign: q = A p + t gives p = A⁻¹ q - A⁻¹ t",
    lambda m: _beside(np.linalg.inv(m[:, :2]), np.linalg.inv(m[:, :2]) @ m[:, 2:]),
)


@exercise("01.sharp_argmax", "stretch")
def sharp_argmax(answer):
    """sharp_argmax(heat (H,W), beta) -> (2,): tensors; the mean column and row under softmax(beta · heat)."""
    import torch

    heat = torch.randn((5, 8), generator=torch.Generator().manual_seed(1))
    same(as_tensor(call_unchanged(answer, heat, 2.0), "the mean"), _mean_place(heat, 2.0), "the mean", 1e-5)
    peak = torch.zeros(6, 9)
    peak[2, 7] = 1.0
    same(call(answer, torch.zeros(6, 9), 3.0), [4, 2.5], "for a flat map the mean", 1e-5)
    same(call(answer, peak, 100.0), [7, 2], "for a peak at column 7 and row 2, sharpened by 100, the mean", 1e-5)
    same(call(answer, peak, 5000.0), [7, 2], "for a beta of 5000 (use torch's softmax) the mean", 1e-5)
    heat.requires_grad_(True)
    if not as_tensor(answer(heat, 2.0)).requires_grad:
        raise Wrong("the place is right, but no gradient reaches the map: a new tensor of numbers has lost it, torch.stack has not")


def _mean_place(heat, beta, safe=True):
    import torch

    weight = (beta * (heat - (heat.max() if safe else 0))).exp()
    weight = weight / weight.sum()
    columns, rows = (torch.arange(n, dtype=heat.dtype) for n in (heat.shape[1], heat.shape[0]))
    return torch.stack([(weight.sum(0) * columns).sum(), (weight.sum(1) * rows).sum()])


mistake(
    "01.sharp_argmax",
    "x is the column and y the row: yours are exchanged",
    lambda heat, beta: _mean_place(heat, beta).flip(0),
)
mistake("01.sharp_argmax", "beta is not used", lambda heat, beta: _mean_place(heat, 1.0))
mistake(
    "01.sharp_argmax",
    "beta divides, but it should multiply: a larger one must sharpen",
    lambda heat, beta: _mean_place(heat, 1 / beta),
)
mistake(
    "01.sharp_argmax",
    "exp of a large number is infinite: subtract the largest entry first, or use torch's softmax, which does",
    lambda heat, beta: _mean_place(heat, beta, safe=False),
)
