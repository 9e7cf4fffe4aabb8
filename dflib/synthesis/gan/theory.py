"""Goodfellow's theorems by numerical integration, for densities p and q given as numbers on an evenly spaced grid x.

Goodfellow et al. 2014 (https://arxiv.org/abs/1406.2661), section 4.
"""
from __future__ import annotations

import math

import numpy as np


def gaussian(x, mean: float = 0.0, deviation: float = 1.0) -> np.ndarray:
    """Density of N(mean, deviation²) at x."""
    return np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))


def optimal_discriminator(p, q) -> np.ndarray:
    """p / (p + q): the probability of "real" that is best against a fixed generator (proposition 1)."""
    return p / (p + q)


def game_value(logit, p, q, x) -> float:
    """V(D, G) = E_p[log D] + E_q[log(1 - D)] in nats; logit of D and densities at x. The best logit is log(p / q)."""
    return float(np.trapezoid(-p * np.logaddexp(0, -logit) - q * np.logaddexp(0, logit), x))


def kullback_leibler(p, q, x) -> float:
    """KL(p || q) = E_p[log p / q] in nats: not symmetric, and infinite where p is and q is not."""
    with np.errstate(divide="ignore"):
        return float(np.trapezoid(_times_log(p, p) - _times_log(p, q), x))


def jensen_shannon(p, q, x) -> float:
    """The mean KL of p and of q to their middle, in nats: 0 for equal densities, log 2 for densities that share no point."""
    middle = (p + q) / 2
    return (kullback_leibler(p, middle, x) + kullback_leibler(q, middle, x)) / 2


def wasserstein(p, q, x) -> float:
    """Wasserstein-1 distance, in units of x: how far the mass of q is carried on average until it lies as p does.

    On a line it is the area between the two cumulative distributions.
    """
    below_p, below_q = (np.cumsum(density) * (x[1] - x[0]) for density in (p, q))
    return float(np.trapezoid(np.abs(below_p - below_q), x))


def mean_gradients(logit, q, x) -> tuple[float, float]:
    """Derivatives of the minimax and of the non-saturating loss by the mean of q, for a discriminator that stands still.

    logit, q: at x. A sample of q moves with the mean, so the chain rule gives E_q[dloss/dlogit · dlogit/dx].
    """
    slope, probability = np.gradient(logit, x), np.exp(-np.logaddexp(0, -logit))
    return tuple(float(np.trapezoid(-q * factor * slope, x)) for factor in (probability, 1 - probability))


def _times_log(weight, value):
    """weight · log(value), and 0 where the weight is 0."""
    return weight * np.log(np.where(weight > 0, value, 1.0))
