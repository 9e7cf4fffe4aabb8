"""Checks of lesson 07."""

import numpy as np

from dflib.faces import similarity
from dflib.faces.alignment import TEMPLATE, warp
from dflib.lesson.checks import Unsolved, Wrong, call, call_unchanged, exercise, mistake, mistakes, same
from dflib.metrics.classification import auc

Z = 1.96


# ---- a split by pairs


@exercise("07.in_split", "warm-up")
def in_split(answer):
    """in_split(clips, pairs) -> (N,) bool: which clips, each (target, source or None), a split by pairs may hold."""
    pairs = [["000", "003"], ["071", "054"]]
    originals = [("000", None), ("054", None), ("999", None)]
    same(call(answer, originals, pairs), in_pairs(originals, pairs), "for three originals the answer")
    clips = [("000", "003"), ("003", "000"), ("000", "999"), ("999", "000"), ("000", "071"), ("888", "999"), ("071", None)]
    same(call(answer, clips, pairs), in_pairs(clips, pairs), "for six fakes and an original the answer")


def in_pairs(clips, pairs):
    """The answer of exercise 1."""
    partner = {one: other for a, b in pairs for one, other in ((a, b), (b, a))}
    return np.array([target in partner and source in (None, partner[target]) for target, source in clips])


def _everybody(pairs):
    return {one for pair in pairs for one in pair}


mistake(
    "07.in_split",
    "the target alone does not decide: a source from elsewhere, whose face is in the clip, comes in by the back door",
    lambda clips, pairs: [target in _everybody(pairs) for target, _ in clips],
)
mistake(
    "07.in_split",
    "one of the two people is not enough: both have to be in the split",
    lambda clips, pairs: [target in _everybody(pairs) or source in _everybody(pairs) for target, source in clips],
)
mistake(
    "07.in_split",
    "originals belong to a split as well: their source is None",
    lambda clips, pairs: [source is not None and ok for (_, source), ok in zip(clips, in_pairs(clips, pairs))],
)
mistake(
    "07.in_split",
    "a pair is swapped both ways: 003_000 belongs to it as 000_003 does",
    lambda clips, pairs: [(source is None and target in _everybody(pairs)) or [target, source] in pairs for target, source in clips],
)
mistake(
    "07.in_split",
    "two people of one split who are no pair tie two pairs together, which then are one",
    lambda clips, pairs: [target in _everybody(pairs) and (source is None or source in _everybody(pairs)) for target, source in clips],
)


# ---- the mask and its threshold


@exercise("07.changed", "core")
def changed(answer):
    """changed(fake (H,W,3) uint8, original, threshold) -> (H,W) bool: where a channel differs by more than the threshold."""
    original = np.full((2, 4, 3), 100, np.uint8)
    fake = original.copy()
    fake[0, 0], fake[0, 1], fake[0, 2], fake[0, 3] = 97, (100, 100, 120), 80, 108
    fake[1, 0], fake[1, 1], fake[1, 2] = 109, (106, 106, 106), (100, 130, 100)
    words = "for differences of −3, (0, 0, 20), −20, 8 and, below, 9, 6, (0, 30, 0), 0 the mask"
    same(call_unchanged(answer, fake, original, 8), differs(fake, original, 8), words)
    fake, original = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 3), dtype=np.uint8)
    same(call(answer, fake, original, 100), differs(fake, original, 100), "for random pictures and a threshold of 100 the mask")


def differs(fake, original, threshold):
    """The answer of exercise 2."""
    return np.abs(fake.astype(int) - original).max(2) > threshold


mistake(
    "07.changed",
    "uint8 has no minus: 97 − 100 is 253 there. Convert before you subtract",
    lambda fake, original, threshold: np.abs(fake - original).max(2) > threshold,
)
mistake(
    "07.changed",
    "a pixel has changed when one of its channels has: yours averages them, and a change of one colour is lost",
    lambda fake, original, threshold: np.abs(fake.astype(int) - original).mean(2) > threshold,
)
mistake(
    "07.changed",
    "a pixel has changed when one of its channels has: yours wants all three",
    lambda fake, original, threshold: np.abs(fake.astype(int) - original).min(2) > threshold,
)
mistake(
    "07.changed",
    "yours adds the channels up: each of them is held against the threshold",
    lambda fake, original, threshold: np.abs(fake.astype(int) - original).sum(2) > threshold,
)
mistake(
    "07.changed",
    "darker is changed, too: take the absolute difference",
    lambda fake, original, threshold: (fake.astype(int) - original).max(2) > threshold,
)
mistake(
    "07.changed",
    "more than the threshold: a difference that equals it does not count",
    lambda fake, original, threshold: np.abs(fake.astype(int) - original).max(2) >= threshold,
)


# ---- a leak finder


@exercise("07.find_leak", "core")
def find_leak(answer):
    """find_leak(features (N,K), labels (N,), pairs (N,)) -> number: what a classifier makes of them that never saw the pair."""
    rng = np.random.default_rng(7)
    pairs = np.repeat(np.arange(10), 4)
    labels = np.tile([0, 1, 1, 0], 10)
    of_pair = rng.normal(size=(10, 2)) * (3.0, 300.0)
    features = of_pair[pairs] + rng.normal(size=(40, 2)) * (1.0, 50.0)
    features[labels == 1] += (1.0, 20.0)
    same(call_unchanged(answer, features, labels, pairs), leak_of(features, labels, pairs), "for 40 rows of 10 pairs the area")
    # the reals of even pairs are large, those of odd ones small: what one half teaches is wrong in the other
    arguments = np.array([5.0, 1, 2, 7, 6, 3, 1, 4])[:, None], np.tile([0, 1], 4), np.repeat(np.arange(4), 2)
    same(call(answer, *arguments), leak_of(*arguments), "where there is next to nothing to find the area")


def leak_of(features, labels, pairs, folds=None, learned=None, standard=True, sign=1, best=False, mean=False):
    """The answer of exercise 3; the rest are its mistakes."""
    folds = pairs % 2 if folds is None else folds
    scores = np.zeros(len(labels))
    for fold in (0, 1):
        train = (folds != fold) if learned is None else learned
        centre, spread = features[train].mean(0), features[train].std(0) if standard else 1.0
        x = (features - centre) / spread
        way = x[train & (labels == 1)].mean(0) - x[train & (labels == 0)].mean(0)
        scores[folds == fold] = sign * (x @ way)[folds == fold]
    found = np.mean([auc(labels[folds == k], scores[folds == k]) for k in (0, 1)]) if mean else auc(labels, scores)
    return max(found, 1 - found) if best else found


mistake(
    "07.find_leak",
    "the folds are of rows: then frames and fakes of one pair lie on both sides. Fold by pairs % 2",
    lambda features, labels, pairs: leak_of(features, labels, pairs, folds=np.arange(len(labels)) % 2),
)
mistake(
    "07.find_leak",
    "yours has learned from the rows that it is tested on: take means and spread from the other fold alone",
    lambda features, labels, pairs: leak_of(features, labels, pairs, learned=np.ones(len(labels), bool)),
)
mistake(
    "07.find_leak",
    "a feature in large numbers drowns the others: divide each by its spread among the rows that are learned from",
    lambda features, labels, pairs: leak_of(features, labels, pairs, standard=False),
)
mistake(
    "07.find_leak",
    "the wrong way round: a higher score should mean fake, so the direction goes from the reals' mean to the fakes'",
    lambda features, labels, pairs: leak_of(features, labels, pairs, sign=-1),
)
mistake(
    "07.find_leak",
    "you report the better of an area and its mirror image: that finds leaks in pure chance",
    lambda features, labels, pairs: leak_of(features, labels, pairs, best=True),
)
mistake(
    "07.find_leak",
    "one area over all scores is asked for, not the mean of the folds' two",
    lambda features, labels, pairs: leak_of(features, labels, pairs, mean=True),
)


# ---- the interval of one's own score


@exercise("07.wilson", "core")
def wilson(answer):
    """wilson(right, asked) -> (low, high): Wilson's 95 % interval of a share."""
    for right, asked in ((27, 40), (40, 40), (0, 8)):
        same(call(answer, right, asked), bounds(right, asked), f"for {right} of {asked} right (low, high)", 1e-4)


def bounds(right, asked, z=Z, shift=True, shrink=True, inner=True, unit=1):
    """The answer of exercise 4; the rest are its mistakes."""
    p, extra = right / asked, z**2 / asked
    middle = p + extra / 2 if shift else p
    half = z * np.sqrt(p * (1 - p) / asked + (extra / (4 * asked) if inner else 0))
    scale = unit / (1 + extra if shrink else 1)
    return (middle - half) * scale, (middle + half) * scale


mistake(
    "07.wilson",
    "that is the textbook's p ± z √(p (1 − p) / n): for 40 of 40 it has no width at all",
    lambda right, asked: bounds(right, asked, shift=False, shrink=False, inner=False),
)
mistake("07.wilson", "z = 1.645 leaves 5 % on each side, 90 % within: for 95 % it is 1.96",
        lambda right, asked: bounds(right, asked, z=1.645))
mistake("07.wilson", "both ends are divided by 1 + z²/n", lambda right, asked: bounds(right, asked, shrink=False))
mistake("07.wilson", "the middle moves towards a half: p + z²/(2n)", lambda right, asked: bounds(right, asked, shift=False))
mistake("07.wilson", "under the root z²/(4n²) is missing", lambda right, asked: bounds(right, asked, inner=False))
mistake("07.wilson", "shares are asked for, from 0 to 1, not per cent", lambda right, asked: bounds(right, asked, unit=100))


# ---- a manipulation of one's own


@exercise("07.late", "stretch")
def late(answer):
    """late(delay) -> a `manipulate.Method` that shows the mouth of ``delay`` frames earlier."""
    marks, frames = _clip()
    made = _run(call(answer, 2), marks, frames)
    wanted = _run(Late(2), marks, frames)
    if _close(made, wanted):
        return
    for wrong, hint in mistakes("07.late"):
        try:
            if _close(made, _run(wrong(2), marks, frames)):
                raise Wrong(hint)
        except (ArithmeticError, KeyError, TypeError):  # a mistake of the tests, not the learner's
            continue
    number = next(n for n, (one, other) in enumerate(zip(made, wanted)) if not _close([one], [other]))
    apart = np.abs(made[number].astype(int) - wanted[number]).max()
    raise Wrong(f"frame {number} differs from ours by up to {apart} levels")


def _clip():
    """Landmarks (6, 68, 2) of a face that moves and turns, and frames (6, 64, 64, 3); nobody is seen in frame 3."""
    rng = np.random.default_rng(4)
    angle = np.linspace(np.pi, 0, 17)
    jaw = np.column_stack([0.5 + 0.28 * np.cos(angle), 0.4 + 0.42 * np.sin(angle)])
    face = 64 * np.concatenate([jaw, TEMPLATE])
    marks, frames = [], []
    for number in range(6):
        turn, zoom = 0.08 * number, 1 - 0.03 * number
        matrix = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        marks.append((face - 32) @ matrix.T + 32 + (number, -number / 2))
        frames.append(warp(rng.integers(0, 256, (16, 16, 3)).astype(np.uint8), np.array([[4.0, 0, 0], [0, 4, 0]]), (64, 64)))
    return np.array(marks), frames


def _run(method, marks, frames) -> list:
    """The frames after a method, in which it is asked as `manipulate_video` asks."""
    for name in ("kind", "note", "learn", "prepare", "changed"):
        if not hasattr(method, name):
            raise Wrong(f"a Method has kind, note, learn, prepare and changed; your {type(method).__name__} has no {name}")
    runs = [(0, marks[:3].copy()), (4, marks[4:].copy())]
    made = []
    try:
        method.learn(None, None, None, False)
        method.prepare(runs, False)
        for number, frame in enumerate(frames):
            made.append(frame if number == 3 else method.changed(number, frame.copy()))
    except Exception as error:
        raise Wrong(f"your method raised {type(error).__name__}: {error}") from error
    if any(picture is Ellipsis for picture in made):
        raise Unsolved
    if any(np.shape(picture) != frame.shape or np.asarray(picture).dtype != np.uint8 for picture, frame in zip(made, frames)):
        raise Wrong("changed returns the whole picture, (H, W, 3) uint8")
    return made


def _close(made, wanted) -> bool:
    return all(np.abs(np.asarray(one).astype(int) - other).max() <= 2 for one, other in zip(made, wanted))


class Late:
    """The answer of exercise 5."""

    kind, note = "composite", "mouth out of time"

    def __init__(self, delay, way=lambda then, now: similarity(then[27:48], now[27:48]), inside=None, own=False, miss=0):
        self.delay, self.way, self.inside, self.own, self.miss = delay, way, inside, own, miss

    def learn(self, source, target, follow, progress):
        pass

    def prepare(self, runs, progress):
        self.marks = {start + i: points for start, all_points in runs for i, points in enumerate(all_points)}
        self.seen = {}

    def changed(self, number, image):
        from dflib.swap import blend
        from dflib.swap.neural_textures import lower_face

        self.seen[number] = image
        before = number - self.delay + self.miss
        if before not in self.seen:
            return image
        now = self.marks[number]
        earlier = warp(self.seen[before], self.way(self.marks[before], now), image.shape[1::-1])
        mask = lower_face(now, image.shape[:2]) if self.inside is None else self.inside(image.shape[:2])
        made = blend.feather(earlier, image, mask, 4)
        if self.own:
            self.seen[number] = made
        return made


mistake(
    "07.late",
    "the earlier mouth is where the face was then: bring it to where the face is now",
    lambda delay: Late(delay, way=lambda then, now: np.eye(2, 3)),
)
mistake(
    "07.late",
    "the wrong way round: the similarity goes from the earlier landmarks to the present ones",
    lambda delay: Late(delay, way=lambda then, now: similarity(now[27:48], then[27:48])),
)
mistake(
    "07.late",
    "the whole picture is late: put in the lower face alone",
    lambda delay: Late(delay, inside=lambda shape: np.ones(shape, bool)),
)
mistake(
    "07.late",
    "you keep what you have made, so delays add up: keep the pictures as they came",
    lambda delay: Late(delay, own=True),
)
mistake(
    "07.late",
    "your mouth is late by one frame less than was asked for",
    lambda delay: Late(delay, miss=1),
)
