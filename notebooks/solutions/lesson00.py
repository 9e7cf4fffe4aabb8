"""Solutions of lesson 00, and wrong answers that its checks must recognise."""
import numpy as np


def blend(mean, modes, weights):
    """mean (V,3), modes (K,V,3), weights (K,) -> (V,3)."""
    return mean + np.tensordot(weights, modes, axes=1)


def blend_without_mean(mean, modes, weights):
    return np.tensordot(weights, modes, axes=1)


def blend_unweighted(mean, modes, weights):
    return mean + modes.sum(axis=0)


def blend_only_first(mean, modes, weights):
    return mean + weights[0] * modes[0]


SOLUTIONS = {"00.blend": blend}
WRONG_ANSWERS = {"00.blend": [blend_without_mean, blend_unweighted, blend_only_first]}
