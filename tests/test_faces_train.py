"""Training of the detector and landmark networks: who is learned from, and that a card's scores are its networks'."""
from dataclasses import replace

import numpy as np
import pytest
import torch

from dflib import checkpoints
from dflib.cast.people.splits import split_of
from dflib.faces import renders, train
from dflib.faces.detector_network import DetectorNetwork
from dflib.faces.network import LandmarkNetwork
from dflib.faces.scenes import faceless_example, landmark_example


@pytest.fixture(scope="module")
def few():
    """Two people of the test split in two shots each: `Renders`."""
    return renders.render_set(2, "test", 900_000)


def test_renders_are_of_one_split(monkeypatch):
    asked, nothing = [], renders.Renders(*[np.zeros(1)] * 6)
    monkeypatch.setattr(renders, "_render", lambda seeds, bar: asked.extend(seeds) or nothing)
    for split in ("train", "val", "test"):
        asked.clear()
        renders.render_set(25, split, 123_456)
        assert len(set(asked)) == 25 and min(asked) >= 123_456 and {split_of(seed) for seed in asked} == {split}


def test_both_networks_learn_from_the_training_split(monkeypatch, few, tmp_path):
    asked = []
    monkeypatch.setattr(train, "render_set", lambda people, split, first: asked.append((people, split)) or few)
    for recipes in (train.LANDMARKS, train.DETECTOR):
        recipe = replace(recipes["smoke"], steps=1, batch=6)
        run = train.train(recipe, folder=tmp_path / recipe.network)
        assert run.done == 1 and asked.pop() == (recipe.people, "train")
        expected = {"landmarks": LandmarkNetwork, "detector": DetectorNetwork}[recipe.network]
        assert isinstance(run.averaged, expected)
    with pytest.raises(ValueError, match="landmarks or detector, not 'detektor'"):
        train.train(replace(recipe, network="detektor"), few)
    with pytest.raises(ValueError, match="another one"):
        train.train(replace(recipe, batch=7), folder=tmp_path / recipe.network)


def test_a_step_teaches_landmarks_and_presence(few, tmp_path):
    run = train.train(replace(train.LANDMARKS["smoke"], steps=25, batch=12), few, tmp_path)
    first, last = run.history[0], run.history[-1]
    assert last["landmarks"] < 0.9 * first["landmarks"] and last["presence"] < first["presence"]


def test_crops_without_a_face_show_none_upright_in_the_middle(few):
    """A network that found every pixel of skin in the middle a face would be right about half of them at most."""
    rng = np.random.default_rng(0)
    crops = [faceless_example(few, rng) for _ in range(40)]
    assert all(crop.shape == (96, 96, 3) and crop.dtype == np.uint8 for crop in crops)
    again = np.random.default_rng(0)
    assert all((faceless_example(few, again) == crop).all() for crop in crops)
    plain = np.array([crop.std() < 1 for crop in crops])
    assert plain.mean() < 0.2
    crop, points = landmark_example(few, rng)
    assert crop.shape == (96, 96, 3) and np.abs(points.mean(axis=0) - 47.5).max() < 25


def test_the_card_scores_the_networks_that_were_trained(monkeypatch, few, tmp_path):
    """Shipped to another folder, untrained networks have untrained networks' scores."""
    runs = {recipe.network: train.train(replace(recipe, steps=1, batch=6), few, tmp_path / recipe.network)
            for recipe in (train.LANDMARKS["smoke"], train.DETECTOR["smoke"])}
    with torch.no_grad():
        runs["landmarks"].averaged.presence.bias.fill_(-100)     # nothing is a face to it, whoever proposes it
    monkeypatch.setattr("dflib.faces.evaluate.copies", lambda: [("", few.image[0], np.array([0, 0, 9, 9]))])
    monkeypatch.setattr(train, "render_set", lambda people, split, first: few if split == "test" else None)
    before = {path.name: path.read_bytes() for path in checkpoints.CHECKPOINTS.glob("*.json")}
    train.ship(runs, "two people", folder=tmp_path)
    cards = {name: checkpoints.read_card(tmp_path / f"{name}.safetensors") for name in runs}
    assert cards["detector"]["scores"]["detector found exactly the face"] == 0
    assert cards["landmarks"]["scores"]["error up to 40 degrees of yaw"] > 15
    assert {card["data"] for card in cards.values()} == {"two people"}
    assert {path.name: path.read_bytes() for path in checkpoints.CHECKPOINTS.glob("*.json")} == before

