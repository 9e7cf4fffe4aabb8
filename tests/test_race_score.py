"""tools/race_score.py at a tiny size."""
import importlib.util
from pathlib import Path

import numpy as np


def test_real_people_and_generated_ones_are_held_against_those_held_out(monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("race_score", Path(__file__).parents[1] / "tools" / "race_score.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    people = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
    splits = {"train": people[:12], "val": people[12:18], "test": people[18:]}
    monkeypatch.setattr(tool.train, "training_pictures", lambda recipe, split="train": splits[split])
    monkeypatch.setattr(tool, "TIMES", 2)
    monkeypatch.setattr(tool, "PEOPLE", 6)
    drawn = []
    monkeypatch.setattr(tool.latents, "load_generator", lambda path: (path, {}))
    monkeypatch.setattr(tool.latents, "sample", lambda *who, **how: drawn.append((*who, *how.values())) or splits["train"][:who[1]] // 4)
    tool.main(["a.safetensors"])
    assert drawn == [("a.safetensors", 6, 5, 1.0), ("a.safetensors", 6, 6, 1.0)]
    lines = capsys.readouterr().out.splitlines()
    real, generated = (float(line.split("frechet ")[1].split()[0]) for line in lines)
    assert lines[0].startswith("real people") and lines[1].startswith("generated people") and generated > 2 * real > 0
