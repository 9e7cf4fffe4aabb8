"""A baseline for a challenge, bettered step by step in the manner of the DFDC's winners, each step's gain with its interval.

    python -m dflib.studies.challenge ROOT [--out FOLDER]

After Seferbekov's and other winning solutions (github.com/selimsef/dfdc_deepfake_challenge): several frames of a video, a square
larger than the face (here by 30 %; the winner added 30 % on every side), an EfficientNet that knows ImageNet, the mean of the log
losses of reals and of fakes, parts of the face dropped, several networks averaged. Nothing is chosen on test videos: temperatures
are fitted on training people that no network learns from.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor
from torch.nn import functional as F

from dflib.datasets import DFDC, FaceCrops, crops_of, safe
from dflib.datasets.forensics import Clip
from dflib.cast.renders import kept
from dflib.forensics import build_detector
from dflib.forensics.detector import Detector
from dflib.forensics.train import flipped
from dflib.metrics.classification import fit_temperature, log_loss, paired_difference, under_prior
from dflib.scale import current, native_bfloat16
from dflib.studies.challenge.submission import Key
from dflib.studies.detectors.data import name_of
from dflib.training import TrainingRun
from dflib.training.record import default_folder, describe
from dflib.training.schedule import warm_cosine

FRAMES = {"smoke": 2, "cpu": 16, "gpu": 32}     # of each video, spread over it; the winner's 32
SIDE = 128                                      # px of the crops
MARGIN = 1.3                                    # of their square, in sides of the face's box: as everywhere in the course
HELD_OUT = 5                                    # one in so many training people is for temperatures
MISSING = 0.5                                   # what is said of a video in which no face is found


@dataclass(frozen=True)
class Recipe:
    """How a network of the ladder learns."""
    margin: float = MARGIN      # of the square that it sees
    balanced: bool = True       # the mean of the log losses of reals and of fakes, instead of that of all crops
    dropped: bool = True        # a part of most faces is covered
    steps: int = 130            # of a batch; 150 seconds of one core at cpu scale
    batch: int = 32
    rate: float = 1e-3
    size: int = SIDE
    seed: int = 0
    pretrained: bool = True     # from ImageNet's weights


@dataclass(frozen=True)
class Step:
    """A rung: what says P(fake) of a video, and how."""
    name: str
    words: str
    networks: tuple = ()        # Recipes, of which the log odds are averaged; or ("shipped",)
    frames: "int | None" = None     # None: all
    calibrated: bool = False


def steps_of(scale: "str | None" = None) -> list:
    """The ladder at a scale, by default the current one."""
    tiny = {"steps": 2, "batch": 8, "size": 64, "pretrained": False}
    length = {"smoke": tiny, "cpu": {}, "gpu": {"steps": 3000}}[scale or current().name]
    plain = Recipe(margin=1.0, balanced=False, dropped=False, **length)
    wide = replace(plain, margin=MARGIN)
    even = replace(wide, balanced=True)
    best = replace(even, dropped=True)
    other = replace(best, seed=1)
    return [Step("constant", "always 0.5"),
            Step("shipped", "a detector of lesson 08, one frame", ("shipped",), 1),
            Step("own", "EfficientNet-Lite0 that knows ImageNet, learned here, one frame", (plain,), 1),
            Step("frames", "the mean over many frames", (plain,)),
            Step("margin", "a square 30 % larger than the face", (wide,)),
            Step("balanced", "the mean of the log losses of reals and fakes", (even,)),
            Step("dropped", "parts of the face dropped", (best,)),
            Step("averaged", "two networks averaged", (best, other)),
            Step("calibrated", "a temperature from people held out", (best, other), None, True)]


# ---------------------------------------- crops
def training_crops(root, frames: "int | None" = None) -> tuple:
    """FaceCrops to learn from and to fit temperatures on: of different people. frames: of each video, by default FRAMES."""
    crops = _crops(list(DFDC(Path(root) / "learners")), frames)
    held = set(sorted(set(crops.groups.tolist()))[::HELD_OUT])
    inside = np.array([group in held for group in crops.groups])
    return crops.rows(np.flatnonzero(~inside)), crops.rows(np.flatnonzero(inside))


def test_crops(root, frames: "int | None" = None) -> tuple:
    """FaceCrops of the test videos, all called real because nothing is known, and the names of all videos."""
    paths = [path for folder in ("learners", "private") for path in safe.files_in(Path(root) / folder / "test_videos", safe.VIDEOS)]
    return _crops([Clip(path, False, "real") for path in paths], frames), [path.name for path in paths]


def _crops(clips, frames) -> FaceCrops:
    frames = frames or FRAMES[current().name]

    def make():
        crops = crops_of(clips, SIDE, frames)
        return {name: getattr(crops, name) for name in ("pictures", "kinds", "groups", "originals", "clips")}
    return FaceCrops(**kept("crops", f"challenge-{SIDE}", (name_of(clips, SIDE, frames),), make))


def seen(network: Detector, pictures: np.ndarray, margin: float) -> Tensor:
    """What a network gets of crops (N, S, S, 3) uint8 of margin MARGIN: their middle, where less is asked for."""
    side = round(pictures.shape[1] * margin / MARGIN)
    first = (pictures.shape[1] - side) // 2
    return network.prepare(np.ascontiguousarray(pictures[:, first:first + side, first:first + side]))


# ---------------------------------------- learning
def balanced_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean of the log losses of reals and of fakes, whatever their numbers; of one alone where the other is missing."""
    losses = F.cross_entropy(logits, labels, reduction="none")
    return torch.stack([losses[labels == label].mean() for label in (0, 1) if (labels == label).any()]).mean()


def dropped(x: Tensor, rng: np.random.Generator, share: float = 0.7) -> Tensor:
    """Pictures (B, 3, S, S), of most of which a rectangle of the face is grey: whoever learns has to look elsewhere too."""
    x, side = x.clone(), x.shape[-1]
    for picture in x:
        if rng.random() < share:
            height, width = rng.integers(side // 6, side // 2, 2)
            top, left = rng.integers(side // 8, side - side // 8 - height), rng.integers(side // 8, side - side // 8 - width)
            picture[:, top:top + height, left:left + width] = 0
    return x


def learned(recipe: Recipe, crops: FaceCrops, folder=None) -> Detector:
    """The network of a recipe, learned from crops, or taken from an earlier run; an interrupted run goes on."""
    from dflib.forensics.train import data_name

    about = describe("challenge", recipe, data_name(crops))
    torch.manual_seed(recipe.seed)
    network = build_detector("efficientnet-lite0", size=recipe.size)
    if recipe.pretrained:
        from dflib.metrics.efficientnet import pretrained

        network.start_from(pretrained())
    adam = torch.optim.Adam(network.parameters(), recipe.rate)
    labels = torch.from_numpy(crops.labels)

    def step(run, i):
        network.train()
        rows = run.rng.choice(len(crops), recipe.batch)
        pictures = flipped(crops.pictures[rows], run.rng.random(len(rows)) < 0.5)
        x = seen(network, pictures, recipe.margin)
        x = dropped(x, run.rng) if recipe.dropped else x
        with torch.autocast(run.device.type, torch.bfloat16, enabled=run.device.type == "cuda" or native_bfloat16()):
            logits = network(x.to(run.device)).float()
        loss = (balanced_loss if recipe.balanced else F.cross_entropy)(logits, labels[rows].to(run.device))
        run.update("adam", loss)
        return {"loss": loss}

    run = TrainingRun(folder or default_folder(about), {"detector": network}, {"adam": adam}, step, recipe.steps, recipe.seed,
                      schedule=warm_cosine(recipe.steps), about=about)
    run.fit()
    return network.eval()


@torch.no_grad()
def log_odds(network: Detector, pictures: np.ndarray, margin: float = MARGIN) -> np.ndarray:
    """Log odds of fake (N,) of crops (N, S, S, 3) uint8."""
    place, found = next(network.parameters()).device, [np.zeros(0)]
    for i in range(0, len(pictures), network.batch):
        logits = network(seen(network, pictures[i:i + network.batch], margin).to(place)).double().cpu()
        found.append((torch.logsumexp(logits[:, 1:], 1) - logits[:, 0]).numpy())
    return np.concatenate(found)


# ---------------------------------------- climbing
def climbed(root, steps: "list | None" = None) -> dict:
    """name of a Step -> {name of a video: P(fake)} for every step that can be made: without a shipped detector its step is left out."""
    train, held = training_crops(root)
    test, names = test_crops(root)
    known, found = {}, {}
    for step in steps or steps_of():
        if step.networks == ("shipped",):
            odds = _shipped(test.pictures), None
            if odds[0] is None:
                continue
        else:
            for recipe in step.networks:
                if recipe not in known:
                    network = learned(recipe, train)
                    known[recipe] = [log_odds(network, crops.pictures, recipe.margin) for crops in (test, held)]
            odds = [np.mean(of_all, 0) for of_all in zip(*(known[recipe] for recipe in step.networks))]
        found[step.name] = _said(step, odds, test, held, names)
    return found


def _said(step: Step, odds, test: FaceCrops, held: FaceCrops, names) -> dict:
    """name -> P(fake): the mean over a video's frames; MISSING where no face was found. odds: of test crops, and of those held out."""
    found = dict.fromkeys(names, MISSING)
    if not step.networks:
        return found
    p = expit(odds[0] / (temperature_of(held, odds[1]) if step.calibrated else 1.0))
    for clip in dict.fromkeys(test.clips.tolist()):
        rows = np.flatnonzero(test.clips == clip)
        rows = rows if step.frames is None else rows[len(rows) // 2:len(rows) // 2 + step.frames]
        found[Path(clip).name] = float(p[rows].mean())
    return found


def temperature_of(held: FaceCrops, odds: np.ndarray) -> float:
    """The temperature at which held-out people are scored best, fakes and reals weighing the same; 1 where none can be fitted."""
    fakes, reals = np.flatnonzero(held.labels == 1), np.flatnonzero(held.labels == 0)
    rows = np.concatenate([fakes, np.resize(reals, len(fakes))])
    try:
        return max(1.0, fit_temperature(held.labels[rows], odds[rows]))
    except ValueError:
        return 1.0


def _shipped(pictures, name: str = "xception") -> "np.ndarray | None":
    from dflib import checkpoints
    from dflib.forensics.examine import judge_from

    try:
        judge = judge_from(checkpoints.shipped(f"detector-{name}"))
    except FileNotFoundError:
        return None
    logits = judge.network.logits(pictures, native_bfloat16()) / judge.temperature
    return np.logaddexp.reduce(logits[:, 1:], axis=1) - logits[:, 0]


def gains(said: dict, key: Key, part: str) -> list:
    """Of each step: its log loss on a part, and how much less that is than the step before's, as an Estimate over groups (None for
    the first)."""
    rows, found, before = key.rows(part), [], None
    labels, groups = key.labels[rows], key.groups[rows]
    for name, submitted in said.items():
        p = np.array([submitted[key.names[row]] for row in rows])
        gain = None if before is None else paired_difference(log_loss, groups, labels, before, p)
        found.append({"step": name, "log_loss": log_loss(labels, p), "gain": gain})
        before = p
    return found


def at_prior(said: dict, learned_at: float, prior: float) -> dict:
    """A submission as it should be where another share of the videos is fake."""
    values = np.clip(np.array(list(said.values())), 1e-6, 1 - 1e-6)
    return dict(zip(said, under_prior(values, learned_at, prior).tolist()))
