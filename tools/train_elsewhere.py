"""Training on a machine that is lent for minutes: nothing is rendered there, every run stops in time and can go on.

    DFLIB_SCALE=gpu python tools/train_elsewhere.py pack stylegan FOLDER            here: the recipe's data, pictures as WebP
    DFLIB_SCALE=gpu python tools/train_elsewhere.py train stylegan FOLDER OUT 400   there: for 400 seconds, or to the end
    python tools/train_elsewhere.py back stylegan OUT                               here: the run goes into the cache

Any network of `python -m dflib train`. The other machine needs torch, accelerate, safetensors, OpenCV, Pillow and tqdm, and
neither PyAV nor Jupyter. FOLDER/run holds the state: the same command goes on from there, if the folder is kept. OUT gets
state, recipe, curve and the newest sheet; after `back` the run goes on here as well. Try every command here first, with all
its data and a few seconds.
"""
import argparse
import importlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from pathlib import Path

import cv2
import numpy as np

from dflib.commands.train import module_and_recipe, run_folder
from dflib.training import limited
from dflib.training.record import RECORD, STATE

QUALITY, MANY = 87, 16          # of WebP; so many pictures are worth coding
CURVE = "metrics.jsonl"


def pack(name, folder) -> None:
    """Write the training data of a network at the current scale into one file of ``folder``."""
    module, recipe = module_and_recipe(name)
    arrays = {}
    shape = packed(module.training_data(recipe), "data", arrays)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "data.npz", shape=np.array(json.dumps(shape)), **arrays)
    print(f"{folder / 'data.npz'}: {(folder / 'data.npz').stat().st_size / 2**20:.1f} MiB")


def packed(value, key, arrays):
    """``value`` as JSON that names its arrays, which go into ``arrays``: numbers, texts, arrays, records, lists of them."""
    if isinstance(value, np.ndarray):
        pictures = value.dtype == np.uint8 and value.ndim == 4 and value.shape[3] == 3 and len(value) >= MANY
        if not pictures:
            arrays[key] = value
            return {"array": key}
        parts = [cv2.imencode(".webp", np.ascontiguousarray(each[..., ::-1]), [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1] for each in value]
        arrays[f"{key}.bytes"], arrays[f"{key}.ends"] = np.concatenate(parts), np.cumsum([len(part) for part in parts])
        return {"pictures": key}
    if is_dataclass(value):
        inside = {each.name: packed(getattr(value, each.name), f"{key}.{each.name}", arrays) for each in fields(value)}
        return {"record": f"{type(value).__module__}:{type(value).__name__}", "fields": inside}
    if isinstance(value, (list, tuple)):
        return {"list": [packed(each, f"{key}.{i}", arrays) for i, each in enumerate(value)], "tuple": isinstance(value, tuple)}
    return {"value": value}


def unpacked(shape, arrays):
    """What `packed` took apart."""
    if "array" in shape:
        return arrays[shape["array"]]
    if "pictures" in shape:
        data, ends = arrays[f"{shape['pictures']}.bytes"], arrays[f"{shape['pictures']}.ends"]
        with ThreadPoolExecutor(4) as pool:
            return np.stack(list(pool.map(lambda a, b: cv2.imdecode(data[a:b], cv2.IMREAD_COLOR)[..., ::-1], np.r_[0, ends[:-1]], ends)))
    if "record" in shape:
        module, name = shape["record"].split(":")
        if not module.startswith("dflib."):
            raise ValueError(f"A record of {module} is none of the course's.")
        return getattr(importlib.import_module(module), name)(**{key: unpacked(each, arrays) for key, each in shape["fields"].items()})
    if "list" in shape:
        parts = [unpacked(each, arrays) for each in shape["list"]]
        return tuple(parts) if shape["tuple"] else parts
    return shape["value"]


def train(name, folder, out, seconds) -> None:
    """Train, or go on, for so many seconds, and copy to ``out`` what there is."""
    module, recipe = module_and_recipe(name)
    with np.load(folder / "data.npz", allow_pickle=False) as file:
        arrays = dict(file)                                     # once: each access to the file would read all of it again
    data = unpacked(json.loads(str(arrays.pop("shape"))), arrays)
    try:
        with limited(seconds):
            module.train(recipe, data, folder / "run")
    except KeyboardInterrupt:                                   # the time is up: the step was ended and all is saved
        pass
    bring(folder / "run", out)


def bring(run, out) -> None:
    """Copy a run's state, record, curve and newest sheet to ``out``."""
    (out / "samples").mkdir(parents=True, exist_ok=True)
    for file in [run / STATE, run / RECORD, run / CURVE, *sorted((run / "samples").glob("*.png"))[-1:]]:
        if file.exists():
            shutil.copy(file, out / file.relative_to(run))
    print(out)


def back(name, out) -> None:
    """Put a run that came back where `python -m dflib train` goes on with it. FileExistsError when a run is there already."""
    folder = run_folder(name)
    if folder.exists():
        raise FileExistsError(f"{folder} holds a run already: move it away first.")
    shutil.copytree(out, folder)
    print(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Training on a machine that is lent for minutes.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command, *others in (("pack", "folder"), ("train", "folder", "out"), ("back", "out")):
        one = commands.add_parser(command)
        one.add_argument("name")
        for other in others:
            one.add_argument(other, type=Path)
        if command == "train":
            one.add_argument("seconds", type=float)
    given = vars(parser.parse_args())
    {"pack": pack, "train": train, "back": back}[given.pop("command")](**given)
