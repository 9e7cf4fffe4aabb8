"""Speed of blending a 256 px face on one core, beside OpenCV and a sparse direct solve."""
import cv2
import numpy as np
import pytest
import torch
from timing import fastest

from dflib.swap.blend import feather, match_color, poisson

SIZE = 256
Y, X = np.mgrid[:SIZE, :SIZE]
FACE = ((X - 128) / 85) ** 2 + ((Y - 128) / 110) ** 2 < 1      # 29,335 pixels


@pytest.fixture(autouse=True)
def one_core():
    threads, cv_threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    yield
    torch.set_num_threads(threads)
    cv2.setNumThreads(cv_threads)


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    return [cv2.GaussianBlur(rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8), (0, 0), sigma) for sigma in (5, 15)]


def opencv(source, target):
    return cv2.seamlessClone(source, target, FACE.astype(np.uint8) * 255, (128, 128), cv2.NORMAL_CLONE)


@pytest.mark.parametrize("name", ["poisson", "mixed", "feather", "mean", "reinhard", "opencv"])
def test_one_face(benchmark, pair, name):
    function = {"poisson": lambda g, t: poisson(g, t, FACE), "mixed": lambda g, t: poisson(g, t, FACE, mixed=True),
                "feather": lambda g, t: feather(g, t, FACE, 15), "mean": lambda g, t: match_color(g, t, FACE),
                "reinhard": lambda g, t: match_color(g, t, FACE, "reinhard"), "opencv": opencv}[name]
    benchmark(function, *pair)


def test_faster_than_opencv(pair):
    ours, theirs = fastest(lambda: poisson(*pair, FACE), lambda: opencv(*pair), rounds=15)
    assert ours < theirs
