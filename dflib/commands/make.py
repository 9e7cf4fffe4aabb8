"""``make``: the rendered data that the course ships, once more."""
from pathlib import Path

from dflib.commands.arguments import whole

SUMMARY = "Render a set of the course's data: faces, or clips of actors. What is there is kept; an interrupted run goes on."


def add_arguments(parser) -> None:
    """Which set, where to, and how much of it."""
    sets = parser.add_subparsers(dest="what", metavar="set", required=True)
    faces = sets.add_parser("faces", help="people of the cast with their ground truth, 128 px (the shipped 4,000: 8 minutes of one core)")
    faces.add_argument("--people", type=whole(1, 1_000_000), metavar="N", help="how many (default: 4000)")
    clips = sets.add_parser("clips", help="six actors on film with the truth of every frame, 256 px (6 minutes of one core)")
    for command, name in ((faces, "cast"), (clips, "clips")):
        command.add_argument("folder", nargs="?", type=Path, metavar="FOLDER",
                             help=f"where to (default: data/{name}, the shipped set, which is replaced piece by piece)")


def run(arguments) -> None:
    """Render; prints the folder. Raises OSError, before any work, for a folder that cannot be written."""
    from dataclasses import replace

    from dflib.datasets import actors, make
    from dflib.paths import DATA, data_missing
    if not arguments.folder and data_missing():
        raise ValueError(data_missing())
    if arguments.what == "faces":
        if arguments.people and not arguments.folder:
            raise ValueError(f"To make {arguments.people} people give a FOLDER: data/cast is the shipped set of {make.SHIPPED.people}.")
        folder = arguments.folder or DATA / "cast"
        make.make_faces(folder, replace(make.SHIPPED, people=arguments.people or make.SHIPPED.people))
    else:
        folder = arguments.folder or DATA / "clips"
        actors.make_clips(folder)
    print(folder)
