import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dflib import files, paths, scale
from dflib.cast import renders
from dflib.datasets import actors, make


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
    advice = ": set DFLIB_CACHE to a folder for the cache that can be written."
    assert str(caught.value) == f"The folder {tmp_path / 'file' / 'below'} cannot be made (Not a directory)" + advice

    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(files.os, "access", lambda path, mode: False)       # before the work: nothing has been rendered yet
    for user in (paths.cache_dir, lambda: renders.kept("some", "people", (), lambda: pytest.fail("rendered in vain")),
                 lambda: make.make_faces(tmp_path / "set", make.Recipe(1)), lambda: actors.make_clips(tmp_path / "set")):
        with pytest.raises(OSError, match="may not be written to by this user"):
            user()


def test_an_installed_copy_without_its_data_says_what_to_do(tmp_path):
    """As after pip install . without -e: the package alone, elsewhere."""
    root = Path(__file__).parents[1]
    shutil.copytree(root / "dflib", tmp_path / "dflib", ignore=shutil.ignore_patterns("__pycache__"))
    code = ("from dflib import __main__, checkpoints, datasets\n"
            "__main__.main(['info'])\n"
            "for use in (datasets.RenderedFaces, datasets.ActorClips, lambda: checkpoints.shipped('detector')):\n"
            "    try: print(use())\n"
            "    except FileNotFoundError as error: print(error)\n")

    def answer(code, **environment):
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
                              env={**os.environ, "PYTHONPATH": str(tmp_path), **environment})
    advice = (f"The course's data is not in {tmp_path / 'data'}: install the package with pip install -e . inside the course's "
              "folder, or set DFLIB_DATA to that folder's data.")
    found = answer(code + "__main__.main(['make', 'clips'])\n")
    assert f"-> {advice}" in found.stdout and "Everything is in place." not in found.stdout
    assert found.stdout.splitlines()[-3:] == [advice] * 3 and found.stderr.endswith(f"make: {advice}\n")
    assert not (tmp_path / "data").exists()
    found = answer("from dflib import paths; print(paths.DATA, [paths.data_missing()])", DFLIB_DATA=str(root / "data"))
    assert found.stdout == f"{root / 'data'} ['']\n"


def test_default_cache_dir_is_the_platforms(monkeypatch, tmp_path):
    monkeypatch.delenv("DFLIB_CACHE", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert paths.cache_dir() == tmp_path / "dflib"
