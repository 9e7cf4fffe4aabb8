"""``train``: the networks that the course ships, from their recipes."""
import argparse
from importlib import import_module

SUMMARY = "Train a network that the course ships, from its recipe, at the current scale; an interrupted run goes on."
RECIPES = {     # network -> module whose train(recipe, folder=…) makes it, and its recipes where the module has others too
    "landmarks": "dflib.faces.train:LANDMARKS",
    "detector": "dflib.faces.train:DETECTOR",
    "identity": "dflib.metrics.train:IDENTITY",
    "attributes": "dflib.metrics.train:ATTRIBUTES",
    "gan": "dflib.synthesis.gan.train",
    "stylegan": "dflib.synthesis.stylegan.train",
    "stargan": "dflib.synthesis.stargan.train",
    "autoencoder": "dflib.swap.train",
}


def add_arguments(parser) -> None:
    """Which network, and what becomes of an earlier run."""
    parser.add_argument("network", choices=(*RECIPES, "all"), help="what to train; all: one after the other")
    parser.add_argument("--resume", action=argparse.BooleanOptionalAction,
                        help="--resume: only go on with an earlier run, which must exist; --no-resume: put it aside under "
                             "another name and begin again; without either: go on where there is one, else begin")


def run(arguments) -> None:
    """Train; the recipes show their progress. Raises ValueError when there is no run to resume."""
    names = list(RECIPES) if arguments.network == "all" else [arguments.network]
    if arguments.resume and not any(map(_earlier, names)):
        raise ValueError(f"There is no earlier run of {' or '.join(names)} at this scale to resume: leave out --resume to begin.")
    for name in names:
        if arguments.resume is False and _earlier(name):
            print(f"{name}: the earlier run is now {_put_aside(run_folder(name))}")
        print(f"{name}: done{_exported(name, _train(name))}")


def _train(name):
    from dflib.scale import current
    path, _, recipes = RECIPES[name].partition(":")
    module = import_module(path)
    recipe = getattr(module, recipes)[current().name] if recipes else None
    return module.train(recipe, folder=run_folder(name))


def run_folder(name: str):
    """Where the recipe of ``name`` keeps its run at the current scale."""
    from dflib.paths import cache_dir
    from dflib.scale import current
    return cache_dir() / "runs" / f"{name}-{current().name}"


def _earlier(name) -> bool:
    return (run_folder(name) / "state.safetensors").exists()


def _put_aside(folder):
    """Rename ``folder`` to the first free of FOLDER.1, FOLDER.2, …, and return that."""
    count = 1
    while (aside := folder.with_name(f"{folder.name}.{count}")).exists():
        count += 1
    return folder.rename(aside)


def _exported(name, trained) -> str:
    """Leave a run's network beside its folder as a checkpoint, the averaged one where there is an average."""
    model = "average" if getattr(trained, "averaged", None) else "network"
    if model not in ("average", *getattr(trained, "models", ())) or not trained.accelerator.is_main_process:
        return ""                       # the autoencoder leaves its own
    path = run_folder(name).with_suffix(".safetensors")
    trained.export(path, model, f"python -m dflib train {name}", "rendered people of the cast", {})
    return f", {path}"
