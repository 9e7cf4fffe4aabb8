"""Checks of lesson 00."""
import numpy as np

from dflib.lesson.checks import Wrong, call, exercise, same


@exercise("00.blend")
def blend(answer):
    """blend(mean (V,3), modes (K,V,3), weights (K,)) -> (V,3): the linear head model, mean + sum of weighted modes."""
    random = np.random.default_rng(0)
    mean, modes = random.normal(size=(5, 3)), random.normal(size=(4, 5, 3))
    same(call(answer, mean, modes, np.zeros(4)), mean, "with all weights zero, your head")
    weights = random.normal(size=4)
    same(call(answer, mean, modes, weights), mean + np.einsum("k,kvc->vc", weights, modes), "your head")


@exercise("00.yaw_matrix")
def yaw_matrix(answer):
    """yaw_matrix(degrees) -> (3,3): rotation about y; positive yaw moves the nose (along +z) towards larger x."""
    same(call(answer, 0.0), np.eye(3), "the matrix for 0 degrees")
    nose = np.asarray(call(answer, 90.0), float) @ [0.0, 0.0, 1.0]
    if np.allclose(nose, [-1, 0, 0], atol=1e-6):
        raise Wrong("at 90 degrees your nose points towards smaller x: turn the other way")
    same(nose, [1, 0, 0], "at 90 degrees the nose")
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    same(call(answer, 30.0), [[c, 0, s], [0, 1, 0], [-s, 0, c]], "the matrix for 30 degrees")


@exercise("00.nose_to_ear")
def nose_to_ear(answer):
    """nose_to_ear(z_nose, z_ear, distance): ratio of the magnifications of a pinhole camera at depths distance - z."""
    same(call(answer, 5.0, 5.0, 60.0), 1.0, "for equal depths the ratio")
    same(call(answer, 10.0, -1.0, 30.0), 31 / 20, "for a camera at 30 cm the ratio")
    same(call(answer, 10.0, -1.0, 200.0), 201 / 190, "for a camera at 2 m the ratio")


@exercise("00.psnr_unit")
def psnr_unit(answer):
    """psnr_unit(u, v): PSNR in dB of arrays in [-1, 1], whose range is 2."""
    u = np.zeros((4, 4, 3))
    same(call(answer, u, u + 0.2), 20.0, "for a difference of 0.2 everywhere the PSNR")
    random = np.random.default_rng(1)
    u, v = random.uniform(-1, 1, (2, 8, 8, 3))
    same(call(answer, u, v), 10 * np.log10(4 / np.mean((u - v) ** 2)), "the PSNR")
