"""Face crops with what is known of them: what detectors learn from and are tested on."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

REAL = "real"


@dataclass(frozen=True, eq=False)
class FaceCrops:
    """N square face crops of real and manipulated pictures. ValueError when the arrays do not belong together.

    pictures    (N, S, S, 3) uint8
    kinds       (N,) text: "real", or the method that made a fake
    groups      (N,) what is independent of the rest, a number or a text: a pair of people
    originals   (N,) int: the row of the real crop that a fake was made from, at the same place in the same frame;
                −1 for reals, and for fakes that were made from nothing
    clips       (N,) the clip that a crop is from, a number or a text
    masks       (N, H, W) in [0, 1], float or bool, where each was changed; None where that is not known
    """
    pictures: np.ndarray
    kinds: np.ndarray
    groups: np.ndarray
    originals: np.ndarray
    clips: np.ndarray
    masks: "np.ndarray | None" = None

    def __post_init__(self):
        n = len(self.pictures)
        for name in ("kinds", "groups", "originals", "clips", "masks"):
            column = getattr(self, name)
            if column is not None and len(column) != n:
                raise ValueError(f"There are {n} crops but {len(column)} {name}.")
        paired, real = self.originals >= 0, self.labels == 0
        if (paired & real).any() or (self.originals >= n).any() or not real[self.originals[paired]].all():
            raise ValueError("An original is the row of a real crop, and only fakes have one.")

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def labels(self) -> np.ndarray:
        """(N,) int: 0 for real, 1 for fake."""
        return (np.asarray(self.kinds) != REAL).astype(int)

    def methods(self) -> list:
        """Names of the kinds of fakes, sorted."""
        return sorted(set(np.asarray(self.kinds).tolist()) - {REAL})

    def only(self, *methods: str) -> "FaceCrops":
        """All reals, and the fakes of these methods; originals are renumbered."""
        return self.rows(np.flatnonzero(np.isin(self.kinds, (REAL, *methods))))

    def rows(self, chosen: np.ndarray) -> "FaceCrops":
        """The crops of some rows; a fake whose original is not among them keeps none."""
        place = np.full(len(self) + 1, -1)              # the last entry is for originals of −1
        place[chosen] = np.arange(len(chosen))
        return FaceCrops(self.pictures[chosen], np.asarray(self.kinds)[chosen], np.asarray(self.groups)[chosen],
                         place[self.originals[chosen]], np.asarray(self.clips)[chosen],
                         None if self.masks is None else self.masks[chosen])
