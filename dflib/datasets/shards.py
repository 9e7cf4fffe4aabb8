"""A shard: one uncompressed zip with pictures, label maps and the truth of a few hundred rendered faces.

    000000.webp   the picture, WebP of quality 82 (about 2.1 kB at 128 px, 37 dB from the render)
    000000.png    parts of the face, lossless; bit 7 is the mask of the face
    truth.npz     one array per quantity, row i belongs to picture i
    about.json    how the shard was made

Any unpacker opens it. A zip that stores its members lets one picture be read without the others (0.4 ms), and its
checksums find a damaged file.
"""
import io
import json
import os
import zipfile
from pathlib import Path

import cv2
import numpy as np

from dflib.files import check_readable, replacing

QUALITY = 82            # of WebP: at 90 the pictures are half as large again and 2 dB closer to the render
POINT_STEP = 1 / 64     # pixels; landmarks are stored as int16 multiples of it (at most 512 px away)
MASK_BIT = 128
FLAT = cv2.IMWRITE_PNG_FILTER_NONE    # label maps are a quarter smaller without PNG's prediction


def write(path: Path, frames: list, about: dict, rows: dict) -> None:
    """Write `frames` (cast Frames) as a shard; it appears under its name only when it is complete.

    rows: further columns, name -> one value per frame (seeds, angles). about: JSON written beside them.
    """
    truth = {
        "landmarks": _fixed(np.stack([frame.landmarks for frame in frames])),
        "contour": _fixed(np.stack([frame.contour for frame in frames])),
        "visible": np.packbits(np.stack([frame.visible for frame in frames]), axis=1),
        **{name: np.asarray(values) for name, values in rows.items()},
        **{f"attribute.{name}": _column([frame.attributes[name] for frame in frames])
           for name in frames[0].attributes},
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **truth)
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as shard:
        for i, frame in enumerate(frames):
            _put(shard, f"{i:06d}.webp", _encode(".webp", frame.image[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, QUALITY]))
            _put(shard, f"{i:06d}.png", _encode(".png", frame.labels | (MASK_BIT * frame.mask.astype(np.uint8)),
                                                [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_FILTER, FLAT]))
        _put(shard, "truth.npz", buffer.getvalue())
        _put(shard, "about.json", json.dumps(about, indent=1).encode())


class Shard:
    """Reads a shard. `truth` maps names to arrays of `len(shard)` rows; points are float32 pixels.

    Raises what check_readable raises, or ValueError when the file is not a whole shard.
    """

    def __init__(self, path):
        self.path = check_readable(path, "shard")
        self._file, self._owner = None, None
        try:
            self.about = json.loads(self._read("about.json"))
            with np.load(io.BytesIO(self._read("truth.npz")), allow_pickle=False) as arrays:
                self.truth = {name: arrays[name] for name in arrays.files}
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise ValueError(f"{path} is not a whole shard of rendered faces.") from error
        for name in ("landmarks", "contour"):
            self.truth[name] = self.truth[name].astype(np.float32) * np.float32(POINT_STEP)
        self.truth["visible"] = np.unpackbits(self.truth["visible"], axis=1)[:, :68].astype(bool)

    def __len__(self):
        return len(self.truth["landmarks"])

    def image(self, i: int) -> np.ndarray:
        """Picture i, (H, W, 3) uint8 RGB."""
        return self._picture(f"{i:06d}.webp", cv2.IMREAD_COLOR)[..., ::-1]

    def parts(self, i: int) -> tuple:
        """labels (H, W) uint8 and mask (H, W) bool of picture i."""
        packed = self._picture(f"{i:06d}.png", cv2.IMREAD_GRAYSCALE)
        return packed & (MASK_BIT - 1), packed >= MASK_BIT

    def _picture(self, name, mode):
        picture = cv2.imdecode(np.frombuffer(self._read(name), np.uint8), mode)
        if picture is None:
            raise ValueError(f"{name} in {self.path} is not a picture.")
        return picture

    def _read(self, name: str) -> bytes:
        # An open file shared with a forked worker would share its position: every process opens its own.
        if self._owner != os.getpid():
            self._file, self._owner = zipfile.ZipFile(self.path), os.getpid()
        return self._file.read(name)

    def __getstate__(self):  # for workers that are started instead of forked
        return {**self.__dict__, "_file": None, "_owner": None}


def _fixed(points):
    return np.clip(np.rint(points / POINT_STEP), -32768, 32767).astype(np.int16)


def _column(values):
    column = np.asarray(values)
    return column.astype(np.float32) if column.dtype == np.float64 else column


def _encode(suffix, picture, options):
    return cv2.imencode(suffix, np.ascontiguousarray(picture), options)[1].tobytes()


def _put(shard, name, data):
    # A fixed date: the same faces give the same bytes, whenever they are rendered.
    shard.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
