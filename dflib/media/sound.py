"""Sound, which is never changed: its packets are copied beside new pictures, as far as the container can hold them."""

import io
from fractions import Fraction
from pathlib import Path

import av

from dflib.media.containers import open_container, sound_stream

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}  # of the videos that are written, by suffix
_TRIAL = 3  # packets from which a container shows whether it can hold their kind


def check_sound(source, path) -> None:
    """Raise ValueError, with advice that works, unless ``path`` can hold the sound of the video ``source``.

    It is tried in memory: some codecs are refused by name, others with the header or with the first packet.
    """
    if _holds(source, FORMATS[Path(path).suffix.lower()]):
        return
    with open_container(source) as container:
        context = sound_stream(container).codec_context
    name = f" ({context.name})" if context else ""
    better = [suffix for suffix, form in FORMATS.items() if _holds(source, form)]
    advice = (f"choose a name that ends in {' or '.join(better)}" if better
              else "convert the sound of that file to AAC first, or take it out")
    raise ValueError(f"The sound of {source}{name} cannot be kept in a file like {path}: {advice}.")


def _holds(source, form) -> bool:
    with open_container(source) as container:
        if sound_stream(container) is None:
            return True
        try:
            with av.open(io.BytesIO(), "w", format=form) as output:
                sound = Sound(container, output, Fraction(0))
                for _ in range(_TRIAL):
                    sound.copy_one()
        except (av.FFmpegError, ValueError, IndexError):  # PyAV has no one exception for what cannot be set up
            return False
    return True


class Sound:
    """Copies the first sound of ``source``, both containers of PyAV, to ``output``, keeping pace with its pictures.

    ``start`` is the time in ``source``, in seconds, that becomes 0. What comes before it is left out, but for the last
    packet, which decoders need to begin and MP4 can hold unheard; in Matroska it would delay the pictures.
    """

    def __init__(self, source, output, start: Fraction):
        stream = sound_stream(source)
        self._output, self._target = output, output.add_stream_from_template(stream)
        self._lead_in, self._shift = output.format.name != "matroska", round(start / stream.time_base)
        self.lost = 0  # packets so damaged that the container does not take them
        self._packets = self._shifted(source.demux(stream))
        self._next = next(self._packets, None)

    def copy_until(self, seconds) -> None:
        """Copy what begins before ``seconds``."""
        while self._next is not None and self._next.pts * self._next.time_base < seconds:
            self.copy_one()

    def copy_one(self) -> None:
        """Copy the next packet, if there is one."""
        if self._next is not None:
            self._next.stream = self._target
            try:
                self._output.mux(self._next)
            except av.InvalidDataError:
                self.lost += 1
            self._next = next(self._packets, None)

    def _shifted(self, packets):
        last = None
        for packet in packets:
            if packet.dts is None:  # the end of the file
                continue
            length = max(packet.duration or 0, 1)
            packet.dts -= self._shift
            packet.pts = packet.dts if packet.pts is None else packet.pts - self._shift
            end = packet.pts + length
            if end > 0 and packet.is_discard or last is None and packet.pts < 0 and not (self._lead_in and end >= 0):
                continue
            if last is not None and packet.dts <= last:  # time runs backwards where recordings were joined
                packet.dts = packet.pts = last + length
            last = packet.dts
            yield packet
