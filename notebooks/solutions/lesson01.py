"""Solutions of lesson 01."""
import numpy as np


def overlap(a, b):
    """Intersection over union of boxes a (4,) and b (4,), each x0 y0 x1 y1."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area - width * height)


def batch_error(found, true):
    """found, true (B, 68, 2) -> errors (B,), as fractions of the outer-eye-corner distance."""
    distance = np.linalg.norm(found - true, axis=2).mean(axis=1)
    return distance / np.linalg.norm(true[:, 36] - true[:, 45], axis=1)


def sharp_argmax(heat, beta):
    """Position (x, y) in cells of a heat map (H, W) under softmax(beta · heat)."""
    weight = np.exp(beta * (heat - heat.max()))
    weight /= weight.sum()
    return np.array([(weight.sum(axis=0) * np.arange(heat.shape[1])).sum(),
                     (weight.sum(axis=1) * np.arange(heat.shape[0])).sum()])


def align_two(source, target):
    """In complex numbers a similarity is z -> a z + b, and two points determine a and b."""
    (p, q), (u, v) = source @ [1, 1j], target @ [1, 1j]
    a = (v - u) / (q - p)
    b = u - a * p
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def invert(matrix):
    """The (2, 3) affine map that undoes matrix (2, 3): p = A^-1 q - A^-1 t."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.concatenate([linear, -linear @ matrix[:, 2:]], axis=1)


SOLUTIONS = {"01.overlap": overlap, "01.batch_error": batch_error, "01.sharp_argmax": sharp_argmax, "01.align_two": align_two,
             "01.invert": invert}
