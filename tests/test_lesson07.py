"""Lesson 07: the game "real or fake?", its files and its pooling."""
import io
import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from dflib import media
from dflib.lesson.panels import lesson07 as panels
from dflib.metrics import people
from dflib.metrics.classification import wilson
from dflib.studies.forensics_set import plan

METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A set of twelve test actors in six pairs; a clip's colour tells its target and method, its frames grow lighter."""
    folder = tmp_path_factory.mktemp("set")
    ids = [f"{i:03d}" for i in range(12)]
    pairs = [[ids[i], ids[i + 1]] for i in range(0, 12, 2)]
    (folder / "splits").mkdir()
    for split in ("train", "val", "test"):
        (folder / f"splits/{split}.json").write_text(json.dumps(pairs if split == "test" else []))
    for compression in ("c23", "c40"):
        for kind, names in (("real", ids), *((m, [f"{a}_{b}" for p in pairs for a, b in (p, p[::-1])]) for m in METHODS)):
            part = "original_sequences/youtube" if kind == "real" else f"manipulated_sequences/{kind}"
            videos = folder / part / compression / "videos"
            videos.mkdir(parents=True)
            for name in names:
                level = 20 * (1 + METHODS.index(kind)) if kind in METHODS else 10
                frames = [np.full((16, 16, 3), (level, 10 * int(name[:3]), 60 * step), np.uint8) for step in range(3)]
                media.write_video(videos / f"{name}.mp4", frames, 12.5, 23, kind="neutral", progress=False)
    return folder


def test_wilson_is_scipys_and_stays_inside_0_and_1():
    found = wilson(27, 40)
    p, n, z = 27 / 40, 40, stats.norm.ppf(0.975)
    middle, half = (p + z * z / (2 * n)) / (1 + z * z / n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert (found.value, found.low, found.high) == pytest.approx((p, middle - half, middle + half), abs=1e-9)
    assert wilson(5, 5).high == 1 and wilson(0, 5).low == 0 < wilson(0, 5).high < wilson(5, 5).low < 1
    for right, asked in ((1, 0), (3, 2), (-1, 4)):
        with pytest.raises(ValueError, match="cannot be right"):
            wilson(right, asked)


def test_half_of_what_is_dealt_is_real_methods_take_turns_and_nobody_comes_twice(root):
    dealt = panels.deal(root, "c40", seed=3, count=10)
    assert len(dealt) == 10 and sum(clip.fake for clip in dealt) == 5 and len({clip.target for clip in dealt}) == 10
    assert all(clip.path.parts[-3] == "c40" for clip in dealt)
    assert {clip.method for clip in dealt if clip.fake} == set(METHODS)
    assert [clip.path for clip in panels.deal(root, "c40", 3, 10)] == [clip.path for clip in dealt]
    assert [clip.path for clip in panels.deal(root, "c40", 4, 10)] != [clip.path for clip in dealt]
    assert len(panels.deal(root)) == 12                         # all there are, still half and half
    assert panels.compressions(root) == ["c23", "c40"]


def test_a_clip_moves_as_it_was_decoded(root):
    clip = panels.deal(root, count=2)[0]
    shown = panels.shown(clip)
    with Image.open(io.BytesIO(panels.moving(shown))) as played:
        assert played.n_frames == 3 and played.info["loop"] == 0 and shown.milliseconds == 80
        for number, frame in enumerate(media.read_video(clip.path)):
            played.seek(number)
            assert np.array_equal(np.array(played.convert("RGB")), frame)


def test_large_clips_are_made_smaller():
    class Wide:
        path, method = Path("x.mp4"), "real"
    frames = [np.zeros((400, 900, 3), np.uint8)] * 2
    recording = media.Recording("x", frames, 25)
    original, panels.read_video = panels.read_video, lambda path: recording
    try:
        assert panels.shown(Wide).frames.shape == (2, panels.SIDE, panels.SIDE, 3)
    finally:
        panels.read_video = original


def test_a_game_says_nothing_before_the_end_and_then_all(root, tmp_path):
    game = panels.Game(root, seed=1, count=8, keep=tmp_path)
    kinds = [clip.method for clip in game._clips]
    first = game._image.value
    for number, kind in enumerate(kinds):
        assert game.line == f"clip {number + 1} of 8, c23" and game.score is None and kind not in game._text.value
        (game.fake if kind != "real" and number != 3 else game.real).click()     # all right, but perhaps the fourth
    assert game._image.value != first and game.number == 8 and game.real.disabled
    right = 8 - (kinds[3] != "real")
    assert game.score.right == right and game.score.asked == 8 and f"{right} of 8 right" in game.line and "66.57 %" in game.line
    assert game._image.format in ("png", "jpeg")
    stored = people.read_game(game.path)
    assert game.path.parent == tmp_path and [one["kind"] for one in stored["answers"]] == kinds
    assert "name" not in stored and str(game.path) in game.line
    game.answer("real")
    assert game.number == 8                                     # nothing more is asked
    game.again.click()
    assert game.number == 0 and game.line == "clip 1 of 8, c23" and not game.fake.disabled and game._image.format == "webp"
    game.coding.value = "c40"
    assert game.line == "clip 1 of 8, c40" and all(clip.path.parts[-3] == "c40" for clip in game._clips)


def test_the_next_clip_is_ready_before_it_is_asked_for(root, monkeypatch):
    game, order = panels.Game(root, count=4), []
    ready, real_show = game._ready[1], game._show
    monkeypatch.setattr(game, "_show", lambda data, *rest: (order.append(data == ready), real_show(data, *rest)))
    monkeypatch.setattr(panels, "moving", lambda clip: order.append("made") or b"x" * 100)
    game.answer("real")
    assert order == [True, "made"]                              # shown first, from what was there


def test_a_page_has_a_still_that_gives_nothing_away(root):
    game = panels.Game(root, count=4)
    bundle, metadata = game._repr_mimebundle_()
    (mime, details), = metadata.items()
    assert mime.startswith("image/") and details["alt"] == bundle["text/plain"] and "? " in details["alt"]
    assert game._clips[0].path.stem not in details["alt"] and bundle[mime]


def played(compression, *rights):
    kinds = ["real", "FaceSwap"] * (len(rights) // 2)
    answers = [("x", kind, "fake" if (kind != "real") == bool(right) else "real") for kind, right in zip(kinds, rights)]
    return people.game_of("set", compression, answers)


def test_a_class_is_pooled_by_people_and_by_compression():
    games = [played("c23", 1, 1, 1, 1), played("c23", 0, 0, 0, 0), played("c40", 1, 0, 1, 0)]
    one, other = people.pooled(games)
    assert (one.compression, one.people, one.right, one.asked, one.kinds) == ("c23", 2, 4, 8, {"FaceSwap": (2, 4), "real": (2, 4)})
    assert (one.accuracy.low, one.accuracy.high) == (0, 1)      # two people, all right and all wrong: nothing is known
    alone = wilson(2, 4)
    assert other.accuracy == alone and other.kinds == {"FaceSwap": (0, 2), "real": (2, 2)}
    table = panels.class_table(games)
    assert "| c23 | 2 | 4 of 8 | 50.0 (0.0 to 100.0) | 66.57 |" in table and "58.73" in table


def test_the_newest_own_game_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    assert people.own_score() is None
    for game in (played("c23", 1, 1), played("c40", 0, 1), *[played("c23", 0, 0)] * 9):
        path = people.keep(game)
    assert path.name.endswith("-0011.json") and path.parent == tmp_path / "real-or-fake"
    assert people.own_score().right == 0 and people.own_score("c40").right == 1 and people.own_score("raw") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"game": "real or fake?", "compression": "c23", "answers": []}',
                                  '{"game": "real or fake?", "compression": "c23", "answers": [{"kind": "real", "said": "?"}]}'])
def test_what_is_no_game_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match="holds"):
        people.read_game(tmp_path / "x.json")


# ---------------------------------------- the page and what it stands on
NOTEBOOK = Path(__file__).parents[1] / "notebooks/07_forensics_data_set.ipynb"
SHIPPED = Path(__file__).parents[1] / "data/forensics"


@pytest.mark.skipif(not NOTEBOOK.exists(), reason="Lesson 07 is not written yet")
def test_what_the_page_writes_is_equal_to_dflib():
    """Face2Face's warp, the sampled texture and the split, written out in the lesson."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    said = "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))
    assert said.count("equal to dflib's: True") == 2 and "equal to FaceForensics': True" in said and "False" not in said


def test_the_shipped_set_has_what_the_page_and_the_game_ask_for():
    people_shown = ("061", "076")
    for name in plan.CONTROLS:
        stem = "_".join(people_shown) if name.startswith("True") else people_shown[0]
        assert (SHIPPED / f"control_sequences/{name}/c23/videos/{stem}.mp4").is_file()
    assert panels.compressions(SHIPPED) == ["c23", "c40"]
    for compression in panels.compressions(SHIPPED):
        kinds = [clip.method for clip in panels.deal(SHIPPED, compression)]
        assert len(kinds) == panels.CLIPS and kinds.count("real") == 20 and {kinds.count(method) for method in METHODS} == {5}
