"""Square crops around faces, cut in one place so that real faces and fakes are cut alike.

As in FaceForensics++ (Rössler et al. 2019): a square of 1.3 times the longer side of the face's box, inside the picture.
A fake is cut by the boxes of its *original*: boxes found in each would differ by a pixel here and there, and a detector
would learn that.
"""
import hashlib
from pathlib import Path

import cv2
import numpy as np

from dflib.cast.renders import kept
from dflib.faces.finders import finders
from dflib.faces.follow import tracks
from dflib.media import read_video
from dflib.pictures import resized

MARGIN = 1.3
NEAR = 0.1              # a square whose side is that near to the one asked for, as a share, is not resampled
LONGEST_GAP = 12        # pictures without a found face in which its place is taken from those before and after


def square_box(box, shape, margin: float = MARGIN) -> np.ndarray:
    """(4,) int x0 y0 x1 y1, exclusive ends: a square around `box` (x0 y0 x1 y1), `margin` times its longer side.

    shape: of the picture, (H, W, …). It is as large as the picture allows, and moved inside where it reaches beyond.
    ValueError for a box without an area, or beside the picture.
    """
    x0, y0, x1, y1 = (float(value) for value in box)
    height, width = shape[:2]
    if not (x0 < x1 and y0 < y1 and x1 > 0 and y1 > 0 and x0 < width and y0 < height):      # NaN as well
        raise ValueError(f"The box {x0:g}, {y0:g}, {x1:g}, {y1:g} covers nothing of a picture of {width} x {height}.")
    side = min(max(1, round(margin * max(x1 - x0, y1 - y0))), width, height)
    left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
    left, top = min(max(left, 0), width - side), min(max(top, 0), height - side)
    return np.array([left, top, left + side, top + side])


def cut(picture: np.ndarray, box, size: "int | None" = None, margin: float = MARGIN, native: bool = False) -> np.ndarray:
    """The square around a face's box (x0 y0 x1 y1) in a picture (H, W, 3) uint8; resized if a size is given.

    Resampling washes out traces. So a square whose side is within a tenth of the size is not resized: the `size` x `size`
    pixels around its centre are taken as they are. native: always so; of a large face that is the middle, and a picture
    smaller than `size` is continued by its mirror image.
    """
    x0, y0, x1, y1 = square_box(box, picture.shape, margin)
    if size is None:
        return np.ascontiguousarray(picture[y0:y1, x0:x1])
    if native or _taken_as_it_is(x1 - x0, picture.shape, size):
        return _as_it_is(picture, (x0 + x1) // 2, (y0 + y1) // 2, size)
    return resized(picture[y0:y1, x0:x1], size)


def shown_square(box, shape, size: int, margin: float = MARGIN) -> np.ndarray:
    """(4,) int x0 y0 x1 y1: the part of a picture of a `shape` (H, W, …) that `cut` shows, where it is not native."""
    x0, y0, x1, y1 = square_box(box, shape, margin)
    if _taken_as_it_is(x1 - x0, shape, size):
        x0, y0 = _corner((x0 + x1) // 2, (y0 + y1) // 2, shape, size)
        x1, y1 = x0 + size, y0 + size
    return np.array([x0, y0, x1, y1])


def _taken_as_it_is(side: int, shape, size: int) -> bool:
    return abs(side - size) <= NEAR * size and min(shape[:2]) >= size


def _corner(x: int, y: int, shape, size: int) -> tuple:
    """Left and top of `size` x `size` pixels around (x, y), moved inside."""
    height, width = shape[:2]
    return min(max(x - size // 2, 0), width - size), min(max(y - size // 2, 0), height - size)


def _as_it_is(picture: np.ndarray, x: int, y: int, size: int) -> np.ndarray:
    """`size` x `size` pixels around (x, y), moved inside the picture, or of a mirrored one where it is smaller."""
    lacking = [max(0, size - side) for side in picture.shape[:2]]
    if any(lacking):
        (top, bottom), (left, right) = ((lack // 2, lack - lack // 2) for lack in lacking)
        picture = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_REFLECT_101)
        x, y = x + left, y + top
    left, top = _corner(x, y, picture.shape, size)
    return np.ascontiguousarray(picture[top:top + size, left:left + size])


def boxes_of(pictures, count: "int | None" = None, identity=None) -> np.ndarray:
    """(T, 4) box of the main face in each of the pictures, followed through them; NaN where there is none.

    Up to LONGEST_GAP pictures in which it was missed are filled with what lies between. count: T, by default the number
    of pictures, which are then all kept in memory. identity: tells people apart, see `follow.Follower`; without it somebody
    who comes after a cut is taken for the main person.
    """
    if count is None:
        pictures = list(pictures)
        count = len(pictures)
    boxes = np.full((count, 4), np.nan)
    for track in tracks(pictures, identity=identity):
        boxes[track.frames] = track.boxes
    return filled(boxes)


def filled(boxes: np.ndarray, longest_gap: int = LONGEST_GAP) -> np.ndarray:
    """Boxes (T, 4) with straight lines through gaps of NaN of at most `longest_gap`; none before the first or after the
    last."""
    known = np.flatnonzero(~np.isnan(boxes[:, 0]))
    boxes = boxes.copy()
    for before, after in zip(known, known[1:]):
        if 1 < after - before <= longest_gap + 1:
            share = np.arange(1, after - before)[:, None] / (after - before)
            boxes[before + 1:after] = (1 - share) * boxes[before] + share * boxes[after]
    return boxes


def clip_boxes(path, identity=None) -> np.ndarray:
    """`boxes_of` the video at `path`, (T, 4); found once, and kept in the cache by the contents of the file and of the networks."""
    video = read_video(path)
    depends = (hashlib.sha256(Path(path).read_bytes()).hexdigest(), LONGEST_GAP, finders(identity=identity is not None))
    return kept("boxes", Path(path).stem, depends, lambda: {"boxes": boxes_of(video, len(video.times), identity)})["boxes"]


def clip_crops(path, size: int, boxes: "np.ndarray | None" = None, margin: float = MARGIN) -> tuple:
    """Numbers (N,) of the pictures of a video that show a face, and its crops (N, size, size, 3) uint8.

    boxes (T, 4), NaN where nobody is: by default `clip_boxes` of this video. For a fake give those of its original; the
    shorter of the two decides how many there are.
    """
    boxes = clip_boxes(path) if boxes is None else boxes
    numbers, crops = [], []
    for number, (picture, box) in enumerate(zip(read_video(path), boxes)):
        if not np.isnan(box[0]):
            numbers.append(number)
            crops.append(cut(picture, box, size, margin))
    return np.array(numbers, int), np.array(crops, np.uint8).reshape(len(crops), size, size, 3)
