"""The best network of each kind of attention as a checkpoint with its card."""
from pathlib import Path

from dflib.forensics.train import export
from dflib.paths import CHECKPOINTS
from dflib.studies.detectors import table
from dflib.studies.detectors.results import trained
from dflib.studies.detectors.ship import worth_of
from dflib.studies.localisation import measure
from dflib.studies.localisation.plan import methods_in, started
from dflib.studies.localisation.results import COMPRESSION


def best_two(rows: list) -> list:
    """The rows of the best network of each kind of attention, by IoU on validation people; of their first seed alone."""
    found = []
    for attention in ("regression", "appearance"):
        of_kind = [row for row in rows if row["recipe"]["attention"] == attention and row["seed"] == rows[0]["seed"]]
        found += sorted(of_kind, key=lambda row: row["validation IoU"])[-1:]
    return found


def ship(root, entry, result: dict, row: dict, folder=CHECKPOINTS) -> dict:
    """Write the best network of an entry as attention-KIND in eight bits a weight; returns its card."""
    entry = started(root, entry)
    run = trained(root, entry, methods_in(root, COMPRESSION))
    data = f"{Path(root).name}, {COMPRESSION}, {measure.pairs_in(result)} pairs of test people"
    scores = {"temperature": table.temperature_of(result), "worth": worth_of(result, data),
              "validation": result["about"]["validation"], "entry": entry.name,
              **{name: row[name] for name in ("detection", "maps", "half", "areas", "others", "validation IoU")}}
    return export(run, folder / f"attention-{entry.recipe.attention}.safetensors", entry.recipe, data, scores, precision="int8")
