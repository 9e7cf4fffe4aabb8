"""A run's folder knows what it is: another recipe or other data is refused, another length or rate is taken over and said."""
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from dflib.training import TrainingRun, record


@dataclass(frozen=True)
class Recipe:
    width: int = 3
    steps: int = 4
    rate: float = 0.5
    batches: tuple = (1, 2)


def make(folder, recipe=Recipe(), data="a set", optimizer=torch.optim.SGD, **options):
    torch.manual_seed(0)
    network = torch.nn.Linear(recipe.width, 1)

    def step(run, i):
        loss = network.weight.sum()         # a gradient of 1: one step of SGD goes down by the rate
        run.update("network", loss)
        return {"loss": loss}
    return TrainingRun(folder, {"network": network}, {"network": optimizer(network.parameters(), recipe.rate, **options)}, step,
                       recipe.steps, about=record.describe("toy", recipe, data))


def test_a_folder_refuses_another_recipe_and_other_data(tmp_path):
    make(tmp_path).fit()
    state = (tmp_path / "state.safetensors").read_bytes()
    with pytest.raises(ValueError, match=r"is another one \(width 3, not 5\): choose another folder, or delete it to begin anew\."):
        make(tmp_path, Recipe(width=5)).fit()
    with pytest.raises(ValueError, match=r"is another one \(data a set, not another set\)"):
        make(tmp_path, data="another set").fit()
    assert (tmp_path / "state.safetensors").read_bytes() == state
    make(tmp_path).fit()                    # and knows its own again, tuples and all


def test_another_rate_and_length_take_effect_and_are_said(tmp_path, capsys):
    run = make(tmp_path)
    run.fit()
    before = run.models["network"].weight.detach().clone()
    longer = make(tmp_path, Recipe(steps=6, rate=0.25))
    longer.fit()
    assert torch.allclose(longer.models["network"].weight, before - 2 * 0.25)
    out = capsys.readouterr().out
    assert "steps 6 instead of 4 from here on" in out and "rate 0.25 instead of 0.5 from here on" in out
    assert record.read(tmp_path)["recipe"]["rate"] == 0.25


def test_another_optimiser_is_one_sentence(tmp_path):
    make(tmp_path).fit()
    with pytest.raises(ValueError, match="was trained with SGD for 'network', not with Adam: choose another folder."):
        make(tmp_path, Recipe(steps=6), optimizer=torch.optim.Adam).fit()


def test_a_run_without_a_record_is_nobodys(tmp_path):
    make(tmp_path).fit()
    (tmp_path / "run.json").unlink()
    with pytest.raises(ValueError, match="does not say of which recipe it is"):
        make(tmp_path).fit()
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ValueError, match="run.json is damaged"):
        make(tmp_path).fit()


def test_the_default_folder_names_all_that_the_result_depends_on(monkeypatch, tmp_path):
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    about = record.describe("toy", Recipe(), "a set")
    folder = record.default_folder(about)
    assert folder.parent == tmp_path / "runs" and folder.name.startswith("toy-smoke-")
    assert record.default_folder(record.describe("toy", replace(Recipe(), steps=9, rate=1.0), "a set")) == folder
    monkeypatch.setenv("DFLIB_SCALE", "cpu")
    others = [record.describe(*what) for what in (("toy", Recipe(width=4), "a set"), ("toy", Recipe(), "b"), ("toy2", Recipe(), "a set"),
                                                  ("toy", Recipe(), "a set"))]
    assert len({folder, *map(record.default_folder, others)}) == 5
    make(folder).fit()
    assert [(where, what["data"]) for where, what in record.runs()] == [(folder, "a set")]


def test_digests_tell_contents_apart(tmp_path):
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    numbers = np.arange(6)
    assert record.digest(tmp_path / "a") == record.digest(tmp_path / "b") != record.digest("x", "")
    assert len({record.digest(numbers), record.digest(numbers.reshape(2, 3)), record.digest(numbers.astype(float)),
                record.digest("ab", "c"), record.digest("a", "bc")}) == 5


def test_steps_have_seeds_of_their_own(tmp_path):
    seen = []

    def step(run, i):
        seen.append((int(run.rng.integers(2**62)), float(torch.rand(1, dtype=torch.float64))))
        return {}
    network = torch.nn.Linear(1, 1)
    TrainingRun(tmp_path, {"network": network}, {"network": torch.optim.SGD(network.parameters(), 0.1)}, step, 20).fit()
    assert len(set(seen)) == 20 and len({rng for rng, _ in seen}) == 20 and len({number for _, number in seen}) == 20


def test_info_lists_what_was_trained_here_and_where(tmp_path, monkeypatch):
    from dflib.commands.info import trained_here
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    assert trained_here() == []
    about = record.describe("toy", Recipe(), "a set")
    make(record.default_folder(about)).fit()
    line, = trained_here()
    assert line.startswith("trained    toy, smoke scale, 4 steps in 1 s: ") and line.endswith(str(record.default_folder(about)))
    (record.default_folder(about) / "run.json").write_text("{")         # somebody else's trouble
    assert trained_here() == []
