"""Speed of the autoencoder's augmentation on one core: a batch at once, 96 px with colours and mask to two of 64 px, as in
training; the same picture by picture; and the original's way, picture by picture from 256 px, which is to take four times as
long. The last test prints the ratios."""
import cv2
import numpy as np
import pytest
import torch
from timing import fastest

from dflib.swap.warp import Warp, draw, resampled
from dflib.swap.warp_plain import random_pair

BATCH = 64
RANDOM = np.random.default_rng(0)
SMALL = RANDOM.integers(0, 256, (BATCH, 96, 96, 4)).astype(np.float32)
LARGE = RANDOM.integers(0, 256, (BATCH, 256, 256, 3)).astype(np.uint8)
TENSOR = torch.from_numpy(SMALL).permute(0, 3, 1, 2).contiguous()


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def batched():
    return resampled(TENSOR, 64, *draw(BATCH, Warp(), "cpu"))


def one_by_one(pictures=SMALL, middle=None):
    matrices, shifts = (part.numpy() for part in draw(BATCH, Warp(), "cpu"))
    return [random_pair(picture, 64, *numbers, middle) for picture, *numbers in zip(pictures, matrices, shifts)]


def as_the_original():
    return one_by_one(LARGE, 160)


@pytest.mark.parametrize("way", [batched, one_by_one, as_the_original])
def test_augmentation(benchmark, way):
    benchmark(way)


def test_batched_is_four_times_faster_than_the_original(capsys):
    ours, plain, original = (1000 * seconds / BATCH for seconds in fastest(batched, one_by_one, as_the_original, rounds=8))
    with capsys.disabled():
        print(f"\naugmentation, ms of one core a picture: batched {ours:.2f}, one by one {plain:.2f} ({plain / ours:.1f} x), "
              f"as the original {original:.2f} ({original / ours:.1f} x)", end="")
    assert original > 4 * ours
