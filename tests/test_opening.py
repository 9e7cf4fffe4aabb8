"""The tool of the README's opening picture: rows as wide as the picture, everything in one row of one height, labels above."""
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import opening  # noqa: E402
from dflib import media  # noqa: E402

GREEN = (0, 160, 0)


def test_rows_fill_the_width_whatever_is_left_out():
    wide, narrow = (np.full((100, width, 3), GREEN, np.uint8) for width in (400, 100))
    for parts in ([("A", "note", wide), ("B", "", narrow)], [("A", "note", wide), ("B", "", narrow), ("C", "", narrow.copy())]):
        sheet = opening.compose([parts])
        green = (sheet == GREEN).all(axis=-1)
        rows = np.flatnonzero(green.any(axis=1))
        assert sheet.shape[1] == opening.WIDTH and rows[-1] == len(sheet) - 1 and (green[rows] == green[rows[0]]).all()
        assert green[rows[0]].sum() == opening.WIDTH - opening.SPACE * (len(parts) - 1) and green[rows[0], -1]
        assert (sheet[:rows[0]] < 60).all(axis=-1).any()                # dark letters above


class Judged:
    crop, network = 64, type("Network", (), {"native": False})

    def scores(self, crops):
        return crops.mean((1, 2, 3)) / 200


def test_a_shipped_detector_says_its_scores_and_none_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(opening.faces, "detect", lambda picture: np.array([[30, 30, 90, 90]]))
    before, after = (np.full((120, 120, 3), level, np.uint8) for level in (20, 180))
    assert opening.examined(before, after) == ("Examined", "a FaceSwap · what it changed")
    monkeypatch.setattr(opening, "judge_from", lambda path: {"detector-xception": Judged()}[path.stem])
    (tmp_path / "detector-xception.safetensors").touch()
    assert opening.examined(before, after) == ("Examined by Xception", "P(fake) 0.90 · original 0.10")


def test_the_committed_picture_is_the_tools():
    picture = media.read_image(opening.OUT)
    assert picture.shape[1] == opening.WIDTH and media.read_label(opening.OUT).note == "what the course makes"
