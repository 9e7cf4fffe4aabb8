"""Solutions of lesson 01."""
import numpy as np
import torch


def overlap(a, b):
    """Intersection over union of boxes a (4,) and b (4,), each x0 y0 x1 y1."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area - width * height)


def heat_loss(logits, target):
    """Cross-entropy of heat maps (B, N, H, W), before their softmax, to distributions of the same shape."""
    return -(target.flatten(2) * logits.flatten(2).log_softmax(dim=2)).sum(dim=2).mean()


def similarity(source, target):
    """The (2, 3) matrix [sR | t] that maps source points (N, 2) onto target points (N, 2) with the least squared error."""
    source_mean, target_mean = source.mean(0), target.mean(0)
    p, q = source - source_mean, target - target_mean
    U, D, Vt = np.linalg.svd(q.T @ p / len(p))                  # numpy returns V transposed
    S = np.array([1.0, np.sign(np.linalg.det(U @ Vt))])         # guard against a reflection
    R = U @ np.diag(S) @ Vt
    s = (D * S).sum() / (p ** 2).sum(1).mean()
    t = target_mean - s * R @ source_mean
    return np.concatenate([s * R, t[:, None]], axis=1)


def invert(matrix):
    """The (2, 3) affine map that undoes matrix (2, 3): p = A^-1 q - A^-1 t."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.concatenate([linear, -linear @ matrix[:, 2:]], axis=1)


def sharp_argmax(heat, beta):
    """Position (x, y) in cells, (2,), of a heat map (H, W) under softmax(beta · heat)."""
    weight = (beta * heat).flatten().softmax(0).view_as(heat)
    rows, columns = (torch.arange(n, dtype=heat.dtype) for n in heat.shape)
    return torch.stack([(weight.sum(0) * columns).sum(), (weight.sum(1) * rows).sum()])


SOLUTIONS = {"01.overlap": overlap, "01.heat_loss": heat_loss, "01.similarity": similarity, "01.invert": invert,
             "01.sharp_argmax": sharp_argmax}
