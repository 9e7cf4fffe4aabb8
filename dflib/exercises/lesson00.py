"""Checks of lesson 00."""
import numpy as np

from dflib.exercises import call, exercise, same


@exercise("00.blend")
def blend(answer):
    """blend(mean (V,3), modes (K,V,3), weights (K,)) -> (V,3): the linear head model, mean + sum of weighted modes."""
    random = np.random.default_rng(0)
    mean, modes = random.normal(size=(5, 3)), random.normal(size=(4, 5, 3))
    same(call(answer, mean, modes, np.zeros(4)), mean, "with all weights zero, your head")
    weights = random.normal(size=4)
    same(call(answer, mean, modes, weights), mean + np.einsum("k,kvc->vc", weights, modes), "your head")
