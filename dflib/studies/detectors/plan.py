"""What the comparison trains, at every scale, and what the paper found."""
from dataclasses import dataclass, replace

from dflib.forensics.train import Recipe, recipe_for
from dflib.scale import current

METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")      # learned from and tested on, all together
DETECTORS = ("cooccurrences", "cozzolino", "bayar", "rahmouni", "mesoinception4", "xception")
TITLES = {"cooccurrences": "co-occurrences + SVM", "cozzolino": "Cozzolino et al.", "bayar": "Bayar and Stamm",
          "rahmouni": "Rahmouni et al.", "mesoinception4": "MesoInception-4", "xception": "Xception",
          "xception-people": "Xception, knew the cast", "xception-full": "Xception, full convolutions",
          "efficientnet-scratch": "EfficientNet-Lite0", "efficientnet-imagenet": "EfficientNet-Lite0, knew ImageNet"}
#: The article's two claims, and the entries that test each: what is said to help last.
CLAIMS = {"pretraining": (("xception", "xception-people"), ("efficientnet-scratch", "efficientnet-imagenet")),
          "depthwise convolutions": (("xception-full", "xception"),)}

#: Pictures of each clip for training, validation and test. gpu: the paper's numbers, as far as a clip has them.
FRAMES = {"smoke": (2, 2, 2), "cpu": (16, 4, 8), "gpu": (270, 100, 100)}
#: Steps and batch at cpu scale: six to nine minutes of one core that multiplies bfloat16, Xception seventeen.
LENGTHS = {"cozzolino": (450, 16), "bayar": (1200, 32), "rahmouni": (700, 32), "mesoinception4": (1500, 16),
           "xception": (1300, 32), "efficientnet-lite0": (500, 32)}

#: Rössler et al. 2019, tables: accuracy in %, trained on all methods together. Raw, c23, c40.
PAPER = {"cooccurrences": (97.63, 70.97, 55.98), "cozzolino": (98.57, 78.45, 58.69), "bayar": (98.74, 82.97, 66.84),
         "rahmouni": (97.03, 79.08, 61.18), "mesoinception4": (95.23, 83.10, 70.47), "xception": (99.26, 95.73, 81.00)}
PAPER_COLUMNS = ("raw", "c23", "c40")
#: The same at c23, by kind: Deepfakes, Face2Face, FaceSwap, NeuralTextures, real.
PAPER_KINDS = {"cooccurrences": (68.80, 67.69, 70.12, 69.21, 72.98), "cozzolino": (75.51, 86.34, 76.81, 75.34, 78.41),
               "bayar": (90.25, 93.96, 87.74, 83.69, 77.02), "rahmouni": (79.66, 87.87, 84.34, 62.65, 79.52),
               "mesoinception4": (89.55, 88.60, 81.24, 76.62, 82.19), "xception": (97.49, 97.69, 96.79, 92.19, 95.41)}


@dataclass(frozen=True)
class Entry:
    """One network of the comparison: a row of the table."""
    name: str                   # key of TITLES
    recipe: Recipe
    compression: str = "c23"    # of what it learns from and is tested on
    seed: int = 0

    @property
    def label(self) -> str:
        return f"{self.name}-{self.compression}-{self.seed}"


def recipe_of(name: str, scale: "str | None" = None) -> Recipe:
    """The recipe of an entry of TITLES at a scale, by default the current one; the steps are this study's.

    Two entries of one claim differ in nothing else. "xception-people" starts from what `pretrain.people` makes.
    """
    scale = scale or current().name
    detector = {"xception-people": "xception", "xception-full": "xception"}.get(name, name)
    detector = "efficientnet-lite0" if name.startswith("efficientnet") else detector
    recipe = recipe_for(detector, scale)
    if scale == "cpu" and detector in LENGTHS:
        steps, batch = LENGTHS[detector]
        recipe = replace(recipe, steps=steps, batch=batch, validations=6)
    if name == "xception-full":
        from dflib.forensics.xception import equal_multiplications

        width = equal_multiplications(recipe.size or 299, recipe.width or 1.0)
        recipe = replace(recipe, separable=False, width=round(width, 4))
    if name == "efficientnet-imagenet":
        recipe = replace(recipe, start="efficientnet-lite0")
    return recipe


def entries(names=DETECTORS, compressions=("c23",), seeds=(0,), scale: "str | None" = None) -> list:
    """Every Entry of these names: all with the first compression and seed, and of the paper's six also those with the first
    compression and another seed, and with another compression and the first seed. ValueError for an unknown name or compression.
    """
    for what, known, asked in (("entry", TITLES, names), ("compression", PAPER_COLUMNS, compressions)):
        unknown = [name for name in asked if name not in known]
        if unknown:
            raise ValueError(f"Unknown {what} {unknown[0]!r}: there are {', '.join(known)}.")
    first = compressions[0], seeds[0]
    return [Entry(name, recipe_of(name, scale), compression, seed) for compression in compressions for seed in seeds for name in names
            if (compression, seed) == first or (name in DETECTORS and (compression == first[0] or seed == first[1]))]
