"""python -m dflib.studies.challenge ROOT [--out FOLDER]: a baseline that is bettered step by step, on a challenge that was made.

Writes a submission for each step into FOLDER, and with the key in ROOT/teacher ladder.json: each step's log loss and gain.
"""
import argparse
import json
from dataclasses import asdict
from pathlib import Path

from dflib.files import writable_folder, write_bytes
from dflib.studies.challenge import ladder
from dflib.studies.challenge.scoring import parts_of
from dflib.studies.challenge.submission import read_key, written


def main(arguments=None) -> None:
    """Climb, write and print."""
    parser = argparse.ArgumentParser(prog="python -m dflib.studies.challenge", description=__doc__.split(": ", 1)[1])
    parser.add_argument("root", type=Path, metavar="ROOT", help="the folder of python -m dflib challenge make")
    parser.add_argument("--out", type=Path, default=Path("ladder"), metavar="FOLDER", help="for the submissions (default: ladder)")
    asked = parser.parse_args(arguments)
    out = writable_folder(asked.out)
    said = ladder.climbed(asked.root)
    for name, submitted in said.items():
        write_bytes(out / f"{name}.csv", written(submitted).encode())
    key = read_key(asked.root / "teacher" / "key.csv")
    table = {part: ladder.gains(said, key, part) for part in parts_of(key)}
    words = {step.name: step.words for step in ladder.steps_of()}
    for part, rows in table.items():
        for row in rows:
            gain = row["gain"]
            row["gain"] = gain and {name: round(value, 4) for name, value in asdict(gain).items()}
            better = f"{gain.value:+.3f} ({gain.low:+.3f} … {gain.high:+.3f})" if gain else ""
            print(f"{part:8s} {words[row['step']]:70s} {row['log_loss']:7.4f}  {better}")
    write_bytes(out / "ladder.json", (json.dumps(table, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
