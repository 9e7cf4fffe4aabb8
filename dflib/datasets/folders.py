"""Photographs on the reader's own disk: any folder of pictures, and CelebA. Nothing is downloaded."""
import os
from dataclasses import dataclass

import numpy as np

from dflib.datasets import safe
from dflib.datasets.pictures import Pictures
from dflib.pictures import moved_points, square
from dflib.media import read_image

HEADINGS = ("image_id", "image", "file", "filename", "name", "id")     # of the column of pictures, which some lists have


@dataclass(frozen=True, eq=False)
class Photo:
    """One photograph and what its list says of it."""
    image: np.ndarray       # (S, S, 3) uint8, or (H, W, 3) in a set without a size
    name: str               # path inside the set's folder, with forward slashes
    attributes: dict        # CelebA: name -> bool
    landmarks: "np.ndarray | None" = None   # CelebA: (5, 2) float32 pixels, eyes, nose tip, corners of the mouth
    identity: "int | None" = None           # CelebA: number of the person


class ImageFolder(Pictures):
    """All pictures below a folder, sorted by path (FFHQ's `00000/00000.png`, or anything else).

    size: the central square is resized to it; without one, pictures stay as they are. Files are opened when they are
    asked for; a damaged one raises ValueError then.
    """

    def __init__(self, root, size: "int | None" = None):
        self.root, self.size = safe.folder(root, "pictures"), size
        self.paths = safe.files_in(self.root, safe.PICTURES)
        if not self.paths:
            raise FileNotFoundError(f"{self.root} holds no pictures ({', '.join(safe.PICTURES)}).")

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i) -> Photo:
        return Photo(self.image(i), self.paths[self._checked(i)].relative_to(self.root).as_posix(), {})

    def image(self, i) -> np.ndarray:
        """Picture i, (S, S, 3) or (H, W, 3) uint8 RGB."""
        image = read_image(self.paths[self._checked(i)])
        return square(image, self.size) if self.size else image


class CelebA(Pictures):
    """CelebA's aligned pictures (Liu et al. 2015, https://arxiv.org/abs/1411.7766) with 40 attributes.

    root holds `img_align_celeba/` (or `img_align_celeba_png/`) and `list_attr_celeba.txt`, side by side or in the `Img`, `Anno`
    and `Eval` folders of the official release; `list_eval_partition`, `identity_CelebA` and `list_landmarks_align_celeba` are
    used where they are. The comma-separated lists found on Kaggle are read as well, with quotes or without. CelebA is for
    non-commercial research only.

    Pictures that the lists name and the folder lacks are left out: `data.missing` has their paths, and a warning says so.

    split: "all", "train", "val" or "test"; the official partition shares no person between them.
    `data.attributes` is (N, 40) bool in the order of `data.attribute_names`; `data.identities` (N,) or None.
    """

    SPLITS = ("train", "val", "test")

    def __init__(self, root, split: str = "all", size: "int | None" = None):
        if split not in ("all", *self.SPLITS):
            raise ValueError(f"Unknown split {split!r}: it is all, train, val or test.")
        self.root, self.size = safe.folder(root, "CelebA"), size
        pictures = self._find("img_align_celeba_png", "img_align_celeba_png/img_align_celeba_png",
                              "img_align_celeba", "img_align_celeba/img_align_celeba")
        if pictures is None:
            raise FileNotFoundError(f"{self.root} holds no folder img_align_celeba.")
        attributes = self._table("list_attr_celeba", None)
        if attributes is None:
            raise FileNotFoundError(f"{self.root} holds no file list_attr_celeba.txt.")
        self.attribute_names, flags = attributes
        partition = self._table("list_eval_partition", 1)
        if partition is None and split != "all":
            raise FileNotFoundError(f"{self.root} holds no file list_eval_partition.txt, which says what {split} is.")
        wanted = None if split == "all" else self.SPLITS.index(split)
        self.names = [name for name in flags if wanted is None or self._row(partition, name) == [wanted]]
        if not self.names:
            raise ValueError(f"The lists in {self.root} name no picture of the split {split}.")
        self._keep_present(pictures)
        self.attributes = np.array([flags[name] for name in self.names]) == 1
        self.identities = self._column("identity_CelebA", 1)
        landmarks = self._column("list_landmarks_align_celeba", 10)
        self._landmarks = None if landmarks is None else landmarks.reshape(-1, 5, 2).astype(np.float32)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, i) -> Photo:
        i = self._checked(i)
        image, landmarks = read_image(self._paths[i]), None
        if self._landmarks is not None:
            landmarks = self._landmarks[i]
            landmarks = moved_points(landmarks, image.shape[:2], self.size) if self.size else landmarks
        return Photo(
            square(image, self.size) if self.size else image, self.names[i],
            dict(zip(self.attribute_names, self.attributes[i].tolist())), landmarks,
            None if self.identities is None else int(self.identities[i]))

    def image(self, i) -> np.ndarray:
        """Picture i, (S, S, 3) or, without a size, (218, 178, 3) uint8 RGB."""
        image = read_image(self._paths[self._checked(i)])
        return square(image, self.size) if self.size else image

    def attribute(self, name: str) -> np.ndarray:
        """(N,) bool of one attribute; ValueError for an unknown name."""
        if name not in self.attribute_names:
            raise ValueError(f"CelebA has no attribute {name!r}: there are {', '.join(self.attribute_names)}.")
        return self.attributes[:, self.attribute_names.index(name)]

    def _keep_present(self, pictures):
        """Set `_paths` and `missing`, and leave out of `names` whatever is not in the folder `pictures`."""
        present = set(os.listdir(pictures))
        named = {name: safe.inside(pictures, name, "list_attr_celeba") for name in self.names}
        as_png = {name: path.with_suffix(".png") for name, path in named.items()}       # the lists of either release say .jpg
        found = {name: path if path.name in present else as_png[name] for name, path in named.items()
                 if path.name in present or as_png[name].name in present}
        self.missing = [path for name, path in named.items() if name not in found]
        if not found:
            raise FileNotFoundError(f"{pictures} holds none of the pictures that the lists name, such as {self.missing[0].name}.")
        safe.say_missing(self.root, self.missing, "pictures")
        self.names, self._paths = list(found), list(found.values())

    def _find(self, *names):
        candidates = (self.root / part / name for name in names for part in ("", "Img", "Anno", "Eval"))
        found = [path for path in candidates if path.exists()]
        return found[-1] if found else None     # the innermost: Kaggle nests the folder in one of the same name

    def _column(self, stem, width):
        table = self._table(stem, width)
        if table is None:
            return None
        rows = np.array([self._row(table, name) for name in self.names])
        return rows[:, 0] if width == 1 else rows

    def _row(self, table, name):
        if name not in table[1]:
            raise ValueError(f"The lists in {self.root} disagree: {name} is not in all of them.")
        return table[1][name]

    def _table(self, stem, width):
        """(column names, {picture: list of int}) of a list, or None if there is no such file. `width` None: any."""
        path = self._find(f"{stem}.txt", f"{stem}.csv")
        if path is None:
            return None
        rows, names = [line.replace(",", " ").replace('"', "").split() for line in safe.lines(path)], ()
        if rows and len(rows[0]) == 1 and rows[0][0].isdigit():
            rows = rows[1:]                     # the number of pictures, with which official lists with a header begin
        if rows and not (len(rows[0]) > 1 and all(map(_whole, rows[0][1:]))):
            names, rows = tuple(rows[0]), rows[1:]
            names = names[1:] if names[0].lower() in HEADINGS else names
        if width is None and not names:
            raise ValueError(f"{path} is malformed: it does not begin with the names of its columns.")
        width = len(names) if width is None else width
        for number, row in enumerate(rows, 1):
            if len(row) != width + 1 or not all(map(_whole, row[1:])):
                raise ValueError(f"{path} is malformed: its row {number} is not a name and {width} whole numbers.")
        return names, {row[0]: [int(value) for value in row[1:]] for row in rows}


def _whole(text) -> bool:
    return text.removeprefix("-").isdigit()
