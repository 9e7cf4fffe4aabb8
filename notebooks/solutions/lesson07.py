"""Solutions of lesson 07."""
import numpy as np


def in_split(clips, pairs):
    """clips: pairs (target, source or None), pairs: lists of two ids -> (N,) bool."""
    partner = {}
    for one, other in pairs:
        partner[one], partner[other] = other, one
    return np.array([target in partner and source in (None, partner[target]) for target, source in clips])


def changed(fake, original, threshold):
    """fake, original (H, W, 3) uint8 -> (H, W) bool."""
    return np.abs(fake.astype(int) - original.astype(int)).max(axis=2) > threshold


def find_leak(features, labels, pairs):
    """features (N, K), labels (N,), pairs (N,) -> area under the curve, in two folds of pairs."""
    from dflib.metrics.classification import auc

    scores = np.zeros(len(labels))
    for fold in (0, 1):
        test = pairs % 2 == fold
        train = ~test
        x = (features - features[train].mean(axis=0)) / features[train].std(axis=0)
        direction = x[train & (labels == 1)].mean(axis=0) - x[train & (labels == 0)].mean(axis=0)
        scores[test] = x[test] @ direction
    return auc(labels, scores)


def wilson(right, asked):
    """-> (low, high), 95 %."""
    p, z, n = right / asked, 1.96, asked
    middle = p + z**2 / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


def late(delay):
    """-> a `manipulate.Method` that shows the mouth of ``delay`` frames earlier."""
    from dflib import faces
    from dflib.faces.alignment import warp
    from dflib.swap import blend
    from dflib.swap.neural_textures import lower_face

    class Late:
        kind, note = "composite", "mouth out of time"

        def learn(self, source, target, follow, progress):
            """There is nothing to learn."""

        def prepare(self, runs, progress):
            self.marks = {start + i: one for start, points in runs for i, one in enumerate(points)}
            self.seen = {}

        def changed(self, number, image):
            self.seen[number] = image
            then = number - delay
            if then not in self.seen:
                return image
            matrix = faces.similarity(self.marks[then][27:48], self.marks[number][27:48])
            earlier = warp(self.seen[then], matrix, image.shape[1::-1])
            return blend.feather(earlier, image, lower_face(self.marks[number], image.shape[:2]), 4)

    return Late()


SOLUTIONS = {"07.in_split": in_split, "07.changed": changed, "07.find_leak": find_leak, "07.wilson": wilson, "07.late": late}
