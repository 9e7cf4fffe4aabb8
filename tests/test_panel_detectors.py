"""Lesson 08's panel: scores of what is shown, degraded as its sliders say."""
import cv2
import numpy as np
import torch

from dflib import media
from dflib.faces.crops import cut
from dflib.forensics.detector import Detector, levels
from dflib.forensics.examine import Judge
from dflib.lesson.panels.lesson08 import BAR, SIDE, beside, degraded, scores_explorer


class Sharp(Detector):
    """A stand-in whose logit of fake is how smooth a crop is, so that each score is known."""

    def __init__(self, native):
        super().__init__(16)
        self.native = native
        self.weight = torch.nn.Parameter(torch.ones(()))

    def prepare(self, crops):
        return levels(crops)

    def forward(self, x):
        logit = self.weight * (10 - (x[..., 1:] - x[..., :-1]).abs().mean((1, 2, 3)))
        return torch.stack([torch.zeros_like(logit), logit], 1)


def panel():
    rng = np.random.default_rng(0)
    frames = cv2.resize(rng.integers(0, 256, (40, 40, 3)).astype(np.uint8), (80, 80), interpolation=cv2.INTER_LINEAR)[None].repeat(3, 0)
    clips = {"a": (frames, np.tile([20.0, 20, 60, 60], (3, 1))), "b": (frames[:, ::-1], np.tile([10.0, 10, 50, 50], (3, 1)))}
    judges = [Judge("face", Sharp(False), crop=24), Judge("pixels", Sharp(True), temperature=2.0, crop=24)]
    return scores_explorer(judges, clips, {"face": "Face"}), clips, judges


def test_scores_are_those_of_the_crop_each_judge_wants():
    explorer, clips, judges = panel()
    frames, boxes = clips["a"]
    crops = [cut(frames[1], boxes[1], 24, native=native) for native in (False, True)]
    wanted = [float(judge.scores(crop[None])[0]) for judge, crop in zip(judges, crops)]
    assert wanted[0] != wanted[1] and f"Face {wanted[0]:.2f}, pixels {wanted[1]:.2f} · " in explorer.line
    assert explorer.picture.shape == (SIDE, SIDE + BAR[0] + 40, 3) and not explorer.error
    before = explorer.line.split(" · ")[0]
    for moved in ({"blur": 2.0}, {"size": 40}, {"crf": 40}):
        explorer.set(**({"blur": 0.0, "size": 100, "crf": 0} | moved))
        assert explorer.line.split(" · ")[0] != before and not explorer.error
    explorer.set(blur=0.0, size=100, crf=0, clip="b", frame=2)
    assert f"Face {judges[0].scores(cut(clips['b'][0][2], boxes[0] - 10, 24)[None])[0]:.2f}" in explorer.line


def test_untouched_until_a_slider_moves():
    picture = np.random.default_rng(1).integers(0, 256, (60, 50, 3)).astype(np.uint8)
    assert degraded(picture, 0, 0.0, 100) is picture
    assert np.array_equal(degraded(picture, 30, 0.0, 100), media.compress(picture, 30))
    smooth = [np.abs(np.diff(degraded(picture, 0, *how).astype(int), axis=1)).mean() for how in ((0.0, 100), (1.0, 100), (0.0, 30))]
    assert smooth[1] < smooth[0] / 2 > smooth[2] and degraded(picture, 0, 0.0, 30).shape == picture.shape


def test_bars_are_as_long_as_the_scores():
    shown = beside(np.zeros((SIDE, SIDE, 3), np.uint8), ["one", "other"], [0.25, 1.0])
    blue = (shown == [0, 114, 178]).all(2).sum(1)
    assert abs(blue[blue > 0][0] - 0.25 * BAR[0]) < 3 and abs(blue.max() - BAR[0]) < 3
