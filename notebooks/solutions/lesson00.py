"""Solutions of lesson 00."""
import numpy as np
import torch


def blend(mean, modes, weights):
    """Tensors mean (V, 3), modes (K, V, 3), weights (B, K) -> heads (B, V, 3)."""
    return mean + torch.einsum("bk,kvc->bvc", weights, modes)


def yaw_matrix(degrees):
    """The (3,3) rotation about the y axis by an angle in degrees."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def nose_to_ear(z_nose, z_ear, distance):
    """A centimetre at depth q appears f / (distance - q) pixels large; the focal length f cancels."""
    return (distance - z_ear) / (distance - z_nose)


def psnr_unit(u, v):
    """PSNR in dB of two arrays in [-1, 1]: the range is 2, so its square is 4."""
    return 10 * np.log10(4 / np.mean((u - v) ** 2))


def camera_distance(ratio, z_nose, z_ear):
    """From r = (D - z_ear) / (D - z_nose); as r tends to 1 the divisor tends to 0, and a small error of r counts much."""
    return (ratio * z_nose - z_ear) / (ratio - 1)


SOLUTIONS = {"00.psnr_unit": psnr_unit, "00.nose_to_ear": nose_to_ear, "00.blend": blend, "00.yaw_matrix": yaw_matrix,
             "00.camera_distance": camera_distance}
