"""python -m dflib.studies.detectors ROOT [--compression c23 …] [--seeds 0 …] [--entries …] [--ship]: the comparison."""
import argparse
import json
from pathlib import Path

from tqdm.auto import tqdm

from dflib.files import writable_folder, write_bytes
from dflib.paths import DATA
from dflib.studies.detectors import card, figures, plan, ship, table
from dflib.studies.detectors.results import results_of

FOLDER = DATA / "detectors"


def main(arguments=None) -> None:
    """Train what is missing, and write scores.json, README.md and figures into the folder: a row after each network, at the end
    the differences."""
    parser = argparse.ArgumentParser(prog="python -m dflib.studies.detectors", description=__doc__.split(": ", 1)[1])
    parser.add_argument("root", type=Path, metavar="ROOT", help="a set in FaceForensics++'s layout")
    parser.add_argument("--compression", nargs="+", default=["c23"], choices=plan.PAPER_COLUMNS,
                        help="the first for all, the others with the first seed and for the paper's six alone (default: c23)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0],
                        help="the first for all, the others at the first compression and for the paper's six alone (default: 0)")
    parser.add_argument("--entries", nargs="+", default=[*plan.DETECTORS], choices=[*plan.TITLES], metavar="NAME",
                        help=f"of {', '.join(plan.TITLES)} (default: the paper's six)")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER", help="for the tables (default: data/detectors)")
    parser.add_argument("--ship", action="store_true", help="also write checkpoints of the six, of the first compression and seed")
    asked = parser.parse_args(arguments)
    out = writable_folder(asked.out)
    wanted = plan.entries(asked.entries, asked.compression, asked.seeds)
    results, rows = [], []
    for entry in tqdm(wanted, "comparing", unit="network"):
        results.append(results_of(asked.root, entry))
        rows.append(table.row(results[-1]))
        write(out, results, rows, [])
    write(out, results, rows, table.differences(results))
    first = [(entry, result) for entry, result in zip(wanted, results)
             if (entry.compression, entry.seed) == (asked.compression[0], asked.seeds[0]) and entry.name in plan.DETECTORS]
    figures.write_controls(out / "controls.png", asked.root, [result for _, result in first] or results)
    if asked.ship:
        for entry, result in first:
            ship.ship(asked.root, entry, result)


def write(out: Path, results: list, rows: list, differences: list) -> None:
    """scores.json, README.md and codings.png of these results, their rows and differences. They replace what is there: name all
    entries that the page should have."""
    scores = {"pairs": len(set(results[0]["test_group"])), "rows": rows, "differences": differences}
    write_bytes(out / "scores.json", (json.dumps(scores, indent=1) + "\n").encode())
    write_bytes(out / "README.md", card.card(scores).encode())
    figures.write_codings(out / "codings.png", scores["rows"])


if __name__ == "__main__":
    main()
