"""What holds a video: opening it, choosing its streams, whether it is whole, and the XMP in it.

FFmpeg decodes what is left of a file that was cut short without a word, so the sizes that the file promises are
compared with its own: ISO 14496-12 (MP4, QuickTime), RFC 8794 (EBML: Matroska, WebM), RIFF (AVI). Of other formats
nothing is known.
"""

import os
import struct
from pathlib import Path

import av

_XMP = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")  # uuid of XMP in MP4 and QuickTime, XMP part 3, 1.2.6
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_LATER_BOXES = (*_FIRST_BOXES, b"moof", b"mfra", b"sidx", b"styp", b"meta", b"uuid", b"udta")
_EBML = b"\x1a\x45\xdf\xa3"


def open_container(path):
    """The container at ``path``, opened with PyAV; ValueError with one sentence when it is none.

    The name is a file's and no address, whatever colons it has; what is not UTF-8 in the metadata is replaced.
    """
    try:
        return av.open(ffmpeg_name(path), metadata_errors="replace")
    except av.FFmpegError as error:
        raise ValueError(f"{path} is not a video that can be read: it is damaged, or of an unknown format.") from error


def ffmpeg_name(path) -> str:
    """``path`` for FFmpeg, which takes what stands before a colon for a protocol."""
    return f"file:{os.fspath(path)}"


def picture_stream(container):
    """The first stream of moving pictures, or None; covers are left out."""
    cover = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return next((stream for stream in container.streams.video if not stream.disposition & cover), None)


def sound_stream(container):
    """The first stream of sound, or None."""
    return next(iter(container.streams.audio), None)


def is_cut_short(path) -> bool:
    """Whether the video at ``path`` promises more bytes than it has. What follows its last part does not count."""
    end = Path(path).stat().st_size
    with open(path, "rb") as file:
        kind, size = struct.unpack("<4sI", file.read(8).ljust(8))
        if kind == b"RIFF":
            return size != 0xFFFFFFFF and 8 + size > end  # all ones: never completed, as in a live recording
        elements = _ebml_elements(file) if kind == _EBML else (box[:2] for box in _boxes(file, end))
        return any(start + size > end for start, size in elements)


def read_xmp(path) -> "bytes | str | None":
    """The XMP packet in the video at ``path``, from its own box or from the comment, or None."""
    end = Path(path).stat().st_size
    with open(path, "rb") as file:
        for start, size, kind in _boxes(file, end):
            file.seek(start + 8)
            if kind == b"uuid" and start + size <= end and file.read(16) == _XMP:
                return file.read(size - 24)
    with open_container(path) as container:
        return container.metadata.get("comment") or container.metadata.get("COMMENT")


def append_xmp_box(path, packet: str) -> None:
    """Append ``packet`` to an MP4 or QuickTime file, in a box that players skip."""
    content = _XMP + packet.encode()
    with open(path, "ab") as file:
        file.write(struct.pack(">I4s", 8 + len(content), b"uuid") + content)


def _boxes(file, end: int):
    """Start, size and kind of the top-level boxes, up to the first that is none; none in a file of another format."""
    start = 0
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        if kind not in (_LATER_BOXES if start else _FIRST_BOXES):
            return
        if size == 1:  # a 64-bit size follows
            size = int.from_bytes(file.read(8), "big")
        elif size == 0:  # the last box, up to the end
            size = end - start
        yield start, max(size, 8), kind
        start += max(size, 8)


def _ebml_elements(file):
    """Start and size of the two top-level elements: the EBML header, and the segment that holds everything else."""
    start = 0
    for _ in range(2):
        file.seek(start + 4)  # both have an ID of four bytes
        first = file.read(1)
        if not first:
            return
        length = 9 - first[0].bit_length()  # leading zero bits say how many bytes the size has
        unknown = (1 << 7 * length) - 1
        size = int.from_bytes(first + file.read(length - 1), "big") & unknown
        if size == unknown:  # a live recording, which may end anywhere
            return
        yield start, 4 + length + size
        start += 4 + length + size
