"""The panel of lesson 11: one submission, and what clip, prior and threshold make of its score."""

import cv2
import numpy as np

from dflib.lesson.figures import BLUE, GREY, INK, ORANGE, PALE
from dflib.lesson.widgets import Panel, slider
from dflib.metrics.classification import under_prior

SIDE, EDGE = 260, 34  # px of each of the two plots, and of the margin around it
BINS = 5
HIGHEST = 5.0  # loss at the upper end of the right plot


def score_explorer(labels, said, learned: float = 0.5):
    """Lesson 11's panel: reliability and the loss of every video. It begins with the submission as it is.

    labels (N,) 1 for fake, said (N,) P(fake) for a share ``learned`` of fakes. The share of fakes among the videos is changed by
    weights: w of each fake and 1 − w of each real, scaled.
    """
    labels, said = np.asarray(labels), np.asarray(said, float)

    def draw(share, believed, clip, threshold):
        p = under_prior(np.clip(said, 1e-12, 1 - 1e-12), learned, believed)
        p = np.clip(p, 10.0**clip, 1 - 10.0**clip)
        weight = np.where(labels == 1, share / max(1, (labels == 1).sum()), (1 - share) / max(1, (labels == 0).sum()))
        losses = -np.log(np.where(labels == 1, p, 1 - p))
        total = float((weight * losses).sum())
        called = p > threshold
        right = float((weight * (called == (labels == 1))).sum())
        hits = float((weight * (called & (labels == 1))).sum())
        precision = f"{100 * hits / (weight * called).sum():.0f} %" if called.any() else "none is called fake"
        canvas = np.concatenate([_reliability(labels, p, weight, threshold), _losses(labels, p, losses, threshold)], axis=1)
        nothing = -(share * np.log(share) + (1 - share) * np.log(1 - share))
        return canvas, (
            f"log loss {total:.4f} · always {share:.2f} would score {nothing:.4f} · dearest video {losses.max():.1f} · right "
            f"{100 * right:.0f} %, of those called fake {precision} are"
        )

    return Panel(
        draw,
        {
            "share": slider("share of fakes", 0.05, 0.95, 0.5, 0.05),
            "believed": slider("share that is believed", 0.05, 0.95, float(np.clip(round(20 * learned) / 20, 0.05, 0.95)), 0.05),
            "clip": slider("clip, power of ten", -12.0, -0.4, -12.0, 0.2),
            "threshold": slider("threshold", 0.05, 0.95, 0.5, 0.05),
        },
        question="Make one in ten videos a fake: which slider wins the loss back, and which changes nothing but the decisions?",
        alt="Left the share of fakes against P(fake), right the loss of every video against P(fake)",
        width=2 * (SIDE + 2 * EDGE),
    )


def _blank(title, across, down):
    """An empty plot with its frame and names, and the function from (x, y) in [0, 1] to pixels."""
    canvas = np.full((SIDE + 2 * EDGE, SIDE + 2 * EDGE, 3), 255, np.uint8)
    cv2.rectangle(canvas, (EDGE, EDGE), (EDGE + SIDE, EDGE + SIDE), _rgb(GREY), 1)
    for words, place in ((title, (EDGE, EDGE - 12)), (across, (EDGE, SIDE + 2 * EDGE - 10)), (down, (EDGE + 6, EDGE + 16))):
        cv2.putText(canvas, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, _rgb(INK), 1, cv2.LINE_AA)
    return canvas, lambda x, y: (EDGE + round(SIDE * float(x)), EDGE + SIDE - round(SIDE * float(y)))


def _reliability(labels, p, weight, threshold) -> np.ndarray:
    canvas, at = _blank("what was said, and what was so", "P(fake), 0 to 1", "share that is fake")
    cv2.line(canvas, at(0, 0), at(1, 1), _rgb(PALE), 1, cv2.LINE_AA)
    cv2.line(canvas, at(threshold, 0), at(threshold, 1), _rgb(GREY), 1, cv2.LINE_AA)
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    points = []
    for k in range(BINS):
        inside = place == k
        if inside.any():
            here = weight[inside]
            points.append((at((here * p[inside]).sum() / here.sum(), here[labels[inside] == 1].sum() / here.sum()), here.sum()))
    for (one, _), (other, _) in zip(points, points[1:]):
        cv2.line(canvas, one, other, _rgb(BLUE), 1, cv2.LINE_AA)
    for point, amount in points:
        cv2.circle(canvas, point, 3 + round(14 * float(np.sqrt(amount))), _rgb(BLUE), -1, cv2.LINE_AA)
    return canvas


def _losses(labels, p, losses, threshold) -> np.ndarray:
    canvas, at = _blank("loss of every video: o real, x fake", "P(fake), 0 to 1", f"loss, 0 to {HIGHEST:.0f}")
    half = at(0, np.log(2) / HIGHEST)[1]
    cv2.line(canvas, (EDGE, half), (EDGE + SIDE, half), _rgb(PALE), 1)
    cv2.line(canvas, at(threshold, 0), at(threshold, 1), _rgb(GREY), 1, cv2.LINE_AA)
    for label, x, loss in zip(labels, p, losses):
        point = at(x, min(loss, HIGHEST) / HIGHEST)
        if label:
            cv2.drawMarker(canvas, point, _rgb(ORANGE), cv2.MARKER_TILTED_CROSS, 9, 2, cv2.LINE_AA)
        else:
            cv2.circle(canvas, point, 5, _rgb(BLUE), 2, cv2.LINE_AA)
    return canvas


def _rgb(code: str) -> tuple:
    return tuple(int(code[i : i + 2], 16) for i in (1, 3, 5))
