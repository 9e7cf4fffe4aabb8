"""Published sets of manipulated videos as they lie on disk: FaceForensics++, DFDC, Celeb-DF. Nothing is downloaded."""
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
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
    mask: "Path | None" = None      # a video of the changed region, or its bits as `make forensics` keeps them (.npz)

    def frames(self, count: "int | None" = None) -> list:
        """`count` frames spread evenly over the whole video (all of a shorter one, or without it), (H, W, 3) uint8."""
        return _at(self.path, _numbers(read_video(self.path).info.frames, count))

    def masks(self, count: "int | None" = None) -> list:
        """The masks of the same frames, (H, W) bool at the frames' size.

        ValueError when there is no mask video, or one that is shorter than the video: see `masked_frames`.
        FaceForensics++ ships a filled box for Deepfakes: |frame - original| is the better truth there.
        """
        frames, masks = self._lengths()
        if masks < frames:
            raise ValueError(f"The mask {self.mask} has {masks} frames, but {self.path} has {frames}.")
        return self.masks_at(_numbers(frames, count))

    def masked_frames(self, count: "int | None" = None) -> tuple:
        """(frames, masks) as from `frames` and `masks`, of the part of the video that has masks: some end before their video.

        A real clip's masks are empty. ValueError for a fake without a mask video.
        """
        if not self.fake:
            frames = self.frames(count)
            return frames, [np.zeros(frame.shape[:2], bool) for frame in frames]
        numbers = _numbers(min(self._lengths()), count)
        return _at(self.path, numbers), self.masks_at(numbers)

    def original_frames(self, count: "int | None" = None) -> list:
        """The untouched frames of the same numbers as `frames` gives: fakes are made frame by frame, whatever rate they state.

        ValueError when the original is not known or ends before, FileNotFoundError when it is not there.
        """
        if self.original is None:
            raise ValueError(f"The original of {self.path} is not known.")
        numbers = _numbers(read_video(self.path).info.frames, count)
        frames = _at(self.original, numbers)
        if len(frames) < len(numbers):
            raise ValueError(f"The original {self.original} ends before frame {max(numbers)} of {self.path}.")
        return frames

    def _lengths(self):
        if self.mask is None:
            raise ValueError(f"{self.path} comes without a mask.")
        frames = read_video(self.path).info.frames
        return frames, len(bits_of(self.mask)) if self.mask.suffix == ".npz" else read_video(self.mask).info.frames

    def masks_at(self, numbers) -> list:
        """The masks of the pictures of these numbers, (H, W) bool at the frames' size, as many of them as there are masks for."""
        height, width = read_video(self.path).info.size
        if self.mask.suffix == ".npz":
            bits = bits_of(self.mask)
            masks = bits[[number for number in numbers if number < len(bits)]]
        else:
            masks = (frame.max(axis=2) > 127 for frame in _at(self.mask, numbers))
        return [cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST_EXACT) > 0 for mask in masks]


def bits_of(path) -> np.ndarray:
    """Masks (T, H, W) bool of a file of `make forensics`. ValueError for another kind of file."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            shape = tuple(stored["shape"])
            return np.unpackbits(stored["bits"])[:np.prod(shape)].reshape(shape).astype(bool)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{path} holds no masks.") from error


class _Clips:
    """A list of clips. `missing` are files and folders of the set that the copy lacks; a warning says so in one sentence."""
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

    def _keep(self, clips, root, absent=()):
        """Keep the clips whose files are there; `absent` are folders and lists that should be and are not."""
        self.clips = [clip for clip in clips if clip.path.is_file()]
        self.missing = [*absent, *(clip.path for clip in clips if not clip.path.is_file())]
        if not self.clips:
            raise FileNotFoundError(f"{root} holds none of the videos asked for"
                                    + (f", such as {self.missing[0]}." if self.missing else "."))
        safe.say_missing(root, self.missing, "files")


class FaceForensics(_Clips):
    """FaceForensics++ (Rössler et al. 2019, https://arxiv.org/abs/1901.08971).

        original_sequences/youtube/<compression>/videos/000.mp4
        manipulated_sequences/<method>/<compression>/videos/<target>_<source>.mp4   and   <method>/masks/videos/
        splits/{train,val,test}.json    lists of pairs of ids
        original_sequences/actors/<compression>/videos/<target>__<scene>.mp4        the actors of DeepFakeDetection
        manipulated_sequences/DeepFakeDetection/<compression>/videos/<target>_<source>__<scene>__<code>.mp4

    split: "all" takes whatever is there; "train", "val" and "test" follow the lists (in `splits`, by default
    root/splits), each with both people of a pair, so that nobody is in two of them; a list that breaks this is refused.
    The lists know nothing of DeepFakeDetection, whose clips are in "all" only. A method in which nobody else takes part has
    files named after the target alone; those of SYNTHETIC show nobody's video, so they have neither target nor original.
    compression: "raw" (or "c0", as older copies call it), "c23" or "c40". methods: names of folders below
    manipulated_sequences, by default the paper's four; those that are not there are `missing`.
    """

    METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")    # the paper's four
    LATER = ("FaceShifter", "DeepFakeDetection")                          # which the authors' script fetches as well
    SYNTHETIC = ("Synthesis",)                                            # made from nothing
    SPLITS = ("train", "val", "test")

    def __init__(self, root, split: str = "all", compression: str = "c23", methods=METHODS, splits=None):
        self.root = safe.folder(root, "FaceForensics++")
        if split not in ("all", *self.SPLITS):
            raise ValueError(f"Unknown split {split!r}: it is all, train, val or test.")
        if compression not in ("raw", "c0", "c23", "c40"):
            raise ValueError(f"Unknown compression {compression!r}: it is raw, c23 or c40.")
        self._compression = compression
        self._check(methods, split)
        folders = {method: self._videos(f"manipulated_sequences/{method}") for method in methods}
        originals = {method: self._videos(f"original_sequences/{'actors' if method == 'DeepFakeDetection' else 'youtube'}")
                     for method in methods or self.METHODS}
        if split == "all":
            clips = [self._real(path) for folder in dict.fromkeys(originals.values()) for path in safe.files_in(folder, safe.VIDEOS)]
            clips += [self._fake(path, method, originals[method]) for method, folder in folders.items()
                      for path in safe.files_in(folder, safe.VIDEOS)]
            absent = [folder for folder in dict.fromkeys([*originals.values(), *folders.values()]) if not folder.is_dir()]
        else:
            self.pairs = self._pairs(Path(splits) if splits else self.root / "splits")[split]
            clips = [self._real(folder / f"{one}.mp4") for folder in dict.fromkeys(originals.values())
                     for pair in self.pairs for one in pair]
            clips += [self._fake(self._named(folder, target, source), method, originals[method])
                      for method, folder in folders.items()
                      for a, b in self.pairs for target, source in ((a, b), (b, a))]
            absent = []
        self._keep(clips, self.root, absent)

    def _check(self, methods, split):
        sequences = self.root / "manipulated_sequences"
        there = sorted(path.name for path in sequences.iterdir() if path.is_dir()) if sequences.is_dir() else []
        for method in methods:
            if method not in (*self.METHODS, *self.LATER, *there):
                known = ", ".join(dict.fromkeys((*self.METHODS, *self.LATER, *there)))
                raise ValueError(f"Unknown method {method!r}: there are {known}.")
        if split != "all" and "DeepFakeDetection" in methods:
            raise ValueError("The lists of FaceForensics++ do not split the actors of DeepFakeDetection: "
                             "its clips are in the split 'all'.")

    def _videos(self, part):
        """The folder of a part's videos, which may not be there."""
        names = ("raw", "c0") if self._compression in ("raw", "c0") else (self._compression,)
        folders = [self.root / part / name / "videos" for name in names]
        return next((folder for folder in folders if folder.is_dir()), folders[0])

    @staticmethod
    def _real(path):
        return Clip(path, fake=False, method="real", target=path.stem.split("__")[0])

    @staticmethod
    def _named(folder, target, source):
        alone = folder / f"{target}.mp4"
        return alone if alone.is_file() else folder / f"{target}_{source}.mp4"

    def _fake(self, path, method, originals):
        people, *scene = path.stem.split("__")[:2]                # DeepFakeDetection: 01_02__exit_phone_room__YVGY8LOK
        target, _, source = people.partition("_")
        masks = self.root / "manipulated_sequences" / method / "masks"
        mask = masks / f"{path.stem}.npz" if (masks / f"{path.stem}.npz").is_file() else masks / "videos" / path.name
        mask = mask if mask.is_file() else None
        if method in self.SYNTHETIC:
            return Clip(path, True, method, mask=mask)
        return Clip(path, True, method, target, source or None, originals / f"{'__'.join([target, *scene])}{path.suffix}", mask)

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
    people: keep them together with `data.groups` (N,), the name of the original, and scikit-learn's GroupKFold. The list of
    a part that lacks one is `missing`, and its videos are left out.
    """

    def __init__(self, root):
        self.root = safe.folder(root, "DFDC")
        lists = sorted([*self.root.glob("metadata.json"), *self.root.glob("*/metadata.json")])
        if not lists:
            raise FileNotFoundError(f"Neither {self.root} nor a folder in it holds a metadata.json.")
        # Without its list nothing is known of a part: its videos cannot be used, but it is not passed over in silence. Test videos
        # have none.
        parts = sorted(path for path in self.root.iterdir() if path.is_dir() and not path.name.startswith((".", "test_videos")))
        unlisted = [part / "metadata.json" for part in parts
                    if part / "metadata.json" not in lists and any(path.suffix.lower() in safe.VIDEOS for path in part.iterdir())]
        self._keep([self._clip(path, name, entry) for path in lists
                    for name, entry in safe.json_of(path, dict).items()], self.root, unlisted)
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

    split: "all", "test" (the list) or "train" (the rest). `target` and `source` are the celebrities' ids. Folders that are
    not there are `missing`.
    """

    FOLDERS = {"celeb-real": False, "youtube-real": False, "celeb-synthesis": True}

    def __init__(self, root, split: str = "all"):
        self.root = safe.folder(root, "Celeb-DF")
        if split not in ("all", "train", "test"):
            raise ValueError(f"Unknown split {split!r}: it is all, train or test.")
        self._folders = {path.name.lower(): path for path in self.root.iterdir() if path.name.lower() in self.FOLDERS}
        absent = [self.root / name for name in ("Celeb-real", "YouTube-real", "Celeb-synthesis") if name.lower() not in self._folders]
        clips = [self._clip(path) for _, folder in sorted(self._folders.items())
                 for path in safe.files_in(folder, safe.VIDEOS)]
        if split != "all":
            listed = self._listed()
            clips = listed if split == "test" else [clip for clip in clips
                                                    if clip.path not in {test.path for test in listed}]
        self._keep(clips, self.root, absent)

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


def _numbers(total, count):
    """The numbers of `count` of `total` frames, in order: the middle of each of `count` equal stretches, or all for None."""
    if count is None:
        return list(range(total))
    if count < 1:
        raise ValueError(f"At least one frame must be asked for, not {count}.")
    return sorted(set(((np.arange(count) + .5) * total / count).astype(int).tolist()))


def _at(path, numbers):
    """The frames of these numbers, as many of them as the video has."""
    wanted = set(numbers)
    return [frame for i, frame in enumerate(islice(read_video(path), max(numbers) + 1)) if i in wanted]
