import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from dflib import paths, scale


@pytest.mark.parametrize("name, size", [("smoke", 32), ("cpu", 64), ("gpu", 128)])
def test_named_scale(monkeypatch, name, size):
    monkeypatch.setenv("DFLIB_SCALE", name)
    now = scale.current()
    assert (now.name, now.size) == (name, size)
    assert now.pick(smoke="smoke", cpu="cpu", gpu="gpu") == name
    assert str(now) == f"{name} scale ({size} px)"


@pytest.mark.parametrize("cuda, name", [(True, "gpu"), (False, "cpu")])
def test_default_follows_cuda(monkeypatch, cuda, name):
    monkeypatch.delenv("DFLIB_SCALE", raising=False)
    monkeypatch.setattr(scale, "cuda_present", lambda: cuda)
    assert scale.current().name == name


def test_device(monkeypatch):
    monkeypatch.setattr(scale, "cuda_present", lambda: True)
    kinds = {}
    for name in scale.SCALES:
        monkeypatch.setenv("DFLIB_SCALE", name)
        kinds[name] = scale.device().type
    assert kinds == {"smoke": "cpu", "cpu": "cpu", "gpu": "cuda"}
    monkeypatch.setattr(scale, "cuda_present", lambda: False)
    assert scale.device().type == "cpu"


def test_unknown_scale_is_one_sentence(monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "huge")
    with pytest.raises(ValueError) as caught:
        scale.current()
    assert str(caught.value) == "Unknown scale 'huge': DFLIB_SCALE must be smoke, cpu or gpu."


def test_named_scale_needs_no_torch():
    code = ("import os, sys; os.environ['DFLIB_SCALE'] = 'smoke'; from dflib.paths import cache_dir; "
            "from dflib.scale import current; assert current().size == 32; sys.exit('torch' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_seed_everything_repeats():
    def draws():
        return random.random(), np.random.rand(), torch.rand(1).item()

    scale.seed_everything(2**40 + 7)
    first, later = draws(), draws()
    scale.seed_everything(2**40 + 7)
    assert draws() == first != later


def test_cache_dir(monkeypatch, tmp_path):
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "a" / "b"))
    assert paths.cache_dir() == tmp_path / "a" / "b" and (tmp_path / "a" / "b").is_dir()

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(OSError) as caught:
        paths.cache_dir()
    assert str(caught.value) == (f"The cache folder {tmp_path / 'file' / 'below'} cannot be created (Not a directory): "
                                 "set DFLIB_CACHE to a folder that can be written.")


def test_default_cache_dir_is_the_platforms(monkeypatch, tmp_path):
    monkeypatch.delenv("DFLIB_CACHE", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert paths.cache_dir() == tmp_path / "dflib"
