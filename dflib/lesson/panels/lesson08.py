"""The panel of lesson 08: one clip before all detectors, coded, blurred and made smaller by hand."""

import time

import cv2
import numpy as np

from dflib import media
from dflib.faces.crops import cut
from dflib.lesson.figures import BLUE, INK, PALE
from dflib.pictures import resized

SIDE = 256  # px of the face that is shown
BAR = 300, 30  # px of a score: width at 1, height


def scores_explorer(judges, clips, titles=None):
    """Lesson 08's panel: a frame of a clip and P(fake) of every judge, at any coding, blur and size. It begins untouched.

    judges: `dflib.forensics.examine.Judge`s. clips: name -> (frames (T, H, W, 3) uint8, boxes (T, 4)). titles: names to show.
    The face is coded as one picture, then blurred, then made smaller and as large as before, all before it is cut out.
    """
    from dflib.lesson.widgets import Panel, choice, slider

    frames_of_all = min(len(frames) for frames, _ in clips.values())
    names = [(titles or {}).get(judge.name, judge.name) for judge in judges]

    def draw(clip, frame, crf, blur, size):
        start = time.perf_counter()
        frames, boxes = clips[clip]
        picture = degraded(frames[frame], crf, blur, size)
        scores = [float(judge.scores(cut(picture, boxes[frame], judge.crop, native=judge.network.native)[None])[0]) for judge in judges]
        milliseconds = 1000 * (time.perf_counter() - start)
        words = ", ".join(f"{name} {score:.2f}" for name, score in zip(names, scores))
        face = resized(cut(picture, boxes[frame]), SIDE)
        return beside(face, names, scores), f"P(fake): {words} · {milliseconds:.0f} ms"

    controls = {
        "clip": choice("clip", list(clips)),
        "frame": slider("frame", 0, frames_of_all - 1, frames_of_all // 2),
        "crf": slider("compression, crf", 0, 45, 0),
        "blur": slider("blur, px", 0.0, 3.0, 0.0, 0.1),
        "size": slider("size, %", 20, 100, 100),
    }
    return Panel(
        draw,
        controls,
        question="Which detector changes its mind first, and is it the face that it has lost, or the trace?",
        alt="A face, and beside it a bar of P(fake) for each detector",
        width=620,
    )


def degraded(picture: np.ndarray, crf: int, blur: float, size: int) -> np.ndarray:
    """A picture (H, W, 3) uint8 coded at ``crf`` (0: not at all), blurred by ``blur`` px, and resampled by way of ``size`` %."""
    if crf:
        picture = media.compress(picture, crf)
    if blur:
        picture = cv2.GaussianBlur(picture, None, blur)
    if size < 100:
        small = cv2.resize(picture, None, fx=size / 100, fy=size / 100, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return picture


def beside(face: np.ndarray, names, scores) -> np.ndarray:
    """The face (S, S, 3), and right of it a bar for each score, with a line at 0.5."""
    colours = [tuple(int(code[i : i + 2], 16) for i in (1, 3, 5)) for code in (BLUE, INK, PALE)]
    blue, ink, pale = colours
    canvas = np.full((len(face), BAR[0] + 40, 3), 255, np.uint8)
    step = len(face) // max(1, len(names))
    for number, (name, score) in enumerate(zip(names, scores)):
        top = number * step + step // 2
        cv2.putText(canvas, f"{name}  {score:.2f}", (14, top - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.42, ink, 1, cv2.LINE_AA)
        cv2.rectangle(canvas, (14, top), (14 + BAR[0], top + BAR[1] // 3), pale, -1)
        cv2.rectangle(canvas, (14, top), (14 + round(BAR[0] * score), top + BAR[1] // 3), blue, -1)
    cv2.line(canvas, (14 + BAR[0] // 2, 4), (14 + BAR[0] // 2, len(face) - 4), ink, 1)
    return np.concatenate([face, canvas], axis=1)
