"""Diagrams of networks and of the path that data take through them, in one style for all lessons.

    diagram("03.generator")                     # shows the one that dflib.lesson.diagrams.lesson03 describes

A description says where each box stands on a grid, what kind it is, what is written in it, and which arrows connect
them. Kinds differ in shape and line as well as in colour, so that they are told apart without it.
"""

from dataclasses import dataclass
from importlib import import_module, util

from dflib.lesson.figures import BLUE, GREEN, GREY, INK, ORANGE, VERMILION
from dflib.lesson.showing import show

COLUMN, ROW = 1.7, 0.95  # inches from one box to the next, across and down
BOX = 1.34, 0.62  # inches of a box that is one column wide

# kind -> what it means, outline, filling, width and style of the line, shape
KINDS = {
    "data": ("data", INK, "white", 1.0, "-", "round,pad=0,rounding_size=0.12"),
    "random": ("drawn at random", ORANGE, "#FDF1D8", 1.6, "-", "round,pad=0,rounding_size=0.3"),
    "network": ("learned", BLUE, "#DCEBF6", 2.2, "-", "square,pad=0"),
    "step": ("computed, nothing to learn", GREY, "#F0F0F0", 1.0, "-", "square,pad=0"),
    "loss": ("loss", VERMILION, "#FBE7DC", 1.8, "--", "round,pad=0,rounding_size=0.12"),
    "truth": ("known truth", GREEN, "#DDF1EB", 1.8, ":", "round,pad=0,rounding_size=0.12"),
}


@dataclass(frozen=True)
class Diagram:
    """What `draw` draws.

    boxes: key -> (column, row, kind of `KINDS`, text[, width in columns]); the text's first line is bold, a line in
    brackets small, as shapes are. arrows: "from -> to" or "from -> to: label"; "|>" for one with corners.
    alt and caption as for `show`.
    """

    boxes: dict
    arrows: tuple
    alt: str
    caption: str = ""


def diagram(name: str) -> None:
    """Show the diagram ``name`` ('03.generator') with its alt text. Raises ValueError for one that does not exist."""
    lesson, _, key = name.partition(".")
    there = diagrams(lesson)
    if key not in there:
        raise ValueError(f"Lesson {lesson} has no diagram {key!r}, but: {', '.join(there) or 'none'}.")
    show(draw(there[key]), alt=there[key].alt, caption=there[key].caption)


def diagrams(lesson: str) -> dict:
    """name -> Diagram of a ``lesson`` ('03'); empty for a lesson without."""
    module = f"dflib.lesson.diagrams.lesson{lesson}"
    if not lesson.isdigit() or util.find_spec(module) is None:
        return {}
    return import_module(module).DIAGRAMS


def draw(plan: Diagram):
    """A `Diagram` as a matplotlib Figure. Raises ValueError for an unknown kind or an arrow that ends nowhere."""
    from matplotlib.figure import Figure

    left, right, top, bottom = _extent(plan.boxes)
    figure = Figure(figsize=(COLUMN * (right - left) + 0.1, ROW * (bottom - top) + 0.35), dpi=110)
    axes = figure.add_axes((0, 0.3 / figure.get_figheight(), 1, 1 - 0.3 / figure.get_figheight()))
    axes.set(xlim=(COLUMN * left - 0.05, COLUMN * right + 0.05), ylim=(ROW * bottom, ROW * top), aspect="equal")
    axes.set_axis_off()
    patches = {key: _box(axes, *box) for key, box in plan.boxes.items()}
    for arrow in plan.arrows:
        _arrow(axes, patches, arrow)
    _legend(figure, [kind for kind in KINDS if any(box[2] == kind for box in plan.boxes.values())])
    return figure


def _extent(boxes) -> tuple:
    """Columns left and right, rows above and below, in which everything fits."""
    widths = [(box[0], box[1], box[4] if len(box) > 4 else 1) for box in boxes.values()]
    left, right = min(x - w / 2 for x, _, w in widths), max(x + w / 2 for x, _, w in widths)
    return left, right, min(y for _, y, _ in widths) - 0.5, max(y for _, y, _ in widths) + 0.5


def _box(axes, column, row, kind, text, width=1.0):
    """Draw one box; returns its patch and centre, for the arrows."""
    from matplotlib.patches import FancyBboxPatch

    if kind not in KINDS:
        raise ValueError(f"A box is one of {', '.join(KINDS)}, not {kind!r}.")
    _, edge, face, line, style, shape = KINDS[kind]
    x, y = COLUMN * column, ROW * row
    wide, high = BOX[0] + COLUMN * (width - 1), BOX[1]
    looks = {"edgecolor": edge, "facecolor": face, "linewidth": line, "linestyle": style, "zorder": 3}
    patch = axes.add_patch(FancyBboxPatch((x - wide / 2, y - high / 2), wide, high, boxstyle=shape, **looks))
    lines = text.split("\n")
    for number, words in enumerate(lines):
        small = words.startswith("(")
        looks = {"size": 7.5, "color": "#555555"} if small else {"size": 8.5, "color": INK}
        looks["weight"] = "bold" if number == 0 else "normal"
        height = y + 0.17 * (number - (len(lines) - 1) / 2)
        axes.text(x, height, words, ha="center", va="center", zorder=4, **looks)
    return patch, (x, y)


def _arrow(axes, patches, arrow: str) -> None:
    """Draw "a -> b" from edge to edge, straight, or "a |> b": half a row up or down, across, and on."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    path, _, label = arrow.partition(": ")
    ends = [end.strip() for end in path.replace("|>", "->").split("->")]
    if len(ends) != 2 or not set(ends) <= set(patches):
        raise ValueError(f"The arrow {arrow!r} should connect two of {', '.join(patches)}.")
    (one, start), (other, end) = (patches[key] for key in ends)
    looks = {"arrowstyle": "-|>", "mutation_scale": 11, "color": INK, "linewidth": 1.2, "zorder": 2}
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    if "|>" in path:
        away = BOX[1] / 2 if end[1] > start[1] else -BOX[1] / 2
        corners = [(start[0], start[1] + away), (start[0], middle[1]), (end[0], middle[1]), (end[0], end[1] - away)]
        axes.add_patch(FancyArrowPatch(path=Path(corners), **looks))
    else:
        axes.add_patch(FancyArrowPatch(start, end, patchA=one, patchB=other, shrinkA=1, shrinkB=2, **looks))
    if label:
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(*middle, label, ha="center", va="center", size=7.5, color=INK, zorder=5, bbox=paper)


def _legend(figure, kinds) -> None:
    """One line below: a small box of each kind that occurs, and what it means."""
    from matplotlib.patches import FancyBboxPatch

    axes = figure.add_axes((0, 0, 1, 0.3 / figure.get_figheight()))
    axes.set(xlim=(0, figure.get_figwidth()), ylim=(0, 0.3), aspect="equal")
    axes.set_axis_off()
    x = 0.15
    for kind in kinds:
        meaning, edge, face, line, style, _ = KINDS[kind]
        looks = {"edgecolor": edge, "facecolor": face, "linewidth": line, "linestyle": style}
        axes.add_patch(FancyBboxPatch((x, 0.08), 0.2, 0.13, boxstyle="square,pad=0", **looks))
        axes.text(x + 0.28, 0.14, meaning, va="center", size=7.5, color=INK)
        x += 0.28 + 0.068 * len(meaning) + 0.3
