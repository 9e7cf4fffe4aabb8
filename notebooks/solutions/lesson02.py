"""Solutions of lesson 02, and wrong answers that its checks must recognise."""
import numpy as np


def _relative_entropy(p, q):
    some = p > 0
    return (p[some] * np.log(p[some] / q[some])).sum()


def jensen_shannon(p, q):
    """In nats, of probabilities p (N,) and q (N,): the mean relative entropy to their middle."""
    middle = (p + q) / 2
    return (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2


def jensen_shannon_in_bits(p, q):
    return jensen_shannon(p, q) / np.log(2)


def jensen_shannon_without_half(p, q):
    return 2 * jensen_shannon(p, q)


def jensen_shannon_nan_at_zero(p, q):
    middle = (p + q) / 2
    return float((p * np.log(p / middle) + q * np.log(q / middle)).sum() / 2)


def density_ratio(logit):
    """D = p / (p + q), so p / q = D / (1 - D) = exp(logit)."""
    return np.exp(logit)


def density_ratio_sigmoid(logit):
    return 1 / (1 + np.exp(-logit))


def density_ratio_upside_down(logit):
    return np.exp(-logit)


def logit_gradient(logit):
    """d/dl of log(1 - D) = -softplus(l) is -D; of -log D = softplus(-l) it is D - 1."""
    d = 1 / (1 + np.exp(-logit))
    return np.stack([-d, d - 1])


def logit_gradient_swapped(logit):
    return logit_gradient(logit)[::-1]


def logit_gradient_by_probability(logit):        # by D instead of the logit
    d = 1 / (1 + np.exp(-logit))
    return np.stack([-1 / (1 - d), -1 / d])


def r1(A, x, gamma):
    """The gradient of x' A x is 2 A x for a symmetric A."""
    return gamma / 2 * ((2 * x @ A) ** 2).sum(axis=1).mean()


def r1_of_lengths(A, x, gamma):
    return gamma / 2 * np.sqrt(((2 * x @ A) ** 2).sum(axis=1)).mean()


def r1_without_two(A, x, gamma):
    return gamma / 2 * ((x @ A) ** 2).sum(axis=1).mean()


def r1_mean_of_coordinates(A, x, gamma):
    return gamma / 2 * ((2 * x @ A) ** 2).mean()


SOLUTIONS = {"02.jensen_shannon": jensen_shannon, "02.density_ratio": density_ratio,
             "02.logit_gradient": logit_gradient, "02.r1": r1}
WRONG_ANSWERS = {
    "02.jensen_shannon": [jensen_shannon_in_bits, jensen_shannon_without_half, jensen_shannon_nan_at_zero],
    "02.density_ratio": [density_ratio_sigmoid, density_ratio_upside_down],
    "02.logit_gradient": [logit_gradient_swapped, logit_gradient_by_probability],
    "02.r1": [r1_of_lengths, r1_without_two, r1_mean_of_coordinates],
}
