"""Following one face through a clip."""
import numpy as np

from dflib.faces.detection import detect, overlap
from dflib.faces.landmarking import landmarks

SAME = 0.3          # overlap of two boxes from which they hold the same face


class Follower:
    """One face followed through a clip: called with each picture in turn."""

    def __init__(self, backend="dflib"):
        self._backend, self._last, self._others = backend, None, []

    def __call__(self, image):
        """(landmarks (68, 2) of the face or None, whether it is the one of the picture before)."""
        boxes = detect(image)
        shared = [0.0 if self._last is None else overlap(box, self._last) for box in boxes]
        same = max(shared, default=0) > SAME
        if same:
            chosen = int(np.argmax(shared))
        else:       # a cut, or a quick move; but who stood beside the lost face does not become it
            new = [i for i, box in enumerate(boxes) if all(overlap(box, other) <= SAME for other in self._others)]
            chosen = new[0] if new else None
        self._others = [box for i, box in enumerate(boxes) if i != chosen]
        if chosen is None:
            return None, False
        self._last = boxes[chosen]
        return landmarks(image, self._backend, boxes[chosen:chosen + 1])[0], same
