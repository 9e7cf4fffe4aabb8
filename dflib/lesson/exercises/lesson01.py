"""Checks of lesson 01."""
import numpy as np

from dflib.lesson.checks import Wrong, call, exercise, same


@exercise("01.overlap")
def overlap(answer):
    """overlap(a (4,), b (4,)) -> intersection over union of two boxes x0 y0 x1 y1."""
    same(call(answer, np.array([0.0, 0, 4, 2]), np.array([0.0, 0, 4, 2])), 1.0, "for a box and itself the overlap")
    same(call(answer, np.array([0.0, 0, 4, 2]), np.array([2.0, 0, 6, 2])), 1 / 3, "for two boxes that share half the overlap")
    same(call(answer, np.array([0.0, 0, 1, 1]), np.array([0.0, 3, 1, 4])), 0.0, "for boxes one above the other the overlap")
    same(call(answer, np.array([0.0, 0, 1, 1]), np.array([3.0, 3, 4, 4])), 0.0, "for boxes apart both ways the overlap")


@exercise("01.batch_error")
def batch_error(answer):
    """batch_error(found (B,68,2), true (B,68,2)) -> (B,): mean distance over the true distance from point 36 to 45."""
    random = np.random.default_rng(0)
    true = random.uniform(0, 100, (3, 68, 2))
    true[:, 36], true[:, 45] = (30, 40), [(80, 40), (40, 40), (30, 140)]       # eye distances 50, 10 and 100 px
    same(call(answer, true, true), np.zeros(3), "for perfect points the errors")
    same(call(answer, true + (3, 4), true), [0.1, 0.5, 0.05], "for points that are all 5 px off the errors")
    found = true + random.normal(size=true.shape)
    distance = np.linalg.norm(found - true, axis=2).mean(1)
    same(call(answer, found, true), distance / [50, 10, 100], "for noisy points the errors")


@exercise("01.sharp_argmax")
def sharp_argmax(answer):
    """sharp_argmax(heat (H,W), beta) -> (x, y): the mean column and row under softmax(beta · heat)."""
    peak = np.zeros((6, 9))
    peak[2, 7] = 1.0
    same(call(answer, np.zeros((6, 9)), 3.0), [4, 2.5], "for a flat map the mean")
    same(call(answer, peak, 100.0), [7, 2], "for a peak at column 7 and row 2, sharpened by 100, the mean")
    same(call(answer, peak, 5000.0), [7, 2], "for a beta of 5000 (subtract the largest before exp) the mean")
    heat = np.random.default_rng(1).normal(size=(5, 8))
    weight = np.exp(2 * heat) / np.exp(2 * heat).sum()
    same(call(answer, heat, 2.0), [(weight.sum(0) * np.arange(8)).sum(), (weight.sum(1) * np.arange(5)).sum()], "the mean")


@exercise("01.align_two")
def align_two(answer):
    """align_two(source (2,2), target (2,2)) -> (2,3): the similarity that maps two points exactly onto two others."""
    source = np.array([[0.0, 0], [4, 0]])
    same(call(answer, source, source), [[1, 0, 0], [0, 1, 0]], "for two equal pairs the matrix")
    same(call(answer, source, source + (5, -1)), [[1, 0, 5], [0, 1, -1]], "for a shift by (5, -1) the matrix")
    quarter = call(answer, source, np.array([[0.0, 0], [0, 8]]))
    if np.allclose(quarter, [[0, 2, 0], [-2, 0, 0]]):
        raise Wrong("your rotation turns the other way: (4, 0) must land on (0, 8)")
    same(quarter, [[0, -2, 0], [2, 0, 0]], "for a quarter turn and twice the size the matrix")
    random = np.random.default_rng(2)
    source, target = random.normal(size=(2, 2, 2))
    matrix = np.asarray(call(answer, source, target), float)
    same(source @ matrix[:, :2].T + matrix[:, 2], target, "for two random pairs, your matrix applied to the source")
    same(matrix[:, :2], [[matrix[0, 0], -matrix[1, 0]], [matrix[1, 0], matrix[0, 0]]], "scale times rotation in your matrix")


@exercise("01.invert")
def invert(answer):
    """invert(matrix (2,3)) -> (2,3): the affine map that undoes it, needed to paste a crop back."""
    same(call(answer, np.array([[1.0, 0, 5], [0, 1, -2]])), [[1, 0, -5], [0, 1, 2]], "for a plain shift the inverse")
    same(call(answer, np.array([[2.0, 0, 6], [0, 2, 8]])), [[0.5, 0, -3], [0, 0.5, -4]], "for twice the size and a shift the inverse")
    matrix = np.random.default_rng(3).normal(size=(2, 3))
    same(call(answer, matrix), np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2], "the inverse")
