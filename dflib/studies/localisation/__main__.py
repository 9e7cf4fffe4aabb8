"""python -m dflib.studies.localisation ROOT [--reals FOLDER] [--entries …] [--seeds 0 1] [--ship]: where was it changed?"""
import argparse
import json
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from dflib.files import writable_folder, write_bytes
from dflib.forensics import build_detector
from dflib.forensics.attention import PLACE, features_after
from dflib.forensics.train import network_options
from dflib.metrics.classification import holm
from dflib.paths import DATA
from dflib.studies.detectors import table
from dflib.studies.localisation import card, figures, measure, plan, ship
from dflib.studies.localisation.halves import halves
from dflib.studies.localisation.results import COMPRESSION, crops_in, parts_of, results_of, training_crops

FOLDER = DATA / "localisation"


def main(arguments=None) -> None:
    """Train what is missing, and write scores.json, README.md and maps.png into the folder after each network."""
    parser = argparse.ArgumentParser(prog="python -m dflib.studies.localisation",
                                     description=__doc__.split(": ", 1)[1])
    parser.add_argument("root", type=Path, metavar="ROOT", help="a set in FaceForensics++'s layout, with masks")
    parser.add_argument("--reals", type=Path, metavar="FOLDER", help="a set of real clips alone, for rates of false alarm")
    parser.add_argument("--entries", nargs="+", default=[*plan.TITLES], choices=[*plan.TITLES], metavar="NAME",
                        help=f"of {', '.join(plan.TITLES)} (default: all)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1],
                        help="the first for all, the others for the supervised pair alone (default: 0 1)")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER", help="for the tables (default: data/localisation)")
    parser.add_argument("--ship", action="store_true", help="also write the checkpoints of the best two")
    asked = parser.parse_args(arguments)
    out = writable_folder(asked.out)
    wanted = plan.entries(asked.entries, asked.seeds)
    results, rows, crops = [], [], {}
    for entry in tqdm(wanted, "localising", unit="network"):
        result = results_of(asked.root, entry, asked.reals)
        if not crops:           # the same for all
            crops = {part: crops_in(part, clips, entry.recipe) for part, clips in parts_of(asked.root).items()}
            half = halves(crops["test"])
            truths = {part: measure.truth_of(of) for part, of in crops.items() if of.masks is not None}
            known = without_network(asked.root, entry, result, crops, half)
        results.append(result)
        rows.append(measure.row(result, truths, half))
        scores = {"pairs": measure.pairs_in(result), "methods": plan.methods_in(asked.root, COMPRESSION), **known,
                  "differences": differences(results), "rows": rows}
        write_bytes(out / "scores.json", (json.dumps(scores, indent=1) + "\n").encode())
        write_bytes(out / "README.md", card.card(scores).encode())
    mapped = [result for result in results if "test_map" in result and result["about"]["seed"] == asked.seeds[0]]
    if mapped:
        figures.write_maps(out / "maps.png", {part: crops[part] for part in ("test", "other") if part in crops}, mapped)
    if asked.ship:
        for row in ship.best_two(rows):
            place = rows.index(row)
            ship.ship(asked.root, wanted[place], results[place], row)


def without_network(root, entry, result: dict, crops: dict, half) -> dict:
    """Scores of maps that no network made, and the "side" of maps: "bounds" of test pictures, "coded bounds" {part: {name: IoU}},
    "half bounds" and "area bounds".

    result: of the network without attention, where that is the first; then it says when the mean mask is shown.
    """
    recipe, tested = entry.recipe, crops["test"]
    side = features_after(build_detector(recipe.detector, **network_options(recipe)), PLACE)[1]
    training, _ = training_crops(root, entry)
    says_fake = table.by_frame(result)["score"] > 0.5 if entry.name == "plain" else None

    def scored(of, says_fake=None):
        truths = measure.truth_of(of)
        return {name: measure.localised(maps, truths, of.kinds, of.groups)
                for name, maps in measure.bounds(training, truths, side, says_fake).items()}

    bounds = scored(tested, says_fake)
    coded = {"test": bounds, **{part: scored(crops[part]) for part in ("raw", "c40") if part in crops}}
    truths = {name: measure.bounds(training, measure.truth_of(of), side) for name, of in (("test", tested), ("half", half[0]))}
    return {"side": side, "bounds": bounds,
            "coded bounds": {part: {name: of[name][measure.PARTLY]["IoU"] for name in card.KNOWN} for part, of in coded.items()},
            "half bounds": {name: measure.halved(truths["half"][name], *half) for name in card.KNOWN},
            "area bounds": {name: measure.areas({"test_map": truths["test"][name], "test_kind": np.asarray(tested.kinds),
                                                 "test_group": np.asarray(tested.groups)}) for name in card.KNOWN}}


def differences(results: list) -> list:
    """AUC of videos of each network with attention minus that of the one without, of the same seed or of the first."""
    plain = next((result for result in results if result["about"]["name"] == "plain"), None)
    if plain is None:
        return []
    compared = []
    for result in results:
        if result is not plain:
            against = {**plain, "about": {**plain["about"], "seed": result["about"]["seed"]}}
            compared += [{**found, "name": result["about"]["name"]} for found in table.differences([result, against])]
    corrected = holm([found["p"] for found in compared]) if compared else ()
    return [{**found, "p": round(float(p), 4), "distinguishable": bool(p < table.SIGNIFICANT)}
            for found, p in zip(compared, corrected)]


if __name__ == "__main__":
    main()
