"""Checks of lesson 01."""

import numpy as np

from dflib.lesson.checks import call, exercise, mistake, same


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


@exercise("01.batch_error", "warm-up")
def batch_error(answer):
    """batch_error(found (B,68,2), true (B,68,2)) -> (B,): mean distance over the true distance from point 36 to 45."""
    random = np.random.default_rng(0)
    true = random.uniform(0, 100, (3, 68, 2))
    true[:, 36], true[:, 45] = (30, 40), [(80, 40), (40, 40), (30, 140)]  # eye distances 50, 10 and 100 px
    same(call(answer, true, true), np.zeros(3), "for perfect points the errors")
    found = true + random.normal(size=true.shape)
    distance = np.linalg.norm(found - true, axis=2).mean(1)
    same(call(answer, found, true), distance / [50, 10, 100], "for noisy points the errors")
    same(call(answer, true + (3, 4), true), [0.1, 0.5, 0.05], "for points that are all 5 px off the errors")


def _eyes(points):
    return np.linalg.norm(points[:, 36] - points[:, 45], axis=1)


mistake(
    "01.batch_error",
    "the mean of the distances is asked for, not the root of the mean square",
    lambda found, true: np.sqrt(((found - true) ** 2).sum(2).mean(1)) / _eyes(true),
)
mistake(
    "01.batch_error",
    "every face is divided by the eye distance of the first one",
    lambda found, true: np.linalg.norm(found - true, axis=2).mean(1) / _eyes(true)[0],
)
mistake(
    "01.batch_error",
    "divide by the eye distance of the true points, not of the found ones",
    lambda found, true: np.linalg.norm(found - true, axis=2).mean(1) / _eyes(found),
)
mistake(
    "01.batch_error",
    "these are pixels: divide by the distance from point 36 to point 45",
    lambda found, true: np.linalg.norm(found - true, axis=2).mean(1),
)
mistake(
    "01.batch_error",
    "one number came out for the whole batch: keep the first axis",
    lambda found, true: (np.linalg.norm(found - true, axis=2).mean(1) / _eyes(true)).mean(),
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


@exercise("01.align_two", "core")
def align_two(answer):
    """align_two(source (2,2), target (2,2)) -> (2,3): the similarity that maps two points exactly onto two others."""
    source = np.array([[0.0, 0], [4, 0]])
    same(
        call(answer, source + 1, np.array([[0.0, 0], [0, 8]])),
        [[0, -2, 2], [2, 0, -2]],
        "for a shift, a quarter turn and twice the size the matrix",
    )
    same(call(answer, source, source), [[1, 0, 0], [0, 1, 0]], "for two equal pairs the matrix")
    same(call(answer, source, source + (5, -1)), [[1, 0, 5], [0, 1, -1]], "for a shift by (5, -1) the matrix")
    random = np.random.default_rng(2)
    source, target = random.normal(size=(2, 2, 2))
    matrix = np.asarray(call(answer, source, target), float)
    same(source @ matrix[:, :2].T + matrix[:, 2], target, "for two random pairs, your matrix applied to the source")
    same(
        matrix[:, :2],
        [[matrix[0, 0], -matrix[1, 0]], [matrix[1, 0], matrix[0, 0]]],
        "scale times rotation in your matrix",
    )


def _aligned(source, target, turn=1.0, unit=False, about_mean=False):
    """z -> a z + b in complex numbers; `turn` -1 turns the other way, `unit` forgets the scale."""
    (p, q), (u, v) = (points @ [1, 1j] for points in (source, target))
    a = (v - u) / (q - p)
    a = a / abs(a) if unit else a
    a = a if turn > 0 else a.conjugate()
    b = 0 if about_mean else u - a * p
    return np.array([[a.real, -a.imag, np.real(b)], [a.imag, a.real, np.imag(b)]])


mistake("01.align_two", "your rotation turns the other way", lambda s, t: _aligned(s, t, turn=-1.0))
mistake(
    "01.align_two",
    "the shift is missing, or is taken before the turn: t = q - s R p",
    lambda s, t: _aligned(s, t, about_mean=True),
)
mistake(
    "01.align_two",
    "the scale is missing: the two target points are farther apart, or nearer, than the source points",
    lambda s, t: _aligned(s, t, unit=True),
)


@exercise("01.sharp_argmax", "stretch")
def sharp_argmax(answer):
    """sharp_argmax(heat (H,W), beta) -> (x, y): the mean column and row under softmax(beta · heat)."""
    heat = np.random.default_rng(1).normal(size=(5, 8))
    weight = np.exp(2 * heat) / np.exp(2 * heat).sum()
    same(
        call(answer, heat, 2.0),
        [(weight.sum(0) * np.arange(8)).sum(), (weight.sum(1) * np.arange(5)).sum()],
        "the mean",
    )
    peak = np.zeros((6, 9))
    peak[2, 7] = 1.0
    same(call(answer, np.zeros((6, 9)), 3.0), [4, 2.5], "for a flat map the mean")
    same(call(answer, peak, 100.0), [7, 2], "for a peak at column 7 and row 2, sharpened by 100, the mean")
    with np.errstate(all="ignore"):
        same(call(answer, peak, 5000.0), [7, 2], "for a beta of 5000 (subtract the largest before exp) the mean")


def _mean_place(heat, beta, safe=True):
    weight = np.exp(beta * (heat - (heat.max() if safe else 0)))
    weight = weight / weight.sum()
    return np.array(
        [(weight.sum(0) * np.arange(heat.shape[1])).sum(), (weight.sum(1) * np.arange(heat.shape[0])).sum()]
    )


mistake(
    "01.sharp_argmax",
    "x is the column and y the row: yours are exchanged",
    lambda heat, beta: _mean_place(heat, beta)[::-1],
)
mistake("01.sharp_argmax", "beta is not used", lambda heat, beta: _mean_place(heat, 1.0))
mistake(
    "01.sharp_argmax",
    "beta divides, but it should multiply: a larger one must sharpen",
    lambda heat, beta: _mean_place(heat, 1 / beta),
)
mistake(
    "01.sharp_argmax",
    "exp of a large number is infinite: subtract the largest entry first, which changes no softmax",
    lambda heat, beta: _mean_place(heat, beta, safe=False),
)
