"""Lesson 06: its panel, its experiments and its curve, on tiny networks; and what its page says is equal."""
import json
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from dflib.datasets.domains import EDITS, INDEX, edited
from dflib.datasets.edits import LabelledFaces, portrait, true_edits
from dflib.lesson.panels.lesson06 import edit_explorer
from dflib.media import read_image
from dflib.pictures import as_images, as_sheet, as_tensor
from dflib.studies import stargan as study
from dflib.studies import stargan_curve
from dflib.synthesis.stargan import stargan

NOTEBOOK = Path(__file__).parents[1] / "notebooks/06_stargan.ipynb"


@pytest.fixture(scope="module")
def truth():
    return true_edits(32, people=1)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return stargan.StarGAN(32, width=4, blocks=1).eval().requires_grad_(False)


def parts(panel):
    """Picture, edit, truth and difference (32, 32, 3) of the panel's picture, which is enlarged five times."""
    return panel.picture[::5, ::5].reshape(32, 4, 32, 3).swapaxes(0, 1)


# ---------------------------------------- panel
def test_the_panel_begins_with_nothing_asked_for(model, truth):
    panel = edit_explorer(model, truth)
    picture, made, goal, apart = parts(panel)
    assert np.array_equal(picture, truth.images[0]) and np.array_equal(made, picture) and np.array_equal(goal, picture)
    assert not apart.any() and "asked for: nothing · 0.0 grey levels" in panel.line


def test_the_panel_shows_the_edit_the_true_edit_and_how_far_they_differ(model, truth):
    panel = edit_explorer(model, truth)
    number = next(k for k, edit in enumerate(truth.edit) if list(EDITS)[edit][0] == "skin")
    panel["dark"].value = True
    picture, made, goal, apart = parts(panel)
    wanted = torch.from_numpy(truth.targets()[number:number + 1])
    x, own = as_tensor(truth.images[:1]), torch.from_numpy(truth.labels[:1])
    alone = x + model.generator(x, wanted) - model.generator(x, own)
    assert np.array_equal(made, as_images(alone.clamp(-1, 1))[0]) and not np.array_equal(made, picture)
    assert np.array_equal(goal, truth.truth[number])            # rendered again, and the same
    error = np.abs(made.astype(int) - goal).max(2)
    assert np.array_equal(apart[..., 0], 2 * error.clip(0, 127)) and f"asked for: skin {list(EDITS)[truth.edit[number]][1]}" in panel.line
    panel["strength"].value = 0.0                               # the label stays as it is, and so does the picture
    assert np.array_equal(parts(panel)[1], picture)
    assert not truth.known[0, 0]                                # dark brown, which is none of the four
    panel.set(dark=False, hair=("hair", "blond"))
    assert np.array_equal(parts(panel)[1], truth.images[0]) and "nothing (the hair has none" in panel.line


def test_an_expression_takes_a_pass_of_its_own(model, truth):
    panel = edit_explorer(model, truth)
    panel.set(expression=("expression", "happy"), dark=True)
    x, own = as_tensor(truth.images[:1]), truth.labels[0]
    first = edited(own, next(e for e in EDITS if EDITS[e] == ("dark skin", 1 - own[INDEX["dark skin"]])))
    for before, after in ((own, first), (None, edited(first, ("expression", "happy")))):
        seen = model.critic(x)[1]
        seen[:, INDEX["happy"]] = -torch.inf                    # the change is from another one
        before = torch.eye(12)[7 + seen[:, 7:].argmax(1)] if before is None else torch.from_numpy(before)[None]
        x = (x + model.generator(x, torch.from_numpy(after)[None]) - model.generator(x, before)).clamp(-1, 1)
    assert np.abs(parts(panel)[1].astype(int) - as_images(x)[0]).max() <= 1 and not panel.error
    assert "expression happy" in panel.line
    panel["strength"].value = 0.0
    assert np.array_equal(parts(panel)[1], truth.images[0])


# ---------------------------------------- experiments
def people(n=60):
    """Faces of noise: every third is blond, half of them are women, the rest brown or of unknown hair."""
    rng = np.random.default_rng(0)
    labels, known = np.zeros((n, 12), np.float32), np.zeros((n, 12), bool)
    row = np.arange(n)
    labels[row % 3 == 0, INDEX["blond hair"]] = labels[row % 3 == 1, INDEX["brown hair"]] = 1
    labels[:, INDEX["female"]] = row % 2
    known[:, 4:7], known[row % 3 != 2, :4] = True, True
    return LabelledFaces(rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8), labels, known, row, "noise")


def counts(faces):
    blond, female = faces.labels[:, INDEX["blond hair"]] == 1, faces.labels[:, INDEX["female"]] == 1
    return int((blond & female).sum()), int((blond & ~female).sum()), int((~blond).sum())


def test_the_sets_differ_in_who_is_blond_and_in_nothing_else(monkeypatch):
    monkeypatch.setattr(study, "FEW", 3)
    faces = people()
    assert counts(faces.of(np.concatenate(study.rows_of(faces)), "known")) == (10, 10, 20)
    assert counts(study.confounded(faces)) == (10, 0, 20) and counts(study.balanced(faces)) == (5, 5, 20)
    few = study.few_men(faces)
    assert counts(few) == (10, 10, 20) and all(few.known[:, 0])
    men = few.people[(few.labels[:, INDEX["blond hair"]] == 1) & (few.labels[:, INDEX["female"]] == 0)]
    assert len(set(men)) == 3


def test_the_independent_set_has_nobody_of_whom_a_judge_learned(monkeypatch):
    monkeypatch.setattr(study.edit_judges, "PEOPLE", 15)
    asked = (32, 15 + study.INDEPENDENT)
    monkeypatch.setattr(study.edits, "mixed_faces", lambda *given: people() if given == asked else None)
    found = study.independent(people())
    first = set(people().people[:15])
    assert not first & set(found.people) and counts(found)[0] == counts(found)[1] > 0 and counts(found)[2] > 0


def test_a_network_is_told_the_sex_only_where_it_should_be():
    labels = people(4).labels
    assert study.asked(labels, 1, False).tolist() == [[1, 0]] * 4
    assert study.asked(labels, np.array([1, 0, 0, 1]), True).tolist() == [[1, 0], [0, 1], [0, 0], [1, 1]]


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path / "cache"))
    recipe = study.Recipe(2, 1e-3, width=4, blocks=1, batch=4)
    for name, value in (("START", recipe), ("RECIPE", recipe), ("FOLDER", tmp_path / "stargan"), ("SHOWN", 2),
                        ("START_CHECKPOINT", tmp_path / "start.safetensors"),
                        ("EXPERIMENTS", {name: replace(one, recipe=replace(recipe, classes=one.recipe.classes))
                                         for name, one in study.EXPERIMENTS.items()})):
        monkeypatch.setattr(study, name, value)
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    truth = images.copy()
    truth[:, 8:20, 8:20] = 250
    men = study.Men(images, truth, (truth != images).any(3), np.zeros((3, 12), np.float32))
    monkeypatch.setattr(study.edits, "cast_faces", lambda *_, **__: people())
    monkeypatch.setattr(study, "test_men", lambda: men)
    return study


def test_every_experiment_goes_on_from_one_start_and_is_written_down(tiny):
    tiny.main(["--only", "plain", "no class"])
    done = json.loads((tiny.FOLDER / "experiments.json").read_text())
    assert list(done["rows"]) == ["nothing done", "truly blond", "plain", "no class"] and done["blond"] == {"women": 10, "men": 10}
    assert done["rows"]["truly blond"]["psnr_inside"] == 60 > done["rows"]["nothing done"]["psnr_inside"]
    assert done["rows"]["nothing done"]["identity"] == 1 and "blond_imagenet" in done["rows"]["plain"]
    assert read_image(tiny.FOLDER / "people.png").shape == (2 * 32, 4 * 32, 3)
    tiny.main(["--only", "confounded"])                                 # goes on, and keeps the others
    assert set(json.loads((tiny.FOLDER / "experiments.json").read_text())["rows"]) >= {"plain", "no class", "confounded"}
    start = tiny.shipped_start()
    run = tiny.experiment_run("plain", people(), start, tiny.FOLDER / "again")
    for network in (run.models["stargan"], run.averaged):
        assert all(torch.equal(a, b) for a, b in zip(network.state_dict().values(), start.state_dict().values()))


def test_without_a_loss_nothing_is_learned_from_it(tiny, tmp_path):
    faces, start = people(), stargan.StarGAN(32, 4, 1, study.COLUMNS)
    heads = {}
    for name in ("plain", "no class"):
        run = tiny.experiment_run(name, faces, start, tmp_path / name)
        run.fit()
        heads[name] = run.models["stargan"].critic.classes.weight.detach()
        assert set(run.history[-1]) >= {"class of fakes", "reconstruction", "penalty"}
    before = start.critic.classes.weight
    assert torch.equal(heads["no class"], before) and not torch.equal(heads["plain"], before)


# ---------------------------------------- curve
def test_gains_are_those_of_true_edits_and_of_none():
    seed, size = 30_009, 32
    picture = portrait(seed, [], size)
    made = [portrait(seed, [edit], size) for edit in EDITS]
    perfect, idle = (stargan_curve.gains(as_sheet(np.stack([picture, *row]), 1 + len(EDITS)), [seed], size)
                     for row in (made, [picture] * len(EDITS)))
    asked = np.isfinite(perfect)
    stored = np.clip(picture + np.random.default_rng(0).normal(0, 6, picture.shape), 0, 255).astype(np.uint8)   # with losses
    again = stargan_curve.gains(as_sheet(np.stack([stored, *made]), 1 + len(EDITS)), [seed], size)
    assert np.array_equal(np.isfinite(again), asked)                # its traces make no edit of what is none
    assert 8 < asked.sum() < 15 and (perfect[asked] > 20).all() and (idle[asked] == 0).all()


def test_a_curve_is_read_from_what_a_run_leaves(tmp_path, monkeypatch):
    from dflib.media import write_image
    from dflib.training import record

    about = {"technique": "stargan", "scale": "smoke", "recipe": {"size": 32, "people": 1}, "data": "x"}
    record.keep(tmp_path, about)
    rows = [{"step": 10 * k, "class of reals": 1 / k, "class of fakes": 2., "reconstruction": .5} for k in (1, 2, 3, 4)]
    rows[2]["keeping"] = rows[3]["keeping"] = .1
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "samples").mkdir()
    write_image(tmp_path / "samples/step_0000030.png", np.zeros((6 * 32, 16 * 32, 3), np.uint8))
    monkeypatch.setattr(stargan_curve, "ROWS", 2)
    monkeypatch.setattr(stargan_curve, "gains", lambda sheet, seeds, size: np.full((len(seeds), len(EDITS)), 1.5))
    monkeypatch.setattr(stargan_curve.RenderedFaces, "render", lambda *_, **__: type("Set", (), {"people": np.arange(9)}))
    found = stargan_curve.curve(tmp_path)
    assert found["step"] == [20, 40] and found["class of reals"] == [.75, pytest.approx(.2917, abs=1e-3)]
    assert found["keeping_from"] == 30
    assert found["measured"] == [30] and found["gain"]["hair"] == [1.5] and set(found["gain"]) == {what for what, _ in EDITS}


# ---------------------------------------- the page
def test_what_the_page_writes_is_equal_to_dflib():
    """Generator, the generator's losses and the critic's, written out in the lesson."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    said = [output.text for cell in cells for output in cell.get("outputs", []) if "equal to dflib's:" in output.get("text", "")]
    assert len(said) == 3 and all("equal to dflib's: True" in text for text in said)
    text = "\n".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))
    assert "8,430,528 parameters" in text and "train() equals ours: True" in text
