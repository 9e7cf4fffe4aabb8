"""Checks of the exercises: ``check("00.blend", blend)`` answers "not solved yet", "wrong: <hint>" or "correct".

Each lesson has a module in `dflib.lesson.exercises` (``lesson00.py``, ...) with checks and known mistakes:

    @exercise("00.double", "warm-up")
    def double(answer):
        same(call(answer, 3.0), 6.0, "double(3.0)")

    mistake("00.double", "that is the square", lambda x: x * x)

An exercise raises through ``same``, ``call`` or ``Wrong(hint)`` when the answer is wrong, and returns when it is right. If
the wrong answer has so far given what a known mistake gives, the hint is the mistake's own; else it names the first value
that differs. Solutions are in ``notebooks/solutions/``; tests hold them and every mistake against the checks.
"""

import ast
import copy
import html
import inspect
import textwrap
from collections.abc import Callable
from importlib import import_module, util

import numpy as np
from IPython.display import display

LEVELS = ("warm-up", "core", "stretch")
UNSOLVED, CORRECT = "not solved yet", "correct"

LOOPING = ("map", "reduce", "vectorize", "apply_along_axis", "fromiter", "starmap")  # calls that loop without saying so

_EXERCISES = {}  # name -> function that raises when the answer is wrong
_LEVEL = {}  # name -> one of LEVELS
_MISTAKES = {}  # name -> list of (function, hint)
_calls = []  # (arguments, named, look, what is compared) of every call of the answer that is being checked


class Wrong(Exception):
    """The answer is wrong; the message is the hint for the learner."""


class Differs(Wrong):
    """A value differs from what it should be: perhaps by a known mistake."""


class Unsolved(Exception):
    """The answer still holds the stub's ``...``."""


class Verdict(str):
    """What ``check`` answers: a string that a notebook shows with a sign and a colour of its own."""

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        sign, colour = {UNSOLVED: ("&#9675;", "#666666"), CORRECT: ("&#10003;", "#0072B2")}.get(
            str(self), ("&#10007;", "#D55E00")
        )  # blue and vermilion: apart for colour-blind readers
        return f"<p style='color:{colour}'><strong>{sign} {html.escape(self)}</strong></p>"


def exercise(name: str, level: str) -> Callable:
    """Decorator that registers the check of exercise ``name`` ('NN.word'), which is of a ``level`` of `LEVELS`."""
    if level not in LEVELS:
        raise ValueError(f"An exercise is one of {', '.join(LEVELS)}, not {level!r}.")

    def register(function):
        _EXERCISES[name], _LEVEL[name] = function, level
        return function

    return register


def mistake(name: str, hint: str, function: Callable) -> None:
    """Register a ``function`` that makes a known mistake in exercise ``name``, and the hint that names it."""
    _MISTAKES.setdefault(name, []).append((function, hint))


def names(lesson: str) -> list:
    """Names of the exercises of ``lesson`` ('00'), in the order of its module; empty for a lesson without exercises."""
    module = f"dflib.lesson.exercises.lesson{lesson}"
    if not lesson.isdigit() or util.find_spec(module) is None:
        return []
    import_module(module)
    return [name for name in _EXERCISES if name.split(".")[0] == lesson]


def level(name: str) -> str:
    """The level of an exercise, one of `LEVELS`. Raises KeyError for an unknown one."""
    names(name.split(".")[0])
    return _LEVEL[name]


def mistakes(name: str) -> list:
    """(function, hint) of every known mistake of an exercise."""
    names(name.split(".")[0])
    return _MISTAKES.get(name, [])


def check(name: str, answer) -> Verdict:
    """Hold ``answer`` (usually the learner's function) against exercise ``name``. Never raises."""
    lesson = str(name).split(".")[0]
    known = names(lesson)
    if name not in known:
        there = f"lesson {lesson} has {', '.join(known)}" if known else f"lesson {lesson} has none"
        return Verdict(f"wrong: there is no exercise {name!r}; {there}")
    if answer is Ellipsis:
        return Verdict(UNSOLVED)
    _calls.clear()
    try:
        _EXERCISES[name](answer)
    except Unsolved:
        return Verdict(UNSOLVED)
    except Differs as difference:
        return Verdict(f"wrong: {_recognised(name) or difference}")
    except Wrong as hint:
        return Verdict(f"wrong: {hint}")
    except Exception as error:  # whatever the learner's objects do inside a check is an answer, not a crash
        return Verdict(f"wrong: your answer raised {_describe(error)}")
    finally:
        _calls.clear()
    return Verdict(CORRECT)


def answer(name: str, mine, ours):
    """Show the verdict on ``mine``, and return what the following cells use: ``mine`` when it is correct, else ``ours``."""
    verdict = check(name, mine)
    display(verdict)
    display(
        {
            "text/plain": "What follows uses yours."
            if verdict == CORRECT
            else "What follows uses ours until yours is correct."
        },
        raw=True,
    )
    return mine if verdict == CORRECT else ours


def call(function, *arguments, **named):
    """The learner's ``function`` at copies of the arguments, so that changing them in place spoils nothing.

    Raises Wrong when it is no function, raises or returns nothing, and Unsolved when it returns ``...``.
    """
    return _called(function, arguments, named)[0]


def call_unchanged(function, *arguments):
    """As `call`; raises Wrong as well when the function has changed one of its arguments."""
    result, given = _called(function, arguments, {})
    for number, (before, after) in enumerate(zip(arguments, given), 1):
        if not _agree(before, after):
            raise Wrong(f"your function changes its argument number {number} in place: work on a copy")
    return result


def call_for(look: Callable, function, *arguments):
    """As `call`, for a function that is there for what it does to its arguments: look(*arguments) afterwards is compared."""
    return look(*_called(function, arguments, {}, look)[1])


def _called(function, arguments, named, look=None) -> tuple:
    """(result, the copies of the arguments as the function has left them)."""
    if not callable(function):
        raise Wrong(f"give the function itself, not a {type(function).__name__}")
    given = copy.deepcopy(arguments)
    try:
        result = function(*given, **copy.deepcopy(named))
    except Exception as error:
        raise Wrong(f"your function raised {_describe(error)}") from error
    if result is Ellipsis:
        raise Unsolved
    if result is None:
        raise Wrong("your function returned nothing: is the return statement missing?")
    _calls.append((arguments, named, look, look(*given) if look else result))
    return result, given


def as_tensor(value, what: str = "the result"):
    """``value`` if it is a torch tensor; raises Wrong for an array, through which no gradient could flow."""
    if not hasattr(value, "requires_grad"):
        raise Wrong(f"{what} should be a torch tensor, not {type(value).__name__}: a network is trained through it")
    return value


def no_loop(function) -> None:
    """Raise Wrong, naming the line, when the source of ``function`` loops over anything; silent where there is no source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return
    for node in ast.walk(tree):
        loops = isinstance(node, (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp))
        called = node.func if isinstance(node, ast.Call) else None
        if loops or getattr(called, "id", getattr(called, "attr", "")) in LOOPING:
            raise Wrong(
                f"right or not, line {node.lineno} of your function loops: let shapes that broadcast do it at once"
            )


def same(found, wanted, what: str = "the result", tolerance: float = 1e-6) -> None:
    """Raise Differs, naming the first differing value, unless ``found`` equals ``wanted`` (numbers, arrays or tensors).

    Shapes must agree; values may differ by ``tolerance`` times the larger of 1 and the wanted value.
    """
    found, wanted = _as_array(found, what), _as_array(wanted, what)
    if found.shape != wanted.shape:
        raise Differs(f"{what} has shape {found.shape}, it should be {wanted.shape}")
    close = np.abs(found - wanted) <= tolerance * np.maximum(1, np.abs(wanted))  # False for nan as well
    if close.all():
        return
    first = tuple(int(i) for i in np.argwhere(~close)[0])
    where = f" at [{', '.join(map(str, first))}]" if first else ""
    raise Differs(f"{what}{where} is {found[first]:.6g}, it should be {wanted[first]:.6g}")


def _recognised(name):
    """The hint of the first known mistake that gives all results which the checked answer has given, else ''."""
    for function, hint in _MISTAKES.get(name, []):
        try:
            with np.errstate(all="ignore"):
                if all(
                    _agree(_compared(function, arguments, named, look), result)
                    for arguments, named, look, result in _calls
                ):
                    return hint
        except Exception:  # a mistake that this input makes impossible
            continue
    return ""


def _compared(function, arguments, named, look):
    """What is compared of a function: its result, or what `look` sees of the arguments that it was given."""
    given = copy.deepcopy(arguments)
    result = function(*given, **copy.deepcopy(named))
    return look(*given) if look else result


def _agree(one, other) -> bool:
    """Whether two results, or two arguments, are the same to about five digits; nan is nan here."""
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(map(_agree, one, other))
    if callable(one) and callable(other):
        return True
    try:
        one, other = (
            np.asarray(part.detach().cpu() if hasattr(part, "detach") else part).astype(complex)
            for part in (one, other)
        )
    except (TypeError, ValueError):
        return False
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-5, atol=1e-7, equal_nan=True)


def _as_array(value, what) -> np.ndarray:
    if value is Ellipsis:
        raise Unsolved
    if hasattr(value, "detach"):  # a tensor, wherever it lives
        value = value.detach().cpu().float() if value.is_floating_point() else value.detach().cpu()
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise Wrong(f"{what} should be numbers, not {type(value).__name__}") from error


def _describe(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
