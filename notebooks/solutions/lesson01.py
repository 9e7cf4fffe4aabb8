"""Solutions of lesson 01, and wrong answers that its checks must recognise."""
import numpy as np


def overlap(a, b):
    """Intersection over union of boxes x0 y0 x1 y1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (area - shared)


def overlap_without_clipping(a, b):
    shared = (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def overlap_over_the_sum(a, b):
    shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]))


def landmark_error(found, truth):
    """Mean distance in per cent of the distance between the outer eye corners."""
    return 100 * np.linalg.norm(found - truth, axis=1).mean() / np.linalg.norm(truth[45] - truth[36])


def landmark_error_by_inner_corners(found, truth):
    return 100 * np.linalg.norm(found - truth, axis=1).mean() / np.linalg.norm(truth[42] - truth[39])


def landmark_error_root_mean_square(found, truth):
    return 100 * np.sqrt(((found - truth) ** 2).sum(axis=1).mean()) / np.linalg.norm(truth[45] - truth[36])


def landmark_error_as_a_share(found, truth):
    return landmark_error(found, truth) / 100


def soft_argmax(logits):
    """Mean (column, row) under the softmax of a map (H, W)."""
    heat = np.exp(logits - logits.max())
    heat /= heat.sum()
    return np.array([(heat.sum(axis=0) * np.arange(heat.shape[1])).sum(), (heat.sum(axis=1) * np.arange(heat.shape[0])).sum()])


def soft_argmax_row_first(logits):
    return soft_argmax(logits)[::-1]


def soft_argmax_hard(logits):
    row, column = np.unravel_index(logits.argmax(), logits.shape)
    return np.array([column, row])


def soft_argmax_that_overflows(logits):
    heat = np.exp(logits) / np.exp(logits).sum()
    return np.array([(heat.sum(axis=0) * np.arange(heat.shape[1])).sum(), (heat.sum(axis=1) * np.arange(heat.shape[0])).sum()])


def similarity(src, dst):
    """Umeyama 1991: scale · rotation and translation (2, 3) that take src (N, 2) closest to dst (N, 2)."""
    src_mean, dst_mean = src.mean(axis=0), dst.mean(axis=0)
    a, b = src - src_mean, dst - dst_mean
    u, d, vh = np.linalg.svd(b.T @ a / len(src))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vh))])
    rotation = u @ np.diag(sign) @ vh
    scale = (d * sign).sum() / a.var(axis=0).sum()
    return np.column_stack([scale * rotation, dst_mean - scale * rotation @ src_mean])


def similarity_that_mirrors(src, dst):
    src_mean, dst_mean = src.mean(axis=0), dst.mean(axis=0)
    a, b = src - src_mean, dst - dst_mean
    u, d, vh = np.linalg.svd(b.T @ a / len(src))
    linear = u @ vh * d.sum() / a.var(axis=0).sum()
    return np.column_stack([linear, dst_mean - linear @ src_mean])


def similarity_with_v_for_vh(src, dst):
    src_mean, dst_mean = src.mean(axis=0), dst.mean(axis=0)
    a, b = src - src_mean, dst - dst_mean
    u, d, vh = np.linalg.svd(b.T @ a / len(src))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vh))])
    linear = u @ np.diag(sign) @ vh.T * (d * sign).sum() / a.var(axis=0).sum()
    return np.column_stack([linear, dst_mean - linear @ src_mean])


def similarity_that_forgets_the_translation(src, dst):
    matrix = similarity(src, dst)
    matrix[:, 2] = dst.mean(axis=0) - src.mean(axis=0)
    return matrix


def invert(matrix):
    """The affine map (2, 3) that undoes ``matrix`` (2, 3)."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def invert_by_negating_the_shift(matrix):
    return np.column_stack([np.linalg.inv(matrix[:, :2]), -matrix[:, 2]])


def invert_by_transposing(matrix):
    return np.column_stack([matrix[:, :2].T, -matrix[:, :2].T @ matrix[:, 2]])


SOLUTIONS = {"01.overlap": overlap, "01.landmark_error": landmark_error, "01.soft_argmax": soft_argmax,
             "01.similarity": similarity, "01.invert": invert}
WRONG_ANSWERS = {"01.overlap": [overlap_without_clipping, overlap_over_the_sum],
                 "01.landmark_error": [landmark_error_by_inner_corners, landmark_error_root_mean_square,
                                       landmark_error_as_a_share],
                 "01.soft_argmax": [soft_argmax_row_first, soft_argmax_hard, soft_argmax_that_overflows],
                 "01.similarity": [similarity_that_mirrors, similarity_with_v_for_vh,
                                   similarity_that_forgets_the_translation],
                 "01.invert": [invert_by_negating_the_shift, invert_by_transposing]}
