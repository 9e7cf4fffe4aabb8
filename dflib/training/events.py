"""A log that TensorBoard reads, written without TensorBoard.

An event file is a row of TFRecords (length, its checksum, data, its checksum), each a protocol buffer ``Event``
(tensorboard/compat/proto/event.proto, summary.proto). Scalars and pictures are all that a training run needs.
"""

import io
import os
import socket
import struct
import time
from pathlib import Path

import numpy as np
from PIL import Image


class EventWriter:
    """Appends to a new event file in ``folder``; several files in one folder are one log."""

    def __init__(self, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns() // 1000:016d}.{socket.gethostname()}.{os.getpid()}"
        self._file = open(Path(folder) / name, "xb")
        self._write(_text(3, "brain.Event:2"))  # Event.file_version

    def scalars(self, step: int, values: dict) -> None:
        """Log ``values`` (name -> number) at ``step``."""
        self._summary(step, [_text(1, name) + struct.pack("<Bf", 2 << 3 | 5, value)  # tag, simple_value
                             for name, value in values.items()])

    def image(self, step: int, name: str, image: np.ndarray) -> None:
        """Log ``image``, (H, W, 3) uint8, at ``step``."""
        png = io.BytesIO()
        Image.fromarray(image).save(png, "PNG")
        height, width = image.shape[:2]
        picture = _integer(1, height) + _integer(2, width) + _integer(3, 3) + _bytes(4, png.getvalue())
        self._summary(step, [_text(1, name) + _bytes(4, picture)])

    def close(self) -> None:
        self._file.close()

    def _summary(self, step: int, values: list) -> None:
        summary = b"".join(_bytes(1, value) for value in values)  # Summary.value
        self._write(_integer(2, step) + _bytes(5, summary))  # Event.step, Event.summary

    def _write(self, event: bytes) -> None:
        event = struct.pack("<Bd", 1 << 3 | 1, time.time()) + event  # Event.wall_time
        length = struct.pack("<Q", len(event))
        self._file.write(length + _masked_crc(length) + event + _masked_crc(event))
        self._file.flush()


def _varint(number: int) -> bytes:
    """Seven bits at a time, lowest first; the top bit says that more follow."""
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes(parts + bytes([number]))


def _integer(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _crc_table() -> list:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)  # CRC-32C (Castagnoli), RFC 3720 B.4
        table.append(byte)
    return table


_TABLE = _crc_table()


def _masked_crc(data: bytes) -> bytes:
    """The checksum of a TFRecord: CRC-32C, rotated and shifted so that a CRC of CRCs stays a good one."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
