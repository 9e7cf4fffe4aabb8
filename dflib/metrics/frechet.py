"""Fréchet distance between two sets of pictures: how far apart Gaussians fitted to their features lie."""
from pathlib import Path

import numpy as np
import torch

from dflib.metrics.features import batches, eight_bit, face_features


class FeatureStatistics:
    """Mean (D,) and covariance (D, D), divided by N - 1, of features that come in batches, in float64.

    Batches are merged by Chan, Golub and LeVeque 1979 (STAN-CS-79-773): no sum of squares that would cancel.
    """

    def __init__(self):
        self.count = 0
        self.mean, self._scatter = 0., 0.       # scatter: sum of the outer products of the deviations from the mean

    def update(self, features) -> "FeatureStatistics":
        """Add a batch (B, D), an array or a tensor; returns itself."""
        x = np.asarray(features.detach().cpu() if torch.is_tensor(features) else features, np.float64)
        if x.ndim != 2 or not len(x):
            raise ValueError(f"Features must be (B, D) with at least one row, not {x.shape}.")
        mean, total = x.mean(axis=0), self.count + len(x)
        shift, deviations = mean - self.mean, x - mean
        self._scatter = self._scatter + deviations.T @ deviations + np.outer(shift, shift) * self.count * len(x) / total
        self.mean = self.mean + shift * len(x) / total
        self.count = total
        return self

    @property
    def covariance(self) -> np.ndarray:
        """(D, D); ValueError with fewer than two features."""
        if self.count < 2:
            raise ValueError(f"A covariance needs at least 2 pictures, not {self.count}.")
        return self._scatter / (self.count - 1)


@torch.no_grad()
def statistics_of(pictures, features=None) -> FeatureStatistics:
    """Statistics of the features of pictures, in one pass that keeps no features.

    pictures: as in `features.batches`, rounded to 8 bits first, or features (N, D) already, or FeatureStatistics, which
    are returned as they are. features: (B, 3, H, W) in [-1, 1] to (B, D), `face_features` by default.
    """
    if isinstance(pictures, FeatureStatistics):
        return pictures
    found = FeatureStatistics()
    if isinstance(pictures, (np.ndarray, torch.Tensor)) and pictures.ndim == 2:
        return found.update(pictures)
    for batch in batches(pictures):
        found.update((features or face_features)(eight_bit(batch)))
    return found


def frechet_distance(real, fake, features=None) -> float:
    """Fréchet distance between two sets; arguments as in `statistics_of`.

    With `inception_features(path)` it is the FID of Heusel et al. 2017 (https://arxiv.org/abs/1706.08500, eq. 6); in
    other features its numbers are not comparable with published ones. The default features know faces framed as
    `faces.align` does; for the wider pictures of lesson 03 take `synthesis.judges.portrait_features`. The distance is too
    large with few pictures: compare sets of one size, and with the distance between two halves of the real pictures
    (`wasserstein.real_floor`).
    """
    a, b = statistics_of(real, features), statistics_of(fake, features)
    return frechet_gaussians(a.mean, a.covariance, b.mean, b.covariance)


def frechet_gaussians(mean_a, covariance_a, mean_b, covariance_b) -> float:
    """|m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2)), the squared Wasserstein-2 distance of two Gaussians.

    Dowson and Landau 1982 (https://doi.org/10.1016/0047-259X(82)90077-X). With A = F F' and B = G G' the
    eigenvalues of A B are the squared singular values of F' G: no root of a matrix, real for singular covariances too,
    and as precise as float64, where roots of eigenvalues would lose half of the digits.
    """
    shift = np.asarray(mean_a, np.float64) - np.asarray(mean_b, np.float64)
    a, b = np.asarray(covariance_a, np.float64), np.asarray(covariance_b, np.float64)
    overlap = np.linalg.svd(_factor(a).T @ _factor(b), compute_uv=False).sum()
    return max(0., float(shift @ shift + np.trace(a) + np.trace(b) - 2 * overlap))


def _factor(covariance):
    """F with F F' = covariance; eigenvalues below zero are rounding and count as zero."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(values.clip(0))


def inception_features(path):
    """The features of the usual FID: a function (B, 3, H, W) in [-1, 1] to (B, 2048), with weights from `path`.

    The file is pt_inception-2015-12-05-6726825d.pth, 91 MB, from the releases of github.com/mseitzer/pytorch-fid (the
    TensorFlow network of Szegedy et al. 2016 that Heusel et al. used, Apache 2.0), also published by torch-fidelity.
    Every weight must be there and fit. FileNotFoundError when there is no file: dflib downloads nothing. ValueError
    for a file that is damaged or does not fit.
    """
    from dflib.checkpoints import load_exactly, read_published
    from dflib.metrics.inception import Inception

    if not Path(path).exists():
        raise FileNotFoundError(f"There are no Inception weights at {path}: put pt_inception-2015-12-05-6726825d.pth "
                                "there, from the releases of github.com/mseitzer/pytorch-fid.")
    state = read_published(path)
    if not isinstance(state, dict) or not all(isinstance(name, str) and torch.is_tensor(x) for name, x in state.items()):
        raise ValueError(f"The weights file {path} holds no named tensors.")
    network = Inception()
    # Counters of batches, in which versions of torch differ, play no part once training is over.
    state = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
    return load_exactly(network, {**state, **counters}, path).eval().requires_grad_(False)
