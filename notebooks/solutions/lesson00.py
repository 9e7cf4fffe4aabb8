"""Solutions of lesson 00, and wrong answers that its checks must recognise."""
import numpy as np


def blend(mean, modes, weights):
    """mean (V,3), modes (K,V,3), weights (K,) -> (V,3)."""
    head = mean.copy()
    for weight, mode in zip(weights, modes):
        head += weight * mode
    return head


def blend_without_mean(mean, modes, weights):
    return np.tensordot(weights, modes, axes=1)


def blend_unweighted(mean, modes, weights):
    return mean + modes.sum(axis=0)


def blend_only_first(mean, modes, weights):
    return mean + weights[0] * modes[0]


def yaw_matrix(degrees):
    """The (3,3) rotation about the y axis by an angle in degrees."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def yaw_in_radians(degrees):
    c, s = np.cos(degrees), np.sin(degrees)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def yaw_the_other_way(degrees):
    return yaw_matrix(degrees).T


def nose_to_ear(z_nose, z_ear, distance):
    """A centimetre at depth q appears f / (distance - q) pixels large; the focal length f cancels."""
    return (distance - z_ear) / (distance - z_nose)


def nose_to_ear_inverted(z_nose, z_ear, distance):
    return (distance - z_nose) / (distance - z_ear)


def nose_to_ear_without_distance(z_nose, z_ear, distance):
    return z_nose / z_ear


def psnr_unit(u, v):
    """PSNR in dB of two arrays in [-1, 1]: the range is 2, so its square is 4."""
    return 10 * np.log10(4 / np.mean((u - v) ** 2))


def psnr_of_bytes(u, v):
    return 10 * np.log10(255 ** 2 / np.mean((u - v) ** 2))


def psnr_of_range_one(u, v):
    return 10 * np.log10(1 / np.mean((u - v) ** 2))


SOLUTIONS = {"00.blend": blend, "00.yaw_matrix": yaw_matrix, "00.nose_to_ear": nose_to_ear, "00.psnr_unit": psnr_unit}
WRONG_ANSWERS = {"00.blend": [blend_without_mean, blend_unweighted, blend_only_first],
                 "00.yaw_matrix": [yaw_in_radians, yaw_the_other_way],
                 "00.nose_to_ear": [nose_to_ear_inverted, nose_to_ear_without_distance],
                 "00.psnr_unit": [psnr_of_bytes, psnr_of_range_one]}
