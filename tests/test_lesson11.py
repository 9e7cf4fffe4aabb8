"""What lesson 11 says in numbers, held against the code that it speaks of."""
import numpy as np
import pytest

from dflib import media
from dflib.datasets import FaceForensics
from dflib.metrics.classification import log_loss
from dflib.paths import DATA
from dflib.studies.challenge import make, plan, traps


def test_what_certainty_costs():
    assert log_loss([1], [0.5]) == pytest.approx(0.6931, abs=1e-4)
    assert log_loss([0], [1.0]) == pytest.approx(34.54, abs=0.01) and log_loss([0], [1.0]) / 18 > 2 * np.log(2)
    assert 0.98 * -np.log(0.98) < 0.0202                                                  # a limit of 0.02
    thousand, labels = np.r_[np.full(999, 1.0), 0.0], np.ones(1000)                       # question 2
    assert log_loss(labels, thousand) < log_loss(labels, np.full(1000, 0.95)) == pytest.approx(0.0513, abs=1e-4)


def test_the_parts_are_those_of_its_table():
    assert len(plan.SHOWN) == 3 and plan.FAKES == {"public": 1 / 2, "private": 1 / 3}
    assert {crf for _, crf in plan.LOOKS["train"]} == {23} and {crf for _, crf in plan.LOOKS["public"]} == {23, 32}
    assert {crf for _, crf in plan.LOOKS["private"]} == {23, 28, 32} and min(share for share, _ in plan.LOOKS["private"]) < 1
    assert plan.sizes_of(60)["public"] == 18
    stock = FaceForensics(DATA / "forensics", "train", "c23", ())
    assert len(stock.pairs) * 2 >= plan.sizes_of(make.STOCKED)["train"]


def test_a_fake_has_another_size_than_its_original():
    stock = FaceForensics(DATA / "forensics", "all", "c23")
    smaller = {method: np.mean([clip.path.stat().st_size < clip.original.stat().st_size for clip in stock if clip.method == method])
               for method in FaceForensics.METHODS}
    assert min(smaller[method] for method in ("Deepfakes", "Face2Face", "NeuralTextures")) >= 0.8 and smaller["FaceSwap"] < 0.5
    assert media.read_label(stock[0].path).kind == "neutral"


def test_a_hundred_equals_end_in_the_middle():
    found = traps.falls(100)
    assert found["place"].mean() == pytest.approx(50, abs=10) and np.mean(found["private"] - found["public"]) > 0.1
    many = traps.falls(20, videos=(4000, 54))
    few = traps.falls(20, videos=(36, 54))
    assert abs(np.mean(many["private"] - many["public"])) < np.mean(few["private"] - few["public"])
