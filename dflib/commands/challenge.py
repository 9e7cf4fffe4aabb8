"""``challenge``: a competition as the DFDC was, made, checked and scored."""
import sys
from pathlib import Path

from dflib.commands.arguments import number, output, whole

SUMMARY = "Hold a deepfake detection challenge: make its videos, check and score what is handed in, and draw the leaderboard."


def add_arguments(parser) -> None:
    """What to do, and with which files."""
    actions = parser.add_subparsers(dest="what", metavar="action", required=True)
    make = actions.add_parser("make", help="videos to learn from, videos to judge, and the key, apart; an interrupted run goes on")
    make.add_argument("folder", type=Path, metavar="FOLDER", help="where to: FOLDER/learners, FOLDER/private, FOLDER/teacher")
    make.add_argument("--seed", type=whole(0, 2 ** 63 - 1), metavar="S",
                      help="who is in it, and the key: a number that no learner can guess (default: drawn, and kept in FOLDER/teacher)")
    make.add_argument("--actors", type=whole(12, 10_000), metavar="N", help="an even number (default: 100; with --stock 92)")
    make.add_argument("--stock", type=Path, metavar="SET",
                      help="show the clips of a set of make forensics instead of new ones: a minute's work, for practice, because "
                           "whoever has the set can look the answers up")
    check = actions.add_parser("check", help="every fault of a submission, with its line")
    check.add_argument("submission", type=Path, metavar="SUBMISSION", help="a CSV: filename,label with label = P(fake)")
    check.add_argument("videos", type=Path, nargs="?", metavar="VIDEOS",
                       help="sample_submission.csv or a key, for the names that must be in it (default: names are not checked)")
    score = actions.add_parser("score", help="log loss, area under the curve and reliability of a submission")
    score.add_argument("submission", type=Path, metavar="SUBMISSION", help="a CSV: filename,label with label = P(fake)")
    score.add_argument("--json", type=output(".json"), metavar="FILE", help="file for the scores")
    score.add_argument("--plot", type=output(".png"), metavar="FILE", help="picture of what was said against what was so")
    board = actions.add_parser("leaderboard", help="a page with the places of all submissions in a folder")
    board.add_argument("folder", type=Path, metavar="FOLDER", help="with a CSV for each team, or a folder of them")
    board.add_argument("--public", action="store_true", help="only the public part: the board that learners see before the end")
    board.add_argument("--out", type=output(".html"), metavar="PAGE", help="the page (default: FOLDER/leaderboard.html)")
    for command in (score, board):
        command.add_argument("--key", type=Path, required=True, metavar="KEY",
                             help="key.csv of a challenge, or a list with the truth about the DFDC's videos (metadata.json, labels.csv)")
        command.add_argument("--clip", type=number(0, 0.49, "clip"), default=1e-15, metavar="C",
                             help="probabilities are kept within C and 1 - C (default: 1e-15, at which a certain error costs 34.5)")


def run(arguments) -> None:
    """Do it; a submission with faults is bad input."""
    {"make": _make, "check": _check, "score": _score, "leaderboard": _leaderboard}[arguments.what](arguments)


def _make(arguments) -> None:
    from dflib.studies.challenge import make
    from dflib.training.display import duration
    chosen = make.settings(arguments.folder, arguments.actors, arguments.seed, arguments.stock)
    videos = make.videos_of(chosen)
    left, workers = make.missing(arguments.folder, videos), make.processes()
    print(f"{arguments.folder}: {len(left):,} of {len(videos):,} videos to make, about "
          f"{duration(make.seconds(left, workers, chosen['stock']))} on {workers} core{'s' if workers > 1 else ''}", flush=True)
    make.make_challenge(arguments.folder, chosen["actors"], chosen["seed"], workers, chosen["stock"])
    learners, private, teacher = (arguments.folder / name for name in ("learners", "private", "teacher"))
    print(f"Hand out {learners} now and {private} at the end; {teacher} stays with you.")


def _check(arguments) -> None:
    from dflib.studies.challenge.submission import faults_of, read, wanted_of
    wanted = wanted_of(arguments.videos) if arguments.videos else None
    faults = faults_of(arguments.submission, wanted)
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        raise ValueError(f"{arguments.submission} has {len(faults)} fault{'s' if len(faults) > 1 else ''}.")
    print(f"{arguments.submission}: {len(read(arguments.submission, wanted)):,} videos, no fault")


def _score(arguments) -> None:
    import json

    from dflib import media
    from dflib.files import write_bytes
    from dflib.studies.challenge import scoring
    from dflib.studies.challenge.submission import read, read_key
    key = read_key(arguments.key)
    scores = scoring.score(read(arguments.submission, dict(zip(key.names, key.parts.tolist()))), key, arguments.clip)
    print(scoring.in_words(arguments.submission.name, scores, arguments.clip))
    if arguments.json:
        write_bytes(arguments.json, json.dumps(scoring.as_json(scores, arguments.clip), indent=1).encode())
    if arguments.plot:
        media.write_figure(arguments.plot, scoring.diagram(scores), note="what a submission said against what was so")


def _leaderboard(arguments) -> None:
    from dflib.files import check_writable, write_bytes
    from dflib.studies.challenge import board
    from dflib.studies.challenge.scoring import parts_of
    from dflib.studies.challenge.submission import read_key
    key = read_key(arguments.key)
    parts = parts_of(key)
    if arguments.public and "public" not in parts:
        raise ValueError(f"The key {arguments.key} has no public part.")
    parts = ["public"] if arguments.public else parts
    path = check_writable(arguments.out or arguments.folder / "leaderboard.html")
    entries, faults = board.entries_of(arguments.folder, key, parts, arguments.clip)
    write_bytes(path, board.page(entries, faults, parts, arguments.clip).encode())
    print(f"{path}: {len(entries)} team{'s' if len(entries) != 1 else ''}" + (f", {len(faults)} files not scored" if faults else ""))
