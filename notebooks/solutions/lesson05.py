"""Solutions of lesson 05."""
import numpy as np


def pixel_shuffle(x):
    """x (4C, H, W) -> (C, 2H, 2W)."""
    channels, height, width = x.shape
    blocks = x.reshape(channels // 4, 2, 2, height, width)              # c, i, j, y, x
    return blocks.transpose(0, 3, 1, 4, 2).reshape(channels // 4, 2 * height, 2 * width)


def align_codes(codes):
    """codes (B, D) -> (B, D): mean 0 and standard deviation 1 in every column."""
    return (codes - codes.mean(0)) / np.sqrt(codes.var(0) + 1e-5)


def ssim(a, b):
    """a, b (N,) from 0 to 1 -> the SSIM of one window."""
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    covariance = ((a - a.mean()) * (b - b.mean())).mean()
    return ((2 * a.mean() * b.mean() + c1) * (2 * covariance + c2)
            / ((a.mean() ** 2 + b.mean() ** 2 + c1) * (a.var() + b.var() + c2)))


def similarity(z, w):
    """z, w (N,) complex -> (a, b) that minimise the sum of |a z + b - w|²."""
    centred = z - z.mean()
    a = (centred.conj() * (w - w.mean())).sum() / (np.abs(centred) ** 2).sum()
    return a, w.mean() - a * z.mean()


SOLUTIONS = {"05.pixel_shuffle": pixel_shuffle, "05.align_codes": align_codes, "05.ssim": ssim, "05.similarity": similarity}
