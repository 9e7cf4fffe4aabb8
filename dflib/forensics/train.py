"""Training forensic networks on face crops, at three scales.

Two habits decide whether a detector learns manipulations or something else:

1. **Each fake stands beside its own original** in a batch: same person, frame, light, codec. What is left to tell them
   apart is what was done to one of them. Half of every batch is real, and all methods come equally often.
2. **Validation chooses, testing tests.** Now and then the network is scored on people it does not learn from, and the
   best one so far is kept: ``run.models["best"].network``. Test people are never looked at here.
"""
from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dflib import checkpoints
from dflib.datasets.crops import REAL, FaceCrops
from dflib.forensics import build_detector
from dflib.forensics.attention import AttentionDetector, at_grid, features_after, map_loss
from dflib.forensics.histogram import CooccurrenceSVM
from dflib.forensics.detector import Detector
from dflib.metrics.classification import auc
from dflib.scale import current, native_bfloat16
from dflib.training import TrainingRun
from dflib.training.record import default_folder, describe, digest
from dflib.training.schedule import warm_cosine

PENALTIES = (0.01, 0.1, 1.0, 10.0)      # of the support vector machine, tried one after the other


@dataclass(frozen=True)
class Recipe:
    """Which network, how large, how long, how fast."""
    detector: str = "xception"          # a name of `forensics.NETWORKS`
    steps: int = 1000
    batch: int = 32                     # crops in a step, half of them real
    rate: float = 2e-4                  # of Adam
    size: "int | None" = None           # px; None: the paper's
    width: "float | None" = None        # of Xception; None: the paper's
    separable: "bool | None" = None     # of Xception; False: full convolutions
    dense: "int | None" = None          # of Bayar and Stamm's first dense layer; None: the paper's
    start: "str | None" = None          # a checkpoint to start from, by its path or as it is shipped, or
                                        # "efficientnet-lite0": ImageNet's weights
    attention: "str | None" = None      # after the paper's block: "regression", "appearance"
    supervision: str = "supervised"     # of the attention map: "weak", "unsupervised"
    validations: int = 10               # how often the network is scored while it learns
    crop: int = 128                     # px, the side of the crops that it learns from; `prepare` makes `size` of it


#: Rates and batches of the comparison in Rössler et al. 2019, appendix.
PAPER = {"xception": (2e-4, 32), "cozzolino": (1e-5, 16), "bayar": (1e-5, 64), "rahmouni": (1e-4, 64),
         "mesoinception4": (1e-3, 76), "meso4": (1e-3, 76), "efficientnet-lite0": (2e-4, 32)}
#: On a laptop there are far fewer steps, so they are larger.
RATES = {"xception": 1e-3, "cozzolino": 1e-3, "bayar": 1e-4, "rahmouni": 1e-3, "mesoinception4": 3e-3, "meso4": 3e-3,
         "efficientnet-lite0": 1e-3}


def recipe_for(detector: str, scale: "str | None" = None) -> Recipe:
    """The recipe of a network of `forensics.NETWORKS` at a scale, by default the current one."""
    scale = scale or current().name
    if detector == "cooccurrences":
        return Recipe(detector, steps=len(PENALTIES), validations=len(PENALTIES))
    rate, batch = PAPER[detector]
    if scale == "gpu":
        crop = {"xception": 299, "efficientnet-lite0": 224, "mesoinception4": 256, "meso4": 256}.get(detector, 128)
        return Recipe(detector, steps=20_000, batch=batch, rate=rate, crop=crop)
    own = {"xception": {"size": 128, "width": 0.5}, "bayar": {"dense": 64},
           "efficientnet-lite0": {"size": 128}}.get(detector, {})
    recipe = Recipe(detector, steps=1500, batch=32, rate=RATES[detector], **own)
    if scale == "cpu":
        return recipe
    small = {"xception": {"size": 64, "width": 0.125}, "bayar": {"dense": 32, "size": 64}, "cozzolino": {"size": 64},
             "rahmouni": {"size": 32}}.get(detector, {"size": 64})
    return replace(recipe, steps=30, batch=16, validations=3, crop=64, **small)


RECIPES = {scale: recipe_for("xception", scale) for scale in ("smoke", "cpu", "gpu")}


class Best(nn.Module):
    """The network that did best on validation so far, and how well (area under the curve; −1 before the first time)."""

    def __init__(self, network: Detector):
        super().__init__()
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.register_buffer("score", torch.tensor(-1.0, dtype=torch.float64))

    @torch.no_grad()
    def offer(self, network: Detector, score: float) -> None:
        """Take over `network` if its score is higher."""
        if score > self.score:
            self.network.load_state_dict(network.state_dict())
            self.score.fill_(score)


def network_options(recipe: Recipe) -> dict:
    """What `build_detector` is told of a recipe."""
    return {name: value for name in ("size", "width", "separable", "dense")
            if (value := getattr(recipe, name)) is not None}


def build(recipe: Recipe, crops: FaceCrops) -> Detector:
    """The network that a recipe begins with; crops: to start the co-occurrence network and the prototypes from."""
    network = build_detector(recipe.detector, **network_options(recipe))
    if recipe.detector == "cozzolino":
        network.start_from(CooccurrenceSVM(size=network.size).fit(crops.pictures, crops.labels))
    if recipe.start == "efficientnet-lite0":
        from dflib.metrics.efficientnet import pretrained

        network.start_from(pretrained())
    elif recipe.start:
        start_from(network, start_file(recipe))
    if recipe.attention is None:
        return network
    if recipe.attention not in ("regression", "appearance"):
        raise ValueError(f"Unknown attention {recipe.attention!r}: known are regression, appearance.")
    maps = None
    if recipe.attention == "appearance":
        maps = at_grid(needed_masks(crops)[crops.labels == 1], features_after(network, "block7")[1])
    return AttentionDetector(network, maps=maps)


def start_file(recipe: Recipe) -> "Path | None":
    """The checkpoint that a recipe starts from; FileNotFoundError for the name of one that is not shipped."""
    if recipe.start in (None, "efficientnet-lite0"):
        return None
    return Path(recipe.start) if recipe.start.endswith(".safetensors") else checkpoints.shipped(recipe.start)


def start_from(network: Detector, path) -> None:
    """Load a checkpoint of the same network, whose last layer may be one of other classes: then it stays as it is.

    ValueError when anything else differs.
    """
    state, _ = checkpoints.load(path)
    own = network.state_dict()
    state |= {name: own[name] for name in list(own)[-2:] if name in state and state[name].shape != own[name].shape}
    checkpoints.load_exactly(network, state, path)


def needed_masks(crops: FaceCrops) -> np.ndarray:
    if crops.masks is None:
        raise ValueError("Maps are learned from masks, and these crops have none.")
    return crops.masks


def draw(crops: FaceCrops, rng: np.random.Generator, fakes: int) -> tuple:
    """Rows of `fakes` fakes, (fakes,), all methods equally likely, and of their originals; a fake without one gets any real
    crop that is no other fake's original, or, where there are none, any at all."""
    kinds = np.asarray(crops.kinds)
    rows_of = [np.flatnonzero(kinds == method) for method in crops.methods()]
    chosen = np.array([rng.choice(rows_of[k]) for k in rng.integers(len(rows_of), size=fakes)])
    originals = crops.originals[chosen]
    reals = np.flatnonzero(kinds == REAL)
    alone = np.setdiff1d(reals, crops.originals)
    return chosen, np.where(originals >= 0, originals, rng.choice(alone if len(alone) else reals, size=fakes))


def detector_run(folder, train: FaceCrops, validation: FaceCrops, recipe: Recipe, seed: int = 0,
                 about=None) -> TrainingRun:
    """A run in ``folder`` that trains ``recipe``; ``run.models["best"].network`` is the result."""
    for crops, name in ((train, "Training"), (validation, "Validation")):
        if not 0 < crops.labels.sum() < len(crops):
            raise ValueError(f"{name} needs real crops and fakes.")
    torch.manual_seed(seed)
    network = build(recipe, train)
    best = Best(network)
    every = max(1, recipe.steps // recipe.validations)

    def validated(run, i) -> dict:
        if (i + 1) % every and i + 1 < recipe.steps:
            return {}
        logits = network.logits(validation.pictures, native_bfloat16())
        score = torch.tensor(auc(validation.labels, logits[:, 1] - logits[:, 0]), device=run.device)
        score = float(run.accelerator.reduce(score, reduction="mean"))      # all processes decide alike
        best.offer(network, score)
        return {"validation AUC": score}

    def step(run, i):
        network.train()
        fakes, reals = draw(train, run.rng, recipe.batch // 2)
        fakes, reals = run.share(fakes), run.share(reals)
        rows, labels = np.concatenate([reals, fakes]), np.repeat([0, 1], len(fakes))
        flip = np.tile(torch.rand(len(fakes)).numpy() < 0.5, 2)             # a fake and its original alike
        x = network.prepare(flipped(train.pictures[rows], flip)).to(run.device)
        goal = torch.from_numpy(labels).to(run.device)
        with torch.autocast(run.device.type, torch.bfloat16, enabled=run.device.type == "cuda" or native_bfloat16()):
            logits, maps = (network(x), None) if recipe.attention is None else network.with_map(x)
        losses = {"loss": F.cross_entropy(logits.float(), goal)}
        if maps is not None:
            maps = maps.float()
            truth = map_truth(train, rows, flip, maps) if recipe.supervision == "supervised" else None
            losses["map"] = map_loss(maps, goal, recipe.supervision, truth)
        run.update("adam", sum(losses.values()))
        network.constrain()
        return losses | validated(run, i)

    def fit(run, i):                                                        # of the support vector machine
        network.fit(train.pictures, train.labels, PENALTIES[i])
        return validated(run, i)

    if recipe.detector == "cooccurrences":
        return TrainingRun(folder, {"detector": network, "best": best}, {}, fit, recipe.steps, seed, about=about)
    optimizer = torch.optim.Adam(network.parameters(), recipe.rate)
    return TrainingRun(folder, {"detector": network, "best": best}, {"adam": optimizer}, step, recipe.steps, seed,
                       about=about, schedule=warm_cosine(recipe.steps))


def flipped(pictures: np.ndarray, flip: np.ndarray) -> np.ndarray:
    """Pictures (N, H, W, ...) of which those where flip (N,) is True are mirrored left to right."""
    return np.where(flip.reshape(-1, *[1] * (pictures.ndim - 1)), pictures[:, :, ::-1], pictures)


def map_truth(crops: FaceCrops, rows: np.ndarray, flip: np.ndarray, maps: Tensor) -> Tensor:
    """What maps (N, h, w) of these rows should be: masks as shares of each field, on the maps' device."""
    masks = flipped(np.asarray(needed_masks(crops)[rows], np.float32), flip)
    return torch.from_numpy(at_grid(masks, maps.shape[-1])).to(maps)


def train(recipe: "Recipe | None" = None, data=None, folder=None, seed: int = 0) -> TrainingRun:
    """Train at the current scale, going on where an earlier run stopped; ``run.models["best"].network`` is the result.

    recipe: RECIPES of the scale by default, see `recipe_for`. data: (training, validation), two `FaceCrops` of
    different people. folder: where the run is kept, by default in the cache. ValueError when it holds a run of another
    recipe or data, or when the crops do not do.
    """
    recipe = recipe or RECIPES[current().name]
    if data is None:
        raise ValueError("Detectors learn from two sets of face crops, one for training and one for validation.")
    about = about_run(recipe, data, seed)
    run = detector_run(folder or default_folder(about), *data, recipe, seed, about)
    run.fit()
    return run


def about_run(recipe: Recipe, data: tuple, seed: int) -> dict:
    """What the run of a recipe depends on, for its record."""
    about = describe(f"detector-{recipe.detector}", recipe, f"{data_name(*data)}, seed {seed}")
    if start_file(recipe):
        about["data"] += f", from {digest(start_file(recipe))}"
    return about


def export(run: TrainingRun, path, recipe: Recipe, data: str, scores: dict, precision: str = "float32") -> dict:
    """Write the best network as a checkpoint that `examine.judge_from` reads; returns its card.

    scores: among others "temperature" (`metrics.classification.fit_temperature` on validation people) and "worth", a
    sentence with the error rates measured.
    """
    return checkpoints.save(path, run.models["best"].network, {
        "recipe": f"dflib.forensics.train.train({recipe})",
        "network": {"detector": recipe.detector} | network_options(recipe)
        | ({} if recipe.attention is None else {"attention": recipe.attention}), "crop": recipe.crop, "steps": run.done,
        "seed": run.seed, "data": data, "wall_time": round(run.history[-1]["seconds"], 1), "scores": scores}, precision)


def data_name(*parts: FaceCrops) -> str:
    """Training and validation crops, named by their contents."""
    names = [f"{len(part):,} crops "
             + digest(part.pictures, part.originals, *np.asarray(part.kinds).tolist(),
                      *(() if part.masks is None else (np.asarray(part.masks),))) for part in parts]
    return " and ".join(names)
