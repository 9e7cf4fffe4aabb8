"""The face-alignment backend: its real loading code from a local cache, and what happens without the weights."""

import urllib.error
import urllib.request
import warnings

import numpy as np
import pytest
import torch
from skimage import data

from dflib import faces
from dflib.faces import backend_face_alignment, landmarking
from dflib.faces.backend_face_alignment import WeightsUnavailable

BOXES = np.float32([[180, 70, 265, 180]])
FILE = "2DFAN4-11f355bf06.pth.tar"


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """Each test starts with an empty weights folder and asks again whether the backend is usable."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    backend_face_alignment.face_alignment_model.cache_clear()
    landmarking._face_alignment_usable.cache_clear()
    yield tmp_path / "hub" / "checkpoints"
    backend_face_alignment.face_alignment_model.cache_clear()
    landmarking._face_alignment_usable.cache_clear()


@pytest.fixture
def offline(monkeypatch):
    def refuse(*arguments, **options):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


def write_weights(folder):
    """A state dict with every key and shape of the real network in 0.3 MB: each tensor is one number, expanded."""
    from face_alignment.models import FAN

    def filled(name, tensor):
        if not tensor.is_floating_point():
            return tensor
        # convolutions average their inputs, so that nothing overflows or becomes denormal, which would be very slow
        value = 1 / tensor[0].numel() if tensor.ndim == 4 else 0.0 if name.endswith(("bias", "mean")) else 1.0
        return torch.tensor([value]).expand(tensor.shape)

    folder.mkdir(parents=True)
    torch.save({name: filled(name, tensor) for name, tensor in FAN(4).state_dict().items()}, folder / FILE)
    assert (folder / FILE).stat().st_size < 2_000_000


def test_the_real_loading_path_runs_without_the_network(fresh, offline, monkeypatch):
    from face_alignment import utils

    for name in ("transform_np", "_get_preds_fromhm"):  # numba would compile these two for twenty seconds
        monkeypatch.setattr(utils, name, getattr(utils, name).py_func)
    write_weights(fresh)
    found = faces.landmarks(data.astronaut(), backend="face-alignment", boxes=BOXES)
    assert found.shape == (1, 68, 2) and found.dtype == np.float32
    assert np.isfinite(found).all() and (found == np.trunc(found)).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "auto" takes it without a word
        np.testing.assert_array_equal(faces.landmarks(data.astronaut(), boxes=BOXES), found)


def test_without_weights_one_sentence_says_so(offline):
    with pytest.raises(WeightsUnavailable) as caught:
        faces.landmarks(data.astronaut(), backend="face-alignment", boxes=BOXES)
    assert str(caught.value) == "The face-alignment weights cannot be fetched (Name or service not known)."
    assert isinstance(caught.value, OSError)


def test_auto_falls_back_to_the_own_network_with_one_warning(offline):
    with pytest.warns(UserWarning, match="cannot be fetched.*own landmark network") as caught:
        found = faces.landmarks(data.astronaut(), boxes=BOXES)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = faces.landmarks(data.astronaut(), boxes=BOXES)
    np.testing.assert_array_equal(found, again)
    np.testing.assert_array_equal(found, faces.landmarks(data.astronaut(), backend="dflib", boxes=BOXES))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_damaged_weights_are_named(fresh, offline, content):
    fresh.mkdir(parents=True)
    (fresh / FILE).write_bytes(content)
    with pytest.raises(WeightsUnavailable, match=f"{FILE} are damaged: delete that file"):
        faces.landmarks(data.astronaut(), backend="face-alignment", boxes=BOXES)


def test_no_faces_needs_no_weights(offline):
    assert faces.landmarks(np.zeros((40, 40, 3), np.uint8), "dflib", boxes=np.zeros((0, 4))).shape == (0, 68, 2)
