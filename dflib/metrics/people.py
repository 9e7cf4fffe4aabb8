"""What people score at "real or fake?": the games of lesson 07, kept in files that a class can pool.

A game is a file of JSON without a name or a time of day:

    {"game": "real or fake?", "set": "forensics", "compression": "c23",
     "answers": [{"clip": "052_108", "kind": "Deepfakes", "said": "fake"}, …]}         kind: "real", or the method of a fake

`own_score("c23")` is the reader's own, for the table of lesson 08.
"""
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dflib.files import write_bytes, writable_folder
from dflib.metrics.classification import Estimate, interval, wilson
from dflib.paths import cache_dir

GAME = "real or fake?"
ANSWERS = ("real", "fake")
#: What 204 participants scored on single pictures in the study of Rössler et al. 2019, %.
PAPER = {"raw": 68.69, "c23": 66.57, "c40": 58.73}


@dataclass(frozen=True)
class Score:
    """How many of the answers at one compression are right. kinds: kind of clip -> (right, asked)."""
    compression: str
    people: int
    right: int
    asked: int
    accuracy: Estimate          # of one person by Wilson's interval, of several by bootstrap over them
    kinds: dict


def game_of(set_name: str, compression: str, answers: list) -> dict:
    """A game of answers, each (clip, kind, said). ValueError for what was never said."""
    return _checked({"game": GAME, "set": set_name, "compression": compression,
                     "answers": [dict(zip(("clip", "kind", "said"), one)) for one in answers]}, "The game")


def folder() -> Path:
    """Where the reader's own games are kept."""
    return writable_folder(cache_dir() / "real-or-fake")


def keep(game: dict, where=None) -> Path:
    """Write a game into the folder ``where``, by default `folder`, beside earlier ones; its path."""
    where = Path(where or folder())
    number = 1 + max((int(path.stem.split("-")[-1]) for path in where.glob("game-*-*.json")), default=0)
    path = where / f"game-{time.strftime('%Y%m%d')}-{number:04d}.json"
    write_bytes(path, (json.dumps(game, indent=1) + "\n").encode())
    return path


def read_game(path) -> dict:
    """The game in a file. ValueError for a file that holds none."""
    try:
        return _checked(json.loads(Path(path).read_text(encoding="utf-8")), path)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} holds no game.") from error


def _checked(game, what) -> dict:
    answers = game.get("answers") if isinstance(game, dict) and game.get("game") == GAME else None
    if not isinstance(answers, list) or not answers or not isinstance(game.get("compression"), str):
        raise ValueError(f"{what} holds no game.")
    for one in answers:
        if not (isinstance(one, dict) and isinstance(one.get("kind"), str) and one.get("said") in ANSWERS):
            raise ValueError(f"{what} holds an answer that is neither real nor fake: {one!r}.")
    return game


def pooled(games) -> list:
    """The Scores of several people, each game a person's, by compression; games as of `read_game`."""
    return [_score([game for game in games if game["compression"] == name], name)
            for name in dict.fromkeys(game["compression"] for game in games)]


def own_score(compression: str = "c23") -> "Score | None":
    """The Score of the newest of the reader's own games at this compression; None where there is none."""
    for path in sorted(folder().glob("game-*-*.json"), key=lambda path: int(path.stem.split("-")[-1]), reverse=True):
        game = read_game(path)
        if game["compression"] == compression:
            return _score([game], compression)
    return None


def _score(games, compression) -> Score:
    rows = [(person, one["kind"], (one["said"] == "fake") == (one["kind"] != "real"))
            for person, game in enumerate(games) for one in game["answers"]]
    person, kind, right = (np.array(column) for column in zip(*rows))
    accuracy = wilson(int(right.sum()), len(right)) if len(games) == 1 else interval(np.mean, person, right)
    kinds = {str(name): (int(right[kind == name].sum()), int((kind == name).sum())) for name in sorted(set(kind))}
    return Score(compression, len(games), int(right.sum()), len(right), accuracy, kinds)
