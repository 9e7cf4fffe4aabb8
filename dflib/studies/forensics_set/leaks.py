"""Five ways for a forensics set to give its labels away, each shown by a classifier that knows nothing about manipulation.

Each is trained and tested under a *wrong* protocol, as sets have been used or made, and under this set's own:

    identity    look the person up among those known     wrong: some people are only real, others only fake, and frames of one
                                                         clip lie on both sides of the split
    source      a histogram of the picture's colours     wrong: real clips come from another camera
    codec       the picture's blocks and fine detail     wrong: real clips are coded once, fakes once more and harder
    order       the number of the frame                  wrong: real frames are from the clip's beginning, fakes from its end
    light       which side of the face is brighter       wrong: people lit from the left are real, those lit from the right fake

    own         every person is real and fake, in the same frames, light and codec; train and test share nobody

A number near 0.5 under the own protocol says that this classifier finds nothing, not that there is nothing to find.
"""
from dataclasses import dataclass

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dflib import faces, media, metrics
from dflib.metrics.classification import auc, interval

METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")     # of which the pairs take turns
EARLY, LATE = 8, 24                 # numbers of the frames that are looked at
FOLDS = 5
CAMERA = np.array([1.12, 1.0, 0.86])    # the other camera's white balance
HARDER = 38                         # crf of what is coded once more
ASIDE = 0.2                         # how far to the side a light must be for a person to be lit from there
SIDES = ((2, 31), (14, 35)), ((3, 48), (13, 54)), ((1, 36), (15, 45)), ((17, 19, 36), (26, 24, 45)), ((31,), (35,))
                                    # landmarks of which means lie on the skin of one side of a face and of the other


@dataclass(frozen=True, eq=False)
class Pictures:
    """Two frames of the original and of one fake of N people."""
    real: np.ndarray        # (N, 2, H, W, 3) uint8, frames EARLY and LATE
    fake: np.ndarray
    pairs: np.ndarray       # (N,) numbers of the pairs: people of one pair are in one fold
    light: np.ndarray       # (N,) of the direction to the light, the part to the right, -1 to 1
    marks: np.ndarray       # (N, 2, 68, 2) landmarks found in the originals


def pictures_of(root, people: dict, pairs: list) -> Pictures:
    """The Pictures of a set in the folder ``root``. people: `actors` of actors.json; pairs: of ids, as in its lists."""
    real, fake, number, light = [], [], [], []
    for k, pair in enumerate(pairs):
        for target, source in (pair, pair[::-1]):
            method = METHODS[k % len(METHODS)]
            real.append(two_frames(root / "original_sequences/youtube/c23/videos" / f"{target}.mp4"))
            fake.append(two_frames(root / "manipulated_sequences" / method / "c23/videos" / f"{target}_{source}.mp4"))
            number.append(k)
            light.append(people[target]["light"][0])
    marks = [[landmarks(picture) for picture in pictures] for pictures in real]
    return Pictures(*(np.array(column) for column in (real, fake, number, light, marks)))


def two_frames(path) -> list:
    """Frames EARLY and LATE of a video."""
    return [frame for number, frame in enumerate(media.read_video(path)) if number in (EARLY, LATE)]


def landmarks(picture) -> np.ndarray:
    """(68, 2) of the face, which is looked for in the middle of the picture."""
    height, width = picture.shape[:2]
    return faces.landmarks(picture, "dflib", np.array([[0.25 * width, 0.25 * height, 0.75 * width, 0.8 * height]]))[0]


# ---------------------------------------- what the classifiers look at: pictures (N, H, W, 3) -> (N, K)
def histogram(pictures) -> np.ndarray:
    """Shares of eight levels of each colour."""
    return np.array([[np.bincount(p[..., c].ravel() // 32, minlength=8) / p[..., c].size for c in range(3)]
                     for p in pictures]).reshape(len(pictures), -1)


def blocks(pictures) -> np.ndarray:
    """Logarithms of the mean steps between neighbours across the borders of 4 x 4 blocks, inside them, and of second differences."""
    rows = []
    for picture in pictures:
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        step, second = np.abs(np.diff(gray, axis=1)), np.abs(np.diff(gray, 2, axis=1))
        border = np.arange(step.shape[1]) % 4 == 3
        rows.append([step[:, border].mean(), step[:, ~border].mean(), second.mean(), (second < 0.5).mean()])
    return np.log(np.array(rows) + 1e-3)


def brightness(pictures, marks) -> np.ndarray:
    """Logarithms of the brightness of the face's left side over its right side, at SIDES of landmarks (N, 68, 2)."""
    rows = []
    for picture, points in zip(pictures, marks):
        gray = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 2) + 5

        def at(numbers):
            x, y = np.clip(points[list(numbers)].mean(0).round().astype(int), 0, (picture.shape[1] - 1, picture.shape[0] - 1))
            return gray[y, x]
        rows.append([np.log(at(left) / at(right)) for left, right in SIDES])
    return np.array(rows)


# ---------------------------------------- the protocols
@dataclass(frozen=True, eq=False)
class Cases:
    """What a classifier is given: features (N, K), labels (N,) 1 for fake, and the pairs (N,) that they belong to."""
    features: np.ndarray
    labels: np.ndarray
    pairs: np.ndarray


def cases(found: Pictures, leak: str, wrong: bool) -> Cases:
    """The cases of a leak under the wrong protocol or the set's own. ValueError for an unknown leak."""
    real, fake, labels = found.real[:, 0], found.fake[:, 0], np.repeat([0, 1], len(found.pairs))
    pairs = np.concatenate([found.pairs, found.pairs])
    if leak == "source":
        real = np.clip(real * CAMERA, 0, 255).astype(np.uint8) if wrong else real
        return Cases(histogram(np.concatenate([real, fake])), labels, pairs)
    if leak == "codec":
        fake = np.array([media.compress(picture, HARDER) for picture in fake]) if wrong else fake
        return Cases(blocks(np.concatenate([real, fake])), labels, pairs)
    if leak == "order":
        numbers = np.where(np.arange(len(found.pairs)) % 2, EARLY, LATE)
        numbers = np.where(labels, LATE, EARLY) if wrong else np.concatenate([numbers, numbers])
        return Cases(numbers[:, None].astype(float), labels, pairs)
    if leak == "light":
        seen = np.stack([brightness(some, found.marks[:, 0]) for some in (real, fake)])        # (2, N, K)
        if not wrong:
            return Cases(np.concatenate(seen), labels, pairs)
        lit, right = np.abs(found.light) > ASIDE, (found.light > 0).astype(int)
        return Cases(seen[right[lit], np.flatnonzero(lit)], right[lit], found.pairs[lit])
    raise ValueError(f"Unknown leak {leak!r}: there are identity, source, codec, order, light.")


def identity_scores(found: Pictures, wrong: bool) -> tuple:
    """(labels, scores, pairs) of the look-up: of the known person who looks most alike, the share of fakes among the known pictures.

    Under the own protocol that share is a half for everybody, so the look-up says nothing, whomever it finds.
    """
    seen = np.array([[metrics.identity_embedding(pictures[:, k], found.marks[:, k]) for k in (0, 1)]
                     for pictures in (found.real, found.fake)])                                 # (2, 2, N, D): label, frame, person
    people = np.arange(len(found.pairs))
    if wrong:
        labels = found.pairs % 2                    # of every second pair there are only fakes, of the others only real clips
        known, asked = seen[labels, 0, people], seen[labels, 1, people]
        return labels, labels[(asked @ known.T).argmax(1)].astype(float), found.pairs
    known = seen[:, 0].mean(0)                                                                  # (N, D), real and fake alike
    asked, shares = np.concatenate(seen[:, 1]), np.repeat([[0], [1]], len(people), axis=1).mean(0)
    pairs = np.concatenate([found.pairs, found.pairs])
    near = np.where(pairs[:, None] == found.pairs[None], -1, asked @ known.T)                   # nobody is known who is asked for
    return np.repeat([0, 1], len(people)), shares[near.argmax(1)], pairs


def scored(given: Cases) -> np.ndarray:
    """Scores (N,) of a logistic regression that has not seen the pair, in FOLDS folds."""
    scores = np.zeros(len(given.labels))
    for train, test in GroupKFold(FOLDS).split(given.features, given.labels, given.pairs):
        network = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
        scores[test] = network.fit(given.features[train], given.labels[train]).decision_function(given.features[test])
    return scores


LEAKS = ("identity", "source", "codec", "order", "light")


def measured(found: Pictures, leak: str, wrong: bool):
    """The area under the curve of a leak's classifier, an Estimate with its 95 % interval over pairs."""
    if leak == "identity":
        labels, scores, pairs = identity_scores(found, wrong)
    else:
        given = cases(found, leak, wrong)
        labels, scores, pairs = given.labels, scored(given), given.pairs
    return interval(auc, pairs, labels, scores, resamples=500)
