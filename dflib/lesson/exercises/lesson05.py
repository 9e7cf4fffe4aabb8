"""Checks of lesson 05."""
import numpy as np

from dflib.lesson.checks import Wrong, call, exercise, same


@exercise("05.pixel_shuffle")
def pixel_shuffle(answer):
    """pixel_shuffle(x (4C,H,W)) -> (C,2H,2W): channel 4c + 2i + j goes to row 2y + i and column 2x + j."""
    same(call(answer, np.arange(4.0).reshape(4, 1, 1)), [[[0, 1], [2, 3]]], "for channels 0, 1, 2, 3 of one pixel the picture")
    x = np.random.default_rng(0).integers(0, 100, (12, 2, 3)).astype(float)
    wanted = x.reshape(3, 2, 2, 2, 3).transpose(0, 3, 1, 4, 2).reshape(3, 4, 6)
    same(call(answer, x), wanted, "for 12 channels of 2 x 3 pixels the picture")


@exercise("05.align_codes")
def align_codes(answer):
    """align_codes(codes (B,D)) -> (B,D): mean 0 and standard deviation 1 in every column."""
    same(call(answer, np.array([[1.0, 10], [3, 30]])), [[-1, -1], [1, 1]], "for codes (1, 10) and (3, 30) the aligned codes", 1e-3)
    codes = np.random.default_rng(1).normal(3, 7, (50, 4))
    same(call(answer, codes), (codes - codes.mean(0)) / codes.std(0), "for 50 random codes the aligned codes", 1e-3)
    with np.errstate(all="ignore"):
        flat = np.asarray(call(answer, np.ones((5, 2))), float)
    if not np.isfinite(flat).all():
        raise Wrong("for a column that never changes you divide 0 by 0: add a small number under the root")
    same(flat, np.zeros((5, 2)), "for a column that never changes the aligned codes")


@exercise("05.ssim")
def ssim(answer):
    """ssim(a (N,), b (N,)) -> number: of one window, pixels from 0 to 1, c1 = 0.01², c2 = 0.03²."""
    def truth(a, b):
        cov = ((a - a.mean()) * (b - b.mean())).mean()
        return ((2 * a.mean() * b.mean() + 1e-4) * (2 * cov + 9e-4)
                / ((a.mean() ** 2 + b.mean() ** 2 + 1e-4) * (a.var() + b.var() + 9e-4)))

    random = np.random.default_rng(2)
    a, b = random.random(49), random.random(49)
    same(call(answer, a, a), 1.0, "for equal windows the similarity")
    same(call(answer, a, 1 - a), truth(a, 1 - a), "for a window and its negative the similarity")
    same(call(answer, a, 0.5 * a), truth(a, 0.5 * a), "for a window and its half the similarity")
    same(call(answer, a, b), truth(a, b), "for two random windows the similarity")


@exercise("05.similarity")
def similarity(answer):
    """similarity(z (N,), w (N,) complex) -> (a, b): the least-squares w = a z + b."""
    z = np.array([0, 1, 1 + 1j, 1j])

    def parts(found):
        a, b = found
        return [np.real(a), np.imag(a), np.real(b), np.imag(b)]

    same(parts(call(answer, z, z + 2 + 3j)), [1, 0, 2, 3], "for a shift by 2 + 3i, (Re a, Im a, Re b, Im b)")
    same(parts(call(answer, z, 2j * z)), [0, 2, 0, 0], "for a quarter turn and a zoom by 2, (Re a, Im a, Re b, Im b)")
    random = np.random.default_rng(3)
    z, w = (random.normal(size=9) + 1j * random.normal(size=9) for _ in range(2))
    a, b = np.linalg.lstsq(np.stack([z, np.ones(9)], 1), w, rcond=None)[0]
    same(parts(call(answer, z, w)), parts((a, b)), "for nine random pairs, (Re a, Im a, Re b, Im b)")
