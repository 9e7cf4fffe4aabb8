"""Weights come back exactly or not at all, and nothing is ever unpickled."""

import hashlib
import json
import os
import resource

import pytest
import torch
from torch import nn

from dflib import checkpoints, files
from dflib.published import PUBLISHED, load_published

CARD = {"recipe": "test", "steps": 3, "seed": 0, "data": "none", "wall_time": 0.5, "scores": {"loss": 0.25}}


def network(width=4):
    return nn.Sequential(nn.Linear(3, width), nn.BatchNorm1d(width))


def error_of(call, *arguments, kind=ValueError, **keywords):
    with pytest.raises(kind) as caught:
        call(*arguments, **keywords)
    return str(caught.value)


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    module, path = network(), tmp_path / "net.safetensors"
    checkpoints.save(path, module, CARD)
    return module, path


def test_round_trip_and_card(saved):
    module, path = saved
    other, card = checkpoints.load(path, network())
    state, _ = checkpoints.load(path)
    for name, tensor in module.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor) and torch.equal(state[name], tensor)
    assert set(checkpoints.CARD_FIELDS) <= set(card)
    assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card["scale"] == "smoke" and card["parameters"] == 3 * 4 + 4 + 4 * 4 + 1
    assert json.loads(path.with_suffix(".json").read_text()) == card


def test_half_precision(tmp_path):
    module, path = network(400), tmp_path / "half.safetensors"
    checkpoints.save(tmp_path / "full.safetensors", module, CARD)
    checkpoints.save(path, module, CARD, precision="float16")
    assert path.stat().st_size < 0.7 * (tmp_path / "full.safetensors").stat().st_size
    state, _ = checkpoints.load(path)
    assert state["0.weight"].dtype == torch.float32 and state["1.num_batches_tracked"].dtype == torch.int64
    assert torch.equal(state["0.weight"], module[0].weight.detach().half().float())


def test_eight_bits(tmp_path):
    torch.manual_seed(0)
    def layers():
        return nn.Sequential(nn.Conv2d(8, 6, 3), nn.Conv2d(6, 6, 3, groups=6), nn.BatchNorm2d(6), nn.Linear(500, 40))
    module, other, path = layers(), layers(), tmp_path / "e.safetensors"
    with torch.no_grad():
        module[3].weight[0] = 0                                         # an output of nothing
        module[3].weight[1] *= 1e-9
    card = checkpoints.save(path, module, CARD, precision="int8")
    assert path.stat().st_size < 1.2 * sum(p.numel() for p in module.parameters()) + 2000
    checkpoints.load(path, other)
    for k in (0, 3):
        weights, found = module[k].weight.detach().flatten(1), other[k].weight.detach().flatten(1)
        largest = weights.abs().amax(1, keepdim=True)
        assert ((found - weights).abs() <= largest / 254 * 1.001).all() and (found - weights).abs().max() > largest.max() / 600
        assert torch.allclose(found.abs().amax(1, keepdim=True), largest, rtol=1e-6)
    assert torch.equal(other[1].weight, module[1].weight.half().float())                # nine numbers an output: not worth it
    assert card["precision"] == "int8" and card["parameters"] == sum(t.numel() for t in module.state_dict().values())
    with pytest.raises(ValueError, match="Unknown precision 'int4': there are float32, float16, int8"):
        checkpoints.save(path, module, CARD, precision="int4")
    assert checkpoints.read_card(path) == card


def test_tied_weights(tmp_path):
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    checkpoints.save(tmp_path / "tied.safetensors", module, CARD)
    state, _ = checkpoints.load(tmp_path / "tied.safetensors")
    assert torch.equal(state["0.weight"], state["1.weight"])


@pytest.mark.parametrize("place", [3, 200, -1])
def test_one_changed_bit_is_noticed(saved, place):
    _, path = saved
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert error_of(checkpoints.load, path) == \
        f"The checkpoint {path} does not match the sha256 on its card: it is damaged or was changed."


def test_bad_files(saved, tmp_path):
    _, path = saved
    missing = tmp_path / "no.safetensors"
    assert error_of(checkpoints.load, missing, kind=FileNotFoundError) == f"There is no checkpoint at {missing}."
    card = path.with_suffix(".json")
    card.write_text("{")
    assert error_of(checkpoints.load, path) == f"The card {card} is not valid JSON."
    card.unlink()
    assert error_of(checkpoints.load, path, kind=FileNotFoundError) == f"There is no card at {card}."
    path.write_bytes(b"")
    assert error_of(checkpoints.load, path) == f"The checkpoint {path} is empty."


def test_keys_are_strict(saved):
    _, path = saved
    before = network()[:1]
    kept = before[0].weight.detach().clone()
    assert error_of(checkpoints.load, path, before) == \
        (f"The checkpoint {path} does not fit Sequential: it has a surplus "
         "1.bias, 1.num_batches_tracked, 1.running_mean and more.")
    assert torch.equal(before[0].weight, kept)
    longer = nn.Sequential(*network(), nn.Linear(4, 1))
    assert error_of(checkpoints.load, path, longer) == \
        f"The checkpoint {path} does not fit Sequential: it lacks 2.bias, 2.weight."
    assert "it has 0.weight as (4, 3) instead of (5, 3)" in error_of(checkpoints.load, path, network(5)).replace(
        "it has 0.bias as (4,) instead of (5,); ", "")


def test_bad_saves(tmp_path):
    path = tmp_path / "a.safetensors"
    assert error_of(checkpoints.save, path, network(), {"recipe": "x", "data": "y"}) == \
        f"The card for {path} does not say: steps, seed, wall_time, scores."
    assert "must end in .safetensors" in error_of(checkpoints.save, tmp_path / "a.pt", network(), CARD)
    missing = tmp_path / "no" / "a.safetensors"
    assert error_of(checkpoints.save, missing, network(), CARD, kind=FileNotFoundError) == \
        f"The folder {tmp_path / 'no'} does not exist."
    error_of(checkpoints.save, path, network(), {**CARD, "scores": {"loss": float("nan")}})
    assert list(tmp_path.iterdir()) == []


def test_full_disk_keeps_the_old_checkpoint(saved):
    module, path = saved
    before, limits = sorted(path.parent.iterdir()), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))  # as on a full disk, files may not grow further
    try:
        message = error_of(checkpoints.save, path, network(4000), CARD, kind=OSError)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert message == f"{path} could not be written (File too large): nothing was changed."
    assert sorted(path.parent.iterdir()) == before
    other, _ = checkpoints.load(path, network())
    assert torch.equal(other[0].weight, module[0].weight)


def test_crash_before_the_rename_keeps_the_old_checkpoint(saved, monkeypatch):
    module, path = saved

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(path, network(), CARD)
    monkeypatch.undo()
    assert torch.equal(checkpoints.load(path, network())[0][0].weight, module[0].weight)
    assert len(list(path.parent.iterdir())) == 2


def test_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "CHECKPOINTS", tmp_path)
    checkpoints.save(tmp_path / "lm.safetensors", network(), CARD)
    assert checkpoints.shipped("lm") == tmp_path / "lm.safetensors"
    assert error_of(checkpoints.shipped, "nn", kind=FileNotFoundError) == \
        "There is no shipped checkpoint 'nn' (shipped: lm)."


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


def test_published(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pt"
    torch.save({"generator": network().state_dict()}, path)
    assert load_published("state-dict", path)["generator"]["0.weight"].shape == (4, 3)
    assert error_of(load_published, "caffe", path) == \
        f"Unknown published format 'caffe': known are {', '.join(sorted(PUBLISHED))}."

    torch.save({"generator": Evil()}, path)
    assert "could run foreign code, so it is refused" in error_of(load_published, "state-dict", path)
    assert not (tmp_path / "evil").exists()

    torch.save(network().state_dict(), path)
    path.write_bytes(path.read_bytes()[:-300])
    assert error_of(load_published, "state-dict", path).startswith(f"The weights file {path} is damaged")
    path.write_text("hello")
    assert str(path) in error_of(load_published, "state-dict", path)


def test_published_formats_can_be_found():
    import importlib

    for where in PUBLISHED.values():
        module, function = where.split(":")
        assert callable(getattr(importlib.import_module(module), function))
