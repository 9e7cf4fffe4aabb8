"""The challenge in very small: who is in it, that its files tell nothing, what is handed in, scores and the board."""
import json
import os
import re
from collections import Counter
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss as other_log_loss
from sklearn.model_selection import cross_val_predict

from dflib import __main__ as cli
from dflib import media
from dflib.cast.people.splits import split_of
from dflib.datasets import DFDC, FaceCrops
from dflib.forensics import build_detector
from dflib.media.containers import _boxes
from dflib.metrics.classification import auc, log_loss
from dflib.studies.challenge import board, even, ladder, make, plan, scoring, submission, traps
from dflib.studies.forensics_set import plan as forensics
from test_forensics_set import SMALL, untrained

SEED, ACTORS = 2 ** 62 + 1, 24


def run(capsys, *arguments):
    try:
        code = cli.main([str(argument) for argument in arguments])
    except SystemExit as end:
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


# ---- the plan

def test_who_is_in_it():
    videos = plan.videos_of(120, SEED)
    count = Counter((video.part, video.task.method) for video in videos)
    assert count["train", "real"] == count["train", "Deepfakes"] == count["train", "FaceSwap"] == count["train", "Face2Face"] == 30
    labels = {part: np.array([video.label for video in videos if video.part == part]) for part in plan.PARTS}
    assert [(len(y), round(y.mean(), 3)) for y in labels.values()] == [(120, 0.75), (36, 0.5), (54, 0.333)]
    shown = {part: {video.task.method for video in videos if video.part == part and video.label} for part in plan.PARTS}
    assert shown["public"] == shown["train"] and shown["private"] - shown["train"] == {"NeuralTextures", "Attributes"}
    people = {part: {actor.person for video in videos if video.part == part for actor in (video.task.target, video.task.source) if actor}
              for part in plan.PARTS}
    assert [len(some) for some in people.values()] == [30, 36, 54] and len(set.union(*people.values())) == 120
    assert {split_of(person) for person in people["public"] | people["private"]} == {"test"}
    assert {split_of(person) for person in people["train"]} == {"train"}
    # of whom lesson 07's sets of any seed have nobody
    assert min(set.union(*people.values())) >= plan.PEOPLE > forensics.FIRST + forensics.APART * 10_000
    # what a group holds lies in one part; and in tests everybody is shown once
    assert all(len({video.part for video in videos if video.group == group}) == 1 for group in range(60))
    shown = [video.task.target.person for video in videos if video.part != "train"]
    assert len(shown) == len(set(shown)) == 90


def test_names_order_and_looks_tell_nothing():
    aucs = {"name": [], "group": []}
    for seed in range(30):
        videos = [video for video in plan.videos_of(120, SEED + seed) if video.part != "train"]
        assert all(re.fullmatch("[a-z]{10}\\.mp4", video.name) for video in videos)
        for part in ("public", "private"):
            some = [video for video in videos if video.part == part]
            labels = [video.label for video in some]
            ranks = np.argsort(np.argsort([video.name for video in some]))
            aucs["name"].append(auc(labels, ranks))
            aucs["group"].append(auc(labels, [video.group for video in some]))
            looks = Counter((video.label, video.look) for video in some)
            assert len({looks[label, look] for label in (0, 1) for look in plan.LOOKS[part] if label == 0}) == 1
            assert len({looks[1, look] for look in plan.LOOKS[part]}) == 1
    for found in aucs.values():                     # 60 of them, of which each has a spread of about 0.09
        assert abs(np.mean(found) - 0.5) < 4 * 0.09 / np.sqrt(60)
    names = [{video.name for video in plan.videos_of(120, SEED + seed)} for seed in (0, 1)]
    assert not names[0] & names[1]


@pytest.mark.parametrize("actors", [10, 13])
def test_too_few_or_odd_actors_are_one_sentence(actors, tmp_path):
    with pytest.raises(ValueError, match="an even number of actors from 12"):
        make.make_challenge(tmp_path / "new", actors)
    assert not (tmp_path / "new").exists()


# ---- the making

def picture(seed, smooth, size=64):
    """Noise, as smooth as is asked for."""
    image = np.random.default_rng(seed).integers(0, 255, (size, size, 3)).astype(np.uint8)
    return cv2.normalize(cv2.GaussianBlur(image, None, smooth), None, 40, 215, cv2.NORM_MINMAX)


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    """A set in the layout of make forensics: 28 actors who are noise, and whose fakes are smoother, so that they take fewer bytes."""
    root = tmp_path_factory.mktemp("stock")
    pairs = [(f"{k:03d}", f"{k + 1:03d}") for k in range(0, 28, 2)]
    (root / "splits").mkdir()
    for split, some in (("train", pairs[:3]), ("val", pairs[3:4]), ("test", pairs[4:])):
        (root / "splits" / f"{split}.json").write_text(json.dumps(some))
    for target, source in [(a, b) for pair in pairs for a, b in (pair, pair[::-1])]:
        for folder, name, smooth in (("original_sequences/youtube", target, 1.0),
                                     *((f"manipulated_sequences/{method}", f"{target}_{source}", 1.05)
                                       for method in (*plan.SHOWN, "NeuralTextures"))):
            path = root / folder / "c23" / "videos" / f"{name}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            media.write_video(path, [np.roll(picture(int(target), smooth), k, 1) for k in range(4)], 8, 18, kind="neutral", progress=False)
    return root


@pytest.fixture(scope="module")
def made(stock, tmp_path_factory):
    """A challenge from it, of which the making was interrupted once, and again."""
    root = tmp_path_factory.mktemp("challenge")
    for module, name, after in ((make.media, "write_video", 15), (make.even, "write_even", 9)):
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(module, name, failing(getattr(module, name), after))
            with pytest.raises(KeyboardInterrupt):
                make.make_challenge(root, ACTORS, SEED, stock=stock)
        assert not (root / "teacher/key.csv").exists() and (root / "teacher/unfinished").exists()
    make.make_challenge(root, ACTORS, stock=stock)                      # goes on with the seed that is kept
    return root


def videos_in(root):
    return make.videos_of(make.settings(root, ACTORS, stock=json.loads((root / "teacher/challenge.json").read_text())["stock"]))


def failing(function, after):
    """It, until it has been called so often."""
    calls = []

    def called(*arguments, **keywords):
        calls.append(1)
        if len(calls) > after:
            raise KeyboardInterrupt
        return function(*arguments, **keywords)
    return called


def files_of(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_it_is_laid_out_for_three(made):
    videos = videos_in(made)
    assert Counter(video.part for video in videos) == {"train": 24, "public": 8, "private": 10}
    assert files_of(made) == sorted(
        [f"{video.folder}/{video.name}" for video in videos]
        + ["learners/dfdc_train_part_0/metadata.json", "learners/README.txt", "learners/sample_submission.csv",
           "private/sample_submission.csv", "teacher/challenge.json", "teacher/frames.json", "teacher/key.csv"])
    key = submission.read_key(made / "teacher/key.csv")
    truth = {video.name: video.label for video in videos if video.part != "train"}
    assert dict(zip(key.names, key.labels.tolist())) == truth
    # nothing that is handed out holds the labels of test videos, the seed, or more than their names
    for path in [*made.glob("learners/*.*"), *made.glob("private/*.*"), *made.glob("learners/*/*.json")]:
        assert not re.search("real|fake_|Deepfakes|NeuralTextures|seed", path.read_text().replace("REAL", ""))
    wanted = submission.wanted_of(made / "private/sample_submission.csv")
    assert set(wanted) == set(truth)
    assert set(submission.wanted_of(made / "learners/sample_submission.csv")) == {path.name for path in made.glob("learners/test_videos/*")}


def test_training_parts_are_read_as_the_dfdc(made, recwarn):
    data = DFDC(made / "learners")
    assert len(data) == 24 and data.labels.sum() == 18 and not data.missing and not recwarn.list
    fake = next(clip for clip in data if clip.fake)
    assert len(fake.frames()) == len(fake.original_frames()) == 4 and fake.frames()[0].shape == (64, 64, 3)
    assert sorted(Counter(data.groups.tolist()).values()) == [4] * 6
    assert media.read_label(fake.path) == media.read_label(fake.original) and media.read_label(fake.path).kind == "neutral"


def test_a_file_shows_what_the_key_says(made, stock):
    for video in videos_in(made):
        if video.look[0] == 1.0 and video.look[1] == 23:
            folder = "original_sequences/youtube" if video.task.method == "real" else f"manipulated_sequences/{video.task.method}"
            shown, from_stock = (np.array(list(media.read_video(path)), float) for path in (
                made / video.folder / video.name, stock / folder / "c23/videos" / f"{video.task.name}.mp4"))
            assert np.abs(shown - from_stock).mean() < 6


def test_a_file_that_was_lost_is_made_again_the_same(made, stock):
    lost = next(video for video in videos_in(made) if video.label and video.part == "private")
    path = made / lost.folder / lost.name
    before, date = path.read_bytes(), path.stat().st_mtime
    path.unlink()
    make.make_challenge(made, ACTORS, SEED, stock=stock)
    assert path.read_bytes() == before and path.stat().st_mtime == date
    for other in ({"seed": SEED + 1, "stock": stock}, {"seed": SEED}):
        with pytest.raises(ValueError, match="a challenge of another seed, of other actors"):
            make.make_challenge(made, ACTORS, **other)


def test_a_stock_may_be_too_small_or_none(stock, tmp_path):
    with pytest.raises(ValueError, match="The set has 3 pairs of people to train, and 6 are needed"):
        make.make_challenge(tmp_path / "new", 48, SEED, stock=stock)
    with pytest.raises(ValueError, match="is no set of make forensics"):
        make.make_challenge(tmp_path / "new", 24, SEED, stock=tmp_path)
    assert not (tmp_path / "new").exists()


def test_sizes_and_codings_of_the_private_part_are_others(made):
    sides = {part: {media.read_video(path).info.size for path in made.glob(f"{part}/test_videos/*")} for part in ("learners", "private")}
    assert sides == {"learners": {(64, 64)}, "private": {(64, 64), (52, 52), (38, 38)}}


def test_new_people_are_filmed_and_changed_by_every_method(tmp_path, monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setattr(f"dflib.studies.forensics_set.{name}", value)
    video = next(video for video in plan.videos_of(12, SEED) if video.part == "private")
    pair = [replace(video, name=f"{method}.mp4", look=(0.8, 23),
                    task=plan._task(method, video.task.target, plan.Actor("other", video.task.target.person + 10, 7, "test")))
            for method in ("real", *plan.SHOWN, *plan.HIDDEN)]
    assert make._make_pair(tmp_path, untrained(), None, pair) == 6
    frames = {path.stem: np.array(list(media.read_video(path)), int) for path in tmp_path.iterdir()}
    assert {found.shape for found in frames.values()} == {(4, 76, 76, 3)}
    for method in (*plan.SHOWN, *plan.HIDDEN):
        assert np.abs(frames[method] - frames["real"]).max(3).mean() > 0.3, method


# ---- the attacker, who never looks at a picture

def outside(path):
    """All bytes of an MP4 file but its coded pictures."""
    data = path.read_bytes()
    with open(path, "rb") as file:
        boxes = list(_boxes(file, len(data)))
    assert {kind for _, _, kind in boxes} == {b"ftyp", b"free", b"mdat", b"moov", b"uuid"}
    return b"".join(data[start:start + (8 if kind == b"mdat" else size)] for start, size, kind in boxes)


def metadata(path, place):
    """What file and container say of a video, as numbers; ``place``: of the file in its folder's list."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet.size for packet in container.demux(stream) if packet.size]
        about = [container.bit_rate, container.duration, container.size, stream.bit_rate or 0, stream.frames, stream.width]
    stat = path.stat()
    return [*about, stat.st_size, stat.st_mtime_ns, stat.st_mode, place, sum(map(ord, path.name)), *packets]


def test_everything_but_the_pictures_is_equal_in_files_of_one_look(made):
    videos = videos_in(made)
    for look in {video.look for video in videos}:
        paths = [made / video.folder / video.name for video in videos if video.look == look]
        assert len({outside(path) for path in paths}) == 1 and len(paths) >= 2
        assert len({path.stat().st_mtime_ns for path in paths}) == 1
        assert even.lengths(paths[0]) == even.lengths(paths[-1])


def test_files_were_written_in_the_order_of_their_names(made):
    for folder in ("learners/dfdc_train_part_0", "learners/test_videos"):
        paths = sorted((made / folder).glob("*.mp4"))
        assert [path.stat().st_ctime_ns for path in paths] == sorted(path.stat().st_ctime_ns for path in paths)


def attacked(features, labels, seed=0):
    """The area under the curve of a forest that judges files it has not seen, and what it finds where there is no relation."""
    def area(labels):
        forest = RandomForestClassifier(12, random_state=seed)
        said = cross_val_predict(forest, features, labels, cv=3, method="predict_proba")[:, 1]
        return auc(labels, said)
    rng = np.random.default_rng(seed)
    return area(labels), np.array([area(rng.permutation(labels)) for _ in range(19)])


def test_an_attacker_who_reads_only_metadata_does_not_beat_chance(made, stock):
    videos = sorted(videos_in(made), key=lambda video: video.name)
    paths = [made / video.folder / video.name for video in videos]
    labels = np.array([video.label for video in videos])
    features = np.array([metadata(path, place) for place, path in enumerate(paths)])
    found, chance = attacked(features, labels)
    assert found <= chance.max()
    # where files are written as everybody writes them the same attacker wins
    plain = [stock / ("original_sequences/youtube" if video.task.method == "real" else f"manipulated_sequences/{video.task.method}")
             / "c23/videos" / f"{video.task.name}.mp4" for video in videos]
    features = np.array([metadata(path, place) for place, path in enumerate(plain)])
    found, chance = attacked(features, labels)
    assert found > max(chance.max(), 0.8)


def test_filling_changes_no_picture(tmp_path):
    frames = [np.random.default_rng(k).integers(0, 255, (8, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1) for k in range(5)]
    for name, some in (("a", frames), ("b", [frames[0]] * 5)):
        media.write_video(tmp_path / f"{name}.mp4", some, 5, 23, kind="neutral", steady=True)
    sizes = even.longest([tmp_path / "a.mp4", tmp_path / "b.mp4"])
    for name in "ab":
        even.write_even(tmp_path / f"{name}-even.mp4", tmp_path / f"{name}.mp4", sizes)
        one, other = (list(media.read_video(tmp_path / f"{name}{end}.mp4")) for end in ("", "-even"))
        assert len(one) == len(other) == 5 and np.array_equal(one, other)
    assert outside(tmp_path / "a-even.mp4") == outside(tmp_path / "b-even.mp4")
    assert even.lengths(tmp_path / "a.mp4")[1] > 2 * even.lengths(tmp_path / "b.mp4")[1]       # which would have told them apart
    with pytest.raises(ValueError, match="cannot be filled up to 7"):
        even.write_even(tmp_path / "c.mp4", tmp_path / "a.mp4", [7] * 5)
    assert not (tmp_path / "c.mp4").exists()


# ---- what is handed in

WANTED = {"aaaaaaaaaa.mp4": "public", "bbbbbbbbbb.mp4": "public", "cccccccccc.mp4": "private", "dddddddddd.mp4": "private"}


def text(tmp_path, content, name="one.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("content, fault", [
    ("", "is empty"),
    ("\n", "Line 1: The header must be filename,label, not ''."),
    ("aaaaaaaaaa.mp4,0.5\n", "Line 1: The header must be filename,label, not 'aaaaaaaaaa.mp4,0.5'."),
    ("filename;label\naaaaaaaaaa.mp4;0,5\n", "Line 1: The columns must be separated by commas, not by semicolons as in 'filename;label'."),
    ("filename,label\n", "There is no line but the header."),
    ("filename,label\naaaaaaaaaa.mp4,0.5,1\nbbbbbbbbbb.mp4,1\naaaaaaaaaa.mp4,1",
     "Line 2: There are 3 fields, not a file name and a number."),
    ("filename,label\naaaaaaaaaa.mp4,FAKE\nbbbbbbbbbb.mp4,1\n", "Line 2: 'FAKE' is no number."),
    ("filename,label\naaaaaaaaaa.mp4,0\n\nbbbbbbbbbb.mp4,1.01\n", "Line 4: '1.01' is no probability from 0 to 1."),
    ("filename,label\naaaaaaaaaa.mp4,nan\nbbbbbbbbbb.mp4,1\n", "Line 2: 'nan' is no probability from 0 to 1."),
    ("filename,label\naaaaaaaaaa.mp4,\nbbbbbbbbbb.mp4,1\n", "Line 2: '' is no number."),
    ("filename,label\n,1\naaaaaaaaaa.mp4,0\nbbbbbbbbbb.mp4,1\n", "Line 2: There is no file name."),
    ("filename,label\naaaaaaaaaa.mp4,1\nbbbbbbbbbb.mp4,1\naaaaaaaaaa.mp4,1\n", "Line 4: 'aaaaaaaaaa.mp4' is on line 2 already."),
    ("filename,label\naaaaaaaaaa.mp4,1\nbbbbbbbbbb.mp4,1\nzzz.mp4,1\n", "Line 4: 'zzz.mp4' is no video of the test set."),
    ("filename,label\naaaaaaaaaa.mp4,1\n", "1 of the 2 videos of the public part have no line, such as 'bbbbbbbbbb.mp4'."),
    ("filename,label\n../../etc/passwd,1\naaaaaaaaaa.mp4,0\nbbbbbbbbbb.mp4,0\n", "Line 2: '../../etc/passwd' is no video of the test set."),
    ("filename,label\n\x1b[31m" + "x" * 99 + ",1\naaaaaaaaaa.mp4,0\nbbbbbbbbbb.mp4,0\n",
     "Line 2: '\\x1b[31m" + "x" * 35 + "\\u2026' is no video of the test set."),
])
def test_every_fault_has_a_sentence_with_its_line(tmp_path, content, fault):
    path = text(tmp_path, content)
    try:
        found = submission.faults_of(path, WANTED)
    except ValueError as error:
        assert fault in str(error)
        return
    assert found[0] == fault and len(found) == 1
    with pytest.raises(ValueError, match="one.csv, "):
        submission.read(path, WANTED)


def test_all_faults_are_told_at_once(tmp_path, capsys):
    path = text(tmp_path, "filename,label\naaaaaaaaaa.mp4,x\nzzz.mp4,1\nbbbbbbbbbb.mp4,7\ncccccccccc.mp4,1\n")
    sample = text(tmp_path, "filename,label,Usage\n" + "".join(f"{name},1,{part}\n" for name, part in WANTED.items()), "key.csv")
    code, out, err = run(capsys, "challenge", "check", path, sample)
    lines = err.splitlines()
    assert code == 2 and out == "" and len(lines) == 5 and [line[:7] for line in lines[:3]] == ["Line 2:", "Line 3:", "Line 4:"]
    assert lines[3].startswith("1 of the 2 videos of the private part") and lines[4].endswith("has 4 faults.")
    code, _, err = run(capsys, "challenge", "score", path, "--key", sample)
    assert code == 2 and "one.csv, line 2: 'x' is no number. (3 more: see" in err and len(err.splitlines()) == 1


def test_what_office_programs_write_is_read(tmp_path, capsys):
    path = text(tmp_path, b"\xef\xbb\xbffilename,label\r\naaaaaaaaaa.mp4, 0.25\r\n\"bbbbbbbbbb.mp4\",1e-3\r\n\r\n")
    assert submission.read(path, WANTED) == {"aaaaaaaaaa.mp4": 0.25, "bbbbbbbbbb.mp4": 0.001}
    code, out, _ = run(capsys, "challenge", "check", path)
    assert code == 0 and "2 videos, no fault" in out
    for content, said in ((b"\xff\xfe\x00\x01", "not a text file"), (b"filename,label\n" + b"\"" + b"x" * 200_000, "Line")):
        code, _, err = run(capsys, "challenge", "check", text(tmp_path, content, "bad.csv"))
        assert code == 2 and said in err and "Traceback" not in err


def test_the_real_challenges_files_are_keys(tmp_path):
    metadata = {"x.mp4": {"label": "FAKE", "split": "train", "original": "y.mp4"}, "y.mp4": {"label": "REAL", "split": "train"}}
    key = submission.read_key(text(tmp_path, json.dumps(metadata), "metadata.json"))
    assert key.names == ("x.mp4", "y.mp4") and key.labels.tolist() == [1, 0] and key.groups.tolist() == ["y.mp4"] * 2
    assert key.parts.tolist() == ["all", "all"]
    test = {"x.mp4": {"is_fake": 1, "augmentations": {}}, "y.mp4": {"is_fake": 0}}
    assert submission.read_key(text(tmp_path, json.dumps(test), "test.json")).labels.tolist() == [1, 0]
    assert submission.read_key(text(tmp_path, "filename,label\nx.mp4,1\ny.mp4,0\n", "labels.csv")).labels.tolist() == [1, 0]
    for content, name, said in (("{}", "empty.json", "names no videos"), ("a,b\n1,2\n", "x.csv", "no columns filename and label"),
                                ("filename,label\nx.mp4,0.5\n", "half.csv", "line 2: it must have a name, a label 0 or 1"),
                                ('{"x.mp4": {}}', "x.json", "does not say whether 'x.mp4' is fake"),
                                ("filename,label\nx.mp4,1\nx.mp4,0\n", "twice.csv", "names 'x.mp4' twice")):
        with pytest.raises(ValueError, match=said):
            submission.read_key(text(tmp_path, content, name))


# ---- scores

def season(tmp_path, videos=24, seed=0):
    """A key of two parts and (name, label, part) of its videos."""
    rng = np.random.default_rng(seed)
    rows = [(f"v{k:02d}.mp4", int(rng.random() < 0.5), "Public" if k < videos // 2 else "Private", k // 2, ("real", "A", "B")[k % 3])
            for k in range(videos)]
    rows = [(name, label, part, group, method if label else "real") for name, label, part, group, method in rows]
    lines = "".join(",".join(map(str, row)) + "\n" for row in rows)
    return text(tmp_path, "filename,label,Usage,group,method\n" + lines, "key.csv"), rows


def handed_in(folder, name, rows, chance, part=None):
    """A submission with chance(label, k) for each video."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{row[0]},{chance(row[1], k)}\n" for k, row in enumerate(rows) if part in (None, row[2])]
    return text(folder, "filename,label\n" + "".join(lines), name)


def test_scores_are_those_of_scikit_learn(tmp_path, capsys):
    key, rows = season(tmp_path)
    rng = np.random.default_rng(1)
    said = rng.random(len(rows)).round(3)
    path = handed_in(tmp_path / "in", "one.csv", rows, lambda label, k: said[k])
    code, out, _ = run(capsys, "challenge", "score", path, "--key", key, "--json", tmp_path / "one.json", "--plot", tmp_path / "one.png")
    found = json.loads((tmp_path / "one.json").read_text())
    for part, rows_of in (("public", slice(0, 12)), ("private", slice(12, None))):
        labels = [row[1] for row in rows[rows_of]]
        assert found[part]["log_loss"]["value"] == pytest.approx(other_log_loss(labels, said[rows_of]))
        assert found[part]["log_loss"]["low"] < found[part]["log_loss"]["value"] < found[part]["log_loss"]["high"]
        assert found[part]["auc"]["value"] == pytest.approx(auc(labels, said[rows_of]))
        assert found[part]["prior"] == pytest.approx(np.mean(labels))
        count = Counter(row[4] for row in rows[rows_of])
        mean = sum(loss * count[method] for method, loss in found[part]["methods"].items()) / 12
        assert mean == pytest.approx(found[part]["log_loss"]["value"])
    assert code == 0 and "clipped to [1e-15, 1 - 1e-15]" in out and "public: 12 videos" in out and "always 0.5 scores 0.6931" in out
    assert media.read_image(tmp_path / "one.png").std() > 5 and media.read_label(tmp_path / "one.png")


def test_half_is_0_6931_and_one_certain_error_is_paid_by_the_clip(tmp_path, capsys):
    key, rows = season(tmp_path)
    truth = submission.read_key(key)
    half = scoring.score({row[0]: 0.5 for row in rows}, truth)
    assert half["public"].log_loss.value == pytest.approx(np.log(2)) and half["public"].auc.value == 0.5
    sure = {row[0]: float(row[1]) for row in rows} | {rows[0][0]: 1.0 - rows[0][1]}
    for clip, cost in ((1e-15, 34.539), (0.01, 4.605)):
        assert scoring.score(sure, truth, clip)["public"].log_loss.value == pytest.approx(cost / 12, abs=0.011)
    only = scoring.score({row[0]: 0.5 for row in rows if row[2] == "Public"}, truth)
    assert list(only) == ["public"]
    one_class = submission.read_key(text(tmp_path, "filename,label\na.mp4,1\nb.mp4,1\n", "ones.csv"))
    assert scoring.score({"a.mp4": 0.5, "b.mp4": 0.9}, one_class)["all"].auc is None
    code, _, err = run(capsys, "challenge", "score", tmp_path / "none.csv", "--key", key)
    assert code == 2 and "There is no submission at" in err


# ---- the board

def test_the_board_ranks_and_shows_the_shake_up(tmp_path, capsys):
    key, rows = season(tmp_path)
    folder = tmp_path / "in"
    fitted = lambda label, k: abs(label - 0.02) if k < 12 else 0.9 - 0.8 * label       # noqa: E731   on the public board alone
    handed_in(folder, "fitted.csv", rows, fitted)
    handed_in(folder, "honest.csv", rows, lambda label, k: 0.2 + 0.6 * label)
    handed_in(folder, "half.csv", rows, lambda label, k: 0.5)
    handed_in(folder / "many", "worse.csv", rows, lambda label, k: 0.45 + 0.1 * label)
    handed_in(folder / "many", "better.csv", rows, lambda label, k: 0.4 + 0.2 * label if k < 12 else 0.5)
    handed_in(folder / "early", "one.csv", rows, lambda label, k: 0.3 + 0.4 * label, "Public")
    handed_in(folder, "broken.csv", rows, lambda label, k: "x")
    code, out, _ = run(capsys, "challenge", "leaderboard", folder, "--key", key)
    assert code == 0 and "5 teams, 1 files not scored" in out
    entries, faults = board.entries_of(folder, submission.read_key(key))
    places = {entry.team: entry.places for entry in entries}
    assert places == {"fitted": {"public": 1, "private": 4}, "honest": {"public": 2, "private": 1}, "early": {"public": 3},
                      "many": {"public": 4, "private": 2}, "half": {"public": 5, "private": 2}}
    assert [entry.team for entry in entries] == ["honest", "many", "half", "fitted", "early"]
    by_team = {entry.team: entry for entry in entries}
    better_in_public = by_team["many"].scores["private"].log_loss
    assert by_team["many"].submissions == 2 and better_in_public.value == pytest.approx(np.log(2))
    assert by_team["half"].behind.value == pytest.approx(np.log(2) - -np.log(0.8)) and by_team["honest"].behind is None
    assert list(faults) == ["broken.csv"] and "line 2: 'x' is no number" in faults["broken.csv"]
    page = (folder / "leaderboard.html").read_text(encoding="utf-8")
    assert "▼ 3" in page and "▲ 1" in page and page.count("<tr>") == 6 and "0.6931" in page
    code, _, _ = run(capsys, "challenge", "leaderboard", folder, "--key", key, "--public", "--out", tmp_path / "public.html")
    page = (tmp_path / "public.html").read_text(encoding="utf-8")
    assert code == 0 and not re.search("private", page, re.I)


def test_names_on_the_board_are_text_and_links_stay_inside(tmp_path):
    key, rows = season(tmp_path)
    folder = tmp_path / "in"
    nasty = "<script>alert(1)<／script> & \"quotes\".csv".replace("／", "_")
    handed_in(folder, nasty, rows, lambda label, k: 0.4)
    handed_in(folder / "<b>team", "x.csv", rows, lambda label, k: 0.4 if k else "<img src=x>")
    secret = handed_in(tmp_path / "elsewhere", "secret.csv", rows, lambda label, k: label)
    os.symlink(secret, folder / "link.csv")
    os.symlink(secret.parent, folder / "linked")
    entries, faults = board.entries_of(folder, submission.read_key(key))
    assert [entry.team for entry in entries] == [nasty.removesuffix(".csv")]
    assert "leads out of the folder" in faults["link.csv"] and "leads out of the folder" in faults["linked/secret.csv"]
    page = board.page(entries, faults, ["public", "private"])
    assert "<script" not in page and "&lt;script&gt;" in page and "<b>team" not in page and "<img" not in page and "href" not in page
    assert str(tmp_path) not in page


def test_an_empty_folder_and_a_missing_key_are_one_sentence(tmp_path, capsys):
    key, _ = season(tmp_path)
    (tmp_path / "in").mkdir()
    code, _, err = run(capsys, "challenge", "leaderboard", tmp_path / "in", "--key", key)
    assert code == 2 and "holds no submissions" in err and not list((tmp_path / "in").iterdir())
    code, _, err = run(capsys, "challenge", "leaderboard", tmp_path / "in", "--key", tmp_path / "no.csv")
    assert code == 2 and "There is no key at" in err
    code, _, err = run(capsys, "challenge", "make", tmp_path / "new", "--actors", 13)
    assert code == 2 and "an even number of actors from 12" in err and not (tmp_path / "new").exists()


# ---- the ladder and the traps

def crops_with(labels, groups, name, bright=60):
    """Noise, brighter in fakes, as FaceCrops: two of each video."""
    rng = np.random.default_rng(len(labels))
    pictures = rng.integers(0, 120, (2 * len(labels), 64, 64, 3), dtype=np.uint8)
    pictures += np.uint8(bright) * np.repeat(labels, 2).astype(np.uint8)[:, None, None, None]
    clips = np.repeat([f"{name}{k}.mp4" for k in range(len(labels))], 2)
    return FaceCrops(pictures, np.repeat(np.where(labels, "DFDC", "real"), 2), np.repeat(groups, 2), np.full(2 * len(labels), -1), clips)


def test_the_ladder_is_climbed_once_and_says_its_gains(monkeypatch, tmp_path):
    train, held = (crops_with(np.arange(n) % 2, np.arange(n) // 2, name) for n, name in ((16, "t"), (6, "h")))
    test = crops_with(np.arange(10) % 2, np.arange(10), "v")
    names = [f"v{k}.mp4" for k in range(10)] + ["faceless.mp4"]
    monkeypatch.setattr(ladder, "training_crops", lambda root: (train, held))
    monkeypatch.setattr(ladder, "test_crops", lambda root: (test, names))
    monkeypatch.setattr(ladder, "_shipped", lambda pictures: np.linspace(-1, 1, len(pictures)))
    learned, learn = [], ladder.learned

    def counted(recipe, crops):
        learned.append(recipe)
        return learn(recipe, crops, tmp_path / f"{len(learned)}")
    monkeypatch.setattr(ladder, "learned", counted)
    said = ladder.climbed("nowhere")
    assert list(said) == ["constant", "shipped", "own", "frames", "margin", "balanced", "dropped", "averaged", "calibrated"]
    assert len(learned) == 5 == len(set(learned))                               # no network is learned twice
    assert all(set(one) == set(names) and one["faceless.mp4"] == 0.5 for one in said.values())
    assert said["shipped"]["v0.mp4"] == pytest.approx(1 / (1 + np.exp(1 - 2 / 19)))     # of two frames the middle one
    assert said["own"] != said["frames"]
    key = submission.Key(tuple(names), np.append(np.arange(10) % 2, 0), np.full(11, "public"), np.arange(11).astype(str), np.full(11, ""))
    rows = ladder.gains(said, key, "public")
    assert rows[0]["log_loss"] == pytest.approx(np.log(2)) and rows[0]["gain"] is None
    for before, row in zip(rows, rows[1:]):
        assert row["gain"].value == pytest.approx(before["log_loss"] - row["log_loss"])
        assert row["gain"].low <= row["gain"].value <= row["gain"].high


def test_the_winners_loss_weighs_both_kinds_alike():
    logits, labels = torch.tensor([[0.0, 2.0], [0.0, 2.0], [0.0, 1.0], [0.0, -1.0]]), torch.tensor([1, 1, 1, 0])
    single = [float(torch.nn.functional.cross_entropy(logits[k:k + 1], labels[k:k + 1])) for k in range(4)]
    assert float(ladder.balanced_loss(logits, labels)) == pytest.approx((np.mean(single[:3]) + single[3]) / 2)
    assert float(ladder.balanced_loss(logits[:3], labels[:3])) == pytest.approx(np.mean(single[:3]))
    x = torch.ones(40, 3, 32, 32)
    covered = (ladder.dropped(x, np.random.default_rng(0)) == 0).all(1).float().mean((1, 2))
    assert (x == 1).all() and 0.5 < (covered > 0).float().mean() < 0.9 and covered.max() <= 0.25


def test_a_square_without_margin_is_the_middle():
    network = build_detector("efficientnet-lite0", size=64)
    pictures = np.zeros((1, 130, 130, 3), np.uint8)
    pictures[:, 15:115, 15:115] = 255
    assert ladder.seen(network, pictures, 1.0).shape == (1, 3, 64, 64)
    assert float(ladder.seen(network, pictures, 1.0).min()) == pytest.approx(1)
    assert float(ladder.seen(network, pictures, ladder.MARGIN).min()) == pytest.approx(-1)


def test_among_equals_the_winner_is_nobody():
    found = traps.falls(60)
    assert 30 < found["place"].mean() < 60                      # of a hundred, all equally good: about the middle
    assert (found["private"] - found["public"]).mean() > 0.05
    lucky = {videos: traps.falls(20, videos=(videos, 54)) for videos in (36, 400)}
    luck = [(board["typical"] - board["public"]).mean() for board in lucky.values()]
    assert luck[0] > 2 * luck[1] > 0                            # the more videos, the less there is to find
    skilled = traps.falls(60, spread=0.5)
    assert skilled["place"].mean() < found["place"].mean()


def test_a_prior_that_is_known_is_corrected():
    rng = np.random.default_rng(0)
    labels = (rng.random(20_000) < 0.3).astype(int)
    evidence = rng.normal(2 * labels - 1.0, 1.0)                # log odds are 2 x at equal shares, by Bayes
    at_three_quarters = 1 / (1 + np.exp(-(2 * evidence + np.log(3))))
    right = ladder.at_prior(dict(enumerate(at_three_quarters)), 0.75, 0.3)
    losses = [log_loss(labels, p) for p in (at_three_quarters, list(right.values()))]
    exact = log_loss(labels, 1 / (1 + np.exp(-(2 * evidence + np.log(0.3 / 0.7)))))
    assert losses[1] == pytest.approx(exact, abs=1e-4) and losses[0] > losses[1] + 0.1


def test_what_is_written_is_read(tmp_path):
    said = {"b.mp4": 0.1 + 0.2, "a.mp4": 1e-12}
    assert submission.read(text(tmp_path, submission.written(said))) == said
