"""What is handed in, and what it is held against: read with every fault named by its line.

A submission is a CSV, `filename,label`, with label = P(fake). A key is a CSV with the same two columns, label 0 or 1, and perhaps
`Usage` (Public or Private, as Kaggle writes it), `group` (what belongs together) and `method`; or a metadata.json of the DFDC.
Both come from others: nothing in them is trusted, and no name in them is opened as a file.
"""
import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dflib.datasets import safe
from dflib.files import check_readable

HEADER = ["filename", "label"]
LARGEST = 50_000_000        # bytes of a file that is read; the DFDC's whole private set is a tenth of that
SHOWN = 40                  # characters of a strange text that an error repeats


@dataclass(frozen=True, eq=False)
class Key:
    """The truth about N videos."""
    names: tuple            # (N,)
    labels: np.ndarray      # (N,) 1 fake, 0 real
    parts: np.ndarray       # (N,) text: "public" or "private"; "all" where a key knows no parts
    groups: np.ndarray      # (N,) text: what is not independent has one of them
    methods: np.ndarray     # (N,) text, "" where that is not known

    def rows(self, part: str) -> np.ndarray:
        return np.flatnonzero(self.parts == part)


def faults_of(path, wanted: "dict | None" = None) -> list:
    """Every fault of a submission, a sentence each, most with its line; [] for a good one.

    wanted: name -> part, of all videos that may be in it; it must have all videos of a part or none. Raises what
    `check_readable` raises, and ValueError for a file that is no text or too large.
    """
    return _parsed(path, wanted)[1]


def read(path, wanted: "dict | None" = None) -> dict:
    """name -> P(fake) of a submission. ValueError with its first fault; else as `faults_of`."""
    rows, faults = _parsed(path, wanted)
    if faults:
        more = f" ({len(faults) - 1} more: see python -m dflib challenge check)" if len(faults) > 1 else ""
        raise ValueError(f"{Path(path).name}, {_small(faults[0])}{more}")
    return rows


def _parsed(path, wanted):
    rows, first, faults = {}, {}, []
    text = _text(path, "submission")
    lines = csv.reader(io.StringIO(text, newline=""))
    header = _next(lines)
    if header is None:
        return rows, ["The file is empty."]
    if [cell.strip() for cell in header] != HEADER:
        return rows, [_about_header(header)]
    for row in iter(lambda: _next(lines), None):
        number = lines.line_num
        if not row:
            continue
        fault, name, value = _row(row, wanted)
        if fault is None and name in first:
            fault = f"{_shown(name)} is on line {first[name]} already."
        if name is not None:
            first.setdefault(name, number)
        if fault:
            faults.append(f"Line {number}: {fault}")
        else:
            rows[name] = value
    if not first:
        faults.append("There is no line but the header.")
    return rows, faults + _lacking(first, wanted)


def _next(lines):
    """The next row; [] for one that CSV cannot be, None at the end."""
    try:
        return next(lines, None)
    except csv.Error:           # a field longer than the module reads
        return ["", "", ""]


def _about_header(header) -> str:
    found = _shown(",".join(header))
    if len(header) == 1 and ";" in header[0]:
        return f"Line 1: The columns must be separated by commas, not by semicolons as in {found}."
    return f"Line 1: The header must be filename,label, not {found}."


def _row(row, wanted) -> tuple:
    """(fault or None, name or None, value or None) of one row."""
    if len(row) != 2:
        return f"There are {len(row)} fields, not a file name and a number.", None, None
    name, label = (cell.strip() for cell in row)
    if not name:
        return "There is no file name.", None, None
    if wanted is not None and name not in wanted:
        return f"{_shown(name)} is no video of the test set.", name, None
    try:
        value = float(label)
    except ValueError:
        return f"{_shown(label)} is no number.", name, None
    if not 0 <= value <= 1:                                 # not a number as well
        return f"{_shown(label)} is no probability from 0 to 1.", name, None
    return None, name, value


def _lacking(there, wanted) -> list:
    """Faults of parts that are neither whole nor left out."""
    if wanted is None or not any(name in wanted for name in there):
        return []
    faults = []
    for part in dict.fromkeys(wanted.values()):
        names = [name for name, where in wanted.items() if where == part]
        absent = [name for name in names if name not in there]
        if absent and len(absent) < len(names):
            where = "" if part == "all" else f" of the {part} part"
            faults.append(f"{len(absent)} of the {len(names)} videos{where} have no line, such as {_shown(absent[0])}.")
    return faults


def wanted_of(path) -> dict:
    """name -> part, of a sample_submission.csv (part "all"), a key, or a metadata.json. ValueError when it is none."""
    if Path(path).suffix.lower() != ".json" and len(_header(path)) == 2:
        try:
            return dict.fromkeys(read(path), "all")
        except ValueError as error:
            raise ValueError(f"{path} is no list of test videos: {error}") from error
    key = read_key(path)
    return dict(zip(key.names, key.parts.tolist()))


def read_key(path) -> Key:
    """A Key. ValueError, one sentence, for a file that is none."""
    path = Path(path)
    rows = _of_json(path) if path.suffix.lower() == ".json" else _of_csv(path)
    if not rows:
        raise ValueError(f"The key {path} names no videos.")
    names, labels, parts, groups, methods = zip(*rows)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The key {path} names {_shown(twice)} twice.")
    return Key(names, np.array(labels), np.array(parts), np.array(groups), np.array(methods))


def _of_csv(path) -> list:
    text = _text(path, "key")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not {"filename", "label"} <= set(reader.fieldnames or ()):
        raise ValueError(f"The key {path} has no columns filename and label.")
    rows = []
    for row in reader:
        name, label = row["filename"] or "", row["label"] or ""
        usage = (row.get("Usage") or "all").lower()
        if label not in ("0", "1") or not name or usage not in ("public", "private", "all"):
            raise ValueError(f"The key {path}, line {reader.line_num}: it must have a name, a label 0 or 1, and a Usage Public or "
                             "Private if any.")
        rows.append((name, int(label), usage, row.get("group") or name, row.get("method") or ""))
    return rows


def _of_json(path) -> list:
    """As the DFDC wrote them: label REAL or FAKE with training videos, is_fake 0 or 1 with test ones."""
    check_readable(path, "key")
    rows = []
    for name, entry in safe.json_of(path, dict).items():
        entry = entry if isinstance(entry, dict) else {}
        label = {"REAL": 0, "FAKE": 1}.get(entry.get("label"), entry.get("is_fake"))
        if label not in (0, 1):
            raise ValueError(f"The key {path} does not say whether {_shown(name)} is fake.")
        rows.append((name, int(label), "all", str(entry.get("original") or name), ""))
    return rows


def _header(path) -> list:
    text = _text(path, "list")
    return _next(csv.reader(io.StringIO(text, newline=""))) or []


def _text(path, what: str) -> str:
    path = check_readable(path, what)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"The {what} {path} is larger than {LARGEST // 1_000_000} MB.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"The {what} {path} is not a text file in UTF-8.") from error


def _shown(text: str) -> str:
    """A strange text in an error: quoted, cut short, nothing in it that a console obeys."""
    return ascii(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def _small(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def written(submitted: dict) -> str:
    """A submission, name -> P(fake), as its CSV."""
    return ",".join(HEADER) + "\n" + "".join(f"{name},{float(value)!r}\n" for name, value in sorted(submitted.items()))
