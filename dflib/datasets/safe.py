"""Reading what others wrote: folders, lists and JSON whose names must stay inside their folder.

Every function raises one of FileNotFoundError, NotADirectoryError or ValueError with one sentence that names the file.
"""
import json
import os
import warnings
from pathlib import Path, PurePosixPath

from dflib import paths

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm")


def folder(path, what: str) -> Path:
    """`path` as an existing folder that holds `what` (words for the error)."""
    path = Path(path).expanduser()
    if not path.exists():
        missing = paths.data_missing() if path.is_relative_to(paths.DATA) else ""
        raise FileNotFoundError(missing or f"There is no folder {path} with {what}.")
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is a file, not a folder with {what}.")
    return path


def inside(parent: Path, name: str, source) -> Path:
    """`parent / name`, refused when `name` (read from the file `source`) is absolute or climbs out of `parent`."""
    pure = PurePosixPath(name) if isinstance(name, str) else None
    # Backslashes and colons climb out only on Windows, but the same list must be safe everywhere.
    if not name or pure is None or pure.is_absolute() or ".." in pure.parts or set("\\:\0") & set(name):
        raise ValueError(f"{source} names {name!r}, which is not a file inside its folder.")
    return parent / pure


def lines(path: Path) -> list:
    """Lines of a text file without surrounding blanks; empty lines are left out."""
    return [line.strip() for line in _text(path).splitlines() if line.strip()]


def json_of(path: Path, kind: type):
    """Contents of a JSON file whose outermost value must be a `kind` (dict or list)."""
    try:
        value = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not valid JSON (line {error.lineno}).") from error
    if not isinstance(value, kind):
        raise ValueError(f"{path} holds a {type(value).__name__}, not a {kind.__name__}.")
    return value


def files_in(parent: Path, suffixes: tuple) -> list:
    """Files below `parent` with one of `suffixes`, sorted by path, without hidden ones.

    Linked folders are entered, each real folder once: a link to a folder above does not lead round in circles.
    """
    found, seen = [], set()
    for folder, below, names in os.walk(parent, followlinks=True):
        real = os.path.realpath(folder)
        below[:] = [] if real in seen else sorted(name for name in below if not name.startswith("."))
        if real not in seen:
            found += [Path(folder, name) for name in names if not name.startswith(".") and Path(name).suffix.lower() in suffixes]
        seen.add(real)
    return sorted(path for path in found if path.is_file())


def say_missing(root: Path, missing: list, what: str) -> None:
    """Warn, in one sentence, that a copy of a set is partial; `missing` are paths that belong to it, `what` their kind."""
    if missing:
        warnings.warn(f"{root} is a partial copy: it lacks {len(missing):,} of its {what}, such as {missing[0]} "
                      "(all are in `missing`).", stacklevel=4)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no file {path}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file.") from error
