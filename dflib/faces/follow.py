"""Following faces through a clip: who is who from picture to picture, also after a look away, a miss and a cut.

A face belongs to the person whose place it takes, if it does not look like somebody else, and away from there to the
person it looks like. Everybody is remembered to the end of the clip, so that nobody is taken for another who is lost.
"""
from dataclasses import dataclass

import numpy as np

from dflib.faces.detection import detect, overlap
from dflib.faces.landmarking import landmarks

SAME = 0.3          # overlap of two boxes from which they have the same place
# Cosines of the identity network. In the cast's clips a face has 0.7 or more with its person's mean, with another's
# 0.05 in the middle and 0.35 in one of twenty: below the first number a face in somebody's place is another's, from the
# second one a face elsewhere is that person's.
DIFFERENT, ALIKE = 0.3, 0.5
IN_PLACE = 0.2      # what having the place counts beside a cosine


@dataclass(frozen=True, eq=False)
class Seen:
    """One face of one picture."""
    person: int             # numbered as they appear, the largest first
    box: np.ndarray         # (4,) x0 y0 x1 y1, pixels
    landmarks: np.ndarray   # (68, 2)
    same: bool              # the person was in this place in the picture before, too


@dataclass(frozen=True, eq=False)
class _Person:
    box: np.ndarray             # (4,), where last seen
    looks: "np.ndarray | None"  # (D,), the sum of the embeddings so far
    last: int                   # number of the picture in which last seen


class Follower:
    """The faces of one clip, followed: called with each picture in turn. A copy made before that starts afresh.

    identity(image (H, W, 3) uint8, landmarks (N, 68, 2)) -> embeddings (N, D) of length 1 tells people apart, see
    `metrics.identity`. Without it only places count: after a cut a face at a new place is taken for a new person, and
    the main person is then whoever is new. backend: as for `faces.landmarks`.
    """

    def __init__(self, backend="dflib", identity=None):
        self._backend, self._identity = backend, identity
        self._people, self._count, self._main = (), 0, None

    def __call__(self, image):
        """(landmarks (68, 2) of the main person or None, whether it was in this place in the picture before)."""
        seen = self.main(image)
        return (None, False) if seen is None else (seen.landmarks, seen.same)

    def main(self, image):
        """The main person as `Seen`, or None: the largest face of the first picture with one, and nobody else later."""
        known = len(self._people)
        seen = {face.person: face for face in self.everybody(image)}
        fresh = [person for person in seen if person >= known]
        if fresh and (self._main is None or self._identity is None and self._main not in seen):
            self._main = fresh[0]
        return seen.get(self._main)

    def everybody(self, image) -> list:
        """All faces of the picture as `Seen`, largest first."""
        boxes = detect(image)
        points = landmarks(image, self._backend, boxes)
        looks = self._identity(image, points) if self._identity and len(boxes) else [None] * len(boxes)
        owners = self._owners(boxes, looks)
        people, seen = list(self._people), []
        for face, (box, shape, look) in enumerate(zip(boxes, points, looks)):
            number = owners.get(face, len(people))
            if number == len(people):
                people.append(_Person(box, look, self._count))
                same = False
            else:
                before = people[number]
                same = before.last == self._count - 1 and overlap(box, before.box) > SAME
                people[number] = _Person(box, None if look is None else before.looks + look, self._count)
            seen.append(Seen(number, box, shape, same))
        self._people, self._count = tuple(people), self._count + 1
        return seen

    def _owners(self, boxes, looks):
        """{number of a face: number of the known person it belongs to}, the surest pairs first."""
        pairs = []
        for number, person in enumerate(self._people):
            for face, (box, look) in enumerate(zip(boxes, looks)):
                place = overlap(box, person.box)
                if look is None:
                    sure, belongs = place, place > SAME
                else:
                    cosine = float(look @ person.looks / np.linalg.norm(person.looks))
                    sure, belongs = cosine + IN_PLACE * (place > SAME), cosine > (DIFFERENT if place > SAME else ALIKE)
                if belongs:
                    pairs.append((-sure, face, number))
        owners = {}
        for _, face, number in sorted(pairs):
            if face not in owners and number not in owners.values():
                owners[face] = number
        return owners


@dataclass(frozen=True, eq=False)
class Track:
    """One person's faces in a clip."""
    frames: np.ndarray      # (T,) numbers of the pictures, rising
    boxes: np.ndarray       # (T, 4)
    landmarks: np.ndarray   # (T, 68, 2)
    same: np.ndarray        # (T,) bool: in this place in the picture before, too

    def __len__(self):
        return len(self.frames)

    def runs(self, longest) -> list:
        """Pairs (number of the first picture, landmarks (t, 68, 2)): neighbouring pictures, at most ``longest``."""
        runs = []
        for frame, points, same in zip(self.frames, self.landmarks, self.same):
            if not (same and runs and len(runs[-1][1]) < longest):
                runs.append((int(frame), []))
            runs[-1][1].append(points)
        return [(first, np.array(points)) for first, points in runs]


WHICH = ("largest", "all")


def tracks(pictures, which="largest", backend="dflib", identity=None) -> list:
    """The `Track` of the main person of ``pictures`` (H, W, 3) uint8, or of everybody, in order of appearance.

    ``which``: "largest" or "all"; backend and identity as for `Follower`. Empty without a face. ValueError for another
    word.
    """
    if which not in WHICH:
        raise ValueError(f"which must be one of {', '.join(WHICH)}, not {which!r}.")
    follow, people = Follower(backend, identity), {}
    for number, image in enumerate(pictures):
        found = follow.everybody(image) if which == "all" else filter(None, [follow.main(image)])
        for seen in found:
            track = people.setdefault(seen.person if which == "all" else "main", [])
            track.append((number, seen.box, seen.landmarks, seen.same))
    return [Track(*map(np.array, zip(*rows))) for rows in people.values()]
