"""Panels: controls bound to a function that returns a picture and a line of text.

    def draw(yaw, style):
        return image, f"yaw {yaw:.0f} degrees"          # uint8 (H,W,3) or (H,W), and what the picture shows in numbers

    panel = Panel(draw, {"yaw": slider("yaw", -40, 40, 0), "style": choice("hair", ["short", "long"])},
                  question="At which angle does the far ear vanish?", alt="a face that turns")
    panel                                               # last line of a cell

Every control works with the keyboard, the text is announced by screen readers, and an error in ``draw`` appears in the
text line while the last picture stays. Moving a control from a cell (``panel["yaw"].value = 10``) draws at once; while
a reader drags a slider the browser sends the next value only when the last drawing is done, and then the newest one.
A page that nobody runs shows a still picture of the panel as it was when the cell ran: at its question.
"""

import base64
import html

import ipywidgets
import numpy as np
import traitlets

from dflib.lesson.showing import as_image, encode, figure_bytes
from dflib.lesson.still import panel_still

PANEL_QUALITY = 88  # of JPEG: pictures change many times a second
FRAME_TIME = 120  # milliseconds from one frame of a playing panel to the next


def slider(label: str, low: float, high: float, value: float, step: "float | None" = None):
    """A slider from ``low`` to ``high``: whole numbers when all are int and no step is given, else 100 steps."""
    whole = step is None and all(isinstance(number, int) for number in (low, high, value))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(
        value=value,
        min=low,
        max=high,
        step=1 if whole else step or (high - low) / 100,
        description=label,
    )


def choice(label: str, options, value=None):
    """A drop-down list of ``options`` (a list, or a dict from shown text to value); ``value`` defaults to the first."""
    first = next(iter(options.values() if isinstance(options, dict) else options))
    return ipywidgets.Dropdown(
        options=options,
        value=first if value is None else value,
        description=label,
    )


def switch(label: str, value: bool = False):
    """A check box."""
    return ipywidgets.Checkbox(value=value, description=label)


class _Picture(ipywidgets.Image):
    """An Image that can have a tooltip, the only text that a screen reader finds on it.

    ipywidgets 8.1 asks every widget with a tooltip for its description and fails in the browser where there is none.
    """

    description = traitlets.Unicode("").tag(sync=True)


class Panel(ipywidgets.HBox):
    """A question and controls on the left; the picture that ``draw`` makes of their values, and its text, on the right.

    ``draw(**values) -> (image, text)`` takes one argument per entry of ``controls`` (name -> ipywidgets control).
    ``question`` is what the panel is there to answer; the controls start before the answer. ``alt`` describes the picture
    in words. Both must say something, else ValueError. ``width`` is its width on the page in CSS pixels. ``plays`` names the
    slider of whole numbers that a play button below it moves on, over and over. The first drawing is done here, and its
    errors are raised; later ones are shown to the reader and kept in ``error``.

    For cells and tests: ``panel[name]`` is a control, ``set(**values)`` moves several with one drawing, ``picture`` is the
    last image, ``line`` the last text, ``error`` '' or what went wrong last.
    """

    def __init__(self, draw, controls: dict, question: str, alt: str, width: int = 320, plays: str = ""):
        if not question.strip():
            raise ValueError("A panel needs a question that moving its controls answers.")
        if not alt.strip():
            raise ValueError("A panel needs alt text: say in a sentence what its picture shows.")
        self.controls = dict(controls)
        self.error = ""
        self._draw, self._question, self._alt, self._paused = draw, question, alt, False
        self._start = {name: control.value for name, control in self.controls.items()}
        self._image = _Picture(format="png", layout={"width": f"{width}px", "object_fit": "contain"})
        self._text = ipywidgets.HTML(layout={"width": f"{width}px"})
        self._reset = ipywidgets.Button(description="Reset", tooltip="Back to the values at the start")
        self._reset.on_click(lambda _: self.set(**self._start))
        self._update()
        names = 0.55 * max(len(control.description) for control in self.controls.values()) + 1  # em: every label whole
        for control in self.controls.values():
            control.observe(self._moved, names="value")
            control.style.description_width, control.layout.width = f"{names:.1f}em", f"{names + 18:.1f}em"
        rows = list(self.controls.values())
        if plays:
            film = self.controls[plays]
            button = ipywidgets.Play(min=film.min, max=film.max, value=film.value, interval=FRAME_TIME, repeat=True)
            ipywidgets.jslink((button, "value"), (film, "value"))  # in the browser: a kernel that is slow drops frames
            rows.insert(rows.index(film) + 1, button)
        asked = ipywidgets.HTML(
            f"<p style='line-height:1.4'><strong>{html.escape(question)}</strong></p>", layout={"width": "26em"}
        )
        super().__init__(
            [
                ipywidgets.VBox([asked, *rows, self._reset]),
                ipywidgets.VBox([self._image, self._text]),
            ],
            layout={"flex_flow": "row wrap", "align_items": "flex-start"},
        )
        self.add_class("dflib-panel")

    def __getitem__(self, name: str):
        return self.controls[name]

    def set(self, **values) -> None:
        """Move several controls and draw once. Raises KeyError for a control that the panel does not have."""
        moves = [(self.controls[name], value) for name, value in values.items()]
        self._paused = True
        try:
            for control, value in moves:
                control.value = value
        finally:
            self._paused = False
        self._try_update()

    def _repr_mimebundle_(self, **kwargs) -> tuple:
        """The live panel, and for readers of a page a still picture of it with alt text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data, form = figure_bytes(panel_still(self._question, self.controls.values(), self.picture, self.line))
        words = f"{self._question} {self._alt}: {self.line}"
        bundle |= {"text/plain": words, f"image/{form}": base64.b64encode(data).decode()}
        return bundle, {f"image/{form}": {"alt": words}}

    def _moved(self, _) -> None:
        if not self._paused:
            self._try_update()

    def _try_update(self) -> None:
        try:
            self._update()
            self.error = ""
        except Exception as error:  # shown to the reader: a callback has nobody else to tell
            self.error = f"{type(error).__name__}: {error}"
            self._text.value = f"<p role='alert'><strong>&#9888; {html.escape(self.error)}</strong></p>"

    def _update(self) -> None:
        image, line = self._draw(**{name: control.value for name, control in self.controls.items()})
        image = as_image(image)
        data, form = encode(image, PANEL_QUALITY)
        self.picture: np.ndarray = image
        self.line = str(line)
        with self._image.hold_sync():  # one message: picture and format never disagree
            self._image.format, self._image.value = form, data
            self._image.tooltip = f"{self._alt}: {self.line}"
        self._text.value = f"<p role='status' aria-live='polite'>{html.escape(self.line)}</p>"
