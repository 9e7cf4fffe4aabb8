"""Speed of fitting on one core, at Candide's size (46 landmarks, 14 shapes): budgets are 0.3 ms for one face and
0.1 ms a face for 2,048; M. Kowalski's FaceSwap takes 3.1 ms for one."""
import numpy as np
import pytest

from dflib import cast
from dflib.cast.picture.camera import rotation
from dflib.swap.clip import fit_clip
from dflib.swap.fit import Fit, fit_landmarks, from_head_model, linearise, place
from dflib.swap.texture import transfer

IDENTITY = ("head_width", "face_len", "jaw_width", "nose_len", "eye_spacing", "brow_height", "mouth_width", "chin_len")
EXPRESSION = ("jaw_open", "smile", "brow_up", "blinkR", "blinkL", "pucker")


@pytest.fixture(scope="module")
def model():
    return from_head_model(cast.head_model())


def noisy_faces(model, count):
    """Landmarks (count, 68, 2) with 1 px of noise of faces about 150 px wide."""
    rng = np.random.default_rng(0)
    turns = np.array([rotation(*pose) for pose in rng.uniform(-20, 20, (count, 3))], float)
    truth = Fit(np.full(count, 10.5), turns, np.full((count, 2), 128.0),
                rng.normal(size=(count, len(model.spread))) * model.spread, np.zeros(count), np.zeros((count, 1)))
    landmarks = np.zeros((count, 68, 2))
    landmarks[:, model.landmark_indices] = linearise(model, truth)[0]
    return landmarks + rng.normal(size=landmarks.shape)


@pytest.mark.parametrize("count", [1, 2048])
@pytest.mark.parametrize("method", ["lm", "gn"])
def test_fit(benchmark, model, count, method):
    marks = np.concatenate([np.arange(0, 17, 3), np.arange(17, 57)])
    small = from_head_model(cast.head_model(), IDENTITY, EXPRESSION)
    small = type(small)(small.mean, small.blendshapes, small.triangles, small.landmark_vertices[marks], marks, small.spread)
    landmarks = noisy_faces(small, count)
    fit_landmarks(small, landmarks, 1.0, method)
    fit = benchmark(fit_landmarks, small, landmarks, 1.0, method)
    assert fit.rms.mean() < 1.5


def test_fit_of_all_the_casts_modes(benchmark, model):
    landmarks = noisy_faces(model, 16)
    benchmark(fit_landmarks, model, landmarks)


def test_clip_of_100_frames(benchmark, model):
    landmarks = noisy_faces(model, 1) + np.random.default_rng(1).normal(size=(100, 68, 2))
    benchmark.pedantic(fit_clip, (model, landmarks), rounds=3)


def test_texture_of_one_frame(benchmark, model):
    fit = fit_landmarks(model, noisy_faces(model, 2))
    source, target = place(model, fit)
    picture = np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8)
    _, mask = benchmark(transfer, model, picture, source, target, (256, 256))
    assert mask.any()
