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


def seconds(low: float, high: float):
    """Argument type: a duration from ``low`` to ``high`` seconds."""
    def parse(text):
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:       # nan too
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from {low:g} to {high:g}")
        return number
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
