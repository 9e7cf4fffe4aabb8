"""Face sets: what the autoencoder learns from. All faces of a clip, aligned, with the masks of their hulls.

    ana = video_faces("ana.mp4", size=64)                   detected and followed from frame to frame; kept in the cache
    ana = performed_faces(person, 64, range(11, 59), 3)     a person of the cast, filmed in many lights; kept in the cache

Crops are wider than the network's input, so that the augmentation can turn and shift them without inventing pixels.
"""
import hashlib
from dataclasses import dataclass, fields

import cv2
import numpy as np
import torch
from tqdm.auto import tqdm

from dflib import cast, faces, media
from dflib.cast import renders
from dflib.faces.alignment import warp
from dflib.faces.finders import finders
from dflib.faces.landmarking import backend_used
from dflib.faces.points import GROUPS
from dflib.files import check_readable

MARGIN = 1.5                            # sides of crops, in sides of the network's input
FIRST = 11                              # seed of the first performance; those below are the shipped clips', not learned from
SECONDS = 5.0                           # of each performance


@dataclass(frozen=True, eq=False)
class FaceSet:
    """N faces. The middle 1 / MARGIN of a crop is what `faces.align` gives."""
    crops: np.ndarray       # (N, S, S, 3) uint8
    masks: np.ndarray       # (N, S, S) bool, hulls of the landmarks
    matrices: np.ndarray    # (N, 2, 3) from the picture's pixels to the crop's
    landmarks: np.ndarray   # (N, 68, 2) float32, pixels of the crop
    frames: np.ndarray      # (N,) numbers of the pictures that they were cut from

    def __len__(self):
        return len(self.crops)

    def tensor(self):
        """(N, 5, S, S) uint8: colours, the mask as 0 or 255, and `features` from 0 to 255."""
        extra = [np.stack([255 * mask.astype(np.uint8), features(points, len(mask))], 2)
                 for mask, points in zip(self.masks, self.landmarks)]
        return torch.from_numpy(np.concatenate([self.crops, extra], 3)).permute(0, 3, 1, 2).contiguous()


def together(*sets):
    """The faces of several FaceSets of one size as one; ``frames`` count on from set to set."""
    starts = np.cumsum([0] + [int(one.frames.max()) + 1 for one in sets])
    columns = {field.name: np.concatenate([getattr(one, field.name) for one in sets]) for field in fields(FaceSet)}
    return FaceSet(**{**columns, "frames": np.concatenate([one.frames + start for one, start in zip(sets, starts)])})


def cut(image, landmarks, size, margin=1.0):
    """(crop (S, S, 3) uint8, mask (S, S) bool, matrix (2, 3)) of one face, S = size * margin; errors as `faces.align`."""
    side = round(size * margin)
    matrix = faces.alignment_matrix(landmarks, size)
    matrix[:, 2] += (side - size) / 2
    mask = faces.hull_mask(faces.transform(landmarks, matrix), (side, side))
    return warp(image, matrix, (side, side)), mask, matrix


def features(landmarks, side):
    """(side, side) uint8: 255 on the eyes and the mouth of landmarks (68, 2), 0 elsewhere, with a soft edge around them."""
    picture, reach = np.zeros((side, side), np.uint8), side / 64
    for part in ("right_eye", "left_eye", "mouth"):
        hull = cv2.convexHull(np.asarray(landmarks, np.float32)[GROUPS[part]])
        cv2.fillConvexPoly(picture, np.rint(hull).astype(np.int32), 255)
    width = 2 * round(2 * reach) + 1
    return cv2.GaussianBlur(cv2.dilate(picture, np.ones((width, width), np.uint8)), (0, 0), reach)


def poses(landmarks):
    """What varies most in landmarks (N, 68, 2), as (N, 3): turn to the side, opening of the lips, opening of the lids.

    All in distances of the outer corners of the eyes; a turn is how far the nose's tip lies beside the middle between them.
    """
    points = np.asarray(landmarks, np.float64)
    across = points[:, 45] - points[:, 36]
    unit = across / (across ** 2).sum(1, keepdims=True)             # dividing by the length twice: shares of the distance

    def opening(upper, lower):
        return np.linalg.norm(points[:, upper] - points[:, lower], axis=2).mean(1) / np.linalg.norm(across, axis=1)

    turn = ((points[:, 30] - (points[:, 45] + points[:, 36]) / 2) * unit).sum(1)
    return np.stack([turn, opening([61, 62, 63], [67, 66, 65]), opening([37, 38, 43, 44], [41, 40, 47, 46])], 1)


def face_set(pictures, size, follow):
    """The FaceSet of pictures (H, W, 3) uint8; `follow(picture) -> (landmarks (68, 2) or None, ...)` finds the face.

    Pictures without a face are left out; ValueError when there is none with one.
    """
    rows = []
    for number, image in enumerate(pictures):
        landmarks = follow(image)[0]
        if landmarks is not None:
            crop, mask, matrix = cut(image, landmarks, size, MARGIN)
            rows.append((crop, mask, matrix, faces.transform(landmarks, matrix).astype(np.float32), number))
    if not rows:
        raise ValueError("No face was found in these pictures.")
    return FaceSet(*map(np.array, zip(*rows)))


def video_faces(path, size, backend="dflib", identity=None, progress=True):
    """The FaceSet of the largest face of a video, followed from frame to frame; cached by the file's contents.

    `backend` as for `faces.landmarks`; `identity` tells people apart, see `faces.follow.Follower`. Raises what
    `media.read_video` raises, and ValueError for a video without a face.
    """
    path, backend = check_readable(path, "video"), backend_used(backend)

    def pictures():
        video = media.read_video(path)
        return tqdm(video, f"faces of {path.name}", video.info.expected, unit="frame", leave=False, disable=not progress)

    depends = hashlib.sha256(path.read_bytes()).hexdigest()
    return _kept(path.stem, depends, pictures, size, backend, identity)


def performed_faces(person, size, performances, fps, seconds=SECONDS, progress=True):
    """The FaceSet of a `cast.Person` who gives the performances of these seeds, found by dflib's own networks; cached.

    Each performance has another light, background, camera and play. Pictures are rendered at twice `size` pixels.
    """
    seeds = tuple(performances)

    def pictures():
        shots = (shot for seed in seeds for shot in cast.perform(seed, seconds, fps).shots)
        for shot in tqdm(shots, "filming", len(seeds) * round(seconds * fps), unit="frame", leave=False, disable=not progress):
            yield cast.render(person, shot, 2 * size).image

    # The person as they are, and not their seed, which they keep when they are edited.
    return _kept(f"person-{person.seed}", (person, seeds, seconds, fps), pictures, size, "dflib")


def _kept(name, depends, pictures, size, backend, identity=None):
    """The FaceSet of `pictures()`, from the cache where it was made before with the same networks."""
    from dflib.faces.follow import Follower

    columns = [field.name for field in fields(FaceSet)]
    made = renders.kept("facesets", f"{name}-{size}", (depends, size, MARGIN, columns, *finders(backend, identity is not None)),
                        lambda: vars(face_set(pictures(), size, Follower(backend, identity))))
    return FaceSet(**made)
