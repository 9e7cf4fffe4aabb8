"""What to train on and towards: every hair colour equally often; targets that are an edit and that somebody could have."""
import numpy as np

from dflib.datasets.domains import COLUMNS, DOMAINS, HAIR, INDEX, TRAITS

CHANGED = 1 / 3         # share of the attributes that an edit changes, one at least


def even_chances(labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N,) chances of drawing each of N pictures, so that those whose hair is known show every colour equally often.

    In the cast blond hair is five times rarer than black, and what a critic seldom sees it cannot ask for. Pictures whose
    hair is unknown are as likely as before, all else follows the pictures.
    """
    chances = np.full(len(labels), 1 / len(labels))
    hair, coloured = labels[:, :len(HAIR)], known[:, :len(HAIR)].all(axis=1)
    if coloured.any():
        colour = hair[coloured].argmax(axis=1)
        often = np.bincount(colour, minlength=len(HAIR))
        chances[coloured] = coloured.mean() / np.count_nonzero(often) / often[colour]
    return chances


def legal_targets(labels: np.ndarray, known: np.ndarray, rng) -> np.ndarray:
    """Targets (N, 12) for pictures with ``labels`` (N, 12) of which the ``known`` columns (N, 12) bool may change.

    Each differs from its label: an expression becomes another one; of hair, sex, age and skin each changes with
    probability CHANGED, hair into one of the three other colours, and one of them always. A person with another hair
    colour or none keeps it. (The authors' code permutes the labels of a batch, so that some pictures are not edited at
    all and hair may end in two colours, or in none.) ValueError when nothing is known of a picture.
    """
    targets = np.array(labels, np.float32)
    for target, may_change in zip(targets, known):
        if may_change[COLUMNS[0]:].any():
            _move_the_one(target, COLUMNS[0], len(DOMAINS), rng)
            continue
        choices = [*(["hair"] if may_change[:len(HAIR)].all() else []),
                   *(name for name in TRAITS if may_change[INDEX[name]])]
        if not choices:
            raise ValueError("A picture of which no label is known cannot be given a target.")
        changed = [name for name in choices if rng.random() < CHANGED] or [choices[rng.integers(len(choices))]]
        for name in changed:
            if name == "hair":
                _move_the_one(target, 0, len(HAIR), rng)
            else:
                target[INDEX[name]] = 1 - target[INDEX[name]]
    return targets


def _move_the_one(target, start, stop, rng):
    """In place: of columns start..stop - 1, another than now is 1 and the rest 0."""
    others = np.flatnonzero(target[start:stop] == 0) + start
    target[start:stop] = 0
    target[rng.choice(others)] = 1
