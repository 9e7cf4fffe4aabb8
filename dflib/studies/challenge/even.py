"""Files that tell nothing but by their pictures: the same size, dates, boxes and sample tables whatever they show.

A fake's face is smoother than a real one, so its frames take fewer bytes: an attacker who reads nothing but file sizes, bit
rates or the container's tables would have a start. Here every frame of the same number has the same number of bytes in all
videos of one look, filled up with what H.264 provides for that (filler data, ITU-T H.264, 7.3.2.7), which decoders skip.
"""
import os
import struct
from pathlib import Path

import av

from dflib.files import replacing
from dflib.media.containers import append_xmp_box, ffmpeg_name
from dflib.media.labels import make_xmp

DATE = 1_585_612_800        # seconds: of every file; 31 March 2020, the day the DFDC closed
LEAST = 6                   # bytes of the shortest filler: its length in four, its type, its end


def lengths(path) -> list:
    """Bytes of each frame of a video."""
    with av.open(ffmpeg_name(path)) as container:
        return [packet.size for packet in container.demux(video=0) if packet.size]


def longest(paths) -> list:
    """Of each frame, the bytes that it is to have in all of some videos: what the longest needs."""
    return [max(frame) + LEAST for frame in zip(*map(lengths, paths), strict=True)]


def filler(size: int) -> bytes:
    """A unit of filler data of ``size`` bytes as MP4 stores it, at least LEAST."""
    return struct.pack(">IB", size - 4, 12) + b"\xff" * (size - LEAST) + b"\x80"


def write_even(path, source, sizes: list) -> None:
    """The video ``source`` (as `media.write_video` writes MP4, steady) once more as ``path``, its frames filled up to ``sizes``.

    With the neutral label. ValueError when a frame is too long for that.
    """
    label = make_xmp("neutral")
    with replacing(Path(path)) as temporary:
        with av.open(ffmpeg_name(source)) as container, av.open(ffmpeg_name(temporary), "w") as output:
            output.metadata["comment"] = label
            stream = container.streams.video[0]
            copied = output.add_stream_from_template(stream)
            packets = [packet for packet in container.demux(stream) if packet.size]
            for packet, size in zip(packets, sizes, strict=True):
                if size - packet.size < LEAST:
                    raise ValueError(f"A frame of {source} has {packet.size} bytes: it cannot be filled up to {size}.")
                filled = av.Packet(bytes(packet) + filler(size - packet.size))
                filled.pts, filled.dts, filled.time_base, filled.duration = packet.pts, packet.dts, packet.time_base, packet.duration
                filled.is_keyframe, filled.stream = packet.is_keyframe, copied
                output.mux(filled)
        append_xmp_box(temporary, label)
    os.utime(path, (DATE, DATE))
