"""Sliced Wasserstein distances between point sets, and between the details of pictures at every scale."""
import math

import numpy as np
from torch.nn.functional import conv2d, pad

from dflib.metrics.features import batches, eight_bit

PATCH = 7               # side of a patch, pixels
COARSEST = 16           # side of the smallest level of the pyramid, pixels
DIRECTIONS_AT_ONCE = 64


def sliced_wasserstein(a, b, directions: int = 512, seed: int = 0) -> float:
    """Mean over random directions of the 1-D Wasserstein-1 distance between point sets a (N, D) and b (M, D).

    Rabin et al. 2011 (https://doi.org/10.1007/978-3-642-24785-9_37), with the absolute differences of Karras et al.
    2018 (https://arxiv.org/abs/1710.10196, sec. 5). A shift by v gives |v| `mean_projection(D)`.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not len(a) or not len(b):
        raise ValueError(f"Point sets must be (N, D) and (M, D) with points in both, not {a.shape} and {b.shape}.")
    rng, total = np.random.default_rng(seed), 0.
    for start in range(0, directions, DIRECTIONS_AT_ONCE):
        count = min(DIRECTIONS_AT_ONCE, directions - start)
        axes = rng.standard_normal((count, a.shape[1]))
        axes = (axes / np.linalg.norm(axes, axis=1, keepdims=True)).astype(np.result_type(a, b, np.float32))
        total += line_distances(axes @ a.T, axes @ b.T).sum()
    return float(total / directions)


def line_distances(x, y) -> np.ndarray:
    """Wasserstein-1 distances (K,) between the numbers in each row of x (K, N) and y (K, M).

    It is the area between the two quantile functions, which are steps of height 1 / N and 1 / M.
    """
    x, y = np.sort(x, axis=1), np.sort(y, axis=1)
    n, m = x.shape[1], y.shape[1]
    if n == m:
        return np.abs(x - y).mean(axis=1, dtype=np.float64)
    # Every level where one of the steps ends, in units of 1 / (n m), so that equal levels are equal numbers.
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
    starts = np.r_[0, ends[:-1]]
    return np.abs(x[:, starts // m] - y[:, starts // n]) @ ((ends - starts) / (n * m))


def mean_projection(dimensions: int) -> float:
    """Mean of |cosine| between a vector and a random direction in D dimensions: 2 / pi in the plane, 1 / 2 in space."""
    return math.exp(math.lgamma(dimensions / 2) - math.lgamma((dimensions + 1) / 2)) / math.sqrt(math.pi)


def pyramid_wasserstein(real, fake, patches: int = 128, directions: int = 512, seed: int = 0) -> dict:
    """Sliced Wasserstein distances x 1000 between 7 x 7 patches, per level of a Laplacian pyramid.

    Karras et al. 2018, sec. 5 and appendix of https://arxiv.org/abs/1710.10196: `patches` random patches per picture
    and level, each set normalised by its own mean and deviation per colour. The paper takes 16,384 pictures; with few,
    look at `real_floor` first. real, fake: pictures as in `features.batches`, of one size, a power of two from 16.
    Returns {side of the level: distance, ..., "mean": distance}. The smallest side tells of the large shapes.
    """
    mine, theirs = (patch_sets(pictures, patches, np.random.default_rng([seed, k]))
                    for k, pictures in enumerate((real, fake)))
    if mine.keys() != theirs.keys():
        raise ValueError(f"Both sets must have pictures of one size, not {max(mine)} and {max(theirs)} pixels.")
    scores = {side: 1e3 * sliced_wasserstein(mine[side], theirs[side], directions, seed) for side in mine}
    return {**scores, "mean": sum(scores.values()) / len(scores)}


def patch_sets(pictures, patches: int, rng: np.random.Generator) -> dict:
    """Normalised patches of all pictures: {side of the level: (N patches, 147) float32}, the largest side first."""
    found = {}
    for batch in batches(pictures):
        for level in laplacian_pyramid(eight_bit(batch).cpu()):
            found.setdefault(level.shape[2], []).append(_patches(level.numpy(), patches, rng))
    sets = {}
    for side, parts in found.items():
        values = np.concatenate(parts)                                      # (N patches, 3, 7, 7)
        values -= values.mean(axis=(0, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
        deviation = values.std(axis=(0, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
        # A level without any contrast stays at zero.
        sets[side] = (values / np.where(deviation > 0, deviation, 1)).reshape(len(values), -1)
    return sets


def _patches(level: np.ndarray, count: int, rng) -> np.ndarray:
    """`count` patches at random places of each picture, (B, 3, H, W) -> (B count, 3, 7, 7)."""
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), axis=(2, 3))     # (B, 3, H-6, W-6, 7, 7)
    b = np.repeat(np.arange(len(level)), count)
    y, x = rng.integers(windows.shape[2], size=len(b)), rng.integers(windows.shape[3], size=len(b))
    return windows[b, :, y, x]


def laplacian_pyramid(pictures) -> list:
    """(B, 3, H, H) -> what each level adds to the next coarser one, (B, 3, H, H), (B, 3, H/2, H/2), ..., down to 16 px.

    Burt and Adelson 1983 (https://doi.org/10.1109/TCOM.1983.1095851). ValueError unless H is a power of two from 16.
    """
    height, width = pictures.shape[2:]
    if height != width or height < COARSEST or height & (height - 1):
        raise ValueError("Pictures for the pyramid must be square with a power of two from 16 as their side, "
                         f"not {width} x {height}.")
    levels = []
    while pictures.shape[2] > COARSEST:
        coarser = halved(pictures)
        levels.append(pictures - doubled(coarser))
        pictures = coarser
    return [*levels, pictures]


def halved(pictures):
    """Blurred by (1, 4, 6, 4, 1) / 16 in both directions, mirrored at the border, and every second pixel kept."""
    return _blurred(pictures)[:, :, ::2, ::2]


def doubled(pictures):
    """The adjoint of `halved`: zeros between the pixels, then the same blur times four."""
    b, c, height, width = pictures.shape
    sparse = pictures.new_zeros(b, c, 2 * height, 2 * width)
    sparse[:, :, ::2, ::2] = pictures
    return 4 * _blurred(sparse)


def _blurred(pictures):
    b, c, height, width = pictures.shape
    line = pictures.new_tensor([1, 4, 6, 4, 1]) / 16
    maps = pad(pictures.reshape(b * c, 1, height, width), (2, 2, 2, 2), mode="reflect")
    return conv2d(conv2d(maps, line.view(1, 1, 5, 1)), line.view(1, 1, 1, 5)).reshape(pictures.shape)


def real_floor(pictures, distance=pyramid_wasserstein, seed: int = 0):
    """What `distance` says of two random halves of one set (N, ...): no generator can honestly do better.

    Distances of few pictures are too large, so compare a generator's distance at N / 2 pictures a side with it.
    """
    if len(pictures) < 2:
        raise ValueError(f"Two halves need at least 2 pictures, not {len(pictures)}.")
    order, half = np.random.default_rng(seed).permutation(len(pictures)), len(pictures) // 2
    return distance(pictures[order[:half]], pictures[order[half:2 * half]])
