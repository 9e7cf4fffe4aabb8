"""What the study trains, at every scale, and what the paper found."""
from dataclasses import replace
from pathlib import Path

from dflib import checkpoints
from dflib.forensics.train import export, network_options
from dflib.scale import current
from dflib.studies.detectors import plan as detectors
from dflib.studies.detectors import results
from dflib.studies.detectors.plan import Entry

TITLES = {"plain": "no attention", "regression-supervised": "regression, supervised", "regression-weak": "regression, weak",
          "regression-unsupervised": "regression, unsupervised", "appearance-supervised": "MAM, supervised",
          "appearance-weak": "MAM, weak", "appearance-unsupervised": "MAM, unsupervised"}
AGAIN = ("regression-supervised", "appearance-supervised")      # trained with every seed, the others with the first alone
WHOLE = "Synthesis"                                             # of METHODS: changed all over
METHODS = (*detectors.METHODS, WHOLE)                      # learned from and tested on, as far as the set has them

#: Steps of 32 crops after lesson 08's, and their rate. cpu: about eight minutes of one core that multiplies bfloat16, tests
#: included (0.024 s a crop to learn from, a third of it to judge). The paper's rate is 2e-4, its batch 16.
LENGTHS = {"smoke": 4, "cpu": 500, "gpu": 5000}
RATES = {"smoke": 1e-3, "cpu": 3e-4, "gpu": 2e-4}

#: Dang et al. 2020, %: AUC, EER, TDR at 0.01 % and at 0.1 % FDR, on their own set, and PBCA where they say it.
PAPER = {"plain": (99.61, 2.88, 77.42, 85.26), "regression-supervised": (99.64, 2.23, 83.83, 90.78),
         "appearance-supervised": (99.26, 3.80, 77.72, 86.43)}
PAPER_PBCA = {"regression-supervised": 88.44}


def entries(names=TITLES, seeds=(0, 1)) -> list:
    """Every Entry (without its start, see `started`): all names with the first seed, those of AGAIN with the others too.

    ValueError for an unknown name.
    """
    unknown = [name for name in names if name not in TITLES]
    if unknown:
        raise ValueError(f"Unknown entry {unknown[0]!r}: there are {', '.join(TITLES)}.")
    return [Entry(name, recipe_of(name), seed=seed) for seed in seeds for name in names if seed == seeds[0] or name in AGAIN]


def recipe_of(name: str):
    """The recipe of an entry of TITLES at the current scale: lesson 08's Xception, with attention and a few more steps."""
    scale = current().name
    attention, _, supervision = name.partition("-")
    recipe = replace(detectors.recipe_of("xception"), steps=LENGTHS[scale], rate=RATES[scale], validations=1)      # the last state
    return recipe if name == "plain" else replace(recipe, attention=attention, supervision=supervision)


def started(root, entry: Entry) -> Entry:
    """The entry with what it starts from: lesson 08's Xception as it is shipped, if that is as large as the recipe says;
    else one trained as lesson 08 does, now or in an earlier run, on the same set and with seed 0."""
    try:
        card = checkpoints.read_card(checkpoints.shipped("detector-xception"))
    except FileNotFoundError:
        card = {}
    wanted = {"detector": "xception"} | network_options(entry.recipe)
    if card.get("network") == wanted and card.get("crop") == entry.recipe.crop:
        return replace(entry, recipe=replace(entry.recipe, start="detector-xception"))
    lesson08 = Entry("xception", detectors.recipe_of("xception"))
    folder = results.run_folder(root, lesson08)
    path = folder.with_name(f"{folder.name}-{lesson08.recipe.steps}.safetensors")
    if not path.is_file():
        run = results.trained(root, lesson08)
        export(run, path, lesson08.recipe, run.about["data"], {})
    return replace(entry, recipe=replace(entry.recipe, start=str(path)))


def methods_in(root, compression: str) -> tuple:
    """Those of METHODS that a set has in this compression."""
    names = ("raw", "c0") if compression == "raw" else (compression,)
    return tuple(method for method in METHODS if any(
        (Path(root) / "manipulated_sequences" / method / name / "videos").is_dir() for name in names))
