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


def jensen_shannon(p, q, x) -> float:
    """Jensen-Shannon divergence in nats: 0 for equal densities, log 2 for densities that share no point."""
    middle = (p + q) / 2
    entropies = _times_log(p, p) - _times_log(p, middle) + _times_log(q, q) - _times_log(q, middle)
    return float(np.trapezoid(entropies, x)) / 2


def _times_log(weight, value):
    """weight · log(value), and 0 where the weight is 0."""
    return weight * np.log(np.where(weight > 0, value, 1.0))
