"""The one cache of renders: what names an entry, and what becomes of a damaged one or of another version's."""
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dflib import cast
from dflib.cast import renders
from dflib.cast.people import variants


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))


def test_people_are_named_by_content_and_not_by_seed():
    person = cast.sample_person(5)
    same, other = cast.sample_person(5), cast.sample_person(6)
    edits = [variants.with_age(person, 70), variants.with_tone(person, .9), variants.with_glasses(person),
             replace(person, hair=replace(person.hair, colour=person.hair.colour + np.float32(1e-4)))]
    names = [renders.content(each) for each in (person, *edits, other)]
    assert renders.content(same) == names[0] and len(set(names)) == len(names)
    assert all(edit.seed == 5 for edit in edits)


def test_content_tells_apart_what_looks_alike_in_print():
    values = [(1, 2), (12,), ("1", 2), ([1], 2), (1, [2]), (True, 2), (1., 2), None, ("a", "b"), ("ab",), {"a": 1}, {"a": 2},
              np.zeros(2, np.uint8), np.zeros(2, np.float32), np.zeros((2, 1), np.uint8), np.r_[np.zeros(5000), 1], np.zeros(5001)]
    assert len({renders.content(value) for value in values}) == len(values)
    assert renders.content({"a": 1, "b": 2}) == renders.content({"b": 2, "a": 1})
    assert renders.content((1, 2)) == renders.content([1, 2]) == renders.content(range(1, 3))
    with pytest.raises(TypeError, match="cannot be named by its content"):
        renders.content(object())       # its text has an address, other in every process
    with pytest.raises(TypeError, match="cannot be named by its content"):
        renders.content({1, 2})


def test_content_is_the_same_in_another_process():
    code = "from dflib import cast; from dflib.cast import renders; print(renders.content(cast.sample_person(3), {'a': 'b'}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert out.stdout.strip() == renders.content(cast.sample_person(3), {"a": "b"})


def test_kept_renders_are_drawn_once_for_what_they_depend_on(tmp_path, monkeypatch):
    drawn = []

    def make():
        drawn.append(1)
        return {"images": np.full((2, 3), len(drawn))}

    def images(*depends):
        return int(renders.kept("some", "people", depends, make)["images"][0, 0])
    assert [images(1, 64), images(1, 64), images(2, 64), images(1, 64)] == [1, 1, 2, 1]
    monkeypatch.setattr(renders, "VERSION", renders.VERSION + 1)
    assert [images(1, 64), images(1, 64)] == [3, 3]
    monkeypatch.undo()
    monkeypatch.setenv("DFLIB_CACHE", str(tmp_path))
    path, = (file for file in (tmp_path / "renders" / f"cast-{renders.VERSION}" / "some").iterdir()
             if np.load(file, allow_pickle=False)["images"][0, 0] == 1)
    whole = path.read_bytes()
    for damaged in (whole[:100], b"", b"nothing"):
        path.write_bytes(damaged)
        assert images(1, 64) == len(drawn) and images(1, 64) == len(drawn)
    assert len(drawn) == 6
    assert len(renders.kept("some", "a name of many letters " * 30, (), make)["images"])


def test_nothing_is_left_of_an_interrupted_drawing(tmp_path):
    def make():
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        renders.kept("some", "people", (), make)
    assert not list(renders.folder("some").iterdir())
