"""Precision and recall of a generator: are its pictures possible, and does it make all that is possible?"""
from typing import NamedTuple

import torch

from dflib.metrics.features import features_of

ROWS = 512          # of the matrix of distances at a time


class PrecisionRecall(NamedTuple):
    """Shares 0..1: generated pictures that lie among the real ones, and real ones that lie among the generated."""
    precision: float
    recall: float


def precision_recall(real, fake, k: int = 3, features=None) -> PrecisionRecall:
    """Improved precision and recall, Kynkäänniemi et al. 2019 (https://arxiv.org/abs/1904.06991, eq. 1 and 2).

    A picture lies among a set when its features are in the ball of one of the set's pictures, which reaches to that
    picture's k-th nearest other. real, fake: pictures (`features.batches`) or features (N, D); features: as in
    `features_of`. Compare sets of one size: smaller sets have larger balls. ValueError for fewer than k + 1 pictures.
    """
    real, fake = (torch.from_numpy(features_of(pictures, features)) for pictures in (real, fake))
    return PrecisionRecall(covered(fake, real, k), covered(real, fake, k))


def covered(points, reference, k: int) -> float:
    """Share of points (M, D) in the balls of reference (N, D)."""
    radii = neighbour_distances(reference, k)
    inside = sum(int((_distances(part, reference) <= radii).any(dim=1).sum()) for part in points.split(ROWS))
    return inside / len(points)


def neighbour_distances(points, k: int):
    """Distance (N,) of each of points (N, D) from its k-th nearest other."""
    if not 1 <= k < len(points):
        raise ValueError(f"The {k} nearest others need at least {k + 1} pictures, not {len(points)}.")
    # Smallest but k, because the smallest is the point itself.
    return torch.cat([_distances(part, points).kthvalue(k + 1, dim=1).values for part in points.split(ROWS)])


def _distances(a, b):
    # By differences: the quicker product of matrices leaves equal points apart by its rounding.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
