"""Checks of lesson 02."""

import numpy as np

from dflib.lesson.checks import call, exercise, mistake, same


def _sigmoid(logit):
    return 1 / (1 + np.exp(-logit))


@exercise("02.density_ratio", "warm-up")
def density_ratio(answer):
    """density_ratio(logit (N,)) -> p / q (N,), which the best discriminator knows."""
    logits = np.log([0.25, 3.0, 40.0])
    same(call(answer, logits), [0.25, 3.0, 40.0], "for D = 0.2, 0.75 and 40/41, p / q")
    same(call(answer, np.zeros(2)), np.ones(2), "where D is one half, p / q")


mistake("02.density_ratio", "that is D itself: p / q is D / (1 - D)", _sigmoid)
mistake("02.density_ratio", "that is q / p: a positive logit means more likely real", lambda logit: np.exp(-logit))
mistake("02.density_ratio", "that is log (p / q), the logit itself: undo the logarithm", lambda logit: logit)


@exercise("02.jensen_shannon", "core")
def jensen_shannon(answer):
    """jensen_shannon(p (N,), q (N,)) -> nats, for probabilities that sum to 1 and may be 0."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.1, 0.8])
    same(call(answer, p, q), 0.1953106, "for p = (0.5, 0.3, 0.2) and q = (0.1, 0.1, 0.8) the divergence", 1e-5)
    same(call(answer, np.array([0.2, 0.8]), np.array([0.2, 0.8])), 0.0, "for two equal distributions the divergence")
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = call(answer, np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    same(apart, np.log(2), "for distributions that share nothing the divergence, in nats,")
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.0, 0.6, 0.3])
    same(call(answer, p, q), 0.3330448, "for p = (0.5, 0.3, 0.2, 0), q = (0.1, 0, 0.6, 0.3) the divergence", 1e-5)


def _relative_entropy(p, q):
    some = p > 0
    return (p[some] * np.log(p[some] / q[some])).sum()


def _jensen_shannon(p, q):
    return (_relative_entropy(p, (p + q) / 2) + _relative_entropy(q, (p + q) / 2)) / 2


mistake(
    "02.jensen_shannon", "that is in bits: take the natural logarithm", lambda p, q: _jensen_shannon(p, q) / np.log(2)
)
mistake(
    "02.jensen_shannon",
    "the two relative entropies are to be averaged, not added",
    lambda p, q: 2 * _jensen_shannon(p, q),
)
mistake(
    "02.jensen_shannon",
    "where p or q is 0, 0 · log 0 counts as 0, but yours is nan",
    lambda p, q: (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))).sum() / 2,
)
mistake(
    "02.jensen_shannon",
    "that is the mean of KL(p|q) and KL(q|p): compare each with the middle (p + q) / 2 instead",
    lambda p, q: (_relative_entropy(p, q) + _relative_entropy(q, p)) / 2,
)
mistake("02.jensen_shannon", "that is KL(p|q), which is not symmetric", _relative_entropy)


@exercise("02.logit_gradient", "core")
def logit_gradient(answer):
    """logit_gradient(logit (N,)) -> (2, N): derivative by the logit of log(1 - D) and of -log D."""
    logits = np.array([-8.0, -1.0, 2.0])
    d = _sigmoid(logits)
    same(call(answer, logits), [-d, d - 1], "at logits -8, -1 and 2 the two derivatives")
    same(call(answer, np.zeros(1)), [[-0.5], [-0.5]], "at D = 1/2 the two derivatives")


mistake(
    "02.logit_gradient",
    "the rows are exchanged: log(1 - D) comes first",
    lambda logit: np.stack([_sigmoid(logit) - 1, -_sigmoid(logit)]),
)
mistake(
    "02.logit_gradient",
    "those are derivatives by D: the chain rule multiplies them by dD/dlogit = D (1 - D)",
    lambda logit: np.stack([-1 / (1 - _sigmoid(logit)), -1 / _sigmoid(logit)]),
)
mistake(
    "02.logit_gradient",
    "both signs are wrong: each loss falls as the logit rises",
    lambda logit: np.stack([_sigmoid(logit), 1 - _sigmoid(logit)]),
)
mistake(
    "02.logit_gradient",
    "the second loss is -log D: its derivative is negative as well",
    lambda logit: np.stack([-_sigmoid(logit), 1 - _sigmoid(logit)]),
)


@exercise("02.r1", "stretch")
def r1(answer):
    """r1(A (2,2), x (N,2), gamma) -> the penalty of a discriminator with logit x' A x, A symmetric."""
    random = np.random.default_rng(0)
    matrix, points = random.normal(size=(2, 2)), random.normal(size=(5, 2))
    matrix = matrix + matrix.T
    same(
        call(answer, matrix, points, 0.1),
        0.05 * (4 * (points @ matrix) ** 2).sum(1).mean(),
        "for a random A and gamma 0.1 the penalty",
    )
    points = np.array([[1.0, 0.0], [0.0, 2.0]])
    same(call(answer, np.eye(2), points, 2.0), 10.0, "for the logit |x|² at (1, 0) and (0, 2) with gamma 2 the penalty")


mistake(
    "02.r1",
    "the gradient's length enters squared",
    lambda A, x, gamma: gamma / 2 * np.sqrt(((2 * x @ A) ** 2).sum(1)).mean(),
)
mistake(
    "02.r1",
    "the gradient of x'Ax is 2Ax: the 2 is missing",
    lambda A, x, gamma: gamma / 2 * ((x @ A) ** 2).sum(1).mean(),
)
mistake(
    "02.r1",
    "a squared length is the sum over the coordinates, not their mean: only the points are averaged",
    lambda A, x, gamma: gamma / 2 * ((2 * x @ A) ** 2).mean(),
)
mistake(
    "02.r1",
    "the penalty is the mean over the points, not their sum",
    lambda A, x, gamma: gamma / 2 * ((2 * x @ A) ** 2).sum(),
)
mistake("02.r1", "half of gamma is what multiplies", lambda A, x, gamma: gamma * ((2 * x @ A) ** 2).sum(1).mean())
