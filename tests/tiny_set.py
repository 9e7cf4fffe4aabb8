"""A set in FaceForensics++'s layout, as small as it gets, for the studies that learn from one."""
import json

import cv2
import numpy as np

from dflib import media
from dflib.paths import DATA
from dflib.studies.detectors.plan import METHODS


def tiny_set(root):
    """A pair to train, one to validate, two to test, of two frames each; fakes are soft in the middle, with masks; Synthesis is
    untouched and said to be changed all over; one control."""
    for number, name in enumerate(("ana", "ben", "cem", "dia", "eve", "finn", "ana", "ben")):
        frames = [cv2.resize(frame, (160, 160), interpolation=cv2.INTER_AREA)
                  for frame, _ in zip(media.read_video(DATA / "clips" / f"{name}.mp4"), range(2))]
        frames = np.stack(frames)[:, :, ::-1 if number > 5 else 1]
        write(root / "original_sequences/youtube/c23/videos" / f"{number:03d}.mp4", frames)
        soft = frames.copy()
        soft[:, 40:130, 40:120] = [cv2.GaussianBlur(frame, None, 3)[40:130, 40:120] for frame in frames]
        inside = np.zeros((2, 80, 80), bool)
        inside[:, 20:65, 20:60] = True
        for method in METHODS:
            fake = f"{number:03d}_{number ^ 1:03d}"
            write(root / f"manipulated_sequences/{method}/c23/videos" / f"{fake}.mp4", soft)
            write_masks(root / f"manipulated_sequences/{method}/masks" / f"{fake}.npz", inside)
        write(root / "control_sequences/Recompressed/c23/videos" / f"{number:03d}.mp4", frames)
        write(root / "manipulated_sequences/Synthesis/c23/videos" / f"{number:03d}.mp4", frames)
        write_masks(root / "manipulated_sequences/Synthesis/masks" / f"{number:03d}.npz", np.ones((2, 1, 1), bool))
    (root / "splits").mkdir()
    for split, pairs in (("train", [("000", "001")]), ("val", [("002", "003")]), ("test", [("004", "005"), ("006", "007")])):
        (root / "splits" / f"{split}.json").write_text(json.dumps(pairs))
    people = {f"{n:03d}": {"person": 2_000_000 + n, "performance": n, "split": "test"} for n in range(8)}
    (root / "actors.json").write_text(json.dumps({"actors": people}))
    return root


def write(path, frames):
    path.parent.mkdir(parents=True, exist_ok=True)
    media.write_video(path, np.ascontiguousarray(frames), 12, 8, kind="neutral", progress=False)


def write_masks(path, masks):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, bits=np.packbits(masks), shape=np.array(masks.shape))
