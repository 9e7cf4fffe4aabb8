"""Videos in: every frame that decodes, upright, with its own time (FFmpeg through PyAV)."""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np

from dflib.files import check_readable
from dflib.media import display
from dflib.media.containers import is_cut_short, open_container, picture_stream, sound_stream
from dflib.media.images import PIXEL_LIMIT

_UNEVEN = 1.5  # longest gap by shortest from which frames come at a changing rate; Matroska rounds times to 1 ms
_REORDERED = 16  # frames by which the order of storing and of showing may differ, H.264 A.3.1


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a video before it is decoded."""

    fps: float  # mean rate, the header's word; times are exact in `Video.times`
    size: tuple  # (height, width) in pixels as displayed
    has_audio: bool
    expected: "int | None"  # the header's number of frames, often wrong or absent: for progress bars
    _count: "Callable[[], int]" = field(repr=False, compare=False)

    @property
    def frames(self) -> int:
        """How many frames decode; to know it, the video is decoded once (see `Video.times`)."""
        return self._count()


@dataclass
class _Pass:
    """What one decoding of a whole video has shown."""

    damaged: bool = False
    lost: int = 0  # frames that should be there
    counted: bool = True  # whether ``lost`` follows from the header's number of frames, or only from its length
    times: list = field(default_factory=list)  # s in the file's own time
    sizes: set = field(default_factory=set)


class Video:
    """A video file: ``info`` and, by iteration, its frames as (H, W, 3) uint8 RGB, decoded one at a time.

    ``start`` is when the first picture is shown, in seconds of the file's own time, in which its sound is counted too.
    """

    def __init__(self, path, fps, size, has_audio=False, expected=None, start=Fraction(0), pixel_aspect=Fraction(1),
                 matrix=(1, 0, 0, 1), cut=False, found=()):
        self.path, self.start = path, start
        self.info = VideoInfo(fps, tuple(size), has_audio, expected, lambda: len(self.times))
        self._pixel_aspect, self._matrix, self._cut = pixel_aspect, matrix, cut
        self._found, self._last_pass = list(found), None

    def __iter__(self):
        return (image for _, image in self.timed())

    def timed(self):
        """Pairs (time, image): when each frame is shown, in seconds after the first one (a Fraction, rising), and it."""
        seen = _Pass(self._cut)
        with open_container(self.path) as container:
            for frame in _frames(container, seen):
                image = display.as_displayed(frame, self._pixel_aspect, self._matrix)
                yield seen.times[-1] - self.start, display.fitted(image, self.info.size)
        self._last_pass = seen

    @property
    def times(self) -> tuple:
        """When each frame is shown, in seconds after the first one. Decodes the video, unless it was read to its end."""
        return tuple(time - self.start for time in self._whole().times)

    @property
    def remarks(self) -> list:
        """Sentences about what is unusual in this file and how it is read. Decodes it, unless it was read to its end."""
        seen, sentences = self._whole(), list(self._found)
        if self._cut:
            sentences.append("It is cut short: its last part is missing.")
        if seen.lost:
            number = f"{'' if seen.counted else 'about '}{seen.lost} frame{'s' if seen.lost > 1 else ''}"
            sentences.append(f"It is damaged: {number} cannot be shown.")
        elif seen.damaged and not self._cut:
            sentences.append("It is damaged in places.")
        if len(seen.sizes) > 1:
            sentences.append("Its frames change their size: all are fitted into the first one's.")
        gaps = np.diff([float(time) for time in seen.times])
        if len(gaps) > 1 and not seen.lost and gaps.max() > _UNEVEN * gaps.min():
            sentences.append(f"Its frames follow each other after {1e3 * gaps.min():.0f} to {1e3 * gaps.max():.0f} ms: "
                             "each is kept at its own time.")
        return sentences

    def remember(self, remark: str) -> None:
        """Add a sentence to the ``remarks``, once."""
        if remark not in self._found:
            self._found.append(remark)

    def _whole(self):
        if self._last_pass is None:
            seen = _Pass(self._cut)
            with open_container(self.path) as container:
                for _ in _frames(container, seen):
                    pass
            self._last_pass = seen
        return self._last_pass


def read_video(path) -> Video:
    """Open the video at ``path``: ``for frame in read_video(path)`` gives its frames as they are displayed.

    They are upright (turned or mirrored as the container says), their pixels square, their colours sRGB; high dynamic
    range is tone-mapped. What a damaged or cut file has lost is left out, the rest is read; ``remarks`` tells of it.

    Raises FileNotFoundError, IsADirectoryError, PermissionError, or ValueError when the file is empty, no video, cut so
    that nothing can be read, without a video stream or frames, or larger than PIXEL_LIMIT per frame.
    """
    path = check_readable(path, "video")
    cut, found = is_cut_short(path), []
    try:
        container = open_container(path)
    except ValueError as error:
        if cut:
            raise ValueError(f"The video {path} is truncated: its last part is missing, and with it what is needed "
                             "to read the rest.") from error
        raise
    with container:
        stream = picture_stream(container)
        if stream is None or stream.codec_context is None:
            rest = "that can be decoded" if stream else "in it, only sound" if sound_stream(container) else "in it"
            raise ValueError(f"The video {path} has no pictures {rest}.")
        pixel_aspect = Fraction(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
        if stream.width * stream.height * max(pixel_aspect, 1 / pixel_aspect) > PIXEL_LIMIT:
            raise ValueError(f"The video {path} has frames larger than {PIXEL_LIMIT // 1_000_000} million pixels.")
        seen = _Pass(cut)
        first = next(_frames(container, seen), None)
        if first is None:
            raise ValueError(f"The video {path} " + ("is damaged: none of its frames can be decoded."
                                                     if seen.damaged else "has no frames."))
        matrix = display.display_matrix(first)
        size = display.as_displayed(first, pixel_aspect, matrix).shape[:2]
        for what, done in ((display.placing(matrix), "they are shown upright"),
                           (pixel_aspect != 1 and f"with pixels {float(pixel_aspect):.3g} times as wide as high", "they are stretched"),
                           (display.range_and_gamut(first), "they are converted to sRGB")):
            if what:
                found.append(f"Its pictures are stored {what}: {done}.")
        return Video(path, float(_rate(stream)), size, sound_stream(container) is not None, _promised(container, stream),
                     seen.times[0], pixel_aspect, matrix, cut, found)


def _frames(container, seen):
    """Yield every frame of the container's pictures that decodes, in the order of display; keep its time in ``seen``.

    A time that is not there, or not after the one before, is put one frame's length after it.
    """
    stream = picture_stream(container)
    step, cut_out, promised = 1 / _rate(stream), 0, _promised(container, stream)

    def decoded():
        nonlocal cut_out
        for packet in _packets(container, stream, seen):
            cut_out += packet.is_discard
            try:
                yield from packet.decode()
            except av.FFmpegError:
                seen.damaged, seen.lost = True, seen.lost + 1

    for frame in _sorted_times(decoded()) if container.format.name == "avi" else decoded():
        if frame.is_corrupt:
            seen.damaged, seen.lost = True, seen.lost + 1
            continue
        time = None if frame.pts is None else frame.pts * (frame.time_base or stream.time_base)
        if seen.times and (time is None or time <= seen.times[-1]):
            time = seen.times[-1] + step
        seen.times.append(time or Fraction(0))
        seen.sizes.add((frame.height, frame.width))
        yield frame
    if seen.damaged and promised and promised - cut_out - len(seen.times) > seen.lost:
        seen.lost, seen.counted = promised - cut_out - len(seen.times), bool(stream.frames)


def _packets(container, stream, seen):
    """The stream's packets; those of an AVI file, which has no times of display, get the times of decoding."""
    try:
        for packet in container.demux(stream):
            seen.damaged |= packet.is_corrupt
            if container.format.name == "avi":
                packet.pts = packet.dts
            yield packet
    except av.FFmpegError:
        seen.damaged = True


def _sorted_times(frames):
    """The frames, which come in the order of display, with their own times in rising order."""
    waiting, times = deque(), []
    for frame in frames:
        waiting.append(frame)
        heapq.heappush(times, -1 if frame.pts is None else frame.pts)
        if len(waiting) > _REORDERED:
            yield _with_time(waiting.popleft(), heapq.heappop(times))
    while waiting:
        yield _with_time(waiting.popleft(), heapq.heappop(times))


def _with_time(frame, pts):
    frame.pts = pts
    return frame


def _rate(stream) -> Fraction:
    return stream.average_rate or stream.guessed_rate or Fraction(25)


def _promised(container, stream):
    """How many frames the header promises, or None."""
    length = container.duration and Fraction(container.duration, av.time_base)
    return stream.frames or (round(length * _rate(stream)) or None if length else None)
