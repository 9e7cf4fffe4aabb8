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


def test_a_shipped_detector_says_its_scores_and_none_says_nothing(tmp_path, monkeypatch):
    fake = opening.a_fake()
    monkeypatch.setattr(opening, "CHECKPOINTS", tmp_path)
    assert opening.examined(fake) == ("Examined", "Deepfakes · what it changed")
    monkeypatch.setattr(opening, "judge_from", lambda path: type("Judge", (), {"name": path.stem}))
    monkeypatch.setattr(opening, "examine", lambda path, judges: {"score": {judges[0].name: 0.9 if path == fake.path else 0.1}})
    (tmp_path / "detector-xception.safetensors").touch()
    assert opening.examined(fake) == ("Examined by Xception", "P(fake) 0.90 · original 0.10")


def test_what_a_method_changed_is_marked_and_the_rest_is_paler():
    sheet = opening.marked(opening.a_fake()).astype(int)
    frame, shown = sheet[:, :250], sheet[:, -256:-6]
    red = (shown[..., 0] - shown[..., 2]) - (frame[..., 0] - frame[..., 2]) > 40
    assert 0.03 < red.mean() < 0.5 and shown[~red].mean() > frame[~red].mean() + 20


def test_the_committed_picture_is_the_tools():
    picture = media.read_image(opening.OUT)
    assert picture.shape[1] == opening.WIDTH and media.read_label(opening.OUT).note == "what the course makes"
