"""A still picture of a panel: what a reader of a page sees where nobody can move a control."""

import textwrap

from dflib.lesson.figures import BLUE, INK, PALE

ROW = 0.27  # inches from one control to the next
TEXT = 9  # points
WIDTHS = 3.5, 5.0  # inches of the controls and of the picture, when the picture is wide


def panel_still(question: str, controls, picture, line: str):
    """A matplotlib Figure: the question, ``controls`` (ipywidgets) at their values, ``picture`` (H, W[, 3]) and its ``line``."""
    from matplotlib.figure import Figure

    height, width = picture.shape[:2]
    start = max(1.35, 0.075 * max((len(control.description) for control in controls), default=0) + 0.2)  # inches of labels
    left, right = WIDTHS[0] + start - 1.35, min(WIDTHS[1], 3.2 * width / height)
    asked = textwrap.wrap(question, int(13.5 * (left + right)))
    said = textwrap.wrap(line, int(13 * right))
    top, below = 0.16 * len(asked) + 0.12, 0.16 * len(said) + 0.1
    body = max(ROW * len(controls) + 0.1, right * height / width + below)
    figure = Figure(figsize=(left + right + 0.2, top + body + 0.1), dpi=110)
    total = figure.get_size_inches()

    def place(x, y, wide, high):  # inches from the left and from the top
        return figure.add_axes((x / total[0], 1 - (y + high) / total[1], wide / total[0], high / total[1]))

    figure.text(
        0.1 / total[0], 1 - 0.06 / total[1], "\n".join(asked), va="top", size=TEXT + 1, weight="bold", color=INK
    )
    rows = place(0.1, top, left - 0.2, body)
    rows.set(xlim=(0, left - 0.2), ylim=(body, 0))
    rows.set_axis_off()
    for number, control in enumerate(controls):
        _draw_control(rows, control, start, ROW * (number + 0.6))
    shown = place(left, top, right, right * height / width)
    shown.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
    shown.set_axis_off()
    figure.text(
        left / total[0],
        1 - (top + right * height / width + 0.08) / total[1],
        "\n".join(said),
        va="top",
        size=TEXT,
        color=INK,
    )
    return figure


def _draw_control(axes, control, start: float, y: float) -> None:
    """One row: the control's name up to ``start``, then a track with its knob, a list's choice or a box, and the value."""
    end = start + 1.3
    axes.text(start - 0.1, y, control.description, ha="right", va="center", size=TEXT, color=INK)
    if hasattr(control, "min"):
        share = (control.value - control.min) / (control.max - control.min)
        axes.plot([start, end], [y, y], color=PALE, linewidth=3, solid_capstyle="round")
        axes.plot(start + share * (end - start), y, "o", color=BLUE, markersize=7)
        axes.text(
            end + 0.12,
            y,
            f"{control.value:g}" if isinstance(control.value, int) else f"{control.value:.2f}",
            va="center",
            size=TEXT,
            color=INK,
        )
    elif hasattr(control, "options"):
        axes.text(
            start,
            y,
            f" {control.label}  \N{BLACK DOWN-POINTING SMALL TRIANGLE}",
            va="center",
            size=TEXT,
            color=INK,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": PALE},
        )
    else:
        axes.plot(start + 0.06, y, "s", color=BLUE if control.value else "white", markeredgecolor=INK, markersize=7)
        axes.text(start + 0.2, y, "on" if control.value else "off", va="center", size=TEXT, color=INK)
