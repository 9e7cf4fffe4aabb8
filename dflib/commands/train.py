"""``train``: the networks that the course ships, from their recipes."""
import argparse
from importlib import import_module

SUMMARY = "Train a network that the course ships, from its recipe, at the current scale; an interrupted run goes on."
DETECTORS = ("cooccurrences", "cozzolino", "bayar", "rahmouni", "meso4", "mesoinception4", "xception", "efficientnet-lite0")
RECIPES = {     # network -> module whose train(recipe, data, folder) makes it, and its recipes where the module has others too
    "landmarks": "dflib.faces.train:LANDMARKS",
    "detector": "dflib.faces.train:DETECTOR",
    "identity": "dflib.metrics.train:IDENTITY",
    "attributes": "dflib.metrics.train:ATTRIBUTES",
    "gan": "dflib.synthesis.gan.train:RECIPES",
    "stylegan": "dflib.synthesis.stylegan.train:RECIPES",
    "stargan": "dflib.synthesis.stargan.train:RECIPES",
    "autoencoder": "dflib.swap.train:RECIPES",
}
USES = {        # network -> the command that uses its checkpoint; the others are loaded with dflib.checkpoints.load
    "stylegan": "python -m dflib render --checkpoint {} --out sheet.png",
    "stargan": "python -m dflib edit photo.jpg edited.png --set hair=blond --checkpoint {}",
    "autoencoder": "python -m dflib swap person0.mp4 person1.mp4 swapped.mp4 --method autoencoder --checkpoint {}",
    **dict.fromkeys(DETECTORS, "python -m dflib examine clip.mp4 --with {}"),
}
OWN_DATA = {"stylegan": 1, "autoencoder": 2}        # network -> how many paths it can learn from: a folder of pictures; two videos


def add_arguments(parser) -> None:
    """Which network, from what, and what becomes of an earlier run."""
    parser.add_argument("network", choices=(*RECIPES, *DETECTORS, "all"),
                        help="what to train; all: one after the other, but for those that learn to tell fakes from real faces "
                             f"({', '.join(DETECTORS)})")
    parser.add_argument("--data", nargs="+", metavar="PATH",
                        help="learn from your own pictures instead of the cast: a folder for stylegan, a video of each of two people "
                             "for autoencoder, who agreed. For those that tell fakes: a set in FaceForensics++'s layout (default: "
                             "data/forensics)")
    parser.add_argument("--compression", choices=("raw", "c23", "c40"), help="which of such a set's videos (default: c23)")
    parser.add_argument("--resume", action=argparse.BooleanOptionalAction,
                        help="--resume: only go on with an earlier run, which must exist; --no-resume: put it aside under "
                             "another name and begin again; without either: go on where there is one, else begin")


def run(arguments) -> None:
    """Train; the recipes show their progress. ValueError when there is no run to resume, and for data that are none."""
    if arguments.network in DETECTORS:
        _train_detector(arguments)
        return
    if arguments.compression:
        raise ValueError(f"--compression is for {', '.join(DETECTORS)}, not for {arguments.network}.")
    names = list(RECIPES) if arguments.network == "all" else [arguments.network]
    if arguments.data:
        _check_data(arguments)
    if arguments.resume and not any(map(_earlier, names)):
        raise ValueError(f"There is no earlier run of {' or '.join(names)} at this scale to resume: leave out --resume to begin.")
    for name in names:
        folder = run_folder(name, bool(arguments.data))
        if arguments.resume is False and _earlier(name, bool(arguments.data)):
            print(f"{name}: the earlier run is now {_put_aside(folder)}")
        module, recipe = module_and_recipe(name)
        data = arguments.data and (arguments.data[0] if OWN_DATA[name] == 1 else tuple(arguments.data))
        path = _exported(name, module.train(recipe, data, folder))
        print(f"{name}: done" + (f", {path}" if path else ""))
        if path and name in USES:
            print(f"use it:  {USES[name].format(path)}")


def _train_detector(arguments) -> None:
    """Train on a forensics set, score on its test people, and leave a checkpoint beside the run."""
    from pathlib import Path

    from dflib.forensics.train import recipe_for
    from dflib.paths import DATA
    from dflib.studies.detectors import ship
    from dflib.studies.detectors.plan import Entry
    from dflib.studies.detectors.results import results_of, run_folder
    if len(arguments.data or ()) > 1:
        raise ValueError(f"--data for {arguments.network} is one folder, not {len(arguments.data)} paths.")
    root = Path(arguments.data[0]) if arguments.data else DATA / "forensics"
    entry = Entry(arguments.network, recipe_for(arguments.network), arguments.compression or "c23")
    folder = run_folder(root, entry)
    begun = (folder / "state.safetensors").exists()
    if arguments.resume and not begun:
        raise ValueError(f"There is no earlier run of {entry.name} on {root} at this scale to resume: leave out --resume to begin.")
    if arguments.resume is False and begun:
        print(f"{entry.name}: the earlier run is now {_put_aside(folder)}")
    card = ship.ship(root, entry, results_of(root, entry), folder=folder.parent)
    print(f"{entry.name}: done, {folder.parent / f'detector-{entry.name}.safetensors'}. {card['scores']['worth']}")
    print(f"use it:  {USES[entry.name].format(folder.parent / f'detector-{entry.name}.safetensors')}")


def module_and_recipe(name: str) -> tuple:
    """The module whose ``train`` makes the network ``name``, and its recipe for the current scale."""
    from dflib.scale import current
    module, recipes = RECIPES[name].split(":")
    module = import_module(module)
    return module, getattr(module, recipes)[current().name]


def run_folder(name: str, own: bool = False):
    """Where the run of ``name`` is kept at the current scale; ``own``: the one that learns from the user's own data."""
    from dflib.paths import cache_dir
    from dflib.scale import current
    return cache_dir() / "runs" / f"{name}-{current().name}{'-own' if own else ''}"


def _check_data(arguments) -> None:
    count = OWN_DATA.get(arguments.network)
    if count is None:
        raise ValueError(f"--data is for {' and '.join(OWN_DATA)}, not for {arguments.network}.")
    if len(arguments.data) != count:
        what = "one folder of pictures" if count == 1 else "a video of each of two people"
        raise ValueError(f"--data for {arguments.network} is {what}, not {len(arguments.data)} paths.")


def _earlier(name, own=False) -> bool:
    return (run_folder(name, own) / "state.safetensors").exists()


def _put_aside(folder):
    """Rename ``folder`` to the first free of FOLDER.1, FOLDER.2, …, and return that."""
    count = 1
    while (aside := folder.with_name(f"{folder.name}.{count}")).exists():
        count += 1
    return folder.rename(aside)


def _exported(name, run):
    """Leave a run's network beside its folder as a checkpoint, the averaged one where there is an average; return its path."""
    if not run.accelerator.is_main_process:
        return None
    path = run.folder.with_suffix(".safetensors")
    run.export(path, "average" if run.averaged is not None else next(iter(run.models)), f"python -m dflib train {name}",
               run.about["data"], {})
    return path
