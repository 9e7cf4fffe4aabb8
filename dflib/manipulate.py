"""Changing the faces of whole videos: one loop for every method (`Method`), which swaps, reenacts or edits a face.

The target is read twice: once to follow its face, once to change its frames, so that no video has to fit into memory.
Its sound is copied. One face is changed, the largest at first, or all; each is followed from frame to frame and told from the
others by the identity network, so that after a look away, a miss or a cut nobody is taken for somebody else.
"""
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm.auto import tqdm

from dflib import media
from dflib.faces.follow import Follower, tracks
from dflib.files import check_readable
from dflib.metrics.identity import identities

LOOKS = 32          # frames of a clip from which a person is learned, spread over it
LONGEST = 250       # frames fitted together: the time grows with their number, memory too


class Method(Protocol):
    """A way of changing faces: what `manipulate_video` asks of swapping, reenacting and editing alike.

    Where several faces are changed, each has a shallow copy, made after `learn`, that is prepared for it alone.
    """

    kind: str           # of the label, and
    note: str           # what it says besides (see `media.write_video`)

    def learn(self, source, target, follow, progress):
        """Look at both Videos before anything else; ``source`` is None for a method that needs none.

        ``follow(picture) -> (landmarks (68, 2) or None, whether the face is the one of the picture before)`` is new.
        """

    def prepare(self, runs, progress):
        """Hear where the target's face is: ``runs`` as from `follow_face`."""

    def changed(self, number, image):
        """Frame ``number`` of the target, ``image`` (H, W, 3) uint8, with another face; asked only where there is one."""


@dataclass(frozen=True)
class ManipulatedVideo:
    """How it went: ``frames`` written, how many of them had no face and were left as they were, and ``remarks``, pairs
    (path, sentence) about what is unusual in the files that were read."""
    frames: int
    without_face: int
    remarks: tuple


def manipulate_video(method: Method, target, destination, source=None, backend="dflib", mask=None, which="largest",
                     progress=True) -> ManipulatedVideo:
    """Write the video ``target`` to ``destination`` with faces changed by ``method``, after ``source`` if it needs one.

    source (a picture or a video) and target (a video) are paths, or Videos as from `media.record`. ``backend`` as for
    `faces.landmarks` (dflib's own network marks the fixed places of the jaw that the model has). ``which``: "largest", the
    person whose face is the largest in the first frame with one, and nobody else, or "all". Frames without it are copied.
    ``mask`` names a second video to write, without loss: |output - original| of every frame (`media.difference`), 0 where
    nothing was changed. The result is labelled, and marked visibly unless source and target are both labelled as rendered,
    that is, show nobody. Each frame keeps its time. The result appears whole or not at all. Raises
    FileNotFoundError, OSError, and ValueError, before any work is done, for a target that is no video and what
    `media.check_writing` refuses; then for no face in either and what the method refuses.
    """
    files = [check_readable(thing, what) for thing, what in ((source, "source"), (target, "target"))
             if thing is not None and not isinstance(thing, media.Video)]
    if not isinstance(target, media.Video) and Path(target).suffix.lower() not in media.VIDEOS_READ:
        raise ValueError(f"The target {target} is no video: its name must end in {', '.join(media.VIDEOS_READ)}.")
    nobody = all(_is_rendered(thing) for thing in (source, target) if thing is not None)
    source, video = None if source is None else _open(source), _open(target)
    sound = video if video.info.has_audio else None
    _check_output(Path(destination), files, video.info.size, sound)
    if mask is not None:
        _check_output(Path(mask), [*files, Path(destination)], video.info.size)
    method.learn(source, video, follower(backend), progress)
    people, count = follow_faces(video, which, backend, progress)
    if not people:
        raise ValueError(f"No face was found in the target {video.path}.")
    changers = []                       # for each person a method, and the frames that show the person
    for number, runs in enumerate(people):
        one = copy(method) if number else method
        one.prepare(runs, progress)
        changers.append((one, {start + i for start, points in runs for i in range(len(points))}))
    with_face = set.union(*(shown for _, shown in changers))
    with ExitStack() as outputs:
        write_mask = mask is not None and outputs.enter_context(media.video_writer(
            mask, video.info.fps, kind=method.kind, note=method.note and f"change by: {method.note}"))
        write = outputs.enter_context(media.video_writer(
            destination, video.info.fps, audio_from=sound, kind=method.kind, note=method.note, visible_mark=not nobody))
        frames = tqdm(video.timed(), "changing faces", count, unit="frame", leave=False, disable=not progress)
        for number, (time, image) in enumerate(frames):
            result = image
            for one, shown in changers:
                result = one.changed(number, result) if number in shown else result
            write(result, time)
            if write_mask:
                write_mask(media.difference(result, image), time)
    remarks = tuple((clip.path, remark) for clip in (source, video) if clip for remark in clip.remarks)
    return ManipulatedVideo(count, count - len(with_face), remarks)


def follower(backend="dflib"):
    """A new `Follower` that tells people apart by the identity network."""
    return Follower(backend, identities)


def follow_face(video, backend="dflib", progress=True):
    """Where the main face of ``video`` is: runs of neighbouring frames, none without a face, and the number of all frames.

    A run is a pair (number of its first frame, landmarks (T, 68, 2)) of at most LONGEST frames that show the same face.
    """
    people, count = follow_faces(video, "largest", backend, progress)
    return people[0] if people else [], count


def follow_faces(video, which="all", backend="dflib", progress=True):
    """Such runs for each person in turn, in order of appearance, and the number of all frames; which: see `follow.tracks`."""
    count = 0

    def counted():
        nonlocal count
        for image in tqdm(video, "finding faces", video.info.expected, unit="frame", leave=False, disable=not progress):
            count += 1
            yield image

    found = tracks(counted(), which, backend, identities)
    return [track.runs(LONGEST) for track in found], count


def looks(video, follow, progress=True):
    """(pictures (N, H, W, 3), landmarks (N, 68, 2)) of up to LOOKS frames, spread over a Video, that show a face."""
    kept, step = [], -(-video.info.frames // LOOKS)
    for number, image in enumerate(tqdm(video, "looking", unit="frame", leave=False, disable=not progress)):
        if number % step == 0:
            kept.append((image, follow(image)[0]))
    kept = [pair for pair in kept if pair[1] is not None]
    if not kept:
        raise ValueError(f"No face was found in {video.path}.")
    return tuple(np.array(column) for column in zip(*kept))


def _open(thing):
    """A Video as it is; the picture or video at a path as a Video."""
    if isinstance(thing, media.Video):
        return thing
    path = Path(thing)
    return media.read_video(path) if path.suffix.lower() in media.VIDEOS_READ else media.Recording(path, [media.read_image(path)], 25)


def _is_rendered(thing):
    """Whether a path's label says that it shows nobody, changed or not; a camera's pictures have no label."""
    if isinstance(thing, media.Video):
        return False
    label = media.read_label(thing)
    return label is not None and label.kind in ("rendered", "neutral")


def _check_output(path, taken, size, sound=None):
    """Refuse a path that cannot be written, before any work is done; ``taken`` are the files that must not be lost."""
    if path.resolve() in [other.resolve() for other in taken]:
        raise ValueError(f"{path} would overwrite a file of the same name that this work needs.")
    media.check_writing(path, sound, size)
