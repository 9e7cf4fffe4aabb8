"""The forensics set in very small: who is in it, that it goes on after a kill, the same bytes, masks and controls."""
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from dflib import media
from dflib.cast.people.splits import split_of
from dflib.datasets import FaceForensics
from dflib.studies.forensics_set import make, manipulations, plan
from dflib.swap.train import RECIPES

TINY = replace(RECIPES["smoke"], steps=2, critic=0.0)
SMALL = dict(WHOLE=10, KEPT=4, FPS=8.0, SIZE=96)


@pytest.fixture
def small(monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setattr(plan, name, value)


# ---- the plan

def test_the_set_of_130_is_the_papers_in_small():
    actors = plan.actors_of(130)
    assert [actor.id for actor in actors] == [f"{i:03d}" for i in range(130)]
    sizes = {split: sum(actor.split == split for actor in actors) for split in ("train", "val", "test")}
    assert sizes == {"train": 60, "val": 10, "test": 60}
    assert all(split_of(actor.person) == actor.split for actor in actors)
    assert len({actor.person for actor in actors}) == len({actor.performance for actor in actors}) == 130
    pairs = plan.pairs_of(actors)
    assert len(pairs["test"]) == 30
    members = [one for pair in sum(pairs.values(), []) for one in pair]
    assert len(members) == 130 == len({actor.id for actor in members})
    assert all(one.split == other.split == split for split, some in pairs.items() for one, other in some)
    # neither the id nor the order says the split
    split_by_id = np.array([actor.split == "test" for actor in actors])
    assert 20 < split_by_id[:65].sum() < 40
    assert not {actor.person for actor in actors} & {actor.person for actor in plan.actors_of(130, seed=1)}


def test_tasks_are_named_as_in_faceforensics():
    actors = plan.actors_of(6)
    tasks = plan.tasks_of(actors)
    one, other = plan.pairs_of(actors)["test"][0]
    names = {f"{task.folder}/{task.name}" for task in tasks}
    assert len(names) == len(tasks) == 6 + 4 * 6 + 6 * 4                    # originals; methods; controls of four people
    assert {f"manipulated_sequences/Face2Face/{one.id}_{other.id}", f"control_sequences/TrueSwap/{other.id}_{one.id}",
            f"original_sequences/youtube/{one.id}", f"control_sequences/PastedBack/{one.id}"} <= names
    trained = plan.pairs_of(actors)["train"][0][0]
    assert not any(task.folder.startswith("control") and trained in (task.target, task.source) for task in tasks)


@pytest.mark.parametrize("count", [4, 7])
def test_too_few_or_odd_actors_are_one_sentence(count):
    with pytest.raises(ValueError, match="an even number of actors from 6"):
        plan.actors_of(count)


def test_unknown_names_are_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="Unknown method 'Magic': there are Deepfakes, Face2Face"):
        make.make_forensics(tmp_path, 6, methods=["Magic"])
    assert not list(tmp_path.iterdir())


# ---- the making

def files_of(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A set of six actors with two methods and all controls, made in one go."""
    root = tmp_path_factory.mktemp("set")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(plan, name, value)
        make.make_forensics(root, 6, ("c23",), ("Deepfakes", "FaceSwap"), recipe=TINY)
    return root


def test_it_is_read_as_faceforensics(made):
    data = FaceForensics(made, split="test", methods=("Deepfakes", "FaceSwap"))
    assert len(data) == 2 + 2 * 2 and not data.missing and data.labels.sum() == 4
    clip = data[len(data) - 1]
    frames = clip.frames()
    assert len(frames) == 4 and frames[0].shape == (96, 96, 3)
    assert media.read_label(clip.path) == media.read_label(clip.original)           # the label does not give it away
    masks = clip.masks()
    assert len(masks) == 4 and masks[0].shape == (96, 96) and 0.02 < np.mean(masks) < 0.5
    assert len(clip.masks(2)) == len(clip.frames(2)) == 2
    original = np.array(clip.original_frames(), int)
    error = np.abs(np.array(frames, int) - original).max(3)
    assert error[np.array(masks)].mean() > 4 * error[~np.array(masks)].mean()        # after compression too


def test_masks_say_where_the_picture_was_changed(made, small):
    task = next(task for task in plan.tasks_of(plan.actors_of(6)) if task.method == "FaceSwap" and task.target.split == "test")
    with np.load(made / task.folder / "masks" / f"{task.name}.npz", allow_pickle=False) as stored:
        masks = np.unpackbits(stored["bits"])[:np.prod(stored["shape"])].reshape(stored["shape"]).astype(bool)
    from dflib.studies.forensics_set.film import film
    target = film(task.target)
    films = {task.target.id: target, task.source.id: film(task.source)}
    fake = manipulations.manipulated(task, films)
    different = np.abs(fake.astype(int) - target.frames[target.kept]).max(3)
    assert masks.shape == different.shape and 0.02 < masks.mean() < 0.5
    assert (different[masks] > 0).mean() > 0.9 and different[~masks].max() < 80
    assert different[~masks].mean() < 1


def test_controls_change_what_they_say(made, small):
    from dflib.studies.forensics_set.film import film
    one, other = plan.pairs_of(plan.actors_of(6))["test"][0]
    films = {actor.id: film(actor) for actor in (one, other)}
    original = films[one.id].frames[films[one.id].kept].astype(float)

    def change(control, source=None):
        task = plan.Task(f"control_sequences/{control}", control, one, source)
        return np.abs(manipulations.manipulated(task, films) - original).mean()
    assert change("TrueSwap", other) > change("PastedBack") > 0
    assert 0 < change("Recompressed") < 6 and change("SelfFaceSwap") < change("TrueSwap", other)
    assert change("TrueReenactment", other) > 0.2


def test_the_same_seed_makes_the_same_bytes_also_after_kills(made, tmp_path):
    """Killed again and again at whatever it was doing, it ends with the files of a run that nobody disturbed."""
    code = ("import sys; from dflib.studies.forensics_set import make, plan\n"
            f"for name, value in {SMALL!r}.items(): setattr(plan, name, value)\n"
            "make.make_forensics(sys.argv[1], 6, ('c23',), ('FaceSwap',), controls=('PastedBack',))\n")
    for seconds in (6, 7, 9):
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.DEVNULL, env={**os.environ})
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(plan, name, value)
        make.make_forensics(tmp_path, 6, ("c23",), ("FaceSwap",), controls=("PastedBack",))
    found, whole = files_of(tmp_path), files_of(made)
    left_over = {name for name in found if "/." in name}                    # what a kill left half written lies under a hidden name
    assert {name: data for name, data in found.items() if name not in left_over} == {
        name: data for name, data in whole.items() if name in found}
    assert set(whole) - set(found) == {name for name in whole if "Deepfakes" in name or (
        name.startswith("control") and "PastedBack" not in name)}
    about = json.loads((made / "actors.json").read_text())
    assert len(about["actors"]) == 6 and about["kept"] == 4


def test_the_time_that_is_printed_grows_with_the_work():
    actors = plan.actors_of(6)
    few, all_of_it = plan.tasks_of(actors, methods=("FaceSwap",), controls=()), plan.tasks_of(actors)
    assert make.seconds(few, 6) < make.seconds(all_of_it, 6)


def test_the_command_says_how_long_and_refuses_in_one_sentence(tmp_path, monkeypatch, capsys):
    from dflib.__main__ import main
    called = []
    monkeypatch.setattr(make, "make_forensics", lambda *arguments: called.append(arguments))
    assert main(["make", "forensics", str(tmp_path / "set"), "--actors", "6", "--compression", "c23", "c40", "--methods", "FaceSwap"]) == 0
    assert "36 clips to make, about" in capsys.readouterr().out and called[0][1:4] == (6, ["c23", "c40"], ["FaceSwap"])
    for wrong, sentence in ((["--actors", "7"], "an even number of actors"), (["--compression", "c99"], "Unknown compression 'c99'"),
                            (["--methods", "Magic"], "Unknown method 'Magic'")):
        assert main(["make", "forensics", str(tmp_path / "set"), *wrong]) == 2
        assert sentence in capsys.readouterr().err
    assert len(called) == 1 and not (tmp_path / "set").exists()
