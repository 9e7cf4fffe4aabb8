"""Videos out: H.264 with a label, each frame at its own time, sound beside it; and what H.264 does to pictures."""

import itertools
import platform
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from tqdm.auto import tqdm

from dflib.files import check_readable, check_writable, replacing
from dflib.media.containers import append_xmp_box, ffmpeg_name, open_container, picture_stream, sound_stream
from dflib.media.images import check_image
from dflib.media.labels import make_xmp, mark
from dflib.media.reading import Video, read_video
from dflib.media.sound import FORMATS, Sound, check_sound

_BT709 = 1  # the code of this colour matrix, transfer and primaries in H.264, table E-3 to E-5
_LONGEST = 16_384  # pixels of a side that x264 takes
_TICKS = 90_000  # a second, for frames with times of their own: whole numbers for 24, 25, 30, 50, 60 and 29.97 a second
_MISSING = object()
_AVX2 = 11  # OpenCV's number of these instructions (CV_CPU_AVX2)
# x264's AVX-512 code for macroblock trees reads memory that it has not written unless the width is a multiple of 128: files
# would differ from run to run. Its older instructions, SSSE3 to AVX2, all give the same bytes.
_SAME_EVERYWHERE = {"x264-params": "asm=" + ("avx2" if cv2.checkHardwareSupport(_AVX2) else "ssse3")} \
    if platform.machine().lower() in ("x86_64", "amd64") else {}
_STEADY = {"bf": "0", "sc_threshold": "0"}      # no frame predicted from a later one, and none independent but the first
_FULL, _LIMITED = av.video.reformatter.ColorRange.JPEG, av.video.reformatter.ColorRange.MPEG


def write_video(path, frames, fps=25, crf: int = 18, audio_from=None, kind: str = "generated", *, times=None,
                visible_mark: bool = False, note: str = "", progress: bool = True, steady: bool = False) -> int:
    """Write ``frames``, an iterable of (H, W, 3) uint8, as an H.264 video labelled as synthetic; return their number.

    The frames follow each other at ``fps``, or are shown at ``times``, an iterable of seconds (see `Video.timed`).
    Everything else is as for `video_writer`.
    """
    frames = tqdm(frames, desc=f"writing {Path(path).name}", unit="frame", leave=False, disable=not progress)
    moments = itertools.repeat(None) if times is None else itertools.chain(times, itertools.repeat(_MISSING))
    count = 0
    with video_writer(path, fps, crf, audio_from, kind, visible_mark=visible_mark, note=note, steady=steady) as write:
        for count, (frame, time) in enumerate(zip(frames, moments), 1):
            if time is _MISSING:
                raise ValueError(f"There are more frames than times for {path}.")
            write(frame, time)
    return count


@contextmanager
def video_writer(path, fps=25, crf: int = 18, audio_from=None, kind: str = "generated", *, visible_mark: bool = False,
                 note: str = "", steady: bool = False):
    """Write a video frame by frame: ``with video_writer(path) as write: write(image, time)``, as often as there are frames.

    ``image`` is (H, W, 3) uint8, all of one size. ``time`` is when it is shown, in seconds, and must rise; without it
    the frames follow each other at ``fps``. The video is yuv420p in BT.709, which every player shows. That format needs
    even sides: an odd one gets its last row or column repeated. ``crf`` 1..51, 18 is visually lossless; 0 is lossless, in
    RGB, as FaceForensics++ stores its raw videos, and not every player shows it. Grey frames
    (H, W) are masks, of which each value counts: they are written without loss, whatever ``crf``, and ``read_video``
    gives them back in three equal channels. ``audio_from`` is a video, open or by its name, whose sound is copied,
    unchanged, from its first picture to the end of the last frame written. One encoder thread, so that every machine
    writes the same file. ``steady``: every frame but the first is predicted from the one before, so that the order and the
    kinds of frames do not depend on what they show. ``visible_mark`` as in ``write_image``. The file appears whole or not
    at all.

    Raises, before the first frame, what `check_writing` raises, and ValueError for a wrong kind, crf or fps; then ValueError
    for no frames, frames of different sizes or times that do not rise, and OSError for a full disk.
    """
    packet = make_xmp(kind, note)
    _check_crf(crf)
    if not 1e-6 <= fps <= 1e6:
        raise ValueError(f"fps must be between 0.000001 and 1000000, not {fps}.")
    rate = Fraction(fps).limit_denominator(1001) if fps >= 1 else 1 / Fraction(1 / fps).limit_denominator(1001)
    path = check_writing(path, audio_from)
    with replacing(path) as temporary:
        with av.open(ffmpeg_name(temporary), "w") as output, ExitStack() as sources:
            output.metadata["comment"] = packet
            writer = _Writer(output, path, rate, crf, visible_mark, steady, lambda: _sound(audio_from, output, sources))
            yield writer
            if not writer.count:
                raise ValueError(f"There are no frames to write to {path}.")
            writer.finish()
            lost = writer.sound.lost if writer.sound else 0
            if lost and isinstance(audio_from, Video):
                audio_from.remember(f"Its sound is damaged: {lost} packet{'s' if lost > 1 else ''} left out.")
        if path.suffix.lower() != ".mkv":
            append_xmp_box(temporary, packet)


def check_writing(path, audio_from=None, size=(1, 1)) -> Path:
    """``path`` as a Path where a video of this ``size`` can be written, with the sound of ``audio_from``; call it before
    long work.

    Raises ValueError for a wrong suffix, sound that the container cannot hold or sides too long for H.264, and what
    `check_writable` raises.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path} cannot be written: the name of a video must end in .mp4, .mov or .mkv.")
    if max(size) > _LONGEST:
        raise ValueError(f"{path} cannot be written: H.264 takes sides of up to {_LONGEST} pixels, not {max(size)}.")
    check_writable(path)
    if audio_from is not None:
        audio_from = audio_from.path if isinstance(audio_from, Video) else audio_from
        check_sound(check_readable(audio_from, "video"), path)
    return path


def compress(images, crf: int):
    """What H.264 at ``crf`` (FaceForensics++: c23 and c40) makes of ``images``.

    ``images`` is one picture (H, W, 3) uint8, coded as a single intra frame, or an iterable of them, coded as a
    25 fps video; the answer is a picture or a list of the same length. x264's medium preset, as ffmpeg's default.
    """
    if isinstance(images, np.ndarray) and images.ndim == 3:
        return compress([images], crf)[0]
    _check_crf(crf)
    images = list(images)
    for number, image in enumerate(images, 1):
        check_image(image)
        _check_shape(image, images[0].shape, number)
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


class _Writer:
    """Encodes the frames that it is called with."""

    def __init__(self, output, path, rate, crf, visible_mark, steady, open_sound):
        self.count, self.sound = 0, None
        self._output, self._path, self._rate, self._crf = output, path, rate, crf
        self._marked, self._steady, self._open_sound = visible_mark, steady, open_sound

    def __call__(self, image, time=None):
        check_image(image, gray=True)
        if self.count == 0:
            self._begin(image, time)
        _check_shape(image, self._shape, self.count + 1)
        moment = self.count if time is None else round(time * _TICKS)
        if self.count:
            if time is not None and time <= self._time:
                raise ValueError(f"Frame {self.count + 1} is to be shown at {float(time):g} s, not after the one before it.")
            moment = max(moment, self._moment + 1)  # times may be closer to each other than ticks
            self._gap = moment - self._moment
        self._moment, self._time = moment, time
        image = mark(image) if self._marked else image
        picture = _to_rgb(image, moment) if _is_lossless(image, self._crf) else _to_yuv(image, moment)
        self._output.mux(self._stream.encode(picture))
        if self.sound:
            self.sound.copy_until(moment * self._time_base)
        self.count += 1

    def _begin(self, image, time):
        check_writing(self._path, size=image.shape[:2])
        self._shape = image.shape
        self._time_base = 1 / self._rate if time is None else Fraction(1, _TICKS)
        self._gap = round(1 / (self._rate * self._time_base))  # the length of a frame until the next tells it
        self._stream = self._output.add_stream("libx264rgb" if _is_lossless(image, self._crf) else "libx264", rate=self._rate)
        self._stream.codec_context.time_base = self._time_base
        _set_up(self._stream.codec_context, image, self._crf, _is_lossless(image, self._crf), self._steady)
        self.sound = self._open_sound()

    def finish(self):
        """Write what the encoder still holds, and the sound up to the end of the last frame, as long as the one before."""
        self._output.mux(self._stream.encode(None))
        if self.sound:
            self.sound.copy_until((self._moment + self._gap) * self._time_base)


def _sound(audio_from, output, sources):
    """The Sound of a video, which stays open as long as ``sources``; None when there is none."""
    if audio_from is None:
        return None
    path = audio_from.path if isinstance(audio_from, Video) else audio_from
    container = sources.enter_context(open_container(path))
    if sound_stream(container) is None:
        return None
    if len(container.streams.audio) > 1 and isinstance(audio_from, Video):
        audio_from.remember(f"Of its {len(container.streams.audio)} sound tracks the first is kept.")
    start = audio_from.start if isinstance(audio_from, Video) else read_video(path).start if picture_stream(container) else 0
    return Sound(container, output, Fraction(start))


def _check_crf(crf) -> None:
    if not 0 <= crf <= 51:
        raise ValueError(f"crf must be between 0 and 51, not {crf}.")


def _check_shape(image, shape, number) -> None:
    if image.shape != shape:
        raise ValueError(f"Frame {number} has {image.shape[1]} x {image.shape[0]} pixels, "
                         f"but the frames before it have {shape[1]} x {shape[0]}.")


def _is_lossless(image, crf) -> bool:
    return image.ndim == 3 and crf == 0


def _set_up(context, image, crf, rgb=False, steady=False) -> None:
    """Prepare an x264 context for pictures like ``image``; grey ones are kept exactly."""
    context.thread_count = 1  # x264's output depends on the number of threads
    context.options = {**_SAME_EVERYWHERE, "crf": str(crf), **(_STEADY if steady else {})}
    if image.ndim == 2:
        context.height, context.width = image.shape
        context.pix_fmt, context.options, context.color_range = "gray", {**_SAME_EVERYWHERE, "crf": "0"}, _FULL
        return
    if rgb:
        context.height, context.width = image.shape[:2]
        context.pix_fmt = "rgb24"
        return
    context.height, context.width = (side + side % 2 for side in image.shape[:2])
    context.pix_fmt, context.color_range = "yuv420p", _LIMITED
    context.colorspace = context.color_primaries = context.color_trc = _BT709


def _to_rgb(image, number):
    """Frame ``number`` of a lossless video."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
    frame.pts = number
    return frame


def _to_yuv(image, number):
    """Frame ``number`` of a video, with even sides, in BT.709; a grey one as it is."""
    height, width = image.shape[:2]
    if image.ndim == 2:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "gray")
        frame.color_range, frame.pts = _FULL, number
        return frame
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
    frame.pts = number
    return frame
