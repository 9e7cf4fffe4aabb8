"""Edges of an opening of the skin, eye or mouth, and how far points inside lie from them."""
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Margins:
    """The two edges of one slit in the head's own frame (cm); x runs from `side` times the model's x."""
    side: int
    x: tuple            # two ascending arrays: of the upper and of the lower edge
    y: tuple            # heights there

    @classmethod
    def of(cls, vertices: np.ndarray, slit: tuple, side: int = 1) -> "Margins":
        """From vertices (V, 3) and the slit's (upper, lower) vertex numbers; side -1 mirrors the person's right."""
        xs, ys = [], []
        for ids in slit:
            x = side * vertices[ids, 0]
            order = np.argsort(x)
            xs.append(x[order])
            ys.append(vertices[ids, 1][order])
        return cls(side, tuple(xs), tuple(ys))

    def distances(self, points: np.ndarray) -> tuple:
        """Distances (P,) of points (P, 3) below the upper edge, above the lower edge, from both corners."""
        x, y = self.side * points[:, 0], points[:, 1]
        upper, lower = (np.interp(x, xs, ys) for xs, ys in zip(self.x, self.y))
        return upper - y, y - lower, x - self.x[1][0], self.x[1][-1] - x
