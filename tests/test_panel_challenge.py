"""Lesson 11's panel: the loss of what is shown, at any share of fakes, clip, belief and threshold."""
import re
import time

import numpy as np
import pytest

from dflib.lesson.panels.lesson11 import score_explorer

LABELS, SAID = np.array([1, 1, 1, 0, 0, 0, 0, 0]), np.array([0.9, 0.8, 0.3, 0.1, 0.2, 0.0, 0.4, 0.7])


def number(line, words):
    return float(re.search(rf"{words} ([-+\d.e]+)", line)[1])


def test_it_begins_with_equal_shares_and_every_slider_does_what_it_says():
    panel = score_explorer(LABELS, SAID)
    fake, real = -np.log(SAID[:3]).mean(), -np.log(1 - SAID[3:]).mean()
    assert number(panel.line, "log loss") == pytest.approx((fake + real) / 2, abs=1e-4)
    assert number(panel.line, "would score") == pytest.approx(np.log(2), abs=1e-4) and "right 73 %" in panel.line
    panel.set(share=0.1)
    wrong = number(panel.line, "log loss")
    assert wrong == pytest.approx(0.1 * fake + 0.9 * real, abs=1e-4)
    panel.set(believed=0.1)
    assert number(panel.line, "log loss") < wrong
    panel.set(believed=0.5, share=0.5, clip=-0.4)
    assert number(panel.line, "dearest video") == pytest.approx(-np.log(10**-0.4), abs=0.06)
    before, start = panel.picture.copy(), time.process_time()
    panel.set(threshold=0.95)
    assert time.process_time() - start < 0.15
    assert not panel.error and "none is called fake" in panel.line and (panel.picture != before).any()


def test_what_was_learned_elsewhere_is_where_belief_begins():
    panel = score_explorer(LABELS, SAID, learned=0.75)
    assert panel["believed"].value == 0.75
    assert number(panel.line, "log loss") == pytest.approx((-np.log(SAID[:3]).mean() - np.log(1 - SAID[3:]).mean()) / 2, abs=1e-4)
    assert panel.picture.shape[1] == 2 * panel.picture.shape[0]
