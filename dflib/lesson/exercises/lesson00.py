"""Checks of lesson 00."""

import numpy as np

from dflib.lesson.checks import Wrong, as_tensor, call, call_unchanged, exercise, mistake, no_loop, same


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


@exercise("00.nose_to_ear", "warm-up")
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


@exercise("00.blend", "core")
def blend(answer):
    """blend(mean (V,3), modes (K,V,3), weights (B,K)) -> (B,V,3), tensors: the linear head model for B heads, without a loop."""
    import torch

    random = torch.Generator().manual_seed(0)
    mean, modes = (torch.randn(shape, generator=random) for shape in ((5, 3), (4, 5, 3)))
    weights = torch.randn(2, 4, generator=random)
    heads = as_tensor(call_unchanged(answer, mean, modes, weights), "your heads")
    same(heads, mean + torch.einsum("bk,kvc->bvc", weights, modes), "your heads", 1e-5)
    same(call(answer, mean, modes, 0 * weights), mean.expand(2, 5, 3), "with all weights zero, your heads")
    weights.requires_grad_(True)
    if not as_tensor(answer(mean, modes, weights)).requires_grad:
        raise Wrong("the heads are right, but no gradient reaches the weights: stay with torch from beginning to end")
    no_loop(answer)


def _heads(mean, modes, weights, used=slice(None)):
    return mean + (weights[:, used, None, None] * modes[used]).sum(1)


mistake(
    "00.blend",
    "the mean head is missing: the modes only say how a head differs from it",
    lambda mean, modes, weights: _heads(0 * mean, modes, weights),
)
mistake(
    "00.blend",
    "the modes are added as they are: multiply each by its weight first",
    lambda mean, modes, weights: _heads(mean, modes, 0 * weights + 1),
)
mistake(
    "00.blend",
    "the mean is added once for every mode: add it after the sum",
    lambda mean, modes, weights: _heads(len(modes) * mean, modes, weights),
)
mistake(
    "00.blend",
    "every head has the weights of the first: the batch is the first axis of the weights",
    lambda mean, modes, weights: _heads(mean, modes, weights[:1].expand(len(weights), -1)),
)
mistake(
    "00.blend",
    "that is one head, with the weights of all heads added up: keep the first axis of the weights",
    lambda mean, modes, weights: _heads(mean, modes, weights.sum(0, keepdim=True))[0],
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


@exercise("00.camera_distance", "stretch")
def camera_distance(answer):
    """camera_distance(ratio, z_nose, z_ear): the D at which `nose_to_ear` gives the ratio."""
    same(call(answer, 31 / 20, 10.0, -1.0), 30.0, "for a ratio of 1.55 between depths 10 and -1 the distance")
    same(call(answer, 201 / 190, 10.0, -1.0), 200.0, "for a ratio of 1.058 between depths 10 and -1 the distance", 1e-5)
    same(call(answer, np.array([1.2, 2.0]), 8.0, 2.0), [38.0, 14.0], "for two ratios at once the distances")


mistake(
    "00.camera_distance",
    "that is the distance from the nose to the camera: D is counted from the origin, so add z_nose",
    lambda ratio, z_nose, z_ear: (z_nose - z_ear) / (ratio - 1),
)
mistake(
    "00.camera_distance",
    "nose and ear are exchanged: solve r = (D - z_ear) / (D - z_nose)",
    lambda ratio, z_nose, z_ear: (ratio * z_ear - z_nose) / (ratio - 1),
)
mistake(
    "00.camera_distance",
    "the sign is turned over: a camera behind the head sees no nose",
    lambda ratio, z_nose, z_ear: (ratio * z_nose - z_ear) / (1 - ratio),
)
mistake(
    "00.camera_distance",
    "lengths shrink with the distance, areas with its square: no root is needed",
    lambda ratio, z_nose, z_ear: (np.sqrt(ratio) * z_nose - z_ear) / (np.sqrt(ratio) - 1),
)
