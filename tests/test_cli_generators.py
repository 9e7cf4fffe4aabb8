"""Generators on the command line: training that is begun, resumed or put aside, and sheets from a checkpoint."""
import inspect
import json
from types import SimpleNamespace

import pytest
import torch

from dflib import __main__ as cli
from dflib import checkpoints, media
from dflib.commands import train
from dflib.synthesis.stylegan import latents
from dflib.synthesis.stylegan import Generator

CARD = dict(recipe="a test", steps=1, seed=0, data="none", wall_time=0, scores={})


def run(capsys, *arguments):
    """(exit code, standard output, standard error) of one command, in this process."""
    try:
        code = cli.main([str(argument) for argument in arguments])
    except SystemExit as end:       # argparse's way of ending
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder and cache, at smoke scale."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DFLIB_SCALE", "smoke")
    return tmp_path / "here"


@pytest.fixture
def checkpoint(folder):
    torch.manual_seed(0)
    generator = Generator(16, latent=8, base=128, limit=8)
    checkpoints.save(folder / "people.safetensors", generator, CARD)
    return latents.load_generator(folder / "people.safetensors")[0]


def test_sheet_of_a_checkpoint_holds_its_samples_and_says_so(capsys, checkpoint):
    code, out, err = run(capsys, "render", "--checkpoint", "people.safetensors", "--people", 5, "--seed", 3, "--psi", 0.4,
                         "--out", "sheet.png")
    assert (code, out, err) == (0, "sheet.png\n", "")
    image, wanted = media.read_image("sheet.png"), latents.sample(checkpoint, 5, seed=3, psi=0.4)
    assert image.shape == (32, 48, 3) and (image[16:, 32:] == 255).all()
    assert (image[16:, 16:32] == wanted[4]).all() and (image[:16, 16:32] == wanted[1]).all()
    label = media.read_label("sheet.png")
    assert label.kind == "generated" and label.note == "StyleGAN, people.safetensors, seed 3, psi 0.4"


def test_psi_is_a_half_and_a_fifth_unless_given(capsys, checkpoint):
    assert run(capsys, "render", "--checkpoint", "people.safetensors", "--people", 1, "--out", "sheet.png")[0] == 0
    assert (media.read_image("sheet.png") == latents.sample(checkpoint, 1, psi=0.7)[0]).all()
    assert run(capsys, "render", "--checkpoint", "people.safetensors", "--people", 1, "--psi", 0, "--out", "sheet.png")[0] == 0
    assert (media.read_image("sheet.png") == latents.sample(checkpoint, 1, psi=0.0)[0]).all()


BAD = {
    "no such checkpoint": (["--checkpoint", "missing.safetensors"], "missing.safetensors"),
    "no card": (["--checkpoint", "alone.safetensors"], "alone.json"),
    "changed": (["--checkpoint", "changed.safetensors"], "does not match the sha256"),
    "another network": (["--checkpoint", "other.safetensors"], "holds no StyleGAN generator"),
    "psi of the cast": (["--psi", "0.5"], "--psi belongs to a trained generator: give --checkpoint too."),
    "psi too large": (["--checkpoint", "people.safetensors", "--psi", "3"], "'3' is not a number from 0 to 2"),
    "psi in words": (["--checkpoint", "people.safetensors", "--psi", "much"], "'much' is not a number from 0 to 2"),
    "yaw of a checkpoint": (["--checkpoint", "people.safetensors", "--yaw", "0"], "--yaw belongs to the cast"),
    "size of a checkpoint": (["--checkpoint", "people.safetensors", "--size", "64"], "--size belongs to the cast"),
    "truth of a checkpoint": (["--checkpoint", "people.safetensors", "--truth"], "--truth belongs to the cast"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(capsys, folder, checkpoint, case):
    data = (folder / "people.safetensors").read_bytes()
    (folder / "alone.safetensors").write_bytes(data)
    (folder / "changed.safetensors").write_bytes(data[:-1] + b"?")
    (folder / "changed.json").write_text((folder / "people.json").read_text())
    checkpoints.save(folder / "other.safetensors", torch.nn.Linear(2, 2), CARD)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    arguments, sentence = BAD[case]
    code, out, err = run(capsys, "render", "--out", "sheet.png", *arguments)
    assert (code, out) == (2, "") and sentence in err and err.count("\n") == 1 and "Traceback" not in err, err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_clips_are_of_the_cast(capsys, folder, checkpoint):
    code, out, err = run(capsys, "render", "--clip", "clip.mp4", "--checkpoint", "people.safetensors")
    assert (code, out) == (2, "") and "--clip belongs to the cast" in err


class Trained:
    """Stands for a recipe's module: it counts how often it goes on with what lies in its folder."""

    RECIPES = LANDMARKS = DETECTOR = IDENTITY = ATTRIBUTES = {"smoke": "a recipe"}
    averaged, accelerator = None, SimpleNamespace(is_main_process=False)

    @staticmethod
    def train(recipe, data, folder):
        assert recipe == "a recipe"
        folder.mkdir(parents=True, exist_ok=True)
        state = folder / "state.safetensors"
        state.write_text(f"{state.read_text()}+" if state.exists() else f"begun with {data}")
        return Trained


def test_a_run_is_gone_on_with_resumed_or_put_aside(capsys, folder, monkeypatch):
    monkeypatch.setattr(train, "import_module", lambda name: Trained)
    code, out, err = run(capsys, "train", "gan", "--resume")
    assert (code, out) == (2, "") and err == (
        "python -m dflib train: There is no earlier run of gan at this scale to resume: leave out --resume to begin.\n")
    assert not train.run_folder("gan").exists()
    assert run(capsys, "train", "gan")[:2] == (0, "gan: done\n")
    assert run(capsys, "train", "gan")[0] == run(capsys, "train", "gan", "--resume")[0] == 0
    state = train.run_folder("gan") / "state.safetensors"
    assert state.read_text() == "begun with None++"
    for number in (1, 2):
        aside = train.run_folder("gan").with_name(f"gan-smoke.{number}")
        code, out, _ = run(capsys, "train", "gan", "--no-resume")
        assert code == 0 and out == f"gan: the earlier run is now {aside}\ngan: done\n"
    assert state.read_text() == "begun with None"
    assert (aside.with_name("gan-smoke.1") / "state.safetensors").read_text() == "begun with None++"
    assert run(capsys, "train", "stylegan", "--no-resume")[:2] == (0, "stylegan: done\n")     # nothing to put aside
    assert run(capsys, "train", "all", "--resume")[0] == 0      # some have begun


def test_ones_own_data_has_a_run_of_its_own(capsys, folder, monkeypatch):
    monkeypatch.setattr(train, "import_module", lambda name: Trained)
    assert run(capsys, "train", "autoencoder", "--data", "a.mp4", "b.mp4")[:2] == (0, "autoencoder: done\n")
    state = train.run_folder("autoencoder", own=True) / "state.safetensors"
    assert state.read_text() == "begun with ('a.mp4', 'b.mp4')"
    assert run(capsys, "train", "stylegan", "--data", "pictures")[0] == 0
    assert (train.run_folder("stylegan", own=True) / "state.safetensors").read_text() == "begun with pictures"
    assert not train.run_folder("stylegan").exists()
    for wrong, sentence in ((("gan", "--data", "x"), "--data is for stylegan and autoencoder, not for gan."),
                            (("autoencoder", "--data", "a.mp4"), "is a video of each of two people, not 1 paths."),
                            (("stylegan", "--data", "a", "b"), "is one folder of pictures, not 2 paths.")):
        code, out, err = run(capsys, "train", *wrong)
        assert (code, out) == (2, "") and sentence in err


def test_a_folder_that_is_not_there_is_one_sentence(capsys, folder):
    code, out, err = run(capsys, "train", "stylegan", "--data", "nowhere")
    assert (code, out) == (2, "") and err == "python -m dflib train: There is no folder nowhere with pictures.\n"


@pytest.mark.parametrize("name", train.RECIPES)
def test_every_network_has_a_recipe_and_data_of_its_own(folder, name):
    module, recipe = train.module_and_recipe(name)
    assert list(inspect.signature(module.train).parameters) == ["recipe", "data", "folder", "seed"]
    assert list(inspect.signature(module.training_data).parameters) == ["recipe"]
    assert getattr(recipe, "steps", None) or recipe.images


def test_a_trained_stylegan_can_be_rendered(capsys, folder):
    """The whole way at smoke scale: train, interrupt nothing, resume what is finished, render what came out."""
    code, out, err = run(capsys, "train", "stylegan")
    path = train.run_folder("stylegan").with_suffix(".safetensors")
    assert code == 0, err
    assert out.endswith(f"stylegan: done, {path}\nuse it:  python -m dflib render --checkpoint {path} --out sheet.png\n")
    steps = json.loads(path.with_suffix(".json").read_text())["steps"]
    assert steps > 1
    assert run(capsys, "train", "stylegan", "--resume")[0] == 0
    assert json.loads(path.with_suffix(".json").read_text())["steps"] == steps
    assert run(capsys, "render", "--checkpoint", path, "--people", 4, "--out", "sheet.png")[0] == 0
    assert media.read_image("sheet.png").std() > 1
