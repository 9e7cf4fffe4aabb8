"""Lesson 09's panel and the maps drawn over pictures: what is shown is what is said."""
import cv2
import numpy as np
import pytest
import torch

from dflib import __main__ as cli
from dflib import checkpoints, media
from dflib.faces.crops import cut, shown_square
from dflib.forensics import build_detector
from dflib.forensics.attention import with_attention
from dflib.forensics.detector import Detector, levels
from dflib.forensics.examine import Judge, followed, judge_from
from dflib.forensics.overlay import RED, STRENGTH, draw_maps, overlaid
from dflib.lesson.panels.lesson09 import EXACT, GAP, HEAD, MEAN, SIDE, map_explorer
from dflib.metrics.localisation import iinc, iou
from dflib.paths import DATA


class Bright(Detector):
    """A stand-in whose map is how bright each eighth of a crop is, and whose logit of fake is the map's mean."""

    def __init__(self):
        super().__init__(32)
        self.weight = torch.nn.Parameter(torch.ones(()))

    def prepare(self, crops):
        return levels(crops)

    def forward(self, x):
        logit = self.weight * x.mean((1, 2, 3)) / 255
        return torch.stack([torch.zeros_like(logit), logit], 1)

    def maps(self, crops):
        return crops.mean(3).reshape(len(crops), 8, crops.shape[1] // 8, 8, -1).mean((2, 4)).astype(np.float32) / 255


def clips():
    crops = np.zeros((3, 32, 32, 3), np.uint8)
    crops[1, :, :16], crops[2, 8:24, 8:24] = 204, 255          # 0.8 on the left; a square of 1
    truths = np.zeros((3, 32, 32))
    truths[1, :, :8], truths[2, 8:24, 8:24] = 1, 1
    return {"swap": (crops, truths), "untouched": (crops[:2] * 0, truths[:2] * 0)}


def test_scores_are_those_of_the_map_at_the_threshold():
    crops, truths = clips()["swap"]
    panel = map_explorer(Judge("bright", Bright(), crop=32), clips(), mean=np.full((8, 8), 0.3))
    left = np.zeros((32, 32))
    left[:, :16] = 0.8
    said = f"above 0.10: IINC {iinc(left, truths[1]):.2f}, IoU {iou(left, truths[1]):.2f} · P(fake) "
    assert panel.line.startswith(said) and panel["frame"].value == 1 and iou(left, truths[1]) == 0.5
    assert f"P(fake) {1 / (1 + np.exp(-0.4)):.2f}" in panel.line and not panel.error
    panel.set(threshold=0.9)
    assert "IINC 0.36, IoU 0.00" in panel.line                  # 1 / (3 − ¼): empty, beside a truth that is not
    panel.set(threshold=0.1, shown=MEAN)
    assert "IoU 0.25" in panel.line
    panel.set(shown=EXACT)
    assert "IINC 0.00, IoU 1.00" in panel.line
    panel.set(clip="untouched", shown=MEAN)
    assert "IINC 0.50, IoU 0.00" in panel.line and panel.picture.shape == (HEAD + SIDE, 3 * SIDE + 2 * GAP, 3)


def test_red_where_the_map_is_and_a_line_where_it_passes_the_threshold():
    picture = np.full((64, 96, 3), 100, np.uint8)
    map = np.zeros((8, 8), np.float32)
    map[:, :4] = 1.0
    shown = overlaid(picture, [(np.array([16, 0, 80, 64]), map)])
    assert (shown[:, :16] == picture[:, :16]).all() and (shown[:, 80:] == picture[:, 80:]).all() and (picture == 100).all()
    assert np.allclose(shown[30, 30], (1 - STRENGTH) * 100 + STRENGTH * RED, atol=1) and (shown[30, 70] == 100).all()
    lines = np.flatnonzero((shown[30] == 255).all(1))
    assert len(lines) and 48 <= lines.min() and lines.max() <= 56                  # between the last field and the first without
    assert (overlaid(picture, []) == picture).all()


@pytest.mark.parametrize("box", [(60, 30, 180, 160), (0, 0, 150, 140), (20, 15, 230, 240), (100, 100, 141, 150), (200, 10, 256, 90)])
def test_the_square_is_what_the_crop_shows(box):
    y, x = np.mgrid[:256, :256].astype(np.uint8)
    picture = np.stack([x, y, 0 * x], -1)
    for size in (40, 128, 160):
        x0, y0, x1, y1 = shown_square(box, picture.shape, size)
        assert x1 - x0 == y1 - y0 and 0 <= min(x0, y0) and max(x1, y1) <= 256
        wanted = picture[y0:y1, x0:x1]
        if x1 - x0 != size:
            smooth = cv2.INTER_AREA if size < x1 - x0 else cv2.INTER_LINEAR
            wanted = cv2.resize(wanted, (size, size), interpolation=smooth)
        assert (cut(picture, box, size) == wanted).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """photo.png of Ana, clip.mp4 of her with an empty frame, wall.png, and a network with attention that learned nothing."""
    folder = tmp_path_factory.mktemp("files")
    frames = np.stack([picture for picture, _ in zip(media.read_video(DATA / "clips" / "ana.mp4"), range(3))])
    media.write_image(folder / "photo.png", frames[0], kind="rendered")
    frames[2] = 100
    media.write_video(folder / "clip.mp4", frames, fps=10, crf=10, kind="neutral", progress=False)
    media.write_image(folder / "wall.png", np.full((80, 80, 3), 120, np.uint8), kind="rendered")
    torch.manual_seed(0)
    network = with_attention(build_detector("xception", size=64, width=0.0625), "regression")
    card = {"recipe": "", "steps": 1, "seed": 0, "data": "", "wall_time": 1, "scores": {}, "crop": 64,
            "network": {"detector": "xception", "size": 64, "width": 0.0625, "attention": "regression"}}
    checkpoints.save(folder / "where.safetensors", network, card)
    return folder


def test_maps_lie_on_the_faces(folder, tmp_path):
    judge, picture = judge_from(folder / "where.safetensors"), media.read_image(folder / "photo.png")
    _, tracks = followed(folder / "photo.png")
    draw_maps(folder / "photo.png", tmp_path / "m.png", judge)
    square = shown_square(tracks[0].boxes[0], picture.shape, 64)
    expected = overlaid(picture, [(square, judge.network.maps(cut(picture, tracks[0].boxes[0], 64)[None])[0])])
    drawn = media.read_image(tmp_path / "m.png")
    same = (drawn == expected).all(2)
    assert same.mean() > 0.9 and not same.all() and (expected != picture).any(2).mean() > 0.1      # the mark is on it besides
    assert media.read_label(tmp_path / "m.png").kind == "composite"
    draw_maps(folder / "clip.mp4", tmp_path / "m.mp4", judge)
    before, after = ([frame.astype(int) for frame in media.read_video(path)] for path in (folder / "clip.mp4", tmp_path / "m.mp4"))
    x0, y0, x1, y1 = square
    far = [abs(one - other)[y0:y1, x0:x1].mean() for one, other in zip(before, after)]
    assert len(after) == 3 and min(far[:2]) > 8 and far[2] < 4            # the mark alone


@pytest.mark.parametrize("arguments, said", [
    (["photo.png", "--map", "a.mp4"], "photo.png is a picture, so its map must be drawn on one too"),
    (["clip.mp4", "--map", "a.png"], "clip.mp4 is a video"), (["photo.png", "clip.mp4", "--map", "a.png"], "on one picture or video"),
    (["photo.png", "--map", "a.txt"], "must end in"), (["photo.png", "--map", "photo.png"], "would be overwritten"),
    (["photo.png", "--map", "a.png", "--with", "other.safetensors"], "None of the detectors of --with has a map")])
def test_bad_input_is_one_sentence(capsys, folder, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(folder)
    if "other.safetensors" in arguments:
        card = {"recipe": "", "steps": 1, "seed": 0, "data": "", "wall_time": 1, "scores": {}, "network": {"detector": "meso4"}}
        checkpoints.save(tmp_path / "other.safetensors", build_detector("meso4"), card)
        arguments = [*arguments[:-1], str(tmp_path / "other.safetensors")]
    elif "must end in" not in said:
        arguments = [*arguments, "--with", "where.safetensors"]
    try:
        code = cli.main(["examine", *arguments])
    except SystemExit as end:
        code = end.code
    error = capsys.readouterr().err
    assert code == 2 and said in error and error.count("\n") == 1 and not (folder / "a.png").exists()


def test_command(capsys, folder, tmp_path, monkeypatch):
    photo, out = str(folder / "photo.png"), tmp_path / "m.png"
    assert cli.main(["examine", photo, "--map", str(out), "--with", str(folder / "where.safetensors")]) == 0
    assert "where 0." in capsys.readouterr().out and out.is_file()
    monkeypatch.setattr("dflib.paths.CHECKPOINTS", tmp_path)
    assert cli.main(["examine", photo, "--map", str(out)]) == 2
    assert "No network with a map is here" in capsys.readouterr().err
    (tmp_path / "attention-appearance.safetensors").write_bytes((folder / "where.safetensors").read_bytes())
    (tmp_path / "attention-appearance.json").write_bytes((folder / "where.json").read_bytes())
    assert cli.main(["examine", photo, "--map", str(out)]) == 0 and "attention-appearance 0." in capsys.readouterr().out
    assert cli.main(["examine", str(folder / "wall.png"), "--map", str(tmp_path / "w.png")]) == 0       # nobody, nothing drawn
    assert "no face found" in capsys.readouterr().out and (tmp_path / "w.png").is_file()
