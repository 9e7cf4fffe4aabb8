"""The ablation at a tiny size: every row trained, scored, written down, and not done twice."""
import json
from dataclasses import replace

import numpy as np
import pytest

from dflib.studies import ablation as module
from dflib.synthesis.stylegan import train


@pytest.fixture
def tool(monkeypatch, tmp_path):
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "cache"))
    randomness = np.random.default_rng(0)
    people = {"train": randomness.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8),
              "val": randomness.integers(0, 256, (6, 32, 32, 3), dtype=np.uint8),
              "test": randomness.integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)}
    monkeypatch.setattr(module, "people_of", people.get)
    monkeypatch.setattr(module, "FOLDER", tmp_path / "ablation")
    monkeypatch.setattr(module, "RECIPE", replace(train.RECIPES["smoke"], latent=8, base=256, limit=8, batches={32: 4}, images=16))
    monkeypatch.setattr(module, "WAYS", 4)
    return module


def test_rows_are_trained_scored_and_kept(tool, monkeypatch):
    monkeypatch.setattr("sys.argv", ["ablation.py", "--rows", "B", "F"])
    tool.main()
    done = json.loads((tool.FOLDER / "scores.json").read_text())
    assert set(done["rows"]) == {"B", "F", "real people"} and done["people"] == 12
    assert "path_w" in done["rows"]["F"] and "path_w" not in done["rows"]["B"] and done["rows"]["B"]["path_z"] > 0
    card = (tool.FOLDER / "README.md").read_text()
    found = done["rows"]["F"]
    assert f"| F · mixing regularisation | {found['frechet']:,.1f} | {found['sliced_wasserstein']:,.1f} |" in card
    assert "| 5.17 | 4.40 |" in card and "(4 steps of 4)" in card and "A · " not in card.split("| configuration")[1]
    assert (tool.FOLDER / "people.jpg").is_file()

    scored = tool.scored
    monkeypatch.setattr(tool, "scored", lambda *_: pytest.fail("scored twice"))
    tool.main()
    assert json.loads((tool.FOLDER / "scores.json").read_text()) == done

    monkeypatch.setattr(tool, "scored", scored)                             # one more row keeps the others
    monkeypatch.setattr("sys.argv", ["ablation.py", "--rows", "D"])
    drawn = []
    monkeypatch.setattr(tool, "write_figure", lambda generators, real: drawn.extend(generators))
    tool.main()
    again = json.loads((tool.FOLDER / "scores.json").read_text())
    assert set(again["rows"]) == {"B", "D", "F", "real people"} and again["rows"]["F"] == found and drawn == ["B", "D", "F"]

    monkeypatch.setattr(tool, "RECIPE", replace(tool.RECIPE, gamma=2.0))     # scores of another recipe are not mixed in
    tool.main()
    assert set(json.loads((tool.FOLDER / "scores.json").read_text())["rows"]) == {"D", "real people"}
    networks = [path.name for path in (tool.FOLDER.parent / "cache" / "ablation").iterdir()]
    assert len(networks) == 4 and len([name for name in networks if name.startswith("D-")]) == 2      # nor its networks
