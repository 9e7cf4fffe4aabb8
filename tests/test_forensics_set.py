"""The forensics set in very small: who is in it, that it goes on after a kill, the same bytes, masks and controls."""
import json
import multiprocessing
import shutil
import time

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dflib import media
from dflib.cast.people.splits import split_of
from dflib.datasets import FaceForensics
from dflib.studies.forensics_set import enhancing, make, manipulations, network, plan, scores, textures
from dflib.studies.forensics_set.film import film, learned_faces
from dflib.swap import autoencoder, neural_textures
from dflib.swap.enhance import Enhancer

TINY = network.Recipe(size=32, width=4, finest=4, actors=2, batch=4, steps=2)
SMALL = {"plan.WHOLE": 10, "plan.KEPT": 4, "plan.FPS": 8.0, "plan.SIZE": 96, "film.OTHERS": 1, "film.SECONDS": 1.0}


def untrained(**lengths):
    """Starts that have learned nothing: the same ones every time."""
    torch.manual_seed(0)
    swap = autoencoder.SwapAutoencoder(32, 4, 1, aligned=True, finest=4)
    return manipulations.Starts(swap, neural_textures.Start(), Enhancer(8), **{"decoder_steps": 2, "texture_steps": 2, **lengths})


@pytest.fixture
def small(monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setattr(f"dflib.studies.forensics_set.{name}", value)


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
    tasks = plan.tasks_of(plan.in_turn(actors))
    one, other = plan.pairs_of(actors)["test"][0]
    names = {f"{task.folder}/{task.name}" for task in tasks}
    assert len(names) == len(tasks) == 6 + 6 * 6 + 6 * 4 + 6            # originals; methods; controls of four people; Enlarged
    assert {f"manipulated_sequences/Face2Face/{one.id}_{other.id}", f"control_sequences/TrueSwap/{other.id}_{one.id}",
            f"manipulated_sequences/Attributes/{one.id}", f"original_sequences/youtube/{one.id}",
            f"control_sequences/PastedBack/{one.id}"} <= names
    trained = plan.pairs_of(actors)["train"][0][0]
    assert {task.method for task in tasks if task.folder.startswith("control") and trained in (task.target, task.source)} == {"Enlarged"}


def test_a_part_of_the_set_is_a_smaller_set():
    """Made pair by pair, every split grows at the same rate."""
    pairs = plan.in_turn(plan.actors_of(130))
    assert len(pairs) == 65
    shares = np.array([[sum(pair[0].split == split for pair in pairs[:n]) / total
                        for split, total in (("train", 30), ("val", 5), ("test", 30))] for n in range(66)])
    assert np.ptp(shares, axis=1).max() < 0.15
    assert [task.target.split for task in make.tasks(130, ("FaceSwap",), (), pairs=7)] == ["test"] * 28


@pytest.mark.parametrize("count", [4, 7])
def test_too_few_or_odd_actors_are_one_sentence(count):
    with pytest.raises(ValueError, match="an even number of actors from 6"):
        plan.actors_of(count)


def test_unknown_names_are_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="Unknown method 'Magic': there are Deepfakes, Face2Face"):
        make.make_forensics(tmp_path, 6, methods=["Magic"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "available", lambda: plan.METHODS[:4])
        with pytest.raises(ValueError, match="Attributes needs the checkpoint of lesson 06"):
            make.make_forensics(tmp_path, 6, methods=["Attributes"])
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
            patch.setattr(f"dflib.studies.forensics_set.{name}", value)
        make.make_forensics(root, 6, ("c23",), ("Deepfakes", "FaceSwap", "Synthesis"), begin=untrained())
    return root


def test_it_is_read_as_faceforensics(made):
    data = FaceForensics(made, split="test", methods=("Deepfakes", "FaceSwap", "Synthesis"))
    assert len(data) == 2 + 3 * 2 and not data.missing and data.labels.sum() == 6
    nobody = data[len(data) - 1]
    assert (nobody.method, nobody.target, nobody.original) == ("Synthesis", None, None) and np.all(nobody.masks())
    data = FaceForensics(made, split="test", methods=("Deepfakes", "FaceSwap"))
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
    task = next(task for task in make.tasks(6) if task.method == "FaceSwap" and task.target.split == "test")
    with np.load(made / task.folder / "masks" / f"{task.name}.npz", allow_pickle=False) as stored:
        masks = np.unpackbits(stored["bits"])[:np.prod(stored["shape"])].reshape(stored["shape"]).astype(bool)
    assert masks.shape == (4, 48, 48) and 0.02 < masks.mean() < 0.5
    target = film(task.target)
    films = {task.target.id: target, task.source.id: film(task.source)}
    fake = manipulations.manipulated(task, films)
    different = np.abs(fake.astype(int) - target.frames[target.kept]).max(3)
    masks = masks.repeat(2, 1).repeat(2, 2)
    assert (different[masks] > 0).mean() > 0.9 and different[~masks].max() < 80
    assert different[~masks].mean() < 1


def test_controls_change_what_they_say(made, small):
    one, other = plan.pairs_of(plan.actors_of(6))["test"][0]
    films = {actor.id: film(actor) for actor in (one, other)}
    original = films[one.id].frames[films[one.id].kept].astype(float)

    def change(control, source=None):
        task = plan.Task(f"control_sequences/{control}", control, one, source)
        return np.abs(manipulations.manipulated(task, films) - original).mean()
    assert change("TrueSwap", other) > change("PastedBack") > 0
    assert 0 < change("Recompressed") < 6 and change("SelfFaceSwap") < change("TrueSwap", other)
    assert change("TrueReenactment", other) > 0.2


def test_a_method_is_scored_against_its_truth(made, tmp_path):
    """The untouched original gains nothing, and the truth itself is perfect."""
    root = tmp_path / "set"
    for part in ("splits", "original_sequences", "control_sequences/TrueSwap", "manipulated_sequences/FaceSwap"):
        shutil.copytree(made / part, root / part)
    found = scores.score(root)
    assert found["pairs"] == 2 and found["compression"] == "c23" and set(found) == {"compression", "pairs", "FaceSwap"}
    assert found["FaceSwap"]["gain"][0] == pytest.approx(found["FaceSwap"]["psnr"][0] - found["FaceSwap"]["nothing_psnr"][0], abs=2e-3)
    assert "| FaceSwap | TrueSwap |" in scores.table(found) and "Face2Face" not in scores.table(found)
    folder = root / "manipulated_sequences/FaceSwap/c23/videos"
    for path in folder.iterdir():
        shutil.copyfile(root / "original_sequences/youtube/c23/videos" / f"{path.stem.split('_')[0]}.mp4", path)
    assert scores.score(root)["FaceSwap"]["gain"] == [0, 0, 0]
    for path in (root / "control_sequences/TrueSwap/c23/videos").iterdir():
        shutil.copyfile(path, folder / path.name)
    assert scores.score(root)["FaceSwap"]["ssim"] == [1, 1, 1]


def test_enlarged_clips_and_generated_ones_passed_the_same_resampling(small):
    """No finer detail than the generator's pixels: reduced and enlarged once more, both hardly change."""
    actor = plan.actors_of(6)[0]
    clips = {"Enlarged": manipulations.manipulated(plan.Task("x", "Enlarged", actor, None), {actor.id: film(actor)}),
             "Synthesis": manipulations.synthesised(actor.person)}
    sharp = film(actor).frames[film(actor).kept]
    for name, clip in clips.items():
        assert clip.shape == sharp.shape and clip.dtype == np.uint8
        assert detail(clip) < 0.6 * detail(sharp), name
    assert 0 < np.abs(np.diff(clips["Synthesis"].astype(float), axis=0)).mean() < 12          # it moves, and stays one person


def detail(frames):
    return np.mean([np.abs(cv2.Laplacian(frame.astype(np.float32), cv2.CV_32F)).mean() for frame in frames])


def test_an_edit_is_one_that_changes_the_person():
    from dflib.cast import sample_person
    from dflib.datasets.domains import EDITS
    edits = [(manipulations.edit_of(actor), sample_person(actor.person).attributes) for actor in plan.actors_of(130)]
    assert all(edit in EDITS for edit, _ in edits) and {kind for (kind, _), _ in edits} == {"hair", "gender", "age", "skin"}
    assert all((value == "male") == about["female"] for (kind, value), about in edits if kind == "gender")
    assert all((value == "old") == (about["age"] < 50) for (kind, value), about in edits if kind == "age")


def test_attributes_pass_through_the_network_of_lesson_06(small, monkeypatch):
    from dflib.synthesis.stargan.stargan import StarGAN
    torch.manual_seed(0)
    model = StarGAN(32, 4, 1).eval()
    monkeypatch.setattr(manipulations, "stargan", lambda: model)
    actor = plan.actors_of(6)[0]
    one = film(actor)
    made = manipulations.manipulated(plan.Task("x", "Attributes", actor, None), {actor.id: one})
    assert made.shape == (4, 96, 96, 3) and 0 < np.abs(made.astype(float) - one.frames[one.kept]).mean()


# ---- the networks that everybody's learning begins with

def test_the_starts_learn_from_training_actors_only(small, monkeypatch, tmp_path):
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    seen = []
    monkeypatch.setattr(manipulations, "film", lambda actor: seen.append(actor) or film(actor))
    begin = manipulations.learned(plan.actors_of(6), swap_recipe=TINY, start_steps=2, enhancer_steps=2, decoder_steps=2)
    assert {actor.split for actor in seen} == {"train"} and begin.decoder_steps == 2 and not begin.enhancer.training
    assert begin.swap.people == 1 and not begin.swap.training


def test_an_actor_learns_a_decoder_of_their_own_behind_the_common_encoder(small):
    begin, (one, other) = untrained(), plan.pairs_of(plan.actors_of(6))["test"][0]
    found = [network.own(begin.swap, actor.id, film(actor).faces(32), 3) for actor in (one, other)]
    both = network.joined(*found)
    for model in found:
        assert torch.equal(model.encoder.dense.weight, begin.swap.encoder.dense.weight)
        assert not torch.equal(model.decoders[0].to_rgb.weight, begin.swap.decoders[0].to_rgb.weight)
    assert torch.equal(both.decoders[1].to_rgb.weight, found[1].decoders[0].to_rgb.weight)
    assert torch.equal(both.colours[0], found[0].colours[0]) and not torch.equal(both.colours[0], both.colours[1])
    with torch.no_grad():
        inputs, _ = network.drawn(np.random.default_rng(1), film(one).faces(32).tensor(), None, 200, 32, True)
        codes = both.norms[0](both.encoder(network.seen(inputs, both.colours[0])))
    assert codes.mean(0).abs().max() < 0.5 and 0.5 < codes.std(0).mean() < 1.3      # the statistics are the clip's, in many lights


def test_a_face_is_learned_from_the_clip_and_from_performances_in_other_lights(small):
    actor = plan.actors_of(6)[0]
    one = film(actor)
    alone, faces = one.faces(32), learned_faces(one, 32)
    assert len(faces) == len(alone) + 3 and np.array_equal(faces.crops[:len(alone)], alone.crops)
    assert len(set(faces.frames)) == len(faces)                                     # no two faces are called the same frame
    skins = np.array([crop[mask].mean(0) for crop, mask in zip(faces.crops, faces.masks)])
    assert np.abs(skins[len(alone):].mean(0) - skins[:len(alone)].mean(0)).max() > 5 * skins[:len(alone)].std(0).max()


def test_a_texture_start_learns_from_several_clips(small, tmp_path):
    films = [film(actor) for actor in plan.actors_of(6)[:2]]
    examples = [textures.examples_of(one) for one in films]
    run = textures.textures_run(tmp_path, examples, 30, bf16=False)
    history = run.fit()
    assert history[-1]["loss"] < 0.9 * history[0]["loss"]
    assert run.models["start"].texture.levels[0].abs().sum() > 0


def test_an_enhancer_learns_what_decoders_leave_out(small, tmp_path):
    one = film(plan.actors_of(6)[0])
    drawn, wanted = enhancing.examples_of(one, network.own(untrained().swap, "x", one.faces(32), 2))
    assert drawn.shape == (len(one.faces(32)), 3, 32, 32) and wanted.shape == (len(drawn), 5, 64, 64)
    inside = wanted[:, 3] > 0
    assert 0.2 < inside.float().mean() < 0.8 and (wanted[:, 4] > 0)[inside].any()
    soft = F.avg_pool2d(F.avg_pool2d(wanted[:, :3].float(), 2), 5, 1, 2).round().byte()            # as a poor decoder draws
    run = enhancing.enhancer_run(tmp_path, soft, wanted, 40, bf16=False)
    run.fit()
    with torch.no_grad():
        made = run.models["enhancer"](soft.float() / 127.5 - 1)
    enlarged = F.interpolate(soft.float() / 127.5 - 1, scale_factor=2, mode="bicubic", align_corners=False)
    errors = [((picture - wanted[:, :3] / 127.5 + 1).abs() * inside[:, None]).sum() for picture in (made, enlarged)]
    assert errors[0] < 0.85 * errors[1], errors


# ---- kills

@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="processes are killed, which needs fork")
def test_the_same_seed_makes_the_same_bytes_also_after_kills(made, small, tmp_path):
    """Killed nine times at whatever it was doing, it ends with the files of a run that nobody disturbed."""
    def go():
        make.make_forensics(tmp_path, 6, ("c23",), ("FaceSwap",), controls=("PastedBack", "Enlarged", "Recompressed"))

    for number in range(9):
        before, process = len(list(tmp_path.rglob("*.*"))), multiprocessing.get_context("fork").Process(target=go)
        process.start()
        while process.is_alive() and len(list(tmp_path.rglob("*.*"))) == before:
            time.sleep(0.001)
        time.sleep(0.005 * number)
        process.kill()
        process.join()
        assert process.exitcode == -9                       # it was not ready
    go()
    found, whole = files_of(tmp_path), files_of(made)
    # what a kill left half written lies under a hidden name, also at the top
    left_over = {name for name in found if name.rpartition("/")[2].startswith(".")}
    assert {name: data for name, data in found.items() if name not in left_over} == {
        name: data for name, data in whole.items() if name in found}
    assert set(whole) - set(found) == {name for name in whole if "Deepfakes" in name or "Synthesis" in name or (
        name.startswith("control") and name.split("/")[1] not in ("PastedBack", "Enlarged", "Recompressed"))}
    about = json.loads((made / "actors.json").read_text())
    assert len(about["actors"]) == 6 and about["kept"] == 4
    for about in about["actors"].values():
        assert len(about["yaw"]) == 3 and np.linalg.norm(about["light"]) == pytest.approx(1, abs=0.01) and 18 <= about["age"] <= 80


def test_a_second_set_of_reals_has_nobody_of_the_first(tmp_path, small, monkeypatch):
    monkeypatch.setattr(make, "REAL_FRAMES", 2)
    make.make_reals(tmp_path, 3)
    data = FaceForensics(tmp_path, methods=())
    assert len(data) == 3 and not data.labels.any() and len(data[0].frames()) == 2
    strangers = plan.strangers(500)
    assert len({actor.person for actor in strangers}) == 500 and all(split_of(actor.person) == "test" for actor in strangers)
    assert not {actor.person for actor in strangers} & {actor.person for actor in plan.actors_of(130)}
    assert not {actor.performance for actor in strangers} & {actor.performance for actor in plan.actors_of(130)}


def test_the_time_that_is_printed_grows_with_the_work():
    few, all_of_it = make.tasks(6, ("FaceSwap",), ()), make.tasks(6)
    assert make.seconds(few) < make.seconds(all_of_it) < make.seconds(make.tasks(130))
    assert make.seconds([]) == 0


def test_the_command_says_how_long_and_refuses_in_one_sentence(tmp_path, monkeypatch, capsys):
    from dflib.__main__ import main
    called = []
    monkeypatch.setattr(make, "make_forensics", lambda *arguments, **options: called.append(arguments))
    assert main(["make", "forensics", str(tmp_path / "set"), "--actors", "6", "--compression", "c23", "c40", "--methods", "FaceSwap"]) == 0
    assert "42 clips to make, about" in capsys.readouterr().out and called[0][1:4] == (6, ["c23", "c40"], ["FaceSwap"])
    for wrong, sentence in ((["--actors", "7"], "an even number of actors"), (["--compression", "c99"], "Unknown compression 'c99'"),
                            (["--methods", "Magic"], "Unknown method 'Magic'")):
        assert main(["make", "forensics", str(tmp_path / "set"), *wrong]) == 2
        assert sentence in capsys.readouterr().err
    assert len(called) == 1 and not (tmp_path / "set").exists()
