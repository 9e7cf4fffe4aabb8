"""Solutions of lesson 05, and wrong answers that its checks must recognise."""
import numpy as np


def pixel_shuffle(x):
    """x (4C, H, W) -> (C, 2H, 2W)."""
    channels, height, width = x.shape
    blocks = x.reshape(channels // 4, 2, 2, height, width)              # c, i, j, y, x
    return blocks.transpose(0, 3, 1, 4, 2).reshape(channels // 4, 2 * height, 2 * width)


def pixel_shuffle_transposed(x):
    channels, height, width = x.shape
    return x.reshape(channels // 4, 2, 2, height, width).transpose(0, 3, 2, 4, 1).reshape(channels // 4, 2 * height, 2 * width)


def pixel_shuffle_only_reshaped(x):
    return x.reshape(x.shape[0] // 4, 2 * x.shape[1], 2 * x.shape[2])


def pixel_shuffle_nearest(x):
    return x[::4].repeat(2, 1).repeat(2, 2)


def align_codes(codes):
    """codes (B, D) -> (B, D): mean 0 and standard deviation 1 in every column."""
    return (codes - codes.mean(0)) / np.sqrt(codes.var(0) + 1e-5)


def align_codes_by_row(codes):
    return (codes - codes.mean(1, keepdims=True)) / np.sqrt(codes.var(1, keepdims=True) + 1e-5)


def align_codes_without_epsilon(codes):
    return (codes - codes.mean(0)) / codes.std(0)


def align_codes_mean_only(codes):
    return codes - codes.mean(0)


def ssim(a, b):
    """a, b (N,) from 0 to 1 -> the SSIM of one window."""
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    covariance = ((a - a.mean()) * (b - b.mean())).mean()
    return ((2 * a.mean() * b.mean() + c1) * (2 * covariance + c2)
            / ((a.mean() ** 2 + b.mean() ** 2 + c1) * (a.var() + b.var() + c2)))


def ssim_is_correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


def ssim_without_constants(a, b):
    covariance = ((a - a.mean()) * (b - b.mean())).mean()
    return 4 * a.mean() * b.mean() * covariance / ((a.mean() ** 2 + b.mean() ** 2) * (a.var() + b.var()))


def ssim_of_variances(a, b):
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    return ((2 * a.mean() * b.mean() + c1) * (2 * a.std() * b.std() + c2)
            / ((a.mean() ** 2 + b.mean() ** 2 + c1) * (a.var() + b.var() + c2)))


def similarity(z, w):
    """z, w (N,) complex -> (a, b) that minimise the sum of |a z + b - w|²."""
    centred = z - z.mean()
    a = (centred.conj() * (w - w.mean())).sum() / (np.abs(centred) ** 2).sum()
    return a, w.mean() - a * z.mean()


def similarity_without_conjugate(z, w):
    centred = z - z.mean()
    a = (centred * (w - w.mean())).sum() / (np.abs(centred) ** 2).sum()
    return a, w.mean() - a * z.mean()


def similarity_not_centred(z, w):
    a = (z.conj() * w).sum() / (np.abs(z) ** 2).sum()
    return a, w.mean() - a * z.mean()


def similarity_of_first_pair(z, w):
    a = (w[1] - w[0]) / (z[1] - z[0])
    return a, w[0] - a * z[0]


SOLUTIONS = {"05.pixel_shuffle": pixel_shuffle, "05.align_codes": align_codes, "05.ssim": ssim, "05.similarity": similarity}
WRONG_ANSWERS = {
    "05.pixel_shuffle": [pixel_shuffle_transposed, pixel_shuffle_only_reshaped, pixel_shuffle_nearest],
    "05.align_codes": [align_codes_by_row, align_codes_without_epsilon, align_codes_mean_only],
    "05.ssim": [ssim_is_correlation, ssim_without_constants, ssim_of_variances],
    "05.similarity": [similarity_without_conjugate, similarity_not_centred, similarity_of_first_pair],
}
