"""Checks of lesson 05."""

import numpy as np

from dflib.lesson.checks import call, exercise, mistake, same


def _ssim(a, b, c1=1e-4, c2=9e-4, ddof=0, covariance=None):
    covariance = ((a - a.mean()) * (b - b.mean())).sum() / (len(a) - ddof) if covariance is None else covariance
    return (
        (2 * a.mean() * b.mean() + c1)
        * (2 * covariance + c2)
        / ((a.mean() ** 2 + b.mean() ** 2 + c1) * (a.var(ddof=ddof) + b.var(ddof=ddof) + c2))
    )


@exercise("05.ssim", "warm-up")
def ssim(answer):
    """ssim(a (N,), b (N,)) -> number: of one window, pixels from 0 to 1, c1 = 0.01², c2 = 0.03²."""
    random = np.random.default_rng(2)
    a, b = random.random(49), random.random(49)
    same(call(answer, a, 0.5 * a), _ssim(a, 0.5 * a), "for a window and its half the similarity")
    same(call(answer, a, b), _ssim(a, b), "for two random windows the similarity")
    same(call(answer, a, 1 - a), _ssim(a, 1 - a), "for a window and its negative the similarity")
    same(call(answer, a, a), 1.0, "for equal windows the similarity")


mistake(
    "05.ssim",
    "that is the correlation, which does not see that one window is darker or of less contrast",
    lambda a, b: np.corrcoef(a, b)[0, 1],
)
mistake("05.ssim", "the two constants are missing", lambda a, b: _ssim(a, b, 0, 0))
mistake(
    "05.ssim",
    "the product of the standard deviations is not the covariance: it cannot be negative",
    lambda a, b: _ssim(a, b, covariance=a.std() * b.std()),
)
mistake(
    "05.ssim",
    "variance and covariance are of the population: divide by N, not by N - 1",
    lambda a, b: _ssim(a, b, ddof=1),
)
mistake("05.ssim", "the constants are squares: 0.01² and 0.03²", lambda a, b: _ssim(a, b, 0.01, 0.03))


@exercise("05.pixel_shuffle", "core")
def pixel_shuffle(answer):
    """pixel_shuffle(x (4C,H,W)) -> (C,2H,2W): channel 4c + 2i + j goes to row 2y + i and column 2x + j."""
    x = np.random.default_rng(0).integers(0, 100, (12, 2, 3)).astype(float)
    wanted = x.reshape(3, 2, 2, 2, 3).transpose(0, 3, 1, 4, 2).reshape(3, 4, 6)
    same(call(answer, x), wanted, "for 12 channels of 2 x 3 pixels the picture")
    same(
        call(answer, np.arange(4.0).reshape(4, 1, 1)),
        [[[0, 1], [2, 3]]],
        "for channels 0, 1, 2, 3 of one pixel the picture",
    )


def _shuffled(x, split, order):
    channels, height, width = x.shape
    return (
        x.reshape(*split(channels // 4), height, width).transpose(order).reshape(channels // 4, 2 * height, 2 * width)
    )


mistake(
    "05.pixel_shuffle",
    "rows and columns are exchanged: i, the slower of the two, belongs to the rows",
    lambda x: _shuffled(x, lambda c: (c, 2, 2), (0, 3, 2, 4, 1)),
)
mistake(
    "05.pixel_shuffle",
    "a reshape alone keeps the numbers in their order: the axes i and j have to move in between y and x",
    lambda x: x.reshape(x.shape[0] // 4, 2 * x.shape[1], 2 * x.shape[2]),
)
mistake(
    "05.pixel_shuffle",
    "every pixel is only repeated: three of four channels are thrown away",
    lambda x: x[::4].repeat(2, 1).repeat(2, 2),
)
mistake(
    "05.pixel_shuffle",
    "the four channels of one output channel are neighbours, 4c + 2i + j: yours lie C apart",
    lambda x: _shuffled(x, lambda c: (2, 2, c), (2, 3, 0, 4, 1)),
)


@exercise("05.align_codes", "core")
def align_codes(answer):
    """align_codes(codes (B,D)) -> (B,D): mean 0 and standard deviation 1 in every column."""
    codes = np.random.default_rng(1).normal(3, 7, (50, 4))
    same(call(answer, codes), (codes - codes.mean(0)) / codes.std(0), "for 50 random codes the aligned codes", 1e-3)
    same(
        call(answer, np.array([[1.0, 10], [3, 30]])),
        [[-1, -1], [1, 1]],
        "for codes (1, 10) and (3, 30) the aligned codes",
        1e-3,
    )
    with np.errstate(all="ignore"):
        same(call(answer, np.ones((5, 2))), np.zeros((5, 2)), "for a column that never changes the aligned codes")


mistake(
    "05.align_codes",
    "each code is aligned by itself: mean and variance are taken over the batch, for every dimension",
    lambda codes: (codes - codes.mean(1, keepdims=True)) / np.sqrt(codes.var(1, keepdims=True) + 1e-5),
)
mistake(
    "05.align_codes",
    "one mean and one variance for all dimensions: every dimension has its own",
    lambda codes: (codes - codes.mean()) / np.sqrt(codes.var() + 1e-5),
)
mistake(
    "05.align_codes",
    "only the mean is taken off: divide by the standard deviation too",
    lambda codes: codes - codes.mean(0),
)
mistake(
    "05.align_codes",
    "divide by the root of the variance",
    lambda codes: (codes - codes.mean(0)) / (codes.var(0) + 1e-5),
)
mistake(
    "05.align_codes",
    "for a column that never changes you divide 0 by 0: add a small number under the root",
    lambda codes: (codes - codes.mean(0)) / codes.std(0),
)


@exercise("05.similarity", "stretch")
def similarity(answer):
    """similarity(z (N,), w (N,) complex) -> (a, b): the least-squares w = a z + b."""

    def parts(found):
        a, b = found
        return [np.real(a), np.imag(a), np.real(b), np.imag(b)]

    random = np.random.default_rng(3)
    z, w = (random.normal(size=9) + 1j * random.normal(size=9) for _ in range(2))
    a, b = np.linalg.lstsq(np.stack([z, np.ones(9)], 1), w, rcond=None)[0]
    same(parts(call(answer, z, w)), parts((a, b)), "for nine random pairs, (Re a, Im a, Re b, Im b)")
    z = np.array([0, 1, 1 + 1j, 1j])
    same(parts(call(answer, z, z + 2 + 3j)), [1, 0, 2, 3], "for a shift by 2 + 3i, (Re a, Im a, Re b, Im b)")
    same(parts(call(answer, z, 2j * z)), [0, 2, 0, 0], "for a quarter turn and a zoom by 2, (Re a, Im a, Re b, Im b)")


def _fitted(z, w, conjugate=np.conj, centre=np.mean):
    u, v = z - centre(z), w - centre(w)
    a = (conjugate(u) * v).sum() / (np.abs(u) ** 2).sum()
    return a, w.mean() - a * z.mean()


mistake(
    "05.similarity",
    "nothing is conjugated: conj(z) belongs in the sum above",
    lambda z, w: _fitted(z, w, conjugate=lambda u: u),
)
mistake(
    "05.similarity",
    "w is conjugated instead of z: that turns the other way",
    lambda z, w: (_fitted(z, w)[0].conjugate(), w.mean() - _fitted(z, w)[0].conjugate() * z.mean()),
)
mistake(
    "05.similarity",
    "take the means off first, or the shift disturbs the turn",
    lambda z, w: _fitted(z, w, centre=lambda u: 0),
)
mistake(
    "05.similarity",
    "two pairs alone decide yours: all of them should count",
    lambda z, w: ((w[1] - w[0]) / (z[1] - z[0]), w[0] - (w[1] - w[0]) / (z[1] - z[0]) * z[0]),
)
