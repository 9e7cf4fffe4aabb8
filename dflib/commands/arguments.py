"""Types of arguments that several commands share; each raises what argparse turns into one sentence."""
import argparse
from pathlib import Path

IMAGES, VIDEOS = (".png", ".jpg", ".jpeg", ".webp"), (".mp4", ".mov", ".mkv")


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
    """Argument type: a path that ends in one of ``suffixes`` in an existing folder, checked before any work is done."""
    def parse(text):
        path = Path(text)
        if path.suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"the name {text!r} must end in {' or '.join(suffixes)}")
        if not path.parent.is_dir():
            raise argparse.ArgumentTypeError(f"the folder {path.parent} does not exist")
        return path
    return parse
