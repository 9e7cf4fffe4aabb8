"""Making the course's data again: faces and clips end to end, interrupted, resumed, of another cast; nothing is lost."""
import hashlib
import json
import shutil

import numpy as np
import pytest

from dflib import __main__ as cli, cast
from dflib.cast.clips import footage
from dflib.datasets import ActorClips, RenderedFaces, actors, make, shards

TINY = make.Recipe(people=5, size=16)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(make, "SHARD_FACES", 2)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "SHARD_FACES", 2)
        folder = tmp_path_factory.mktemp("faces")
        make.make_faces(folder, TINY, workers=1)
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def interrupt_after(monkeypatch, module, name, calls):
    """Let `module.name` work `calls` times and then raise KeyboardInterrupt; returns the list of its calls."""
    done, original = [], getattr(module, name)

    def interrupted(*arguments, **keywords):
        if len(done) == calls:
            raise KeyboardInterrupt
        done.append(arguments)
        return original(*arguments, **keywords)
    monkeypatch.setattr(module, name, interrupted)
    return done


def test_faces_are_made_with_their_checksums(faces):
    data = RenderedFaces(folder=faces)
    assert data.people.tolist() == [0, 1, 2, 3, 4] and data.shards[0].about["cast"] == make.VERSION
    assert len(data.shards) == 3 and not list(faces.glob(".*"))
    sums = dict(line.split()[::-1] for line in (faces / "SHA256SUMS").read_text().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in contents(faces).items() if name != "SHA256SUMS"}


def test_faces_go_on_after_an_interruption(faces, tmp_path, monkeypatch):
    done = interrupt_after(monkeypatch, make, "_render_shard", 2)
    with pytest.raises(KeyboardInterrupt):
        make.make_faces(tmp_path, TINY, workers=1)
    assert sorted(contents(tmp_path)) == ["faces-00000000-0002.zip", "faces-00000002-0002.zip"]
    monkeypatch.undo()
    monkeypatch.setattr(make, "SHARD_FACES", 2)
    done = interrupt_after(monkeypatch, make, "_render_shard", 9)
    make.make_faces(tmp_path, TINY, workers=1)
    assert len(done) == 1 and contents(tmp_path) == contents(faces)
    make.make_faces(tmp_path, TINY, workers=1)
    assert len(done) == 1


def test_another_cast_replaces_faces_one_shard_at_a_time(faces, tmp_path, monkeypatch):
    shutil.copytree(faces, tmp_path / "faces")
    before = contents(faces)
    monkeypatch.setattr(make, "VERSION", make.VERSION + 1)
    interrupt_after(monkeypatch, make, "_render_shard", 1)
    with pytest.raises(KeyboardInterrupt):
        make.make_faces(tmp_path / "faces", TINY, workers=1)
    after = contents(tmp_path / "faces")
    assert after.keys() == before.keys()                            # nothing was deleted
    assert [name for name in before if after[name] != before[name]] == ["faces-00000000-0002.zip"]
    assert [shards.Shard(path).about["cast"] for path in sorted((tmp_path / "faces").glob("*.zip"))] == [2, 1, 1]


def test_damaged_shards_and_those_of_another_look_are_made_again(faces, tmp_path):
    shutil.copytree(faces, tmp_path / "faces")
    damaged, other = (tmp_path / "faces" / f"faces-0000000{start}-0002.zip" for start in (0, 2))
    damaged.write_bytes(damaged.read_bytes()[:300])
    make._render_shard((other, range(2, 4), make.Recipe(people=5, size=16, yaw=10)))
    make.make_faces(tmp_path / "faces", TINY, workers=1)
    assert contents(tmp_path / "faces") == contents(faces)


def test_shards_of_other_people_are_not_touched(faces, tmp_path):
    shutil.copytree(faces, tmp_path / "faces")
    with pytest.raises(ValueError, match="holds faces-00000004-0001.zip, which does not belong to 4 people"):
        make.make_faces(tmp_path / "faces", make.Recipe(people=4, size=16))
    assert contents(tmp_path / "faces") == contents(faces)


def test_the_shipped_set_is_what_make_faces_would_make():
    tasks = make._tasks(make.DATA / "cast", make.SHIPPED)
    assert len(tasks) == 2000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "SHARD_FACES", 250)
        assert all(make._is_made(task) for task in make._tasks(make.DATA / "cast", make.SHIPPED))


# ---- clips

@pytest.fixture
def two_actors(monkeypatch):
    monkeypatch.setattr(actors, "ACTORS", {name: actors.ACTORS[name] for name in ("ana", "ben")})


def test_clips_go_on_after_an_interruption(two_actors, tmp_path, monkeypatch):
    filmed = interrupt_after(monkeypatch, cast, "write_clip", 1)
    with pytest.raises(KeyboardInterrupt):
        actors.make_clips(tmp_path, seconds=.2, size=32)
    assert sorted(contents(tmp_path)) == ["ana.mp4", "ana.npz"]
    monkeypatch.undo()
    monkeypatch.setattr(actors, "ACTORS", {name: actors.ACTORS[name] for name in ("ana", "ben")})
    filmed = interrupt_after(monkeypatch, cast, "write_clip", 9)
    actors.make_clips(tmp_path, seconds=.2, size=32)
    assert [path.name for path, *_ in filmed] == ["ben.mp4"]
    clips = ActorClips(tmp_path)
    assert clips.names == ("ana", "ben") and len(clips["ben"].frames()) == 5
    assert json.loads((tmp_path / "actors.json").read_text())["cast"] == footage.VERSION


def test_clips_of_another_cast_length_or_size_are_filmed_again(two_actors, tmp_path, monkeypatch):
    actors.make_clips(tmp_path, seconds=.12, size=32)
    filmed = interrupt_after(monkeypatch, cast, "write_clip", 99)

    def again(**keywords):
        filmed.clear()
        actors.make_clips(tmp_path, **{"seconds": .12, "size": 32, **keywords})
        return [path.stem for path, *_ in filmed]
    assert again() == []
    assert again(seconds=.2) == ["ana", "ben"] and again(size=48) == ["ana", "ben"] and again() == ["ana", "ben"]
    (tmp_path / "ben.npz").write_bytes(b"PK nothing")
    assert again() == ["ben"]
    with np.load(tmp_path / "ana.npz", allow_pickle=False) as stored:    # as the shipped ones, which do not state their cast
        truth = {name: stored[name] for name in stored.files if name != "cast"}
    np.savez_compressed(tmp_path / "ana.npz", **truth)
    assert again() == []
    for module in (footage, actors):
        monkeypatch.setattr(module, "VERSION", 2)
    assert again() == ["ana", "ben"] and again() == []


def test_shipped_clips_are_what_make_clips_would_film():
    folder = make.DATA / "clips"
    for name, (person, performance) in actors.ACTORS.items():
        play = cast.perform(performance, actors.SECONDS, actors.FPS)
        assert actors._is_filmed(folder / f"{name}.mp4", cast.sample_person(person), play, actors.SIZE,
                                 actors._stated_version(folder / "actors.json"))


# ---- the command

def test_command(tmp_path, monkeypatch, capsys):
    assert cli.main(["make", "faces", str(tmp_path / "faces"), "--people", "2"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'faces'}\n"
    data = RenderedFaces(folder=tmp_path / "faces")
    assert len(data) == 2 and data.image(0).shape == (128, 128, 3)
    monkeypatch.setattr(actors, "make_clips", lambda folder: folder.mkdir())
    assert cli.main(["make", "clips", str(tmp_path / "clips")]) == 0 and (tmp_path / "clips").is_dir()


def test_command_says_what_is_wrong(tmp_path, capsys):
    for arguments, sentence in ((["make"], "the following arguments are required: set"),
                                (["make", "faces", "--people", "5"], "To make 5 people give a FOLDER: data/cast is the shipped set"),
                                (["make", "faces", str(tmp_path / "file" / "x")], "cannot be made (Not a directory)"),
                                (["make", "clips", str(tmp_path / "file")], "cannot be made (File exists)")):
        (tmp_path / "file").write_text("x")
        try:
            code = cli.main(arguments)
        except SystemExit as stop:
            code = stop.code
        error = capsys.readouterr().err
        assert code == 2 and sentence in error and error.count("\n") == 1
