"""Videos in and out (FFmpeg through PyAV), and what H.264 does to pictures."""

import itertools
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from tqdm.auto import tqdm

from dflib.files import check_readable, replacing
from dflib.media.containers import append_xmp_box, is_truncated, read_xmp_box
from dflib.media.images import PIXEL_LIMIT, check_image
from dflib.media.labels import make_xmp, mark

_WRITES = (".mp4", ".mov", ".mkv")
_BT709 = 1  # the code of this colour matrix, transfer and primaries in H.264, table E-3 to E-5


@dataclass(frozen=True)
class VideoInfo:
    """What a video's header says. ``size`` is (height, width) in pixels as displayed, after rotation."""

    fps: float
    size: tuple
    frames: "int | None"  # None where the container does not say
    has_audio: bool


class Video:
    """A video file: ``info`` and, by iteration, its frames as (H, W, 3) uint8 RGB, decoded one at a time."""

    def __init__(self, path, info: VideoInfo):
        self.path = path
        self.info = info

    def __iter__(self):
        done = 0
        with _open(self.path) as container:
            try:
                for frame in container.decode(video=0):
                    yield _upright(frame)
                    done += 1
            except av.FFmpegError as error:
                raise ValueError(f"The video {self.path} is damaged after frame {done}.") from error


def read_video(path) -> Video:
    """Open the video at ``path``: ``for frame in read_video(path)`` gives its frames upright, as they are displayed.

    Raises FileNotFoundError, IsADirectoryError, PermissionError, or ValueError when the file is empty, no video,
    truncated, without a video stream or frames, or larger than PIXEL_LIMIT per frame.
    """
    path = check_readable(path, "video")
    if is_truncated(path):
        raise ValueError(f"The video {path} is truncated: its last part is missing.")
    with _open(path) as container:
        if not container.streams.video:
            rest = ", only sound." if container.streams.audio else "."
            raise ValueError(f"The video {path} has no pictures in it{rest}")
        stream = container.streams.video[0]
        if stream.width * stream.height > PIXEL_LIMIT:
            raise ValueError(f"The video {path} has frames larger than {PIXEL_LIMIT // 1_000_000} million pixels.")
        try:
            first = next(container.decode(stream), None)
        except av.FFmpegError as error:
            raise ValueError(f"The video {path} is damaged: its first frame cannot be decoded.") from error
        if first is None:
            raise ValueError(f"The video {path} has no frames.")
        rate = stream.average_rate or stream.guessed_rate or 25
        count = stream.frames or (round(container.duration / av.time_base * rate) if container.duration else None)
        info = VideoInfo(float(rate), _upright(first).shape[:2], count, bool(container.streams.audio))
    return Video(path, info)


def write_video(path, frames, fps=25, crf: int = 18, audio_from=None, kind: str = "generated", *,
                visible_mark: bool = False, note: str = "", progress: bool = True) -> int:
    """Write ``frames``, an iterable of (H, W, 3) uint8, as an H.264 video labelled as synthetic; return their number.

    yuv420p in BT.709, which every player shows. That format needs even sides: an odd one gets its last row or column
    repeated. ``crf`` 0..51, 18 is visually lossless. Gray frames (H, W) are masks, of which each value counts: they are
    written without loss, whatever ``crf``, and ``read_video`` gives them back in three equal channels.
    ``audio_from`` names a video whose sound is copied, unchanged,
    up to the last frame. One encoder thread, so that every machine writes the same file. ``visible_mark`` as in
    ``write_image``. The file appears whole or not at all. Raises ValueError for no frames, frames of different sizes,
    sound that the container cannot hold, a wrong suffix or kind; FileNotFoundError; OSError for a full disk.
    """
    path, rate = Path(path), Fraction(fps).limit_denominator(1001)
    if path.suffix.lower() not in _WRITES:
        raise ValueError(f"{path} cannot be written: the name of a video must end in .mp4, .mov or .mkv.")
    packet = make_xmp(kind, note)
    frames = tqdm(frames, desc=f"writing {path.name}", unit="frame", leave=False, disable=not progress)
    frames = _checked(map(mark, frames) if visible_mark else frames, gray=True)
    first = next(frames, None)
    if first is None:
        raise ValueError(f"There are no frames to write to {path}.")
    with replacing(path) as temporary:
        with av.open(str(temporary), "w") as output, ExitStack() as inputs:
            output.metadata["comment"] = packet
            stream = output.add_stream("libx264", rate=rate)
            _set_up(stream.codec_context, first, crf)
            source = inputs.enter_context(_open(check_readable(audio_from, "video"))) if audio_from else None
            sound = _Sound(source, output) if source and source.streams.audio else None
            for count, frame in enumerate(itertools.chain([first], frames), 1):
                output.mux(stream.encode(_to_yuv(frame, count - 1)))
                if sound:
                    sound.copy_until(count / rate)
            output.mux(stream.encode(None))
        if path.suffix.lower() != ".mkv":
            append_xmp_box(temporary, packet)
    return count


def compress(images, crf: int):
    """What H.264 at ``crf`` (FaceForensics++: c23 and c40) makes of ``images``.

    ``images`` is one picture (H, W, 3) uint8, coded as a single intra frame, or an iterable of them, coded as a
    25 fps video; the answer is a picture or a list of the same length. x264's medium preset, as ffmpeg's default.
    """
    if isinstance(images, np.ndarray) and images.ndim == 3:
        return compress([images], crf)[0]
    images = list(_checked(images))
    if not images:
        return []
    encoder, decoder = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    _set_up(encoder, images[0], crf)
    decoder.thread_count = 1
    encoded = [packet for i, image in enumerate(images) for packet in encoder.encode(_to_yuv(image, i))]
    decoded = [frame for packet in encoded + encoder.encode(None) for frame in decoder.decode(packet)]
    height, width = images[0].shape[:2]
    return [frame.to_ndarray(format="rgb24")[:height, :width] for frame in decoded + decoder.decode(None)]


def read_xmp(path) -> "bytes | str | None":
    """The XMP packet in the video at ``path``, from its own box or from the comment, or None."""
    box = read_xmp_box(path)
    if box:
        return box
    with _open(path) as container:
        return container.metadata.get("comment") or container.metadata.get("COMMENT")


class _Sound:
    """Copies the packets of the first audio stream of ``source`` to ``output``, keeping pace with its pictures."""

    def __init__(self, source, output):
        stream = source.streams.audio[0]
        try:
            self._target = output.add_stream_from_template(stream)
        except ValueError as error:
            raise ValueError(f"The sound of {source.name} ({stream.codec_context.name}) does not fit into an "
                             f"{output.format.name} file: write to a name that ends in .mkv.") from error
        self._packets = (packet for packet in source.demux(stream) if packet.dts is not None)
        self._next = next(self._packets, None)
        self._output = output

    def copy_until(self, seconds) -> None:
        while self._next is not None and self._next.dts * self._next.time_base < seconds:
            self._next.stream = self._target
            self._output.mux(self._next)
            self._next = next(self._packets, None)


def _open(path):
    """The container at ``path``; a clear error when it is none."""
    try:
        return av.open(str(path))
    except av.FFmpegError as error:
        raise ValueError(f"{path} is not a video that can be read: it is damaged, or of an unknown format.") from error


def _upright(frame) -> np.ndarray:
    """The frame as uint8 RGB, turned as the container's display matrix says (phones store every video lying)."""
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90)))


def _checked(frames, gray=False):
    """Yield ``frames``; raise ValueError at the first that is no image, or of another size than the one before it."""
    size = None
    for number, frame in enumerate(frames, 1):
        check_image(frame, gray)
        if size and frame.shape != size:
            raise ValueError(f"Frame {number} has {frame.shape[1]} x {frame.shape[0]} pixels, "
                             f"but the frames before it have {size[1]} x {size[0]}.")
        size = frame.shape
        yield frame


def _set_up(context, image, crf) -> None:
    """Prepare an x264 context for pictures like ``image``; gray ones are kept exactly."""
    if not 0 <= crf <= 51:
        raise ValueError(f"crf must be between 0 and 51, not {crf}.")
    context.thread_count = 1  # x264's output depends on the number of threads
    if image.ndim == 2:
        context.height, context.width = image.shape
        context.pix_fmt, context.options = "gray", {"crf": "0"}
        context.color_range = av.video.reformatter.ColorRange.JPEG  # 0 to 255
        return
    context.height, context.width = (side + side % 2 for side in image.shape[:2])
    context.pix_fmt = "yuv420p"
    context.options = {"crf": str(crf)}
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = av.video.reformatter.ColorRange.MPEG


def _to_yuv(image, number):
    """Frame ``number`` of a video, with even sides, in BT.709; a gray one as it is."""
    height, width = image.shape[:2]
    if image.ndim == 2:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "gray")
        frame.color_range, frame.pts = av.video.reformatter.ColorRange.JPEG, number
        return frame
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
    frame.pts = number
    return frame
