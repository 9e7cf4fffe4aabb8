"""What examining a file answers: scores by face and frame, no score without a face, and labels that change nothing."""
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from dflib import __main__ as cli
from dflib import checkpoints, media
from dflib.datasets.crops import FaceCrops
from dflib.faces.crops import cut
from dflib.forensics import build_detector
from dflib.forensics.detector import Detector, levels
from dflib.forensics.examine import CROP, UNMEASURED, Judge, examine, in_words, judge_from, plot
from dflib.forensics.train import Recipe, export, train
from dflib.paths import DATA

BLANK = 4           # frame of the clip that shows nobody


class Reddish(Detector):
    """A stand-in whose logit of fake is how red a crop is, so that each score is known."""

    def __init__(self, classes=2):
        super().__init__(8, classes)
        self.strength = torch.nn.Parameter(torch.tensor(1 / 40))

    def prepare(self, crops):
        return levels(crops)

    def forward(self, x):
        redness = self.strength * (x[:, 0] - x[:, 1:].mean(1)).mean((1, 2))
        return torch.stack([torch.zeros_like(redness), *[redness] * (self.classes - 1)], 1)


def ana():
    """The first picture of a shipped clip, (256, 256, 3)."""
    return next(iter(media.read_video(DATA / "clips" / "ana.mp4")))


def redness(crop):
    return (crop[..., 0] - crop[..., 1:].mean(-1)).mean() / 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """photo.png of Ana, wall.png of nobody, clip.mp4 of Ana reddening, a frame without her, broken.png."""
    folder = tmp_path_factory.mktemp("files")
    media.write_image(folder / "photo.png", ana(), kind="rendered")
    media.write_image(folder / "wall.png", np.full((80, 80, 3), 120, np.uint8), kind="rendered")
    frames = np.stack([picture for picture, _ in zip(media.read_video(DATA / "clips" / "ana.mp4"), range(9))])
    frames = np.clip(frames + np.arange(9)[:, None, None, None] * np.array([6, -3, -3]), 0, 255).astype(np.uint8)
    frames[BLANK] = 100
    media.write_video(folder / "clip.mp4", frames, fps=10, crf=10, kind="neutral", progress=False)
    (folder / "broken.png").write_bytes(b"nothing")
    return folder


def test_video_by_face_and_frame(folder):
    judges = [Judge("red", Reddish()), Judge("cool", Reddish(), temperature=2.0, worth="So so.")]
    report = examine(folder / "clip.mp4", judges)
    assert report["kind"] == "video" and len(report["faces"]) == 1
    face = report["faces"][0]
    assert face["frames"] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert face["times"] == pytest.approx([frame / 10 for frame in face["frames"]])
    pictures = list(media.read_video(folder / "clip.mp4"))
    logits = np.array([redness(cut(pictures[frame], box, CROP)) for frame, box in zip(face["frames"], face["boxes"])])
    assert np.allclose(face["scores"]["red"], 1 / (1 + np.exp(-logits)), atol=1e-2)
    assert np.allclose(face["scores"]["cool"], 1 / (1 + np.exp(-logits / 2)), atol=1e-2)
    assert face["scores"]["red"][-1] > face["scores"]["red"][0] + 0.1
    assert face["score"]["red"] == pytest.approx(np.mean(face["scores"]["red"]), abs=1e-5) == report["score"]["red"]
    assert report["worth"] == {"red": UNMEASURED, "cool": "So so."}
    json.dumps(report)
    panels = plot(report).axes
    assert len(panels) == 1 and len(panels[0].lines) == 4 and panels[0].texts[0].get_text() == "frame 8"
    few = examine(folder / "clip.mp4", [Judge("red", Reddish())], frames=3)["faces"][0]
    assert few["frames"][0] == 0 and few["frames"][-1] == 8 and len(few["frames"]) == 3


def test_nobody_there_is_an_answer(folder):
    report = examine(folder / "wall.png", [Judge("red", Reddish())])
    assert report["faces"] == [] and report["score"] is None
    assert in_words(report).startswith(f"{folder / 'wall.png'}: no face found")
    assert plot(report).axes[0].texts[0].get_text() == "no face found"


def test_labels_stand_apart(folder, tmp_path):
    picture = ana()
    media.write_image(tmp_path / "photo.png", picture, kind="edited", note="a face was changed")
    first, second = (examine(path / "photo.png", [Judge("red", Reddish())]) for path in (folder, tmp_path))
    assert (first["label"]["kind"], second["label"]["kind"]) == ("rendered", "edited")
    assert first["faces"] == second["faces"] and first["score"] == second["score"] and len(first["faces"]) == 1
    assert "no score knows: edited" in in_words(second)


def test_a_file_is_as_suspicious_as_its_worst_face(tmp_path):
    face = ana()
    reddened = np.clip(face.astype(int) + [60, -30, -30], 0, 255).astype(np.uint8)
    media.write_image(tmp_path / "two.png", np.concatenate([face, reddened], 1), kind="rendered")
    report = examine(tmp_path / "two.png", [Judge("red", Reddish(classes=3))])
    scores = [face["score"]["red"] for face in report["faces"]]
    assert len(scores) == 2 and max(scores) > min(scores) + 0.05 and report["score"]["red"] == max(scores)
    right = max(report["faces"], key=lambda face: face["boxes"][0][0])
    one = redness(cut(np.concatenate([face, reddened], 1), right["boxes"][0], CROP))
    two_kinds = 2 * np.exp(one)
    assert right["score"]["red"] == pytest.approx(two_kinds / (1 + two_kinds), abs=1e-3)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A detector that learned nothing from noise, and the run it is from."""
    folder = tmp_path_factory.mktemp("run")
    crops = FaceCrops(np.random.default_rng(0).integers(0, 256, (8, 40, 40, 3)).astype(np.uint8),
                      np.repeat(["real", "x"], 4), np.arange(8), np.arange(-4, 4).clip(-1), np.arange(8))
    recipe = Recipe("bayar", steps=1, batch=4, size=40, dense=8)
    run = train(recipe, (crops, crops), folder / "run")
    scores = {"temperature": 3.0, "worth": "Wrong in half of all cases."}
    export(run, folder / "bayar.safetensors", recipe, "noise", scores)
    return folder / "bayar.safetensors", run, crops


def test_checkpoints_become_judges(checkpoint, tmp_path):
    path, run, crops = checkpoint
    judge = judge_from(path)
    assert (judge.name, judge.temperature, judge.worth) == ("bayar", 3.0, "Wrong in half of all cases.")
    trained = run.models["best"].network
    assert np.array_equal(judge.network.probability(crops.pictures), trained.probability(crops.pictures))
    logits = judge.network.logits(crops.pictures)
    assert np.allclose(judge.scores(crops.pictures), 1 / (1 + np.exp((logits[:, 0] - logits[:, 1]) / 3)))
    card = {"recipe": "", "steps": 1, "seed": 0, "data": "", "wall_time": 1, "scores": {}}
    checkpoints.save(tmp_path / "other.safetensors", build_detector("rahmouni"), card)
    with pytest.raises(ValueError, match="does not say which detector it is"):
        judge_from(tmp_path / "other.safetensors")


def run(capsys, *arguments):
    try:
        code = cli.main(["examine", *map(str, arguments)])
    except SystemExit as end:
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_command_on_a_folder_and_a_video(capsys, folder, checkpoint, tmp_path):
    code, text, err = run(capsys, folder, "--with", checkpoint[0], "--json", tmp_path / "r.json")
    reports = json.loads((tmp_path / "r.json").read_text())
    assert code == 0 and [Path(report["input"]).name for report in reports] == ["clip.mp4", "photo.png", "wall.png"]
    assert "broken.png" in err and "no face found" in text and "Wrong in half of all cases." in text
    assert reports[2]["score"] is None and 0 < reports[1]["score"]["bayar"] < 1
    code, text, err = run(capsys, folder / "clip.mp4", "--with", checkpoint[0], "--plot", tmp_path / "p.png")
    assert code == 0 and "8 frames judged: bayar 0." in text and media.read_image(tmp_path / "p.png").std() > 5


@pytest.mark.parametrize("arguments, said", [
    (["none.png"], "There is no"), (["photo.png", "--with", "nobody"], "no shipped checkpoint 'detector-nobody'"),
    (["photo.png", "--plot", "p.png"], "A plot over time is of one video"), (["."], "holds no pictures and no videos"),
    (["broken.png"], "broken.png"), (["photo.png", "--with", "meso5=a.h5"], "Unknown published format 'meso5'"),
    (["photo.png", "--with", "meso4=a.h5"], "There is no weights file"),
    (["photo.png", "--json", "a.txt"], "must end in")])
def test_bad_input_is_one_sentence(capsys, folder, checkpoint, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    arguments = [str(folder / word) if word in ("photo.png", "broken.png") else word for word in arguments]
    if "--with" not in arguments:
        arguments += ["--with", str(checkpoint[0])]
    code, text, err = run(capsys, *arguments)
    assert code == 2 and said in err and err.count("\n") == 1 and list(tmp_path.iterdir()) == []
