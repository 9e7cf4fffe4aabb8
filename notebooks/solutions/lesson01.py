"""Solutions of lesson 01, and wrong answers that its checks must recognise."""
import numpy as np


def overlap(a, b):
    """Intersection over union of boxes a (4,) and b (4,), each x0 y0 x1 y1."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area - width * height)


def overlap_of_boxes_apart(a, b):        # two negative lengths make a positive area
    shared = (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (area - shared)


def overlap_over_sum(a, b):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return width * height / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]))


def batch_error(found, true):
    """found, true (B, 68, 2) -> errors (B,), as fractions of the outer-eye-corner distance."""
    distance = np.linalg.norm(found - true, axis=2).mean(axis=1)
    return distance / np.linalg.norm(true[:, 36] - true[:, 45], axis=1)


def batch_error_of_squares(found, true):
    return np.sqrt(((found - true) ** 2).sum(2).mean(1)) / np.linalg.norm(true[:, 36] - true[:, 45], axis=1)


def batch_error_over_one_eye(found, true):
    return np.linalg.norm(found - true, axis=2).mean(axis=1) / np.linalg.norm(true[0, 36] - true[0, 45])


def sharp_argmax(heat, beta):
    """Position (x, y) in cells of a heat map (H, W) under softmax(beta · heat)."""
    weight = np.exp(beta * (heat - heat.max()))
    weight /= weight.sum()
    return np.array([(weight.sum(axis=0) * np.arange(heat.shape[1])).sum(),
                     (weight.sum(axis=1) * np.arange(heat.shape[0])).sum()])


def sharp_argmax_row_first(heat, beta):
    return sharp_argmax(heat, beta)[::-1]


def sharp_argmax_without_beta(heat, beta):
    return sharp_argmax(heat, 1.0)


def sharp_argmax_divided(heat, beta):
    return sharp_argmax(heat, 1.0 / beta)


def align_two(source, target):
    """In complex numbers a similarity is z -> a z + b, and two points determine a and b."""
    (p, q), (u, v) = source @ [1, 1j], target @ [1, 1j]
    a = (v - u) / (q - p)
    b = u - a * p
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align_two_mirrored(source, target):
    matrix = align_two(source, target)
    matrix[0, 1], matrix[1, 0] = -matrix[0, 1], -matrix[1, 0]
    return matrix


def align_two_without_shift(source, target):
    matrix = align_two(source, target)
    matrix[:, 2] = 0
    return matrix


def invert(matrix):
    """The (2, 3) affine map that undoes matrix (2, 3): p = A^-1 q - A^-1 t."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.concatenate([linear, -linear @ matrix[:, 2:]], axis=1)


def invert_by_negating_the_shift(matrix):
    return np.concatenate([np.linalg.inv(matrix[:, :2]), -matrix[:, 2:]], axis=1)


def invert_by_transposing(matrix):
    linear = matrix[:, :2].T
    return np.concatenate([linear, -linear @ matrix[:, 2:]], axis=1)


SOLUTIONS = {"01.overlap": overlap, "01.batch_error": batch_error, "01.sharp_argmax": sharp_argmax, "01.align_two": align_two,
             "01.invert": invert}
WRONG_ANSWERS = {
    "01.overlap": [overlap_of_boxes_apart, overlap_over_sum],
    "01.batch_error": [batch_error_of_squares, batch_error_over_one_eye],
    "01.sharp_argmax": [sharp_argmax_row_first, sharp_argmax_without_beta, sharp_argmax_divided],
    "01.align_two": [align_two_mirrored, align_two_without_shift],
    "01.invert": [invert_by_negating_the_shift, invert_by_transposing],
}
