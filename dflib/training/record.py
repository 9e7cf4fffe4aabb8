"""What a run is: technique, scale, recipe and data, kept in its folder so that no run is ever taken for another.

    about = describe("stylegan", recipe, "rendered cast 3, 3,074 people")
    TrainingRun(default_folder(about), …, about=about)

Two things may change between two sessions of one run: how long it is and how fast it learns (CHANGEABLE).
"""
import hashlib
import json
from dataclasses import asdict, is_dataclass
from pathlib import Path

import numpy as np

from dflib.files import write_bytes
from dflib.paths import cache_dir
from dflib.scale import current

RECORD, STATE = "run.json", "state.safetensors"
CHANGEABLE = ("steps", "images", "rate")        # fields of a recipe


def describe(technique: str, recipe, data: str) -> dict:
    """What a run's result depends on: ``recipe`` a dataclass or a dict, ``data`` a text that names the data by content."""
    fields = asdict(recipe) if is_dataclass(recipe) else dict(recipe)
    return json.loads(json.dumps({"technique": technique, "scale": current().name, "recipe": fields, "data": data}, default=str))


def digest(*contents) -> str:
    """Eight hexadecimal digits that name arrays, texts and the contents of files (paths), in this order.

    For what a run learns from. What renders depend on, persons and other records, is named by `cast.renders.content`, which
    stands above this floor and reads no files; either one in the other's place would rename what lies in everybody's cache.
    """
    total = hashlib.sha256()
    for content in contents:
        if isinstance(content, Path):
            data = content.read_bytes()
        elif isinstance(content, np.ndarray):
            data = f"{content.dtype}{content.shape}".encode() + np.ascontiguousarray(content).tobytes()
        else:
            data = str(content).encode()
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()[:8]


def default_folder(about: dict) -> Path:
    """Where the run lies in the cache: another recipe or other data have another folder, another length has not."""
    return cache_dir() / "runs" / f"{about['technique']}-{about['scale']}-{digest(json.dumps(_fixed(about), sort_keys=True))}"


def check(folder, about: dict) -> list:
    """What has changed since the run in ``folder`` was stopped, a sentence each; [] for a new run.

    Raises ValueError when the folder holds a run of something else, or one that does not say what it is.
    """
    folder = Path(folder)
    if not (folder / RECORD).exists():
        if (folder / STATE).exists():
            raise ValueError(f"The run in {folder} does not say of which recipe it is: choose another folder, "
                             "or delete it to begin anew.")
        return []
    earlier = read(folder)
    if _fixed(earlier) != _fixed(about):
        raise ValueError(f"The run in {folder} is another one ({'; '.join(_differences(_fixed(earlier), _fixed(about)))}): "
                         "choose another folder, or delete it to begin anew.")
    return [f"{line} from here on" for line in _differences(earlier, about)]


def keep(folder, about: dict) -> None:
    """Write what the run is into its folder."""
    write_bytes(Path(folder) / RECORD, (json.dumps(about, indent=1) + "\n").encode())


def read(folder) -> dict:
    """What the run in ``folder`` is. Raises ValueError when its record is damaged."""
    path = Path(folder) / RECORD
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        return {"technique": about["technique"], "scale": about["scale"], "recipe": dict(about["recipe"]), "data": about["data"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: delete the folder to begin anew.") from error


def runs() -> list:
    """(folder, what it is) of every run in the cache, those that were saved last first; damaged ones are left out."""
    found = []
    for path in (cache_dir() / "runs").glob(f"*/{RECORD}"):
        try:
            found.append((path.parent, read(path.parent)))
        except ValueError:
            pass
    return sorted(found, key=lambda run: _saved(run[0]), reverse=True)


def progress(folder) -> tuple:
    """(steps done, seconds of training) by the last row that the run in ``folder`` has logged; (0, 0.0) before the first."""
    path = Path(folder) / "metrics.jsonl"
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")] if path.exists() else []
    last = json.loads(rows[-1]) if rows else {}
    return last.get("step", 0), last.get("seconds", 0.0)


def _saved(folder):
    state = folder / STATE
    return state.stat().st_mtime if state.exists() else 0.0


def _fixed(about):
    return {**about, "recipe": {name: value for name, value in about["recipe"].items() if name not in CHANGEABLE}}


def _differences(earlier, now):
    """'width 16, not 24' for every entry that differs."""
    old, new = ({**about, **about["recipe"]} for about in (earlier, now))
    return [f"{name} {old.get(name, 'nothing')}, not {new.get(name, 'nothing')}" if name not in CHANGEABLE
            else f"{name} {new.get(name, 'nothing')} instead of {old.get(name, 'nothing')}"
            for name in dict.fromkeys([*old, *new]) if name != "recipe" and old.get(name) != new.get(name)]
