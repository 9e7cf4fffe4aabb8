"""One cache of renders: whatever is drawn with the cast and kept, under a name that says all that it depends on.

    arrays = kept("looks", "people-0-49", (seeds, SHOTS, SIZE), lambda: {"images": …, "yaw": …})

A changed cast has another version, and its renders other names: nothing stale is ever read, and an old version's folder
can be deleted as a whole.
"""
import hashlib
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np

from dflib.cast.version import VERSION
from dflib.files import replacing, writable_folder
from dflib.paths import cache_dir


def folder(kind: str) -> Path:
    """Where renders of one kind are kept for this version of the cast; made if missing. OSError if it cannot be written."""
    return writable_folder(cache_dir() / "renders" / f"cast-{VERSION}" / kind)


def content(*values) -> str:
    """12 hexadecimal digits that name `values` by content: numbers, texts, arrays, records, and tuples, lists, dicts of them.

    Equal persons have equal names, also when they were made anew; an edited one has another name, though it keeps its seed.
    TypeError for anything else, whose text could be the same for different things or differ from one process to the next.
    """
    digest = hashlib.sha256()

    def add(value):
        if is_dataclass(value):
            add((type(value).__name__, [(field.name, getattr(value, field.name)) for field in fields(value)]))
        elif isinstance(value, np.ndarray):
            digest.update(f"{value.dtype.str}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
        elif isinstance(value, dict):
            add(sorted(value.items()))
        elif isinstance(value, (tuple, list, range)):
            digest.update(f"{len(value)}:".encode())
            for item in value:
                add(item)
        elif isinstance(value, (str, int, float, bool, type(None), np.generic)):
            text = repr(value.item() if isinstance(value, np.generic) else value)
            digest.update(f"{len(text)}:{text}".encode())
        else:
            raise TypeError(f"{value!r} cannot be named by its content.")
    add(values)
    return digest.hexdigest()[:12]


def kept(kind: str, name: str, depends: tuple, make: Callable) -> dict:
    """The arrays {name: array} that `make()` draws, from the cache where they were drawn before.

    name: its first 50 letters are for people who look into the folder. depends: all that the arrays depend on besides the
    cast (see `content`). A file that cannot be read any more is drawn anew. OSError before the work when the cache cannot
    be written.
    """
    path = folder(kind) / f"{name[:50]}-{content(depends)}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (FileNotFoundError, EOFError, ValueError, zipfile.BadZipFile):
        pass
    arrays = make()
    with replacing(path) as temporary:
        np.savez(temporary, **arrays)
    return arrays


def kept_people(kind: str, name: str, seeds: Iterable, per_file: int, depends: tuple, render: Callable) -> dict:
    """The arrays {name: array} of all people `seeds`, one after the other: what `render(seeds, tick)` draws of some of them.

    `per_file` people are kept together, so that little is lost when it is interrupted; `tick(1)` is to be called after each,
    for the progress bar. name and depends as in `kept`; the seeds need not be named.
    """
    from tqdm.auto import tqdm

    seeds, parts = list(seeds), []
    with tqdm(total=len(seeds), unit="person", desc=f"rendering {name or kind}") as bar:
        for start in range(0, len(seeds), per_file):
            chunk = seeds[start:start + per_file]
            parts.append(kept(kind, "-".join(filter(None, (name, f"{chunk[0]}-{chunk[-1]}"))), (chunk, *depends),
                              lambda: render(chunk, bar.update)))
            bar.update(start + len(chunk) - bar.n)         # what was read at once
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
