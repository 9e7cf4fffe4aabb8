"""A trained network of the comparison as a checkpoint with its card: errors by method, compression and group."""
import json
from pathlib import Path

import numpy as np
from scipy.special import expit

from dflib import cast
from dflib.forensics.train import export
from dflib.metrics.classification import auc
from dflib.paths import CHECKPOINTS
from dflib.scale import current
from dflib.studies.detectors import table
from dflib.studies.detectors.data import clips_of, cut_out
from dflib.studies.detectors.plan import FRAMES, METHODS, PAPER_COLUMNS, Entry
from dflib.studies.detectors.results import log_odds, native, prepared, trained

WORTH = ("Of videos of people it had not seen ({data}) it called {missed:.0f} % of the fakes real and {alarms:.0f} % of the real "
         "ones fake; on other cameras, codings and methods it errs more often.")
RESIZED = " Of honest videos that were only made small and large again it called {called:.0f} % fake."


def ship(root, entry: Entry, result: dict, methods=METHODS, folder=CHECKPOINTS) -> dict:
    """Write the best network of an entry as detector-NAME in eight bits a weight; returns its card."""
    entry = prepared(entry)
    run = trained(root, entry, methods)
    network = run.models["best"].network.eval()
    videos = table.by_video(table.by_frame(result))
    data = f"{Path(root).name}, {entry.compression}, {len(set(videos['group']))} pairs of test people"
    scores = {"temperature": table.temperature_of(result), "worth": worth_of(result, data),
              "validation": result["about"]["validation"],
              "frame": table.scored(table.by_frame(result)), "video": table.scored(videos),
              "compression": by_compression(root, entry, network, table.temperature_of(result), methods),
              "group": by_group(videos, looks_of(root)), "others": table.on_others(result)}
    return export(run, folder / f"detector-{entry.name}.safetensors", entry.recipe, data, scores, precision="int8")


def worth_of(result: dict, data: str) -> str:
    """The sentence with the error rates on test videos, and one with those on the control `Enlarged`, where there is one.

    data: words for what the test videos are.
    """
    videos = table.by_video(table.by_frame(result))
    fake = videos["kind"] != table.REAL
    said = WORTH.format(data=data, missed=100 * (videos["score"][fake] <= 0.5).mean(),
                        alarms=100 * (videos["score"][~fake] > 0.5).mean())
    resized = table.on_others(result).get("Enlarged")
    return said + (RESIZED.format(called=100 * resized["called fake"]["value"]) if resized else "")


def by_compression(root, entry: Entry, network, temperature: float, methods=METHODS) -> dict:
    """Compression -> AUC and accuracy of videos of test people so coded, wherever the set has them."""
    found = {}
    for name in PAPER_COLUMNS:
        try:
            clips = clips_of(root, "test", name, methods)
        except FileNotFoundError:
            continue
        crops = cut_out(clips, entry.recipe.crop, FRAMES[current().name][2], native(entry))
        if not 0 < crops.labels.sum() < len(crops):
            continue
        videos = table.by_video({"score": expit(log_odds(network, crops.pictures) / temperature), "kind": np.asarray(crops.kinds),
                                 "group": np.asarray(crops.groups), "clip": np.asarray(crops.clips)})
        found[name] = {"auc": round(auc(table.labels(videos), videos["score"]), 4),
                       "accuracy": round(table.accuracy(videos["kind"], videos["score"]), 4), "videos": len(videos["clip"])}
    return found


def looks_of(root) -> dict:
    """id of an actor -> names of the groups that they belong to; empty for a set without `actors.json`."""
    path = Path(root) / "actors.json"
    if not path.is_file():
        return {}
    found = {}
    for name, actor in json.loads(path.read_text(encoding="utf-8"))["actors"].items():
        known = cast.sample_person(actor["person"]).attributes
        tone = ("light", "medium", "dark")[int(np.digitize(known["tone"], (1 / 3, 2 / 3)))]
        found[name] = [f"{tone} skin", "women" if known["female"] else "men", "from 50" if known["age"] >= 50 else "below 50"]
    return found


def by_group(videos: dict, looks: dict) -> dict:
    """Group of people -> share of their real videos that is called fake, and of fakes on them that is called real."""
    targets = [Path(clip).stem.split("_")[0] for clip in videos["clip"]]
    found = {}
    for group in sorted({group for names in looks.values() for group in names}):
        rows = np.array([group in looks.get(target, ()) for target in targets])
        real = videos["kind"] == table.REAL
        if (rows & real).any() and (rows & ~real).any():
            found[group] = {"people": len({t for t, inside in zip(targets, rows) if inside}),
                            "false alarms": round(float((videos["score"][rows & real] > 0.5).mean()), 4),
                            "missed": round(float((videos["score"][rows & ~real] <= 0.5).mean()), 4)}
    return found
