"""``make``: the rendered data that the course ships, once more, and sets of any size."""
from pathlib import Path

from dflib.commands.arguments import whole

SUMMARY = ("Make a set of the course's data: faces, clips of actors, or a forensics set of manipulated clips. What is there is kept; an "
           "interrupted run goes on.")


def add_arguments(parser) -> None:
    """Which set, where to, and how much of it."""
    sets = parser.add_subparsers(dest="what", metavar="set", required=True)
    faces = sets.add_parser("faces", help="people of the cast with their ground truth, 128 px (the shipped 4,000: 8 minutes of one core)")
    faces.add_argument("--people", type=whole(1, 1_000_000), metavar="N", help="how many (default: 4000)")
    clips = sets.add_parser("clips", help="six actors on film with the truth of every frame, 256 px (6 minutes of one core)")
    for command, name in ((faces, "cast"), (clips, "clips")):
        command.add_argument("folder", nargs="?", type=Path, metavar="FOLDER",
                             help=f"where to (default: data/{name}, the shipped set, which is replaced piece by piece)")
    forensics = sets.add_parser("forensics", help="FaceForensics++ in small: clips of actors, manipulated in several ways, with masks")
    forensics.add_argument("folder", type=Path, metavar="FOLDER", help="where to")
    forensics.add_argument("--actors", type=whole(6, 10_000), default=130, metavar="N", help="an even number (default: 130)")
    forensics.add_argument("--compression", nargs="+", default=["c23"], metavar="C", help="of raw, c23, c40 (default: c23)")
    forensics.add_argument("--methods", nargs="+", metavar="METHOD",
                           help="of Deepfakes, Face2Face, FaceSwap, NeuralTextures, Attributes, Synthesis (default: all, without "
                                "Attributes where lesson 06's checkpoint stargan-64 is not there)")
    forensics.add_argument("--pairs", type=whole(1, 10_000), metavar="N", help="only the first N pairs of the test part (default: all)")
    forensics.add_argument("--seed", type=whole(0, 9999), default=0, help="another seed is another set of people (default: 0)")
    reals = sets.add_parser("reals", help="a second set of real clips alone, of people in no forensics set: for rates of false alarm")
    reals.add_argument("folder", type=Path, metavar="FOLDER", help="where to")
    reals.add_argument("--people", type=whole(1, 4_000), default=500, metavar="N", help="how many, 20 frames of each (default: 500)")
    reals.add_argument("--compression", nargs="+", default=["c23"], metavar="C", help="of raw, c23, c40 (default: c23)")
    reals.add_argument("--seed", type=whole(0, 9999), default=0, help="another seed is another set of people (default: 0)")


def run(arguments) -> None:
    """Render; prints the folder. Raises OSError, before any work, for a folder that cannot be written."""
    from dataclasses import replace

    if arguments.what == "forensics":
        _forensics(arguments)
        return
    if arguments.what == "reals":
        from dflib.studies.forensics_set import make as forensics_set
        forensics_set.make_reals(arguments.folder, arguments.people, arguments.compression, arguments.seed)
        print(arguments.folder)
        return
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


def _forensics(arguments) -> None:
    from dflib.studies.forensics_set import make
    from dflib.training.display import duration
    wanted = make.tasks(arguments.actors, arguments.methods, seed=arguments.seed, pairs=arguments.pairs)
    left = make.missing(arguments.folder, wanted, arguments.compression)
    print(f"{arguments.folder}: {len(left):,} clips to make, about {duration(make.seconds(left))} on one core", flush=True)
    make.make_forensics(arguments.folder, arguments.actors, arguments.compression, arguments.methods, seed=arguments.seed,
                        pairs=arguments.pairs)
    print(arguments.folder)
