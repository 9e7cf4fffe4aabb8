"""Faces cut out of a forensics set, once: what the networks of the comparison learn from and are tested on."""
import hashlib
from pathlib import Path

import numpy as np

from dflib.cast.renders import kept
from dflib.datasets import FaceForensics, crops_of, safe
from dflib.datasets.crops import FaceCrops
from dflib.datasets.forensics import Clip
from dflib.faces.crops import LONGEST_GAP, MARGIN, NEAR
from dflib.faces.finders import finders
from dflib.studies.detectors.plan import METHODS

BEGINNING = 1 << 16     # bytes of a file that name it, with its length
#: Method -> control: real clips that passed the same resampling as its fakes. Learned beside others, the resampling would be learned.
PARTNERS = {"Synthesis": "Enlarged"}
MASK = 32               # px: sides of the masks that are kept, each field the share of it that was changed


def clips_of(root, split: str, compression: str, methods=METHODS) -> list:
    """The clips of a split, those that are there, in training with the PARTNERS of methods; raises what `FaceForensics` raises."""
    found = FaceForensics(root, split, compression, methods)
    people = {one for pair in found.pairs for one in pair}
    partners = [path for method, control in PARTNERS.items() if method in methods and split == "train"
                for path in safe.files_in(safe.folder(root, "FaceForensics++") / "control_sequences" / control / compression / "videos",
                                          safe.VIDEOS) if path.stem in people]
    return [*found, *(Clip(path, False, path.parts[-4], path.stem) for path in partners)]


def others_of(root, compression: str, methods=METHODS) -> dict:
    """name -> clips of test people that no network learned from: controls, and manipulations that are not in `methods`.

    Empty for a set that has none, as FaceForensics++ itself.
    """
    root, found = safe.folder(root, "FaceForensics++"), {}
    tested = {one for pair in FaceForensics(root, "test", compression, ()).pairs for one in pair}
    for part in ("control_sequences", "manipulated_sequences"):
        for folder in sorted((root / part).glob("*")):
            paths = safe.files_in(folder / compression / "videos", safe.VIDEOS) if folder.name not in methods else []
            clips = [_other(root, folder.name, compression, path) for path in paths
                     if path.stem.split("_")[0] in tested]
            if clips:
                found[folder.name] = clips
    return found


def _other(root, name: str, compression: str, path: Path) -> Clip:
    target, _, source = path.stem.partition("_")
    if name in FaceForensics.SYNTHETIC:        # shows nobody of the set: its faces are looked for in itself
        return Clip(path, True, name)
    original = root / "original_sequences/youtube" / compression / "videos" / f"{target}{path.suffix}"
    return Clip(path, True, name, target, source or None, original)


def name_of(clips, *settings) -> str:
    """12 hexadecimal digits that name clips by their paths, lengths and beginnings, and how faces are cut out of them."""
    named = hashlib.sha256(repr((settings, LONGEST_GAP, MARGIN, NEAR, finders())).encode())
    for clip in sorted(clips, key=lambda clip: clip.path):
        with open(clip.path, "rb") as file:
            beginning = file.read(BEGINNING)
        told = (*clip.path.parts[-4:], clip.path.stat().st_size, clip.method, clip.mask is None)
        named.update(repr(told).encode() + beginning)
    return named.hexdigest()[:12]


def cut_out(clips, size: int, frames: int, native: bool) -> FaceCrops:
    """`crops_of` these clips, from the cache where that was done before; masks as shares of MASK x MASK fields."""
    def make():
        crops = crops_of(clips, size, frames, native=native)
        columns = {name: getattr(crops, name) for name in ("pictures", "kinds", "groups", "originals", "clips")}
        return columns | ({} if crops.masks is None else {"masks": shares(crops.masks)})
    return FaceCrops(**kept("crops", f"{clips[0].method}-{size}", (name_of(clips, size, frames, native),), make))


def shares(masks: np.ndarray) -> np.ndarray:
    """(N, S, S) bool -> (N, MASK, MASK) float32, the changed share of each field; smaller masks stay as they are."""
    side = masks.shape[1]
    if side % MASK or side < MASK:
        return masks.astype(np.float32)
    step = side // MASK
    return masks.reshape(len(masks), MASK, step, MASK, step).mean((2, 4), dtype=np.float32)
