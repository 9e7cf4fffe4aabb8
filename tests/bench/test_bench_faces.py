"""Speed of faces on one core: budgets are 80 ms to detect at 256 px and 20 ms for the landmarks of one face.

Where a machine is slower than the course's, the ratio to a known piece of work in the same process still tells.
"""
import cv2
import numpy as np
import pytest
import torch
from skimage import data
from timing import fastest

from dflib import faces


@pytest.fixture(autouse=True)
def one_core():
    threads, cv_threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    yield
    torch.set_num_threads(threads)
    cv2.setNumThreads(cv_threads)


@pytest.fixture
def picture():
    return cv2.resize(data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)


@pytest.fixture
def nothing():
    """A photograph without a face, for which the cascade is asked too."""
    return cv2.resize(data.coffee(), (256, 170), interpolation=cv2.INTER_AREA)


def test_detect(benchmark, picture):
    assert len(benchmark(faces.detect, picture)) == 1


def test_detect_nothing(benchmark, nothing):
    assert len(benchmark(faces.detect, nothing)) == 0


def test_detection_takes_less_than_the_cascade_alone(picture, nothing):
    """At 256 px the cascade takes about 100 ms of one core, both networks and a cascade at 160 px at most 80."""
    with_face, without, cascade = fastest(lambda: faces.detect(picture), lambda: faces.detect(nothing),
                                          lambda: faces.detect_cascade(picture), rounds=7)
    assert max(with_face, without) < 0.8 * cascade


def test_detect_cascade(benchmark, picture):
    assert len(benchmark(faces.detect_cascade, picture)) == 1


def test_landmarks_of_one_face(benchmark, picture):
    boxes = faces.detect(picture)
    assert benchmark(faces.landmarks, picture, "dflib", boxes).shape == (1, 68, 2)


def test_align_and_paste(benchmark, picture):
    landmarks = faces.landmarks(picture, "dflib")[0]

    def there_and_back():
        crop, matrix = faces.align(picture, landmarks, size=128)
        return faces.paste(picture, crop, matrix)

    assert benchmark(there_and_back).shape == picture.shape


def test_similarity_of_a_thousand_frames(benchmark):
    src, dst = np.random.default_rng(0).normal(size=(2, 1000, 68, 2))
    assert benchmark(faces.similarity, src, dst).shape == (1000, 2, 3)
