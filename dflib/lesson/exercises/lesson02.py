"""Checks of lesson 02."""
import numpy as np

from dflib.lesson.checks import Wrong, call, exercise, same


@exercise("02.jensen_shannon")
def jensen_shannon(answer):
    """jensen_shannon(p (N,), q (N,)) -> nats, for probabilities that sum to 1 and may be 0."""
    same(call(answer, np.array([0.2, 0.8]), np.array([0.2, 0.8])), 0.0, "for two equal distributions the divergence")
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = call(answer, np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    if np.isscalar(apart) and np.isnan(apart):
        raise Wrong("where p or q is 0, 0 · log 0 counts as 0, but yours is nan")
    same(apart, np.log(2), "for distributions that share nothing the divergence, in nats,")
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.0, 0.6, 0.3])
    same(call(answer, p, q), 0.3330448, "for p = (0.5, 0.3, 0.2, 0), q = (0.1, 0, 0.6, 0.3) the divergence", 1e-5)


@exercise("02.density_ratio")
def density_ratio(answer):
    """density_ratio(logit (N,)) -> p / q (N,), which the best discriminator knows."""
    same(call(answer, np.zeros(2)), np.ones(2), "where D is one half, p / q")
    logits = np.log([0.25, 3.0, 40.0])
    same(call(answer, logits), [0.25, 3.0, 40.0], "for D = 0.2, 0.75 and 40/41, p / q")


@exercise("02.logit_gradient")
def logit_gradient(answer):
    """logit_gradient(logit (N,)) -> (2, N): derivative by the logit of log(1 - D) and of -log D."""
    same(call(answer, np.zeros(1)), [[-0.5], [-0.5]], "at D = 1/2 the two derivatives")
    logits = np.array([-8.0, -1.0, 2.0])
    d = 1 / (1 + np.exp(-logits))
    same(call(answer, logits), [-d, d - 1], "at logits -8, -1 and 2 the two derivatives")


@exercise("02.r1")
def r1(answer):
    """r1(A (2,2), x (N,2), gamma) -> the penalty of a discriminator with logit x' A x, A symmetric."""
    points = np.array([[1.0, 0.0], [0.0, 2.0]])
    same(call(answer, np.eye(2), points, 2.0), 10.0, "for the logit |x|² at (1, 0) and (0, 2) with gamma 2 the penalty")
    random = np.random.default_rng(0)
    matrix, points = random.normal(size=(2, 2)), random.normal(size=(5, 2))
    matrix = matrix + matrix.T
    same(call(answer, matrix, points, 0.1), 0.05 * (4 * (points @ matrix) ** 2).sum(1).mean(),
         "for a random A and gamma 0.1 the penalty")
