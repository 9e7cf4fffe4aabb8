"""Face crops with what is known of them: what detectors learn from and are tested on."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from dflib.faces.crops import clip_boxes, cut
from dflib.media import read_video

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


def crops_of(clips, size: int, frames: int = 32, identity=None, native: bool = False) -> FaceCrops:
    """Crops (size x size; native: see `cut`) of at most `frames` pictures of each of `clips` (a `FaceForensics`, `DFDC`, …).

    A fake is cut at the same pictures and by the same boxes as its original, which must be among the clips to be its
    `originals`. groups are the clips that share a person or a video, directly or through others: pairs, in
    FaceForensics++. masks are there when every fake has them; one made from nothing (no original, no target) is changed
    all over. Clips without a face are left out. Boxes are looked for once, see `clip_boxes`; identity: tells people
    apart, see `faces.follow.Follower`. ValueError when no face is found at all, and for a mask that ends before its video.
    """
    known, columns = {}, {name: [] for name in ("pictures", "kinds", "groups", "originals", "clips", "masks")}
    masked = all(clip.mask or _from_nothing(clip) for clip in clips if clip.fake)
    group, row_of = _families(clips), {}
    for clip in tqdm(sorted(clips, key=lambda clip: clip.fake), desc="cutting out faces", unit="clip", disable=None):
        seen = clip.original or clip.path
        if seen not in known:
            boxes = clip_boxes(seen, identity)
            shown = np.flatnonzero(~np.isnan(boxes[:, 0]))
            spread = np.linspace(0, len(shown) - 1, min(frames, len(shown))).round().astype(int)
            known[seen] = boxes, shown[spread]
        boxes, numbers = known[seen]
        pictures = _cut(clip.path, boxes, numbers, size, native)
        count = len(pictures)
        if not clip.fake:
            row_of |= {(clip.path, number): len(columns["kinds"]) + i for i, number in enumerate(numbers[:count])}
        columns["pictures"] += pictures
        columns["kinds"] += [clip.method if clip.fake else REAL] * count
        columns["groups"] += [group[clip.path]] * count
        columns["originals"] += [row_of.get((clip.original, number), -1) for number in numbers[:count]]
        columns["clips"] += [str(clip.path)] * count
        if masked:
            masks = _cut_masks(clip, boxes, numbers[:count], size, native) if clip.mask else []
            if clip.mask and len(masks) < count:
                raise ValueError(f"The mask {clip.mask} ends before {clip.path} does.")
            columns["masks"] += masks or [np.full((size, size), clip.fake)] * count
    if not columns["kinds"]:
        raise ValueError("No face was found in any of the clips.")
    return FaceCrops(**{name: np.array(column) for name, column in columns.items() if column or name != "masks"})


def _from_nothing(clip) -> bool:
    """Whether a fake is nobody's video: a generator's walk, say."""
    return clip.original is None and clip.target is None


def _cut(path, boxes: np.ndarray, numbers: np.ndarray, size: int, native: bool) -> list:
    """Crops of the pictures of these numbers, as far as the video goes."""
    wanted = set(numbers.tolist())
    return [cut(picture, box, size, native=native)
            for number, (picture, box) in enumerate(zip(read_video(path), boxes)) if number in wanted]


def _cut_masks(clip, boxes: np.ndarray, numbers: np.ndarray, size: int, native: bool) -> list:
    """Crops (size, size) bool of the masks of the pictures of these numbers, as far as they go."""
    return [cut(np.repeat(np.uint8(255) * mask[..., None], 3, 2), boxes[number], size, native=native).max(axis=2) > 127
            for number, mask in zip(numbers, clip.masks_at(numbers.tolist()))]


def _families(clips) -> dict:
    """{path: a name} of every clip; clips have one name that share a person or a video, directly or through others."""
    above = {}

    def top(thing):
        while above.setdefault(thing, thing) != thing:
            thing = above[thing]
        return thing

    for clip in clips:
        for other in (clip.original, *(("person", who) for who in (clip.target, clip.source) if who)):
            if other is not None:
                above[top(other)] = top(clip.path)
    return {clip.path: str(top(clip.path)) for clip in clips}
