"""Co-occurrences of residuals with a linear SVM: the handcrafted detector of the FaceForensics++ comparison.

Fridrich and Kodovsky 2012, "Rich models for steganalysis of digital images"
(https://doi.org/10.1109/TIFS.2012.2190402); with this one of their models Cozzolino et al. won the first IEEE image
forensics challenge. A picture is foretold from
its neighbours; what is left over is noise, and how four neighbouring values of that noise go together differs between a
camera, a codec and a network.

1. Residual along a line:  r_i = x_i − 3 x_{i+1} + 3 x_{i+2} − x_{i+3}, the third difference: 0 on any parabola.
2. Quantised and clipped:  q_i = round(r_i / STEP) clipped to −1, 0, 1.
3. Counted: how often each of the 3⁴ = 81 words (q_i, q_{i+1}, q_{i+2}, q_{i+3}) occurs, as a share.
"""
import numba
import numpy as np
import torch
from torch import Tensor, nn

from dflib.forensics.detector import Detector, central, gray

#: Gray levels that a residual is divided by: the rich models' smallest, the filter's largest coefficient. It is odd, so
#: no residual of whole levels lies half-way between two values.
STEP = 3
WORDS = 81                  # 3 values in 4 places
SHORTEST = 7                # pixels: the line that holds one word


def cooccurrences(gray: np.ndarray) -> np.ndarray:
    """(H, W) uint8 grey -> (162,) float64: 81 shares along rows, then 81 along columns, each 81 summing to 1.

    Word (a, b, c, d) of values −1, 0, 1, in the order of reading, is entry 27 (a + 1) + 9 (b + 1) + 3 (c + 1) + d + 1.
    ValueError for anything but a grey picture of 7 x 7 pixels or more.
    """
    if not isinstance(gray, np.ndarray) or gray.dtype != np.uint8 or gray.ndim != 2 or min(gray.shape) < SHORTEST:
        found = f"{gray.dtype} {gray.shape}" if isinstance(gray, np.ndarray) else type(gray).__name__
        raise ValueError(f"Co-occurrences need a grey picture (H, W) of uint8, 7 x 7 pixels or more, not {found}.")
    return np.concatenate([_shares(gray.astype(int)), _shares(gray.astype(int).T)])


def _shares(x: np.ndarray) -> np.ndarray:
    """(H, W) levels -> (81,): how often each word occurs along the rows."""
    residual = x[:, :-3] - 3 * x[:, 1:-2] + 3 * x[:, 2:-1] - x[:, 3:]               # (H, W - 3)
    value = np.clip(np.rint(residual / STEP), -1, 1).astype(int) + 1                # 0, 1, 2
    word = 27 * value[:, :-3] + 9 * value[:, 1:-2] + 3 * value[:, 2:-1] + value[:, 3:]      # (H, W - 6)
    return np.bincount(word.ravel(), minlength=WORDS) / word.size


def features(grays: np.ndarray) -> np.ndarray:
    """`cooccurrences` of each of (N, H, W) uint8 -> (N, 162) float64: the same numbers, eight times as fast."""
    if len(grays) == 0:
        return np.zeros((0, 2 * WORDS))
    cooccurrences(grays[0])         # complains of a wrong shape or type
    rows, columns = (_counts(np.ascontiguousarray(pictures)) for pictures in (grays.transpose(0, 2, 1), grays))
    return np.concatenate([counts / counts[0].sum() for counts in (rows, columns)], axis=1)


@numba.njit(cache=True)
def _counts(grays):
    """(N, H, W) uint8 -> (N, 81): how many of each word run down the columns.

    Down, because what lies side by side in memory is then independent and is done several at once. Four tables are
    counted into in turn: increments of one entry would wait for each other.
    """
    n, height, width = grays.shape
    counts = np.zeros((n, 81), np.int64)
    values, words = np.empty((height - 3) * width, np.uint8), np.empty((height - 6) * width, np.uint8)
    tables = np.empty((4, 81), np.int64)
    v1, v2, v3 = values[width:], values[2 * width:], values[3 * width:]         # one, two and three pixels further down
    for k in range(n):
        x = grays[k].ravel()
        x1, x2, x3 = x[width:], x[2 * width:], x[3 * width:]
        for i in range(len(values)):
            residual = np.int16(x[i]) - np.int16(3) * np.int16(x1[i]) + np.int16(3) * np.int16(x2[i]) - np.int16(x3[i])
            values[i] = np.uint8(residual > 1) + np.uint8(residual >= -1)       # round(r / 3) is 0 from -1 to 1
        for i in range(len(words)):
            words[i] = np.uint8(27) * values[i] + np.uint8(9) * v1[i] + np.uint8(3) * v2[i] + v3[i]
        tables[:] = 0
        for i in range(len(words) // 4):
            for t in range(4):
                tables[t, words[4 * i + t]] += 1
        for i in range(len(words) - len(words) % 4, len(words)):
            tables[0, words[i]] += 1
        counts[k] = tables.sum(axis=0)
    return counts


class CooccurrenceSVM(Detector):
    """Co-occurrences of the central 128 x 128 grey pixels, and scikit-learn's linear support vector machine.

    `fit` first; its distance from the plane becomes the logit of "fake". Input: features (N, 162).
    """

    native = True

    def __init__(self, classes: int = 2, size: int = 128):
        if classes != 2:
            raise ValueError(f"A support vector machine tells two classes apart, not {classes}.")
        super().__init__(size, classes)
        self.plane = nn.Linear(2 * WORDS, 1, dtype=torch.float64).requires_grad_(False)    # fitted, not trained
        nn.init.zeros_(self.plane.weight)
        nn.init.zeros_(self.plane.bias)

    def prepare(self, crops: np.ndarray) -> Tensor:
        return torch.from_numpy(features(gray(central(crops, self.size))))

    def fit(self, crops: np.ndarray, labels: np.ndarray, penalty: float = 1.0) -> "CooccurrenceSVM":
        """Fit to crops (N, S, S, 3) uint8 with labels (N,), 1 = fake; `penalty` is scikit-learn's C.

        Each share is standardised first, classes count the same. ValueError when there is but one class.
        """
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import LinearSVC

        seen = self.prepare(crops).numpy()
        if len(np.unique(labels)) != 2:
            raise ValueError("A support vector machine needs real faces and fakes to learn from.")
        scaler = StandardScaler().fit(seen)
        machine = LinearSVC(C=penalty, class_weight="balanced", dual=False, max_iter=10_000)
        machine.fit(scaler.transform(seen), np.asarray(labels))
        weight = machine.coef_[0] / scaler.scale_           # the scaling goes into the plane
        self.plane.weight.copy_(torch.from_numpy(weight)[None])
        self.plane.bias.copy_(torch.from_numpy(machine.intercept_ - weight @ scaler.mean_))
        return self

    def forward(self, x: Tensor) -> Tensor:
        distance = self.plane(x.to(self.plane.weight))                                      # (N, 1), above 0: fake
        return torch.cat([torch.zeros_like(distance), distance], dim=1)
