"""Types of arguments that several commands share; each raises what argparse turns into one sentence."""
import argparse
import sys
from pathlib import Path

from dflib.files import check_writable


def whole(low: int, high: int):
    """Argument type: a whole number from ``low`` to ``high``."""
    def parse(text):
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return number
    return parse


def number(low: float, high: float, what: str = "number"):
    """Argument type: a number from ``low`` to ``high``, called ``what`` in the error."""
    def parse(text):
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:        # nan too
            raise argparse.ArgumentTypeError(f"{text!r} is not a {what} from {low:g} to {high:g}")
        return value
    return parse


def output(*suffixes: str):
    """Argument type: a path that ends in one of ``suffixes`` and can be written, checked before any work is done."""
    def parse(text):
        path = Path(text)
        if path.suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"the name {text!r} must end in {' or '.join(suffixes)}")
        try:
            return check_writable(path)
        except OSError as error:
            raise argparse.ArgumentTypeError(str(error).removesuffix(".")) from error
    return parse


def add_which(parser, default: str) -> None:
    """The option --which: whose faces are changed."""
    parser.add_argument("--which", choices=("largest", "all"), default=default,
                        help="largest: the person whose face is the largest where one is first seen, and nobody else; "
                             f"all: everybody (default: {default})")


def say_remarks(prog: str, remarks) -> None:
    """Print to standard error what files were found to be; ``remarks`` are pairs (path, sentence)."""
    for path, sentence in remarks:
        print(f"{prog}: {path}: {sentence}", file=sys.stderr)
