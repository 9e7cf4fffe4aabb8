"""The panel of lesson 06: a person of the cast, edited by the network and in truth."""

import time
from functools import lru_cache

import numpy as np
import torch

from dflib.datasets import edits
from dflib.datasets.domains import EDITS, INDEX, TRAITS, edited
from dflib.lesson.widgets import Panel, choice, slider, switch
from dflib.pictures import as_images, as_tensor
from dflib.synthesis.stargan.edit import changed_pictures, own_labels

ZOOM = 160  # pixels of each picture on the page, at least
OTHER = {"female": "other sex", "old": "other age", "dark skin": "other skin"}
KEEP = "as it is"


def edit_explorer(model, truth):
    """Lesson 06's panel: picture, edit (the change alone), true edit and how far the two differ. It begins with nothing asked for.

    ``model``: a StarGAN; ``truth``: `TrueEdits` of its size, whose people can be chosen.
    """

    def options(what):
        return {KEEP: (), **{value: (kind, value) for kind, value in EDITS if kind == what}}

    @lru_cache(128)
    def true_edit(person, wanted):
        return edits.portrait(int(truth.people[person]), wanted, model.size)

    def draw(person, hair, expression, strength, **other):
        began = time.perf_counter()
        own, wanted = truth.labels[person], list(filter(None, (hair,)))
        undyed = hair and not truth.known[person, 0]
        if undyed:  # red, dark brown or no hair
            wanted = []
        wanted += [_flipped(own, name) for name in TRAITS if other[name.split()[0]]]
        picture = truth.images[person]
        made = _edited(model, picture, own, wanted, expression, strength)
        milliseconds = 1000 * (time.perf_counter() - began)
        wanted += list(filter(None, (expression,)))
        goal = true_edit(person, tuple(wanted)) if wanted else picture
        apart = np.abs(made.astype(int) - goal).max(2).clip(0, 127).astype(np.uint8)
        apart = np.repeat(2 * apart[..., None], 3, 2)
        row = np.concatenate([picture, made, goal, apart], 1)
        factor = max(1, ZOOM // len(picture))
        said = ", ".join(f"{kind} {value}" for kind, value in wanted) or "nothing"
        said += " (the hair has none of the four colours and is left)" if undyed else ""
        error = np.sqrt(((made.astype(float) - goal) ** 2).mean())
        return row.repeat(factor, 0).repeat(factor, 1), (
            f"person {truth.people[person]} · asked for: {said} · {error:.1f} grey levels from the truth · "
            f"the edit took {milliseconds:.0f} ms"
        )

    controls = {
        "person": slider("person", 0, len(truth.people) - 1, int(truth.known[:, 0].argmax())),
        "hair": choice("hair", options("hair")),
        **{name.split()[0]: switch(words) for name, words in OTHER.items()},
        "expression": choice("expression", options("expression")),
        "strength": slider("strength", 0.0, 1.5, 1.0),
    }
    return Panel(
        draw,
        controls,
        question="Ask for blond hair, then for another sex or age as well: does anything change that was not asked for?",
        alt="A person, the network's edit, the true edit, and the difference of the two",
        width=640,
    )


def _flipped(own, name):
    """The edit that gives a person with the label ``own`` the other value of a trait."""
    wanted = 1 - int(own[INDEX[name]])
    return next(edit for edit, (column, value) in EDITS.items() if column == name and value == wanted)


def _edited(model, picture, own, wanted, expression, strength):
    """``picture`` (S, S, 3) with ``strength`` times the change alone, in one pass for all of ``wanted``, one for the expression."""
    x, target = as_tensor(picture[None]), np.array(own, np.float32)
    for edit in wanted:
        target = edited(target, edit)
    passes = [(own, target)] if wanted else []
    if expression:
        passes.append((target, edited(target, expression)))
    for labels in passes:
        before, after = (torch.from_numpy(np.asarray(label, np.float32))[None] for label in labels)
        changed = changed_pictures(model.generator, x, own_labels(model.critic, x, before, after), after)
        x = (x + strength * (changed - x)).clamp(-1, 1)
    return as_images(x)[0]
