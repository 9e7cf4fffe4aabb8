"""Checks of the exercises: ``check("00.blend", blend)`` answers "not solved yet", "wrong: <hint>" or "correct".

Each lesson has a module in `dflib.lesson.exercises` (``lesson00.py``, ...) with one function per exercise:

    @exercise("00.double")
    def double(answer):
        same(call(answer, 3.0), 6.0, "double(3.0)")

It raises through ``same``, ``call`` or ``Wrong(hint)`` when the answer is wrong, and returns when it is right. Solutions
and plausible wrong answers are in ``notebooks/solutions/``; tests hold both against these checks.
"""
import copy
import html
from importlib import import_module, util

import numpy as np

_REGISTRY = {}      # name -> function that raises when the answer is wrong

UNSOLVED, CORRECT = "not solved yet", "correct"


class Wrong(Exception):
    """The answer is wrong; the message is the hint for the learner."""


class Unsolved(Exception):
    """The answer still holds the stub's ``...``."""


class Verdict(str):
    """What ``check`` answers: a string that a notebook shows with a sign and a colour of its own."""

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        sign, colour = {UNSOLVED: ("&#9675;", "#666666"), CORRECT: ("&#10003;", "#0072B2")}.get(
            str(self), ("&#10007;", "#D55E00"))        # blue and vermilion: apart for colour-blind readers
        return f"<p style='color:{colour}'><strong>{sign} {html.escape(self)}</strong></p>"


def exercise(name: str):
    """Decorator that registers the check of exercise ``name`` ('NN.word')."""
    def register(function):
        _REGISTRY[name] = function
        return function
    return register


def names(lesson: str) -> list:
    """Names of the exercises of ``lesson`` ('00'), in the order of its module; empty for a lesson without exercises."""
    module = f"dflib.lesson.exercises.lesson{lesson}"
    if not lesson.isdigit() or util.find_spec(module) is None:
        return []
    import_module(module)
    return [name for name in _REGISTRY if name.split(".")[0] == lesson]


def check(name: str, answer) -> Verdict:
    """Hold ``answer`` (usually the learner's function) against exercise ``name``. Never raises."""
    lesson = str(name).split(".")[0]
    known = names(lesson)
    if name not in known:
        there = f"lesson {lesson} has {', '.join(known)}" if known else f"lesson {lesson} has none"
        return Verdict(f"wrong: there is no exercise {name!r}; {there}")
    if answer is Ellipsis:
        return Verdict(UNSOLVED)
    try:
        _REGISTRY[name](answer)
    except Unsolved:
        return Verdict(UNSOLVED)
    except Wrong as hint:
        return Verdict(f"wrong: {hint}")
    except Exception as error:      # whatever the learner's objects do inside a check is an answer, not a crash
        return Verdict(f"wrong: your answer raised {_describe(error)}")
    return Verdict(CORRECT)


def call(function, *arguments, **named):
    """The learner's ``function`` at copies of the arguments, so that changing them in place spoils nothing.

    Raises Wrong when it is no function, raises or returns nothing, and Unsolved when it returns ``...``.
    """
    if not callable(function):
        raise Wrong(f"give the function itself, not a {type(function).__name__}")
    try:
        result = function(*copy.deepcopy(arguments), **copy.deepcopy(named))
    except Exception as error:
        raise Wrong(f"your function raised {_describe(error)}") from error
    if result is Ellipsis:
        raise Unsolved
    if result is None:
        raise Wrong("your function returned nothing: is the return statement missing?")
    return result


def same(found, wanted, what: str = "the result", tolerance: float = 1e-6) -> None:
    """Raise Wrong, naming the first differing value, unless ``found`` equals ``wanted`` (numbers, arrays or tensors).

    Shapes must agree; values may differ by ``tolerance`` times the larger of 1 and the wanted value.
    """
    found, wanted = _as_array(found, what), _as_array(wanted, what)
    if found.shape != wanted.shape:
        raise Wrong(f"{what} has shape {found.shape}, it should be {wanted.shape}")
    close = np.abs(found - wanted) <= tolerance * np.maximum(1, np.abs(wanted))       # False for nan as well
    if close.all():
        return
    first = tuple(int(i) for i in np.argwhere(~close)[0])
    where = f" at [{', '.join(map(str, first))}]" if first else ""
    raise Wrong(f"{what}{where} is {found[first]:.6g}, it should be {wanted[first]:.6g}")


def _as_array(value, what) -> np.ndarray:
    if value is Ellipsis:
        raise Unsolved
    if hasattr(value, "detach"):        # a tensor, wherever it lives
        value = value.detach().cpu().float() if value.is_floating_point() else value.detach().cpu()
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise Wrong(f"{what} should be numbers, not {type(value).__name__}") from error


def _describe(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
