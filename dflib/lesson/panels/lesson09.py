"""The panel of lesson 09: a clip, where it was changed, where a network says it was, and what a threshold makes of that."""

import time

import cv2
import numpy as np

from dflib.forensics.overlay import overlaid
from dflib.lesson.figures import INK
from dflib.metrics.localisation import iinc, iou
from dflib.pictures import resized
from dflib.studies.localisation.measure import enlarged

SIDE, GAP, HEAD = 216, 8, 22  # px: of each of the three pictures, between them, of the line of words above
NETWORK, MEAN, EXACT = "the network's", "the training masks' mean", "the exact one at its grid"


def map_explorer(judge, clips, mean):
    """Lesson 09's panel: a crop, the same with its true mask, and with a map; IINC and IoU at a threshold.

    judge: a `dflib.forensics.examine.Judge` that has maps. clips: name -> (crops (T, S, S, 3) uint8, truths (T, H, H) in [0, 1]).
    mean (h, w): the map that never looks, to be shown in the network's place.
    """
    from dflib.lesson.widgets import Panel, choice, slider

    names, frames_of_all = list(clips), min(len(crops) for crops, _ in clips.values())
    known = {}  # (clip, frame) -> (map, P(fake)): a threshold that moves asks no network

    def judged(clip, frame):
        if (clip, frame) not in known:
            crop = clips[clip][0][frame][None]
            known[clip, frame] = judge.network.maps(crop)[0], float(judge.scores(crop)[0])
        return known[clip, frame]

    def draw(clip, frame, shown, threshold):
        start = time.perf_counter()
        crop, truth = clips[clip][0][frame], clips[clip][1][frame]
        found, score = judged(clip, frame)
        exact = cv2.resize(np.asarray(truth, np.float32), found.shape[::-1], interpolation=cv2.INTER_AREA)
        map = {NETWORK: found, MEAN: mean, EXACT: exact}[shown]
        fields = enlarged(map[None], len(truth))[0]
        scores = f"IINC {iinc(fields, truth, threshold):.2f}, IoU {iou(fields, truth, threshold):.2f}"
        milliseconds = 1000 * (time.perf_counter() - start)
        picture = side_by_side(crop, truth, map, threshold)
        return picture, f"above {threshold:.2f}: {scores} · P(fake) {score:.2f} · {milliseconds:.0f} ms"

    controls = {
        "clip": choice("clip", names),
        "frame": slider("frame", 0, frames_of_all - 1, frames_of_all // 2),
        "shown": choice("map", [NETWORK, MEAN, EXACT]),
        "threshold": slider("threshold", 0.0, 0.9, 0.1, 0.02),
    }
    return Panel(
        draw,
        controls,
        question="Where does the network know more than a map that never looks, and what does an untouched picture say to that?",
        alt="A face, the same with its true mask in orange, and with a map in orange, a line where it passes the threshold",
        width=3 * SIDE + 2 * GAP,
    )


def side_by_side(crop: np.ndarray, truth: np.ndarray, map: np.ndarray, threshold: float) -> np.ndarray:
    """Crop, crop with truth, crop with map, each named above."""
    face, whole = resized(crop, SIDE), np.array([0, 0, SIDE, SIDE])
    pictures = [face, overlaid(face, [(whole, truth)], threshold), overlaid(face, [(whole, map)], threshold)]
    canvas = np.full((HEAD + SIDE, 3 * SIDE + 2 * GAP, 3), 255, np.uint8)
    ink = tuple(int(INK[i : i + 2], 16) for i in (1, 3, 5))
    for number, (name, picture) in enumerate(zip(("picture", "truth", "map"), pictures)):
        x = number * (SIDE + GAP)
        cv2.putText(canvas, name, (x, HEAD - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, ink, 1, cv2.LINE_AA)
        canvas[HEAD:, x : x + SIDE] = picture
    return canvas
