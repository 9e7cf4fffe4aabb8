"""Command line: ``python -m dflib COMMAND``, the same functions as the notebooks."""
import argparse
import os
import sys
from importlib import import_module

COMMANDS = ("info", "render", "make", "detect", "swap", "edit", "examine", "challenge", "train")
BAD_INPUT = 2       # exit code


class Parser(argparse.ArgumentParser):
    """argparse that answers wrong arguments with one sentence instead of a page."""

    def error(self, message):
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser() -> Parser:
    """The parser of every command; building it imports no torch."""
    parser = Parser(prog="python -m dflib", description="Deepfakes from the ground up: the course's functions as commands.")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name in COMMANDS:
        module = import_module(f"dflib.commands.{name}")
        command = commands.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        command.add_argument("--scale", choices=("smoke", "cpu", "gpu"),
                             help="size of pictures and runs (default: DFLIB_SCALE, else gpu with CUDA, else cpu)")
        module.add_arguments(command)
        command.set_defaults(run=module.run, prog=command.prog)
    return parser


def main(argv=None) -> int:
    """Run one command; 0 when done, 2 with one sentence on standard error for bad input, 130 when interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):      # a name that the console cannot show is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    arguments = build_parser().parse_args(argv)
    if arguments.scale:
        os.environ["DFLIB_SCALE"] = arguments.scale
    try:
        from dflib import scale
        scale.current()             # an unknown DFLIB_SCALE is bad input to every command
        arguments.run(arguments)
    except BrokenPipeError:         # the reader of the output has gone, as with "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"{arguments.prog}: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"{arguments.prog}: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
