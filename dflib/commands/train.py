"""``train``: the networks that the course ships, from their recipes."""
from importlib import import_module

SUMMARY = "Train a network that the course ships, from its recipe, at the current scale; an interrupted run goes on."
RECIPES = {     # network -> module whose train(name) makes it
    "landmarks": "dflib.faces.train",
    "detector": "dflib.faces.train",
    "identity": "dflib.metrics.train",
    "attributes": "dflib.metrics.train",
    "gan": "dflib.synthesis.gan",
    "stylegan": "dflib.synthesis.train",
}


def add_arguments(parser) -> None:
    """Which network."""
    parser.add_argument("network", choices=(*RECIPES, "all"), help="what to train; all: one after the other")


def run(arguments) -> None:
    """Train; the recipes show their progress and say where the result is."""
    for name in RECIPES if arguments.network == "all" else (arguments.network,):
        import_module(RECIPES[name]).train(name)
        print(f"{name}: done")
