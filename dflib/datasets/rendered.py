"""RenderedFaces: people of the cast with their ground truth, shipped or rendered on demand."""
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from dflib.cast import renders
from dflib.cast.people.splits import SPLITS, split_of
from dflib.datasets import safe
from dflib.datasets.make import Recipe, render_shards
from dflib.datasets.pictures import Pictures
from dflib.datasets.shards import Shard
from dflib.paths import DATA
from dflib.pictures import moved_points, resized


@dataclass(frozen=True, eq=False)
class Face:
    """One rendered picture and what is known of it."""
    image: np.ndarray       # (S, S, 3) uint8
    landmarks: np.ndarray   # (68, 2) float32 pixels, fixed points of the head (the jaw line may lie behind the cheek)
    contour: np.ndarray     # (17, 2) float32 pixels, the jaw line as it is seen
    visible: np.ndarray     # (68,) bool
    mask: np.ndarray        # (S, S) bool, the face
    labels: np.ndarray      # (S, S) uint8, parts named in dflib.cast.LABELS
    attributes: dict        # of person and shot
    person: int             # seed for cast.sample_person
    shot: int               # seed for cast.sample_shot


class RenderedFaces(Pictures):
    """About 4,000 shipped people at 128 px, one picture each; `RenderedFaces.render` makes any other number.

    split: "all", "train", "val" or "test", by person. size: pictures and points are resized to it, by default they
    stay as rendered. folder: shards of `dflib.datasets.make`. ValueError and FileNotFoundError say what is wrong.

    `data[i]` is a `Face`; `data.images()` (N, S, S, 3) uint8, `data.tensors()` (N, 3, S, S) float32;
    `data.landmarks`, `data.contour`, `data.visible`, `data.people`, `data.shots` and `data.attribute(name)` are arrays.
    """

    def __init__(self, split: str = "all", size: "int | None" = None, folder=DATA / "cast"):
        _check(split)
        folder = safe.folder(folder, "rendered faces (run python -m dflib make faces)")
        self._open(sorted(Path(folder).glob("faces-*.zip")), split, size)
        if not self.shards:
            raise FileNotFoundError(f"{folder} holds no shards of rendered faces.")

    @classmethod
    def render(cls, people: int, shots: int = 1, size: int = 128, first: int = 0, yaw: float = 40, pitch: float = 15,
               split: str = "all", workers: "int | None" = None) -> "RenderedFaces":
        """`shots` pictures of each of `people` people from seed `first`, rendered once into the cache.

        It may be interrupted and called again; a larger number of people keeps what is there. yaw, pitch: limits in
        degrees. workers: processes, by default one per core.
        """
        _check(split)
        recipe = Recipe(people, first, shots, size, yaw, pitch)
        made = cls.__new__(cls)
        made._open(render_shards(renders.folder("shards") / recipe.family, recipe, workers), split, None)
        return made

    def _open(self, paths, split, size):
        self.shards = [Shard(path) for path in paths]
        self.size = size or (self.shards[0].about["size"] if self.shards else None)
        where = [(s, row) for s, shard in enumerate(self.shards) for row, person in enumerate(shard.truth["person"])
                 if split in ("all", split_of(int(person)))]
        self._where = np.array(where, dtype=np.int64).reshape(-1, 2)

    def __len__(self):
        return len(self._where)

    def __getitem__(self, i) -> Face:
        shard, row = self._row(i)
        labels, mask = shard.parts(row)
        truth, side = shard.truth, len(labels)
        if self.size != side:
            labels = cv2.resize(labels, (self.size, self.size), interpolation=cv2.INTER_NEAREST_EXACT)
            mask = resized(mask.astype(np.float32), self.size) > .5
        return Face(
            image=self.image(i), landmarks=self._points(truth["landmarks"][row], side),
            contour=self._points(truth["contour"][row], side), visible=truth["visible"][row], mask=mask, labels=labels,
            attributes={name: truth[f"attribute.{name}"][row].item() for name in self.attribute_names},
            person=int(truth["person"][row]), shot=int(truth["shot"][row]))

    def image(self, i) -> np.ndarray:
        """Picture i, (S, S, 3) uint8 RGB."""
        shard, row = self._row(i)
        return resized(shard.image(row), self.size)

    def rerender(self, i, size: "int | None" = None):
        """The cast's Frame of picture i, rendered again: exact, with depth and normals, at any size."""
        from dflib import cast

        shard, row = self._row(i)
        shot = cast.sample_shot(int(shard.truth["shot"][row]), yaw=shard.about["yaw"], pitch=shard.about["pitch"])
        return cast.render(cast.sample_person(int(shard.truth["person"][row])), shot, size=size or self.size)

    @property
    def landmarks(self) -> np.ndarray:
        """(N, 68, 2) float32 pixels."""
        return self._points(self._column("landmarks"), self.shards[0].about["size"])

    @property
    def contour(self) -> np.ndarray:
        """(N, 17, 2) float32 pixels."""
        return self._points(self._column("contour"), self.shards[0].about["size"])

    @property
    def visible(self) -> np.ndarray:
        """(N, 68) bool."""
        return self._column("visible")

    @property
    def people(self) -> np.ndarray:
        """(N,) seeds of the people."""
        return self._column("person")

    @property
    def shots(self) -> np.ndarray:
        """(N,) seeds of the shots."""
        return self._column("shot")

    @property
    def attribute_names(self) -> tuple:
        return tuple(name.split(".", 1)[1] for name in self.shards[0].truth if name.startswith("attribute."))

    def attribute(self, name: str) -> np.ndarray:
        """(N,) values of one attribute; ValueError for an unknown name."""
        if name not in self.attribute_names:
            raise ValueError(f"Unknown attribute {name!r}: there are {', '.join(self.attribute_names)}.")
        return self._column(f"attribute.{name}")

    def _row(self, i):
        shard, row = self._where[self._checked(i)]
        return self.shards[shard], int(row)

    def _column(self, name):
        stacked = np.concatenate([shard.truth[name] for shard in self.shards])
        starts = np.cumsum([0] + [len(shard) for shard in self.shards])
        return stacked[starts[self._where[:, 0]] + self._where[:, 1]]

    def _points(self, points, side):
        return points if side == self.size else moved_points(points, (side, side), self.size)


def _check(split):
    if split not in ("all", *SPLITS):
        raise ValueError(f"Unknown split {split!r}: it is all, train, val or test.")
