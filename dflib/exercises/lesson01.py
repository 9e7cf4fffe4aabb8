"""Checks of lesson 01."""
import numpy as np

from dflib.exercises import Wrong, call, exercise, same


@exercise("01.overlap")
def overlap(answer):
    """overlap(a (4,), b (4,)) -> intersection over union of two boxes x0 y0 x1 y1."""
    same(call(answer, np.array([0.0, 0, 4, 2]), np.array([0.0, 0, 4, 2])), 1.0, "for a box and itself the overlap")
    same(call(answer, np.array([0.0, 0, 4, 2]), np.array([2.0, 0, 6, 2])), 1 / 3, "for two boxes that share half the overlap")
    same(call(answer, np.array([0.0, 0, 1, 1]), np.array([0.0, 3, 1, 4])), 0.0, "for boxes one above the other the overlap")
    same(call(answer, np.array([0.0, 0, 1, 1]), np.array([3.0, 3, 4, 4])), 0.0, "for boxes apart both ways the overlap")


@exercise("01.landmark_error")
def landmark_error(answer):
    """landmark_error(found (68,2), truth (68,2)): mean distance in per cent of the true distance from point 36 to 45."""
    random = np.random.default_rng(0)
    truth = random.uniform(0, 100, (68, 2))
    truth[36], truth[45] = (30, 40), (80, 40)
    same(call(answer, truth, truth), 0.0, "for perfect points the error")
    same(call(answer, truth + (3, 4), truth), 10.0, "for points that are all 5 px off at an eye distance of 50 px the error")
    found = truth + random.normal(size=(68, 2))
    same(call(answer, found, truth), 2 * np.linalg.norm(found - truth, axis=1).mean(), "for noisy points the error")


@exercise("01.soft_argmax")
def soft_argmax(answer):
    """soft_argmax(logits (H,W)) -> (x, y): the mean column and row under the softmax of all cells."""
    peak = np.zeros((6, 9))
    peak[2, 7] = 50.0
    same(call(answer, peak), [7, 2], "for one sharp peak at column 7 and row 2 the mean")
    same(call(answer, np.zeros((6, 9))), [4, 2.5], "for a flat map the mean")
    same(call(answer, peak * 20), [7, 2], "for logits of 1000 (subtract the largest before exp) the mean")
    logits = np.random.default_rng(1).normal(size=(5, 8))
    heat = np.exp(logits) / np.exp(logits).sum()
    same(call(answer, logits), [(heat.sum(0) * np.arange(8)).sum(), (heat.sum(1) * np.arange(5)).sum()], "the mean")


@exercise("01.similarity")
def similarity(answer):
    """similarity(src (N,2), dst (N,2)) -> (2,3): Umeyama's least-squares similarity."""
    from dflib.faces import similarity as reference

    src = np.array([[0.0, 0], [4, 0], [4, 2], [1, 3]])
    same(call(answer, src, src), [[1, 0, 0], [0, 1, 0]], "for two equal sets the matrix")
    same(call(answer, src, 2 * src + (5, -1)), [[2, 0, 5], [0, 2, -1]], "for twice the set, moved by (5, -1), the matrix")
    same(call(answer, src, src @ np.array([[0.0, 1], [-1, 0]])), [[0, -1, 0], [1, 0, 0]], "for a quarter turn the matrix")
    random = np.random.default_rng(2)
    dst = 3 * src + random.normal(size=src.shape)
    same(call(answer, src, dst), reference(src, dst), "for noisy points the matrix")
    mirrored = src * (-1, 1)
    found = np.asarray(call(answer, src, mirrored), float)
    if found.shape == (2, 3) and np.linalg.det(found[:, :2]) < 0:
        raise Wrong("for a mirrored set your matrix mirrors too: a similarity must not (Umeyama's S)")
    same(found, reference(src, mirrored), "for a mirrored set the matrix")


@exercise("01.invert")
def invert(answer):
    """invert(matrix (2,3)) -> (2,3): the affine map that undoes it, needed to paste a crop back."""
    same(call(answer, np.array([[1.0, 0, 5], [0, 1, -2]])), [[1, 0, -5], [0, 1, 2]], "for a plain shift the inverse")
    same(call(answer, np.array([[2.0, 0, 6], [0, 2, 8]])), [[0.5, 0, -3], [0, 0.5, -4]], "for twice the size and a shift the inverse")
    matrix = np.random.default_rng(3).normal(size=(2, 3))
    same(call(answer, matrix), np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2], "the inverse")
