"""What a reader sees of a training run: curves and pictures in a notebook, a bar and plain lines in a terminal."""

import sys
import time

from tqdm.auto import tqdm

_REFRESH = 5.0  # seconds between two updates of a notebook's picture or of a terminal's lines
_WARM_UP = 2.0  # seconds of training before the remaining time is estimated


class Display:
    """Shows one run from ``start`` to ``steps``: a progress bar, the time it will take, losses, sample pictures.

    cost: cost(i) -> time of step i, counted from 0, relative to that of others; equal when None.
    """

    def __init__(self, name: str, start: int, steps: int, cost=None):
        self._name, self._start, self._steps, self._cost = name, start, steps, cost or (lambda i: 1)
        self._bar = tqdm(total=steps, initial=start, desc=name, unit="step", disable=False if in_notebook() else None)
        self._began = self._shown = time.monotonic()
        self._first_step_done = None  # the first step also pays for compiling, caches and allocation
        self._estimated = False
        self._figure = None
        self._picture = None

    def advance(self, done: int) -> None:
        """``done`` steps are behind us; after a few, say how long the rest will take."""
        self._bar.update(1)
        now = time.monotonic()
        if self._first_step_done is None:
            self._first_step_done = now
        elif not self._estimated and (now - self._began > _WARM_UP or done == self._steps):
            self._estimated = True
            rate = (now - self._first_step_done) / sum(map(self._cost, range(self._start + 1, done)))
            self.line(f"{self._name}: {self._steps - self._start} steps, about "
                      f"{duration(rate * sum(map(self._cost, range(self._start, self._steps))))} on this machine")

    def losses(self, history: list) -> None:
        """Show the newest row of ``history``, a list of dicts with "step", "seconds" and the losses."""
        row = history[-1]
        values = {name: value for name, value in row.items() if name not in ("step", "seconds")}
        self._bar.set_postfix({name: f"{value:.4g}" for name, value in values.items()}, refresh=False)
        now = time.monotonic()
        if now - self._shown < _REFRESH and row["step"] < self._steps:
            return
        self._shown = now
        if in_notebook():
            self._draw(history)
        else:
            self.line(f"step {row['step']}/{self._steps}  " + "  ".join(f"{n} {v:.4g}" for n, v in values.items()))

    def picture(self, image) -> None:
        """Show ``image``, (H, W, 3) uint8, beside the curves from now on."""
        self._picture = image

    def line(self, text: str) -> None:
        """A line of text that does not disturb the bar."""
        tqdm.write(text, file=sys.stdout)

    def close(self) -> None:
        self._bar.close()

    def _draw(self, history: list) -> None:
        from IPython.display import display
        from matplotlib.figure import Figure  # without pyplot, which would show the figure a second time

        figure = Figure(figsize=(9, 3) if self._picture is not None else (5, 3), layout="constrained")
        panels = figure.subplots(1, 2 if self._picture is not None else 1, squeeze=False)[0]
        names = [name for name in history[-1] if name not in ("step", "seconds")]
        for name, style in zip(names, ("-", "--", ":", "-.") * len(names)):  # told apart without colours too
            rows = [row for row in history if name in row]
            panels[0].plot([row["step"] for row in rows], [row[name] for row in rows], style, label=name)
        panels[0].set(xlabel="step", ylabel="loss")
        figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
        if self._picture is not None:
            panels[1].imshow(self._picture)
            panels[1].axis("off")
        alt = f"losses up to step {history[-1]['step']}" + (", sample pictures" if self._picture is not None else "")
        metadata = {"image/png": {"alt": alt}}
        if self._figure is None:
            _let_figures_be_pictures()
            self._figure = display(figure, metadata=metadata, display_id=True)
        else:
            self._figure.update(figure, metadata=metadata)


def _let_figures_be_pictures() -> None:
    """Until pyplot is imported a kernel knows no picture of a figure and would print its name instead."""
    from IPython import get_ipython
    from IPython.core.pylabtools import select_figure_formats
    from matplotlib.figure import Figure

    shell = get_ipython()
    if shell is not None and Figure not in shell.display_formatter.formatters["image/png"]:
        select_figure_formats(shell, {"png"})


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel."""
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return getattr(shell, "kernel", None) is not None


def duration(seconds: float) -> str:
    """``seconds`` in words that people use."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
