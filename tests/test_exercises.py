"""Every exercise: its solution is correct, its known mistakes are named, and nothing a learner does raises."""

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
def test_solution_is_correct_and_known_mistakes_are_named(name):
    assert check(name, solutions(name[:2]).SOLUTIONS[name]) == CORRECT
    known = checks.mistakes(name)
    assert len(known) >= 3 and len({hint for _, hint in known}) == len(known)
    for function, hint in known:
        assert check(name, function) == f"wrong: {hint}"
        assert hint[0].islower() and not hint.endswith(".")


@pytest.mark.parametrize("lesson", LESSONS)
def test_exercises_are_graded_from_easy_to_hard(lesson):
    ranks = [checks.LEVELS.index(checks.level(name)) for name in checks.names(lesson)]
    assert 3 <= len(ranks) <= 5 and ranks == sorted(ranks) and set(ranks) == {0, 1, 2}
    with pytest.raises(ValueError, match="one of warm-up, core, stretch"):
        checks.exercise("98.x", "easy")


def test_what_is_not_known_is_answered_by_the_first_differing_value():
    assert (
        check("00.psnr_unit", lambda u, v: 7.0)
        == "wrong: for a difference of 0.2 everywhere the PSNR is 7, it should be 20"
    )
    assert check("04.rodrigues", lambda v: np.full((3, 3), 3.0)).startswith("wrong: for v = [")


def test_a_step_is_judged_by_what_it_moves():
    def twice(G, D, optimizer, z):
        right = solutions("02").SOLUTIONS["02.generator_step"]
        right(G, D, optimizer, z)
        return right(G, D, optimizer, z)

    assert check("02.generator_step", twice).startswith("wrong: for D's logit 2 x - 1 the weights (a, b) of G(z) = a z + b")
    blind = check("02.r1_penalty", lambda D, x, gamma: solutions("02").SOLUTIONS["02.r1_penalty"](D, x, gamma).detach())
    assert blind.startswith("wrong: the number is right, but D cannot learn from it")


def test_an_answer_that_changes_its_argument_is_told_so():
    def in_place(ws, mean, psi, cutoff):
        ws[:, :cutoff] = mean + psi * (ws[:, :cutoff] - mean)
        return ws

    assert (
        check("03.truncate", in_place) == "wrong: your function changes its argument number 1 in place: work on a copy"
    )


def test_a_sweep_in_place_is_told_so():
    def in_place(f, g, mask):
        f[1:-1, 1:-1][mask[1:-1, 1:-1]] = 0.0
        return f

    assert check("04.poisson_step", in_place) == "wrong: your function changes its argument number 1 in place: work on a copy"


def test_a_loop_and_a_cut_gradient_are_found_where_none_is_wanted():
    def one_by_one(mean, modes, weights):
        return torch.stack([mean + (row[:, None, None] * modes).sum(0) for row in weights])

    def cut(mean, modes, weights):
        return mean + torch.einsum("bk,kvc->bvc", weights.detach(), modes)

    def hidden(mean, modes, weights):
        return torch.stack(list(map(lambda row: mean + (row[:, None, None] * modes).sum(0), weights)))

    for looping in (one_by_one, hidden):
        assert check("00.blend", looping).startswith("wrong: right or not, line 2 of your function loops")
    assert "no gradient reaches the weights" in check("00.blend", cut)

    def looping(w1, w2, crossover, layers):
        return torch.stack(
            [torch.stack([a if layer < c else b for layer in range(layers)]) for a, b, c in zip(w1, w2, crossover)]
        )

    assert check("03.mixed_styles", looping).startswith("wrong: right or not, line 3 of your function loops")


@pytest.mark.parametrize("name", ["00.blend", "01.heat_loss", "01.sharp_argmax", "03.truncate", "03.adain", "03.mixed_styles", "03.slerp"])
def test_an_array_where_a_tensor_is_wanted_is_told_so(name):
    right = solutions(name[:2]).SOLUTIONS[name]
    assert "should be a torch tensor, not ndarray" in check(name, lambda *arguments: right(*arguments).numpy())


def test_an_arc_is_more_than_a_turn_in_the_plane_and_may_have_no_length():
    def careless(a, b, t):
        angle = torch.acos((a * b).sum().clamp(-1, 1))
        return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)

    assert "there is only one point on that arc" in check("03.slerp", careless)


def test_the_right_answer_is_handed_on_and_ours_where_it_is_missing(monkeypatch):
    shown = []
    monkeypatch.setattr(
        checks, "display", lambda thing, **_: shown.append(thing if isinstance(thing, str) else thing["text/plain"])
    )
    mine, ours = solutions("03").SOLUTIONS["03.truncate"], object()
    assert checks.answer("03.truncate", mine, ours) is mine and shown == [CORRECT, "What follows uses yours."]
    for wrong in (lambda *_: ..., lambda *_: 0):
        assert checks.answer("03.truncate", wrong, ours) is ours
    assert shown[2] == UNSOLVED and shown[3] == shown[5] == "What follows uses ours until yours is correct."


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
    assert sorted(module.SOLUTIONS) == sorted(checks.names(lesson))


def test_notebooks_ask_for_exercises_that_exist_and_for_all_of_them():
    for notebook in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"):
        asked = re.findall(r'(?:check|answer)\(\\"(\d\d\.\w+)\\"', notebook.read_text(encoding="utf-8"))
        assert sorted(set(asked)) == sorted(checks.names(notebook.name[:2])), notebook.name


def test_unknown_names_are_answered():
    assert (
        check("00.nothing", 1)
        == f"wrong: there is no exercise '00.nothing'; lesson 00 has {', '.join(checks.names('00'))}"
    )
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
    shown = [check("00.yaw_matrix", answer)._repr_html_() for answer in (..., solutions("00").yaw_matrix, lambda *a: "<b>")]
    assert [sign in text for sign, text in zip(("&#9675;", "&#10003;", "&#10007;"), shown)] == [True] * 3
    assert repr(check("00.yaw_matrix", ...)) == UNSOLVED
