"""Face sets: what the autoencoder learns from. All faces of a clip, aligned, with the masks of their hulls.

    ana = video_faces("ana.mp4", size=64)                   detected and followed from frame to frame; kept in the cache
    ana = performed_faces(person, 64, range(11, 59), 3)     a person of the cast, filmed in many lights; kept in the cache

Crops are wider than the network's input, so that the augmentation can turn and shift them without inventing pixels.
"""
import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from dflib import cast, faces, media
from dflib.cast.version import fingerprint
from dflib.faces.alignment import warp
from dflib.files import check_readable, replacing
from dflib.paths import cache_dir

MARGIN = 1.5                            # sides of crops, in sides of the network's input
FIRST = 11                              # seed of the first performance; those below are the shipped clips', not learned from
SECONDS = 5.0                           # of each performance


@dataclass(frozen=True, eq=False)
class FaceSet:
    """N faces. The middle 1 / MARGIN of a crop is what `faces.align` gives."""
    crops: np.ndarray       # (N, S, S, 3) uint8
    masks: np.ndarray       # (N, S, S) bool, hulls of the landmarks
    matrices: np.ndarray    # (N, 2, 3) from the picture's pixels to the crop's
    frames: np.ndarray      # (N,) numbers of the pictures that they were cut from

    def __len__(self):
        return len(self.crops)

    def tensor(self):
        """(N, 4, S, S) uint8: colours, and the mask as 0 or 255."""
        both = np.concatenate([self.crops, 255 * self.masks[..., None].astype(np.uint8)], 3)
        return torch.from_numpy(both).permute(0, 3, 1, 2).contiguous()


def cut(image, landmarks, size, margin=1.0):
    """(crop (S, S, 3) uint8, mask (S, S) bool, matrix (2, 3)) of one face, S = size * margin; errors as `faces.align`."""
    side = round(size * margin)
    matrix = faces.alignment_matrix(landmarks, size)
    matrix[:, 2] += (side - size) / 2
    mask = faces.hull_mask(faces.transform(landmarks, matrix), (side, side))
    return warp(image, matrix, (side, side)), mask, matrix


def face_set(pictures, size, follow):
    """The FaceSet of pictures (H, W, 3) uint8; `follow(picture) -> (landmarks (68, 2) or None, ...)` finds the face.

    Pictures without a face are left out; ValueError when there is none with one.
    """
    rows = []
    for number, image in enumerate(pictures):
        landmarks = follow(image)[0]
        if landmarks is not None:
            rows.append((*cut(image, landmarks, size, MARGIN), number))
    if not rows:
        raise ValueError("No face was found in these pictures.")
    return FaceSet(*map(np.array, zip(*rows)))


def video_faces(path, size, backend="dflib", progress=True):
    """The FaceSet of the largest face of a video, followed from frame to frame; cached by the file's contents.

    `backend` as for `faces.landmarks`. Raises what `media.read_video` raises, and ValueError for a video without a face.
    """
    from dflib.faces.follow import Follower

    path = check_readable(path, "video")
    name = f"{path.stem}-{size}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}-{backend}"

    def pictures():
        video = media.read_video(path)
        return tqdm(video, f"faces of {path.name}", video.info.frames, unit="frame", leave=False, disable=not progress)

    return _cached(name, lambda: face_set(pictures(), size, Follower(backend)))


def performed_faces(person, size, performances, fps, seconds=SECONDS, progress=True):
    """The FaceSet of a `cast.Person` who gives the performances of these seeds, found by dflib's own networks; cached.

    Each performance has another light, background, camera and play. Pictures are rendered at twice `size` pixels.
    """
    from dflib.faces.follow import Follower

    seeds = tuple(performances)
    recipe = hashlib.sha256(repr((fingerprint(), person.seed, seeds, seconds, fps)).encode()).hexdigest()[:12]

    def pictures():
        shots = (shot for seed in seeds for shot in cast.perform(seed, seconds, fps).shots)
        for shot in tqdm(shots, "filming", len(seeds) * round(seconds * fps), unit="frame", leave=False, disable=not progress):
            yield cast.render(person, shot, 2 * size).image

    return _cached(f"person-{person.seed}-{size}-{recipe}", lambda: face_set(pictures(), size, Follower()))


def _cached(name, make):
    """The FaceSet of this name from the cache, or made and kept there."""
    path = Path(cache_dir()) / "facesets" / f"{name}.npz"
    columns = [field.name for field in fields(FaceSet)]
    if path.exists():
        with np.load(path, allow_pickle=False) as stored:
            return FaceSet(*(stored[column] for column in columns))
    made = make()
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as temporary:
        np.savez(temporary, **{column: getattr(made, column) for column in columns})
    return made
