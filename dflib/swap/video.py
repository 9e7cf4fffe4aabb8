"""Lesson 04's face swap on whole videos: from a picture or clip of one person onto every frame of another's.

The target is read twice: once to find and fit its faces, once to change its frames, so that no video has to fit into
memory. Its sound is copied. Only one face is changed, the largest at first, which is followed from frame to frame.
"""
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_fill_holes
from tqdm.auto import tqdm

from dflib import faces, media
from dflib.cast import head_model
from dflib.faces.detection import overlap
from dflib.files import check_readable
from dflib.swap import blend, fit, texture
from dflib.swap.clip import fit_clip

BLENDS = ("feather", "poisson")
VIDEOS = (".mp4", ".mov", ".mkv", ".m4v", ".webm", ".avi")      # what else is a picture
SAME = 0.3          # overlap of two boxes from which they hold the same face
LONGEST = 250       # frames fitted together: the time grows with their number, memory too
TEXTURES = 32       # source frames kept, spread over the clip
NOISE = 0.015       # of the landmarks, in distances between the eyes; measured on the shipped clips
FEATHER = 0.1       # width of the soft edge, in widths of the face
INSIDE = 0.03       # how far Poisson's edge lies within the face, the same: hair at the edge would bleed into the skin


@dataclass(frozen=True)
class SwappedVideo:
    """How a swap went: ``frames`` written, and how many of them had no face and were left as they were."""
    frames: int
    without_face: int


def faceswap_video(source, target, destination, blend_by="feather", backend="dflib", progress=True) -> SwappedVideo:
    """Write the video ``target`` to ``destination`` with the face of ``source``, a picture or video, on its main face.

    Each frame takes its skin from the source frame whose head is turned most alike. ``blend_by`` is "feather" or
    "poisson", after matching the mean colour; ``backend`` as for `faces.landmarks` (dflib's own network marks the fixed
    places of the jaw that the model has). Frames without a face are copied. The result is labelled as a composite, and
    marked visibly unless source and target are both labelled as rendered, that is, show nobody. It has the target's mean
    frame rate and appears whole or not at all. Raises FileNotFoundError, OSError, and ValueError for a target that is no
    video, no face in either, another ``blend_by``, and what `media.write_video` refuses.
    """
    source, target, destination = check_readable(source, "source"), check_readable(target, "target"), Path(destination)
    if blend_by not in BLENDS:
        raise ValueError(f"blend_by must be one of {', '.join(BLENDS)}, not {blend_by!r}.")
    if target.suffix.lower() not in VIDEOS:
        raise ValueError(f"The target {target} is no video: its name must end in {', '.join(VIDEOS)}.")
    if destination.resolve() in (source.resolve(), target.resolve()):
        raise ValueError(f"{destination} is an input, which would be overwritten.")
    if destination.is_dir():
        raise IsADirectoryError(f"{destination} is a folder, so no video can be written there.")
    if destination.parent.is_dir() and not os.access(destination.parent, os.W_OK):
        raise PermissionError(f"The folder {destination.parent} may not be written to by this user.")
    video, left = media.read_video(target), []

    def swapped():
        model = fit.as_face_model(head_model())
        skin = _Skin(model, source, backend, progress)
        fits, textures = _fit_target(model, skin, video, backend, progress)
        for number, image in enumerate(tqdm(video, "swapping", len(fits), unit="frame", leave=False, disable=not progress)):
            if fits[number] is None:
                left.append(number)
                yield image
            else:
                placed = fit.place(model, fits[number])[0]
                face, mask = texture.transfer(model, *skin[textures[number]], placed, image.shape)
                yield blended(face, image, mask, blend_by)

    nobody = all(label is not None and label.kind == "rendered" for label in map(media.read_label, (source, target)))
    count = media.write_video(destination, swapped(), fps=video.info.fps, kind="composite", visible_mark=not nobody,
                              audio_from=target if video.info.has_audio else None, progress=False,
                              note=f"face swapped: 3-D model, {blend_by}")
    return SwappedVideo(count, len(left))


def blended(face, image, mask, blend_by="feather"):
    """``image`` (H, W, 3) uint8 with ``face``, of the same kind, put in where ``mask`` (H, W) bool is set.

    The mask's holes, eyes and mouth, stay the image's own, and only its outer edge is blended: Poisson editing would
    otherwise force the lids to the whites of the eyes.
    """
    mounted = np.where(mask[..., None], blend.match_color(face, image, mask), image)
    whole = binary_fill_holes(mask)
    width = np.count_nonzero(whole.any(0))
    if blend_by == "poisson":
        return blend.poisson(mounted, image, blend.shrink(whole, max(1, round(INSIDE * width))))
    return blend.feather(mounted, image, whole, max(2.0, FEATHER * width))


class _Skin:
    """The frames of the source that show its face; by number, (picture, model's vertices (V, 3) in it)."""

    def __init__(self, model, path, backend, progress):
        if path.suffix.lower() in VIDEOS:
            pictures = media.read_video(path)
            step = -(-(pictures.info.frames or 1) // TEXTURES)
        else:
            pictures, step = [media.read_image(path)], 1
        follow, kept = Follower(backend), []
        for number, image in enumerate(tqdm(pictures, "source", unit="frame", leave=False, disable=not progress)):
            if number % step == 0:
                kept.append((image, follow(image)[0]))
            if len(kept) > TEXTURES:        # longer than its header said
                kept, step = kept[::2], 2 * step
        kept = [(image, points) for image, points in kept if points is not None]
        if not kept:
            raise ValueError(f"No face was found in the source {path}.")
        self._model, self._pictures = model, [image for image, _ in kept]
        points = np.array([points for _, points in kept])
        self.fit = fit_clip(model, points, smoothing=0, prior=_noise(points))       # frames here are not neighbours

    def __getitem__(self, number):
        return self._pictures[number], fit.place(self._model, self.fit[number:number + 1])[0]


class Follower:
    """One face followed through a clip: called with each picture in turn."""

    def __init__(self, backend="dflib"):
        self._backend, self._last, self._others = backend, None, []

    def __call__(self, image):
        """(landmarks (68, 2) of the face or None, whether it is the one of the picture before)."""
        boxes = faces.detect(image)
        shared = [0.0 if self._last is None else overlap(box, self._last) for box in boxes]
        same = max(shared, default=0) > SAME
        if same:
            chosen = int(np.argmax(shared))
        else:       # a cut, or a quick move; but who stood beside the lost face does not become it
            new = [i for i, box in enumerate(boxes) if all(overlap(box, other) <= SAME for other in self._others)]
            chosen = new[0] if new else None
        self._others = [box for i, box in enumerate(boxes) if i != chosen]
        if chosen is None:
            return None, False
        self._last = boxes[chosen]
        return faces.landmarks(image, self._backend, boxes[chosen:chosen + 1])[0], same


def _fit_target(model, skin, video, backend, progress):
    """For each frame of ``video``: its Fit of one face, or None, and the number of the skin that suits it."""
    follow, runs, count = Follower(backend), [], 0
    for image in tqdm(video, "finding faces", video.info.frames, unit="frame", leave=False, disable=not progress):
        points, same = follow(image)
        if points is not None:
            goes_on = same and runs and runs[-1][0] + len(runs[-1][1]) == count and len(runs[-1][1]) < LONGEST
            if not goes_on:
                runs.append((count, []))
            runs[-1][1].append(points)
        count += 1
    if not runs:
        raise ValueError(f"No face was found in the target {video.path}.")
    fits, textures = [None] * count, [None] * count
    for start, points in tqdm(runs, "fitting", unit="run", leave=False, disable=not progress):
        points = np.array(points)
        fitted = fit_clip(model, points, prior=_noise(points))
        for i, number in enumerate(texture.nearest_pose(skin.fit, fitted)):
            fits[start + i], textures[start + i] = fitted[i:i + 1], int(number)
    return fits, textures


def _noise(points):
    """Standard deviation in pixels to be expected of landmarks (T, 68, 2)."""
    return NOISE * float(np.median(faces.interocular(points)))
