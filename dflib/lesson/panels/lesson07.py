"""The panel of lesson 07: "real or fake?", forty clips to be judged by eye, and a score sheet."""

import base64
import html
import io
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import ipywidgets
import numpy as np

from dflib.datasets import FaceForensics
from dflib.lesson.figures import BLUE, GREY, INK, VERMILION
from dflib.lesson.showing import figure_bytes
from dflib.lesson.still import panel_still
from dflib.media import read_video
from dflib.metrics import people
from dflib.metrics.classification import wilson
from dflib.pictures import resized

CLIPS = 40  # of a game, half of them real
FRAMES, SIDE = 32, 320  # of a clip at most; pixels of the clip on the page
SHORT = {"Deepfakes": "DF", "Face2Face": "F2F", "FaceSwap": "FS", "NeuralTextures": "NT"}
QUESTION = "Real or fake?"


@dataclass(frozen=True)
class Shown:
    """A clip of the game: what it is, and its frames (T, H, W, 3) uint8 with the milliseconds that each is shown."""

    name: str
    kind: str
    frames: np.ndarray
    milliseconds: int


def compressions(root) -> list:
    """Those of raw, c23 and c40 that a set in the layout of FaceForensics++ has of its originals."""
    folder = Path(root) / "original_sequences/youtube"
    there = {"raw": ("raw", "c0"), "c23": ("c23",), "c40": ("c40",)}
    return [name for name, folders in there.items() if any((folder / one / "videos").is_dir() for one in folders)]


def deal(root, compression: str = "c23", seed: int = 0, count: int = CLIPS, methods=FaceForensics.METHODS) -> list:
    """``count`` clips of the test part in random order: half real, the rest fakes, each method as often as can be.

    Nobody's video is shown twice. A smaller set gives fewer. ValueError for a set with fewer than two videos.
    """
    data = FaceForensics(root, "test", compression, methods)
    rng = np.random.default_rng(seed)
    targets = rng.permutation(sorted({clip.target for clip in data}))
    half = min(count, len(targets)) // 2
    if not half:
        raise ValueError(f"{root} has too few test clips for a game.")
    clips = {(clip.method, clip.target): clip for clip in data}
    dealt = [clips["real", target] for target in targets[:half]]
    turns = rng.permutation(np.resize(list(methods), half))
    dealt += [clips[method, target] for method, target in zip(turns, targets[half : 2 * half])]
    return [dealt[number] for number in rng.permutation(len(dealt))]


def shown(clip) -> Shown:
    """The first FRAMES frames of a clip of a set; larger ones are made smaller."""
    video = read_video(clip.path)
    frames = [frame if max(frame.shape) <= 2 * SIDE else resized(_middle(frame), SIDE) for frame in islice(video, FRAMES)]
    return Shown(clip.path.stem, clip.method, np.array(frames), round(1000 / float(video.info.fps)))


def _middle(frame):
    """The square in the middle of a frame."""
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return frame[top : top + side, left : left + side]


def moving(clip: Shown) -> bytes:
    """An animated picture (WebP, lossless: nothing is coded that the set has not coded) that every browser plays over and over."""
    from PIL import Image

    pictures, stored = [Image.fromarray(frame) for frame in clip.frames], io.BytesIO()
    pictures[0].save(stored, "WEBP", save_all=True, append_images=pictures[1:], duration=clip.milliseconds, loop=0,
                     lossless=True, quality=0, method=0)
    return stored.getvalue()


class Game(ipywidgets.VBox):
    """The game. Tab and Space, or the mouse, press a button; nothing is said of an answer before the last one.

    ``root``: a set in the layout of FaceForensics++; ``seed`` deals the clips. ``keep``: the folder that the finished game
    is written into, by default the reader's own. For cells and tests: ``answer("fake")``, ``line`` is the last text, ``number``
    how many clips were answered, ``score`` the Score and ``path`` the file of the finished game, before that None.
    """

    def __init__(self, root, compression: "str | None" = None, seed: int = 0, count: int = CLIPS, keep=None,
                 methods=FaceForensics.METHODS):
        there = compressions(root)
        if not there:
            raise FileNotFoundError(f"{root} holds no original sequences.")
        self.root, self.count, self.methods, self._seed, self._keep = Path(root), count, methods, seed, keep
        self.coding = ipywidgets.Dropdown(options=there, value=compression or ("c23" if "c23" in there else there[0]),
                                          description="compression", style={"description_width": "6.5em"})
        self.real, self.fake, self.again = (ipywidgets.Button(description=text, tooltip=tip) for text, tip in (
            ("Real", "This clip shows a real recording"), ("Fake", "This clip was manipulated"), ("New game", "Deal other clips")))
        self._image = ipywidgets.Image(format="webp", layout={"width": f"{SIDE}px"})
        self._text = ipywidgets.HTML()
        for button, said in ((self.real, "real"), (self.fake, "fake")):
            button.on_click(lambda _, said=said: self.answer(said))
        self.again.on_click(lambda _: self.start(self._seed + 1))
        self.coding.observe(lambda _: self.start(self._seed), names="value")
        asked = ipywidgets.HTML(f"<p><strong>{QUESTION} Half of the clips are real.</strong></p>")
        self.start(seed)
        super().__init__([asked, self._image, ipywidgets.HBox([self.real, self.fake]), self._text,
                          ipywidgets.HBox([self.coding, self.again])])
        self.add_class("dflib-panel")

    def start(self, seed: int) -> None:
        """Deal anew."""
        self._seed, self._answers, self._seen = seed, [], []
        self.score = self.path = None
        self._clips = deal(self.root, self.coding.value, seed, self.count, self.methods)
        self.number, self._ready = 0, self._prepared(0)
        self.real.disabled = self.fake.disabled = False
        self._show_next()

    def answer(self, said: str) -> None:
        """Say "real" or "fake" of the clip that is shown; after the last one nothing happens."""
        if self.score is not None:
            return
        clip = self._seen[-1]
        self._answers.append((clip.name, clip.kind, said))
        self.number += 1
        if self.number < len(self._clips):
            self._show_next()
        else:
            self._finish()

    def _prepared(self, number):
        clip = shown(self._clips[number])
        return clip, moving(clip)

    def _show_next(self):
        """Show the clip that is ready, and then make the one after it ready: the reader does not wait for it."""
        clip, data = self._ready
        self._seen.append(clip)
        self._show(data, "webp", SIDE, f"clip {self.number + 1} of {len(self._clips)}, {self.coding.value}")
        if self.number + 1 < len(self._clips):
            self._ready = self._prepared(self.number + 1)

    def _finish(self):
        game = people.game_of(self.root.name, self.coding.value, self._answers)
        self.path = people.keep(game, self._keep)
        self.score, = people.pooled([game])
        self.real.disabled = self.fake.disabled = True
        data, form = figure_bytes(sheet(self.score, self._seen, self._answers))
        self._show(data, form, 880, f"{summary(self.score)} Your answers, without your name, are in {self.path}: "
                                    "hand that file in where a class pools its answers.")

    def _show(self, data: bytes, form: str, width: int, line: str) -> None:
        self.line = line
        with self._image.hold_sync():
            self._image.format, self._image.value, self._image.layout.width = form, data, f"{width}px"
        self._text.value = f"<p role='status' aria-live='polite'>{html.escape(line)}</p>"

    def _repr_mimebundle_(self, **kwargs) -> tuple:
        """The live game, and for readers of a page a still picture of it with alt text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        picture = self._seen[-1].frames[0]
        data, form = figure_bytes(panel_still(f"{QUESTION} Half of the clips are real.", [self.coding], picture, self.line))
        words = f"{QUESTION} A person in a short clip that plays over and over, two buttons, real and fake: {self.line}"
        bundle |= {"text/plain": words, f"image/{form}": base64.b64encode(data).decode()}
        return bundle, {f"image/{form}": {"alt": words}}


def real_or_fake_explorer(root, compression: "str | None" = None, seed: int = 0) -> Game:
    """Lesson 07's panel: forty clips of a set in the layout of FaceForensics++, half of them real."""
    return Game(root, compression, seed)


def percent(estimate) -> str:
    """"67.5 %, 95 % interval 52.0 to 79.9 %"."""
    return f"{100 * estimate.value:.1f} %, 95 % interval {100 * estimate.low:.1f} to {100 * estimate.high:.1f} %"


def summary(score: people.Score) -> str:
    """A Score in a sentence or two."""
    said = f"{score.right} of {score.asked} right: {percent(score.accuracy)}."
    paper = people.PAPER.get(score.compression)
    return said + (f" The paper's participants, on single pictures at {score.compression}: {paper} %." if paper else "")


def sheet(score: people.Score, seen: list, answers: list):
    """A matplotlib Figure: accuracy beside the paper's and by kind of clip, and a picture of every clip, right or wrong.

    seen: Shown of the clips; answers: (clip, kind, said) of each.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.2), dpi=80)
    bars = figure.add_axes((0.12, 0.1, 0.28, 0.84))
    rows = [("you", score.accuracy)] + [(kind, wilson(*counts)) for kind, counts in score.kinds.items()]
    for place, (name, found) in enumerate(rows):
        bars.barh(place, 100 * found.value, color=BLUE if place == 0 else GREY, height=0.55)
        bars.plot([100 * found.low, 100 * found.high], [place, place], color=INK, linewidth=1.5, marker="|")
    if score.compression in people.PAPER:
        bars.axvline(people.PAPER[score.compression], color=VERMILION, linestyle="--")
        bars.text(people.PAPER[score.compression] + 1.5, -0.6, "the paper's participants", color=VERMILION, fontsize=8)
    bars.axvline(50, color=INK, linestyle=":", linewidth=1)
    bars.set(yticks=range(len(rows)), yticklabels=[name for name, _ in rows], ylim=(len(rows) - 0.4, -0.9), xlim=(0, 100),
             xlabel=f"% right at {score.compression}; lines: 95 % intervals; dotted: guessing")
    columns, left, wide = 8, 0.43, 0.57
    lines = -(-len(seen) // columns)
    for number, (clip, (_, kind, said)) in enumerate(zip(seen, answers)):
        right = (said == "fake") == (kind != "real")
        axis = figure.add_axes((left + wide * (number % columns) / columns, 1 - (number // columns + 1) / lines,
                                wide / columns - 0.004, 1 / lines - 0.045))
        axis.imshow(clip.frames[len(clip.frames) // 2])
        axis.set(xticks=[], yticks=[])
        axis.set_title(f"{SHORT.get(kind, kind)} {'✓' if right else '✗'}", fontsize=8, pad=2, color=BLUE if right else VERMILION)
        for spine in axis.spines.values():
            spine.set(color=BLUE if right else VERMILION, linewidth=2.5, linestyle="-" if right else "--")
    return figure


def class_table(games: list) -> str:
    """A Markdown table of pooled games (`people.read_game`): a row for each compression, the paper's participants beside."""
    lines = ["| compression | people | right | accuracy, % (95 % interval) | the paper's participants, % |", "|---|---:|---:|---|---:|"]
    for score in people.pooled(games):
        found = score.accuracy
        lines.append(f"| {score.compression} | {score.people} | {score.right} of {score.asked} | {100 * found.value:.1f} "
                     f"({100 * found.low:.1f} to {100 * found.high:.1f}) | {people.PAPER.get(score.compression, '')} |")
    return "\n".join(lines)
