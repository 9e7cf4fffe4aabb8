"""Small videos and sounds as cameras, editors and accidents make them, for the tests of dflib.media."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

RAMP = np.stack([*np.meshgrid(np.arange(48) * 5, np.arange(40) * 6), np.full((40, 48), 90)], -1).astype(np.uint8)
RATE = 44100
STEADY = [Fraction(i, 25) for i in range(10)]
CHANGING = [Fraction(i, 10) for i in range(4)] + [Fraction(4, 10) + Fraction(i, 40) for i in range(6)]  # 10, then 40 a second


def frames(count, shape=(40, 48)):
    return [np.roll(RAMP[: shape[0], : shape[1]], 2 * i, axis=1) for i in range(count)]


def numbered(number, size=(32, 48)):
    """A grey picture whose mean brightness says its number; a pattern moves in it, so that encoders predict backwards too."""
    pattern = np.random.default_rng(0).choice([-12, 12], (size[0] // 8, size[1] // 8)).repeat(8, 0).repeat(8, 1)
    pattern = np.roll(pattern - np.round(pattern.mean()).astype(int), 3 * number, 1)
    return np.repeat((20 + 20 * number + pattern).astype(np.uint8)[..., None], 3, 2)


def number_of(picture):
    return round((float(picture.mean()) - 20) / 20)


def error_of(call, *arguments, kind=ValueError, **keywords):
    with pytest.raises(kind) as caught:
        call(*arguments, **keywords)
    return str(caught.value)


def make_video(path, pictures, times=STEADY, sound=None, codec="libx264", start=0, gop=12, crf=18, options=None,
               **context):
    """Write ``pictures`` at ``times``, and a sound of (first, last) seconds: a click in the middle of every tenth of a second.

    ``start`` is added to all times; ``options`` are the container's, ``context`` sets fields of the encoder's context.
    """
    with av.open(f"file:{path}", "w", options=options or {}) as output:
        stream = output.add_stream(codec, rate=25, options={"crf": str(crf), "bf": "2", "b_strategy": "0"})  # stored in another order
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = context.pop("pix_fmt", "yuv420p")
        stream.codec_context.time_base = Fraction(1, 25) if str(path).endswith(".avi") else Fraction(1, 90000)
        stream.codec_context.gop_size, stream.codec_context.thread_count = gop, 1
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        audio = sound and output.add_stream("pcm_s16le" if str(path).endswith(".avi") else "aac", rate=RATE, layout="mono")
        if audio:
            for packet in click_packets(audio, *sound, start):
                output.mux(packet)
        for picture, time in zip(pictures, times):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame = frame.reformat(format=stream.pix_fmt, dst_colorspace="ITU709" if context.get("colorspace") == 1 else None)
            frame.pts, frame.time_base = round((time + start) / stream.codec_context.time_base), stream.codec_context.time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def click_packets(stream, first, last, start=0):
    """A click (a burst of 10 ms) at 0.05, 0.15, … s, from ``first`` to ``last``, encoded."""
    seconds = np.arange(round((last - first) * RATE)) / RATE + float(first)
    since = (seconds + 0.05 + 1e-9) % 0.1
    tone = (0.6 * np.sin(2 * np.pi * 3000 * since) * (since < 0.01)).astype(np.float32)
    for place in range(0, len(tone), 1024):
        block = np.zeros((1, 1024), np.float32)
        block[0, : len(tone[place:place + 1024])] = tone[place:place + 1024]
        if stream.codec_context.name == "aac":
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        else:
            frame = av.AudioFrame.from_ndarray((block * 32767).astype(np.int16), format="s16", layout="mono")
        frame.rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = place + round((first + start) * RATE)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def click_times(path):
    """When the clicks are heard, in seconds of the file's own time."""
    found = []
    with av.open(f"file:{path}") as container:
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray()[0].astype(float) / (32767 if frame.format.name == "s16" else 1)
            for place in np.flatnonzero(np.abs(samples) > 0.2):
                when = float(frame.pts * frame.time_base) + place / RATE
                if not found or when - found[-1] > 0.05:
                    found.append(when)
    return found


def picture_times(path):
    """When the pictures are shown, in seconds of the file's own time."""
    with av.open(f"file:{path}") as container:
        return [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]


def make_sound(path, seconds, codec="aac", format=None):
    """A file of nothing but a tone."""
    with av.open(f"file:{path}", "w", format=format) as output:
        stream = output.add_stream(codec, rate=RATE, layout="mono")
        stream.bit_rate = 64000
        layout = stream.codec_context.codec.audio_formats[0].name
        tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)
        resampler = av.AudioResampler(format=layout, layout="mono", rate=RATE)
        for start in range(0, len(tone), 1024):
            frame = av.AudioFrame.from_ndarray(tone[None, start:start + 1024], format="fltp", layout="mono")
            frame.rate, frame.pts = RATE, start
            for piece in resampler.resample(frame):
                output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return path


def packets(path):
    """The packets of a file's sound."""
    with av.open(f"file:{path}") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def with_edit_list(path, seconds):
    """Move the start of the pictures' edit list in an MP4 file: the frames before it are stored, but not shown."""
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 4 + 4 + 4  # version and flags, number of entries; then duration and time
    duration, time = struct.unpack_from(">II", data, place)
    struct.pack_into(">II", data, place, duration - round(seconds * 1000), time + round(seconds * 90000))
    path.write_bytes(data)
    return path
