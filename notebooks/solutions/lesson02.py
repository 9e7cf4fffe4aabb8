"""Solutions of lesson 02.

The last exercise, which has no check; 1,600 steps, seed 0, medians over the last half of a game (modes, good samples):

    good                      8, 79 %               bad                       2, 62 %, swinging
    good, with momentum 0.9   6, 32 %               bad, without momentum     2, 99 %: collapsed, and stays so
    good, without R1          8, 85 %               bad, with R1              8, 53 %
    good, rate 0.01           8, 87 %               bad, rate 0.001           5, 55 %
    good, five steps of D     8, 75 %               bad, one step of D        2, 17 %
    slow play, neither momentum off nor R1: 0, 0 %

No single value of bad brings the collapse back; momentum costs most. R1 alone repairs the coverage of bad, and slow play
without either cure is no cure: R1 and no momentum are, rate and steps were bad manners.
"""
import numpy as np


def _relative_entropy(p, q):
    some = p > 0
    return (p[some] * np.log(p[some] / q[some])).sum()


def jensen_shannon(p, q):
    """In nats, of probabilities p (N,) and q (N,): the mean relative entropy to their middle."""
    middle = (p + q) / 2
    return (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2


def density_ratio(logit):
    """D = p / (p + q), so p / q = D / (1 - D) = exp(logit)."""
    return np.exp(logit)


def logit_gradient(logit):
    """d/dl of log(1 - D) = -softplus(l) is -D; of -log D = softplus(-l) it is D - 1."""
    d = 1 / (1 + np.exp(-logit))
    return np.stack([-d, d - 1])


def r1(A, x, gamma):
    """The gradient of x' A x is 2 A x for a symmetric A."""
    return gamma / 2 * ((2 * x @ A) ** 2).sum(axis=1).mean()


SOLUTIONS = {"02.jensen_shannon": jensen_shannon, "02.density_ratio": density_ratio,
             "02.logit_gradient": logit_gradient, "02.r1": r1}
