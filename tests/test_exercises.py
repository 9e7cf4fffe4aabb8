"""Every exercise: its solution is correct, its plausible wrong answers are wrong, and nothing a learner does raises."""
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from dflib.lesson import checks
from dflib.lesson.checks import CORRECT, UNSOLVED, Unsolved, Wrong, call, check, same

ROOT = Path(__file__).parents[1]
LESSONS = sorted(path.stem[6:] for path in (ROOT / "dflib/lesson/exercises").glob("lesson*.py"))
NAMES = [name for lesson in LESSONS for name in checks.names(lesson)]


def solutions(lesson):
    path = ROOT / f"notebooks/solutions/lesson{lesson}.py"
    spec = importlib.util.spec_from_file_location(f"solutions{lesson}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_exercises():
    assert NAMES


@pytest.mark.parametrize("name", NAMES)
def test_solution_is_correct_and_wrong_answers_are_wrong(name):
    module = solutions(name[:2])
    assert check(name, module.SOLUTIONS[name]) == CORRECT
    assert len(module.WRONG_ANSWERS[name]) >= 2
    for answer in module.WRONG_ANSWERS[name]:
        verdict = check(name, answer)
        assert verdict.startswith("wrong: ") and len(verdict) > 15, (answer.__name__, verdict)


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_learner_gives_is_answered(name):
    def raises(*_, **__):
        raise ZeroDivisionError("division by zero")

    assert check(name, ...) == UNSOLVED
    assert check(name, lambda *_, **__: ...) == UNSOLVED
    assert check(name, raises) == "wrong: your function raised ZeroDivisionError: division by zero"
    for nonsense in (None, "text", 3, lambda: 1, lambda *_, **__: None, lambda *_, **__: "text", [], object()):
        assert check(name, nonsense).startswith("wrong: ")


@pytest.mark.parametrize("lesson", LESSONS)
def test_solutions_file_and_checks_list_the_same(lesson):
    module = solutions(lesson)
    assert list(module.SOLUTIONS) == checks.names(lesson) == list(module.WRONG_ANSWERS)


def test_notebooks_ask_for_exercises_that_exist_and_for_all_of_them():
    for notebook in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"):
        asked = re.findall(r'check\(\\"(\d\d\.\w+)\\"', notebook.read_text(encoding="utf-8"))
        assert sorted(set(asked)) == sorted(checks.names(notebook.name[:2])), notebook.name


def test_unknown_names_are_answered():
    assert check("00.nothing", 1) == f"wrong: there is no exercise '00.nothing'; lesson 00 has {', '.join(checks.names('00'))}"
    assert check("97.x", 1) == "wrong: there is no exercise '97.x'; lesson 97 has none"
    for name in ("", "..", "../x.y", None, 5):
        assert check(name, 1).startswith("wrong: there is no exercise")


def test_the_hint_names_the_first_differing_value():
    with pytest.raises(Wrong, match=r"^the crop at \[1, 0\] is 7, it should be 3$"):
        same([[1, 2], [7, 9]], [[1, 2], [3, 4]], "the crop")
    with pytest.raises(Wrong, match=r"^x is nan, it should be 1$"):
        same(float("nan"), 1.0, "x")
    with pytest.raises(Wrong, match=r"shape \(2,\), it should be \(3,\)"):
        same([1, 2], [1, 2, 3])
    same(torch.ones(2, requires_grad=True), [1, 1 + 5e-7])
    with pytest.raises(Wrong):
        same([1, 1 + 2e-6], [1, 1])
    with pytest.raises(Wrong, match="should be numbers, not dict"):
        same({}, 1)
    with pytest.raises(Unsolved):
        same(..., 1)


def test_a_function_that_changes_its_arguments_spoils_nothing():
    given = np.zeros(3)

    def careless(x):
        x += 1
        return x

    call(careless, given)
    assert not given.any()


def test_verdict_is_a_string_with_a_sign_for_notebooks():
    shown = [check("00.blend", answer)._repr_html_() for answer in (..., solutions("00").blend, lambda *a: "<b>")]
    assert [sign in text for sign, text in zip(("&#9675;", "&#10003;", "&#10007;"), shown)] == [True] * 3
    assert repr(check("00.blend", ...)) == UNSOLVED
