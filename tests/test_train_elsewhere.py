"""tools/train_elsewhere.py: data packed here, trained there in a given time, gone on with, and brought back."""
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from dflib.datasets.facesets import FaceSet
from dflib.synthesis.gan import train as gan


@pytest.fixture
def tool(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("train_elsewhere", Path(__file__).parents[1] / "tools" / "train_elsewhere.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "cache"))
    return module


def smooth(count, side=32):
    ramp = np.arange(side, dtype=np.uint8) * 4
    return np.stack([np.stack([np.roll(ramp, n) * np.ones((side, 1), np.uint8)] * 3, 2) for n in range(count)])


def test_whatever_a_network_learns_from_is_packed_and_unpacked(tool, tmp_path):
    faces = FaceSet(smooth(20), np.ones((20, 32, 32), bool), np.zeros((20, 2, 3)), np.zeros((20, 68, 2), np.float32), np.arange(20))
    data, arrays = [faces, (smooth(3), {"a": 1} and "text", 2.5)], {}
    shape = json.loads(json.dumps(tool.packed(data, "data", arrays)))
    back = tool.unpacked(shape, arrays)
    assert isinstance(back, list) and isinstance(back[0], FaceSet) and isinstance(back[1], tuple)
    assert np.abs(back[0].crops.astype(int) - faces.crops).mean() < 5 and np.array_equal(back[0].masks, faces.masks)
    assert np.array_equal(back[1][0], data[1][0]) and back[1][1:] == data[1][1:]
    assert sum(value.nbytes for key, value in arrays.items() if "crops" in key) < faces.crops.nbytes / 4
    with pytest.raises(ValueError, match="A record of os is none of the course's"):
        tool.unpacked({"record": "os:system", "fields": {}}, {})


def test_training_elsewhere_stops_in_time_goes_on_and_comes_back(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(gan, "training_data", lambda recipe: smooth(70))
    monkeypatch.setitem(gan.RECIPES, "smoke", gan.Recipe(10 ** 6, width=4, batch=8))
    tool.pack("gan", tmp_path / "there")

    def steps():
        tool.train("gan", tmp_path / "there", tmp_path / "out", 1.0)
        with safe_open(tmp_path / "out" / "state.safetensors", "pt") as file:
            return json.loads(file.metadata()["progress"])["done"]
    first, again = steps(), steps()
    assert 0 < first < again < 10 ** 6
    assert {"state.safetensors", "run.json", "samples"} <= {path.name for path in (tmp_path / "out").iterdir()}
    tool.back("gan", tmp_path / "out")
    monkeypatch.setitem(gan.RECIPES, "smoke", gan.Recipe(again + 20, width=4, batch=8))
    data = np.load(tmp_path / "there" / "data.npz", allow_pickle=False)
    run = gan.train(data=tool.unpacked(json.loads(str(data["shape"])), data), folder=tool.run_folder("gan"))
    assert run.done == again + 20                       # from where the other machine stopped
    with pytest.raises(FileExistsError, match="holds a run already"):
        tool.back("gan", tmp_path / "out")
