"""Published sets of manipulated videos as they lie on disk: FaceForensics++, DFDC, Celeb-DF. Nothing is downloaded."""
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from dflib.datasets import safe
from dflib.media import read_video


@dataclass(frozen=True)
class Clip:
    """One video of a forensic set: `fake` and what is known of its making; the file is opened by `frames`."""
    path: Path
    fake: bool
    method: str                     # "real", or how the face was made
    target: "str | None" = None     # whose video it is
    source: "str | None" = None     # whose face, or expression, was put into it
    original: "Path | None" = None  # the untouched video
    mask: "Path | None" = None      # a video of the changed region

    def frames(self, count: "int | None" = None) -> list:
        """`count` frames spread evenly over the whole video (all of a shorter one, or without it), (H, W, 3) uint8."""
        return _spread(self.path, count)

    def masks(self, count: "int | None" = None) -> list:
        """The masks of the same frames, (H, W) bool; ValueError when there is no mask video, or one of another length.

        FaceForensics++ ships a filled box for Deepfakes: |frame - original| is the better truth there.
        """
        if self.mask is None:
            raise ValueError(f"{self.path} comes without a mask.")
        own, theirs = (read_video(path).info.frames for path in (self.path, self.mask))
        if own != theirs:
            raise ValueError(f"The mask {self.mask} has {theirs} frames, but {self.path} has {own}.")
        return [frame.max(axis=2) > 127 for frame in _spread(self.mask, count)]


class _Clips:
    """A list of clips. `missing` are files that the set's lists name and the folder lacks (a partial copy)."""
    clips: list
    missing: list

    def __len__(self):
        return len(self.clips)

    def __getitem__(self, i) -> Clip:
        return self.clips[i]

    @property
    def labels(self) -> np.ndarray:
        """(N,) int64: 1 fake, 0 real."""
        return np.array([clip.fake for clip in self.clips], dtype=np.int64)

    def _keep(self, clips, root):
        self.clips = [clip for clip in clips if clip.path.is_file()]
        self.missing = [clip.path for clip in clips if not clip.path.is_file()]
        if not self.clips:
            raise FileNotFoundError(f"{root} holds none of the videos asked for"
                                    + (f", such as {self.missing[0]}." if self.missing else "."))


class FaceForensics(_Clips):
    """FaceForensics++ (Rössler et al. 2019, https://arxiv.org/abs/1901.08971).

        original_sequences/youtube/<compression>/videos/000.mp4
        manipulated_sequences/<method>/<compression>/videos/<target>_<source>.mp4   and   <method>/masks/videos/
        splits/{train,val,test}.json    lists of pairs of ids

    split: "all" takes whatever is there; "train", "val" and "test" follow the lists (in `splits`, by default
    root/splits), each with both people of a pair, so that nobody is in two of them; a list that breaks this is refused.
    compression: "raw" (or "c0", as older copies call it), "c23" or "c40".
    """

    METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")    # the paper's four; FaceShifter came later
    SPLITS = ("train", "val", "test")

    def __init__(self, root, split: str = "all", compression: str = "c23", methods=METHODS, splits=None):
        self.root = safe.folder(root, "FaceForensics++")
        if split not in ("all", *self.SPLITS):
            raise ValueError(f"Unknown split {split!r}: it is all, train, val or test.")
        if compression not in ("raw", "c0", "c23", "c40"):
            raise ValueError(f"Unknown compression {compression!r}: it is raw, c23 or c40.")
        for method in methods:
            if method not in (*self.METHODS, "FaceShifter"):
                raise ValueError(f"Unknown method {method!r}: there are {', '.join(self.METHODS)} and FaceShifter.")
        self._compression = compression
        originals = self._videos("original_sequences/youtube")
        folders = {method: self._videos(f"manipulated_sequences/{method}") for method in methods}
        if split == "all":
            clips = [self._real(path) for path in safe.files_in(originals, safe.VIDEOS)]
            clips += [self._fake(path, method, originals) for method, folder in folders.items()
                      for path in safe.files_in(folder, safe.VIDEOS)]
        else:
            self.pairs = self._pairs(Path(splits) if splits else self.root / "splits")[split]
            clips = [self._real(originals / f"{one}.mp4") for pair in self.pairs for one in pair]
            clips += [self._fake(folder / f"{target}_{source}.mp4", method, originals)
                      for method, folder in folders.items()
                      for a, b in self.pairs for target, source in ((a, b), (b, a))]
        self._keep(clips, self.root)

    def _videos(self, part):
        names = ("raw", "c0") if self._compression in ("raw", "c0") else (self._compression,)
        found = [self.root / part / name / "videos" for name in names if (self.root / part / name / "videos").is_dir()]
        if not found:
            raise FileNotFoundError(f"There is no folder {self.root / part / names[0] / 'videos'}.")
        return found[0]

    @staticmethod
    def _real(path):
        return Clip(path, fake=False, method="real", target=path.stem)

    def _fake(self, path, method, originals):
        target, _, source = path.stem.partition("_")
        mask = self.root / "manipulated_sequences" / method / "masks" / "videos" / path.name
        return Clip(path, True, method, target, source, originals / f"{target}.mp4", mask if mask.is_file() else None)

    def _pairs(self, folder):
        pairs, owner = {}, {}
        for split in self.SPLITS:
            path = folder / f"{split}.json"
            pairs[split] = safe.json_of(path, list)
            for pair in pairs[split]:
                if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair)):
                    raise ValueError(f"{path} is malformed: {pair!r} is not a pair of ids.")
                for one in pair:
                    safe.inside(folder, one, path)
                    if owner.setdefault(one, split) != split:
                        raise ValueError(f"{path} names {one}, who is in the {owner[one]} split already.")
        return pairs


class DFDC(_Clips):
    """The Deepfake Detection Challenge's training set (Dolhansky et al. 2020, https://arxiv.org/abs/2006.07397).

    root is one part (with a `metadata.json`) or holds several `dfdc_train_part_N`. Fakes of one original share its
    people: keep them together with `data.groups` (N,), the name of the original, and scikit-learn's GroupKFold.
    """

    def __init__(self, root):
        self.root = safe.folder(root, "DFDC")
        lists = sorted([*self.root.glob("metadata.json"), *self.root.glob("*/metadata.json")])
        if not lists:
            raise FileNotFoundError(f"Neither {self.root} nor a folder in it holds a metadata.json.")
        self._keep([self._clip(path, name, entry) for path in lists
                    for name, entry in safe.json_of(path, dict).items()], self.root)
        self.groups = np.array([(clip.original or clip.path).name for clip in self.clips])

    @staticmethod
    def _clip(path, name, entry):
        label = entry.get("label") if isinstance(entry, dict) else None
        if label not in ("FAKE", "REAL"):
            raise ValueError(f"{path} is malformed: {name} is labelled {label!r}, not FAKE or REAL.")
        original = entry.get("original")
        return Clip(safe.inside(path.parent, name, path), label == "FAKE", "DFDC" if label == "FAKE" else "real",
                    original=safe.inside(path.parent, original, path) if original and label == "FAKE" else None)


class CelebDF(_Clips):
    """Celeb-DF v2 (Li et al. 2020, https://arxiv.org/abs/1909.12962).

        Celeb-real/id0_0000.mp4   YouTube-real/00000.mp4 (or Youtube-real)   Celeb-synthesis/id0_id1_0000.mp4
        List_of_testing_videos.txt    lines "1 Celeb-real/id0_0000.mp4": here 1 is real; `labels` has 1 for fake

    split: "all", "test" (the list) or "train" (the rest). `target` and `source` are the celebrities' ids.
    """

    FOLDERS = {"celeb-real": False, "youtube-real": False, "celeb-synthesis": True}

    def __init__(self, root, split: str = "all"):
        self.root = safe.folder(root, "Celeb-DF")
        if split not in ("all", "train", "test"):
            raise ValueError(f"Unknown split {split!r}: it is all, train or test.")
        self._folders = {path.name.lower(): path for path in self.root.iterdir() if path.name.lower() in self.FOLDERS}
        clips = [self._clip(path) for _, folder in sorted(self._folders.items())
                 for path in safe.files_in(folder, safe.VIDEOS)]
        if split != "all":
            listed = self._listed()
            clips = listed if split == "test" else [clip for clip in clips
                                                    if clip.path not in {test.path for test in listed}]
        self._keep(clips, self.root)

    def _clip(self, path):
        people = [part for part in path.stem.split("_")[:2] if part.startswith("id")]
        fake = self.FOLDERS[path.parent.name.lower()]
        original = None
        if fake and len(people) == 2 and "celeb-real" in self._folders:
            original = self._folders["celeb-real"] / f"{people[0]}_{path.stem.split('_')[-1]}{path.suffix}"
        return Clip(path, fake, "Celeb-DF" if fake else "real", people[0] if people else None,
                    people[1] if len(people) == 2 else None, original)

    def _listed(self):
        path = self.root / "List_of_testing_videos.txt"
        clips = []
        for line in safe.lines(path):
            label, _, name = line.partition(" ")
            folder, _, file = name.strip().partition("/")
            if label not in ("0", "1") or folder.lower() not in self.FOLDERS or not file:
                raise ValueError(f"{path} is malformed: {line!r} is not 0 or 1 and a video of the set.")
            safe.inside(self.root, name.strip(), path)
            # The list may spell the folder otherwise than the disk does.
            clip = self._clip(self._folders.get(folder.lower(), self.root / folder) / file)
            if clip.fake != (label == "0"):
                raise ValueError(f"{path} contradicts the folders: {line!r} (1 is real).")
            clips.append(clip)
        return clips


def _spread(path, count):
    video = read_video(path)
    if count is None:
        return list(video)
    if count < 1:
        raise ValueError(f"At least one frame must be asked for, not {count}.")
    total = video.info.frames
    # The middle of each of `count` equal stretches: not the first frames, and never the very ends twice.
    wanted = set(((np.arange(count) + .5) * total / count).astype(int).tolist())
    return [frame for i, frame in enumerate(islice(video, max(wanted) + 1)) if i in wanted]
