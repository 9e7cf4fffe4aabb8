"""Checks of lesson 00."""

import numpy as np

from dflib.lesson.checks import call, exercise, mistake, same


@exercise("00.psnr_unit", "warm-up")
def psnr_unit(answer):
    """psnr_unit(u, v): PSNR in dB of arrays in [-1, 1], whose range is 2."""
    u = np.zeros((4, 4, 3))
    same(call(answer, u, u + 0.2), 20.0, "for a difference of 0.2 everywhere the PSNR")
    random = np.random.default_rng(1)
    u, v = random.uniform(-1, 1, (2, 8, 8, 3))
    same(call(answer, u, v), 10 * np.log10(4 / np.mean((u - v) ** 2)), "the PSNR")


mistake(
    "00.psnr_unit",
    "that is the PSNR of bytes: the largest possible difference is here not 255",
    lambda u, v: 10 * np.log10(255**2 / np.mean((u - v) ** 2)),
)
mistake(
    "00.psnr_unit",
    "from -1 to 1 the largest possible difference is 2, not 1",
    lambda u, v: 10 * np.log10(1 / np.mean((u - v) ** 2)),
)
mistake("00.psnr_unit", "the range is 2, but it enters squared", lambda u, v: 10 * np.log10(2 / np.mean((u - v) ** 2)))
mistake(
    "00.psnr_unit",
    "a decibel is a tenth of a bel: log10, not the natural logarithm",
    lambda u, v: 10 * np.log(4 / np.mean((u - v) ** 2)),
)


@exercise("00.blend", "core")
def blend(answer):
    """blend(mean (V,3), modes (K,V,3), weights (K,)) -> (V,3): the linear head model, mean + sum of weighted modes."""
    random = np.random.default_rng(0)
    mean, modes = random.normal(size=(5, 3)), random.normal(size=(4, 5, 3))
    same(call(answer, mean, modes, np.zeros(4)), mean, "with all weights zero, your head")
    weights = random.normal(size=4)
    same(call(answer, mean, modes, weights), mean + np.einsum("k,kvc->vc", weights, modes), "your head")


mistake(
    "00.blend",
    "the mean head is missing: the modes only say how a head differs from it",
    lambda mean, modes, weights: np.tensordot(weights, modes, 1),
)
mistake(
    "00.blend",
    "the modes are added as they are: multiply each by its weight first",
    lambda mean, modes, weights: mean + modes.sum(0),
)
mistake(
    "00.blend",
    "only the first mode is used: sum over all of them",
    lambda mean, modes, weights: mean + weights[0] * modes[0],
)
mistake(
    "00.blend",
    "the loop returns too early or starts anew each time: only the last mode is added",
    lambda mean, modes, weights: mean + weights[-1] * modes[-1],
)


@exercise("00.yaw_matrix", "core")
def yaw_matrix(answer):
    """yaw_matrix(degrees) -> (3,3): rotation about y; positive yaw moves the nose (along +z) towards larger x."""
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    same(call(answer, 30.0), [[c, 0, s], [0, 1, 0], [-s, 0, c]], "the matrix for 30 degrees")
    same(call(answer, 0.0), np.eye(3), "the matrix for 0 degrees")
    nose = np.asarray(call(answer, 90.0), float) @ [0.0, 0.0, 1.0]
    same(nose, [1, 0, 0], "at 90 degrees the nose")


def _turned(angle, axis=1, sign=1.0):
    """A rotation about one of the three axes by an angle in radians."""
    matrix = np.eye(3)
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[b, a], matrix[a, b] = sign * np.sin(angle), -sign * np.sin(angle)
    return matrix


mistake("00.yaw_matrix", "numpy's sine takes radians, and you are given degrees", lambda degrees: _turned(degrees))
mistake(
    "00.yaw_matrix",
    "it turns the other way: a positive yaw moves the nose, along +z, towards larger x",
    lambda degrees: _turned(np.radians(degrees), sign=-1.0),
)
mistake(
    "00.yaw_matrix",
    "that turns about x, which is a nod: yaw turns about y",
    lambda degrees: _turned(np.radians(degrees), axis=0),
)
mistake(
    "00.yaw_matrix",
    "that turns about z, which is a roll: yaw turns about y",
    lambda degrees: _turned(np.radians(degrees), axis=2),
)


@exercise("00.nose_to_ear", "stretch")
def nose_to_ear(answer):
    """nose_to_ear(z_nose, z_ear, distance): ratio of the magnifications of a pinhole camera at depths distance - z."""
    same(call(answer, 10.0, -1.0, 30.0), 31 / 20, "for a camera at 30 cm the ratio")
    same(call(answer, 10.0, -1.0, 200.0), 201 / 190, "for a camera at 2 m the ratio")
    same(call(answer, 5.0, 5.0, 60.0), 1.0, "for equal depths the ratio")


mistake(
    "00.nose_to_ear",
    "upside down: the nose is nearer, so a centimetre of it appears larger, and the ratio is above 1",
    lambda z_nose, z_ear, distance: (distance - z_nose) / (distance - z_ear),
)
mistake(
    "00.nose_to_ear",
    "what counts is the distance from the camera, D - z, not z itself",
    lambda z_nose, z_ear, distance: z_nose / z_ear,
)
mistake(
    "00.nose_to_ear",
    "the camera is at +D on the same axis: the distance is D - z, not D + z",
    lambda z_nose, z_ear, distance: (distance + z_ear) / (distance + z_nose),
)
mistake(
    "00.nose_to_ear",
    "lengths shrink with the distance, areas with its square: here a length is asked for",
    lambda z_nose, z_ear, distance: ((distance - z_ear) / (distance - z_nose)) ** 2,
)
