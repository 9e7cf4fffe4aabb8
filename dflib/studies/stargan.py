"""What StarGAN learns when its losses or its data are changed: small networks at 32 px, data/stargan.

    python tools/stargan_experiments.py                 all: some minutes of one core each; goes on where it stopped
    python tools/stargan_experiments.py --only plain    some of them

Their label has two columns, blond and female, and the second is told to one of them only: whatever else changes was not
asked for. All go on from one start, a generator that gives every picture back and has never seen blond hair, and differ
in one thing each (the people of `independent` are also fewer). Writes data/stargan/experiments.json after each, and
people.png from all that are there.
"""
import argparse
import json
import re
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from tqdm.auto import tqdm

from dflib import checkpoints
from dflib.datasets import edits
from dflib.datasets.domains import INDEX
from dflib.datasets.edits import LabelledFaces
from dflib.faces.alignment import canonical_of_portrait
from dflib.files import write_bytes
from dflib.media import write_image
from dflib.metrics import edit_judges, identity
from dflib.metrics.distances import psnr
from dflib.metrics.network import CROP
from dflib.paths import CHECKPOINTS, DATA, cache_dir
from dflib.pictures import as_images, as_sheet, as_tensor
from dflib.scale import hardware
from dflib.synthesis.stargan import stargan
from dflib.synthesis.stargan.train import autocast
from dflib.training import Average, TrainingRun
from dflib.training.record import describe, digest

FOLDER, START_CHECKPOINT = DATA / "stargan", CHECKPOINTS / "stargan-32-start.safetensors"
SIZE, PEOPLE = 32, 8000
ASKED = "blond hair"
COLUMNS = (2,)                              # blond, female: of one data set
FEW = 10                                    # blond men that the cure has found
INDEPENDENT = 800                           # mixed people, who come after those of whom the judges learned
MEN = 120                                   # test men who are asked to be blond
SHOWN = 6                                   # of them, in people.png
SEED = 0


@dataclass(frozen=True)
class Recipe:
    """How large, how long, how fast; which losses."""
    steps: int
    rate: float                             # of Adam, betas 0.5 and 0.999; falls to 0 over the last half
    width: int = 16
    blocks: int = 3
    batch: int = 16
    penalty: float = .1                     # weight of R1
    classes: float = stargan.CLASSES
    reconstruction: float = stargan.RECONSTRUCTION
    half_life: int = 1500                   # images, of the average


START, RECIPE = Recipe(400, 2e-3), Recipe(500, 5e-4)


@dataclass(frozen=True)
class Experiment:
    """One network: what is changed, in words, and how."""
    words: str
    faces: str = "balanced"                 # a key of SETS
    recipe: Recipe = RECIPE
    sex_told: bool = False
    keeping: float = 0.                     # weight of `stargan.keeping_loss`
    seed: int = SEED


EXPERIMENTS = {
    "plain": Experiment("all losses, blond women and blond men"),
    "confounded": Experiment("blond hair only on women", "confounded"),
    "few men": Experiment(f"the same and {FEW} blond men, drawn as often as the women", "few men"),
    "sex told": Experiment("blond hair only on women, and the label says the sex", "confounded", sex_told=True),
    "plain, again": Experiment("as plain, another seed", seed=1),
    "confounded, again": Experiment("as confounded, another seed", "confounded", seed=1),
    "no reconstruction": Experiment("without the reconstruction loss", recipe=replace(RECIPE, reconstruction=0.)),
    "no class": Experiment("without the class loss", recipe=replace(RECIPE, classes=0.)),
    "keeping": Experiment("as plain, and a picture asked for its own label comes back", keeping=10.),
    "keeping, again": Experiment("the same, another seed", keeping=10., seed=1),
    "independent": Experiment("blond women and men of a small set in which nothing goes together", "independent"),
    "independent, again": Experiment("the same, another seed", "independent", seed=1),
}


# ---------------------------------------- what they learn from
def rows_of(faces: LabelledFaces) -> tuple:
    """Rows of blond women, of blond men and of those with another known colour."""
    blond, female = faces.labels[:, INDEX[ASKED]] == 1, faces.labels[:, INDEX["female"]] == 1
    return np.flatnonzero(blond & female), np.flatnonzero(blond & ~female), np.flatnonzero(faces.known[:, 0] & ~blond)


def balanced(faces: LabelledFaces) -> LabelledFaces:
    """As many blond pictures as `confounded` has, half of them of men."""
    women, men, others = rows_of(faces)
    half = min(len(women) // 2, len(men))
    return faces.of(np.concatenate([others, women[:half], men[:half]]), f"{faces.name}, balanced")


def confounded(faces: LabelledFaces) -> LabelledFaces:
    """Without blond men."""
    return edits.confounded(faces.of(np.concatenate(rows_of(faces)), faces.name), ASKED, "female")


def few_men(faces: LabelledFaces) -> LabelledFaces:
    """The confounded set with FEW blond men, each of them repeated until they are as many as the blond women."""
    women, men, others = rows_of(faces)
    repeated = np.resize(men[:FEW], len(women))
    return faces.of(np.concatenate([others, women, repeated]), f"{faces.name}, {FEW} blond men repeated")


def independent(faces: LabelledFaces) -> LabelledFaces:
    """People whose hair, sex, age and skin were drawn apart (`mixed_faces`), without those of whom the judges learned.

    Of ``faces`` only the number of blond people counts.
    """
    judged = edit_judges.PEOPLE
    mixed = edits.mixed_faces(SIZE, judged + INDEPENDENT)
    mixed = mixed.of(np.arange(judged, len(mixed)), f"{mixed.name}, those after the first {judged}")
    women, men, others = rows_of(mixed)
    half = min(len(rows_of(faces)[0]) // 2, len(women), len(men))
    return mixed.of(np.concatenate([others, women[:half], men[:half]]), f"{mixed.name}, balanced")


SETS = {"balanced": balanced, "confounded": confounded, "few men": few_men, "independent": independent}


def asked(labels: np.ndarray, blond, sex_told: bool) -> torch.Tensor:
    """(N, 2) float32: what a network of this study is told of faces with ``labels`` (N, 12); blond (N,) or one number."""
    blond = np.broadcast_to(blond, len(labels))
    return torch.from_numpy(np.stack([blond, labels[:, INDEX["female"]] * sex_told], axis=1).astype(np.float32))


# ---------------------------------------- training and use
def started(faces: LabelledFaces, folder=None) -> TrainingRun:
    """The run that all experiments go on from: |G(x, c) - x| alone, whatever c, without a picture of blond hair."""
    data = faces.of(rows_of(faces)[2], f"{faces.name}, none blond")

    def step(run, networks, i):
        x = mirrored(data.images[run.rng.integers(len(data), size=START.batch)])
        with autocast(run):
            loss = (networks.generator(x, torch.randint(2, (len(x), 2)).float()) - x).abs().mean()
        run.update("generator", loss)
        return {"distance": loss}

    run = study_run(folder or _folder("start", START, data), START, step)
    run.fit()
    return run


def shipped_start() -> stargan.StarGAN:
    """The start that comes with the course, with which every experiment can be done again."""
    return checkpoints.load(START_CHECKPOINT, stargan.StarGAN(SIZE, START.width, START.blocks, COLUMNS))[0]


def experiment_run(name: str, faces: LabelledFaces, start: stargan.StarGAN, folder=None, recipe=None) -> TrainingRun:
    """A run, not yet begun, of an experiment on the people ``faces``; it goes on from the networks ``start``.

    folder: by default in the cache. recipe: by default the experiment's.
    """
    experiment = EXPERIMENTS[name]
    recipe, data = recipe or experiment.recipe, SETS[experiment.faces](faces)
    is_blond = data.labels[:, INDEX[ASKED]] == 1
    halves = np.flatnonzero(is_blond), np.flatnonzero(~is_blond)

    def step(run, networks, i):
        rows = np.concatenate([run.rng.choice(half, recipe.batch // 2) for half in halves])    # half of them blond
        x, blond = mirrored(data.images[rows]), is_blond[rows]
        own, target = (asked(data.labels[rows], wanted, experiment.sex_told) for wanted in (blond, ~blond))
        with autocast(run):
            fakes = networks.generator(x, target)
            critic = stargan.logistic_critic_losses(networks.critic, x, fakes, own)
        _lower(run, "critic", critic, (1, recipe.classes, recipe.penalty))
        with autocast(run):
            generator = stargan.logistic_generator_losses(networks.generator, networks.critic, x, fakes, own, target)
            if experiment.keeping:
                generator = *generator, stargan.keeping_loss(networks.generator, x, own)
        _lower(run, "generator", generator, (1, recipe.classes, recipe.reconstruction, experiment.keeping))
        return dict(zip(("critic", "class of reals", "penalty", "generator", "class of fakes", "reconstruction", "keeping"),
                        (*critic, *generator)))

    depends = (recipe, START, experiment.keeping) if experiment.keeping else (recipe, START)
    folder = folder or _folder(name, depends, data, experiment.seed)
    men = data.images[halves[1]][data.labels[halves[1], INDEX["female"]] == 0][:SHOWN]
    run = study_run(folder, recipe, step, lambda run: as_sheet(np.concatenate([men, dyed(run.averaged.generator, men, np.zeros(
        (len(men), 12)))]), len(men)), experiment.seed)
    for network in (run.models["stargan"], run.averaged):
        network.load_state_dict(start.state_dict())
    return run


def study_run(folder, recipe: Recipe, step, samples=None, seed: int = SEED) -> TrainingRun:
    """A run with new networks, not yet begun; step(run, networks, i) -> losses."""
    torch.manual_seed(seed)
    networks = stargan.StarGAN(SIZE, recipe.width, recipe.blocks, COLUMNS)
    optimizers = {name: torch.optim.Adam(getattr(networks, name).parameters(), recipe.rate, betas=(0.5, 0.999))
                  for name in ("generator", "critic")}
    return TrainingRun(folder, {"stargan": networks}, optimizers, lambda run, i: step(run, networks, i), recipe.steps, seed,
                       samples=samples, average=Average("stargan", recipe.half_life, recipe.batch),
                       schedule=lambda i: min(1.0, 2 * (1 - i / recipe.steps)))


def mirrored(images: np.ndarray) -> torch.Tensor:
    """Pictures (B, S, S, 3) uint8 as a tensor, half of them mirrored."""
    x = as_tensor(images).contiguous()
    return torch.where(torch.rand(len(x), 1, 1, 1) < .5, x.flip(3), x)


def _lower(run, name, losses, weights):
    with torch.autocast(run.device.type, enabled=False):
        run.update(name, sum(weight * loss for weight, loss in zip(weights, losses)))


def _folder(name, recipe, data, seed=SEED):
    about = describe("stargan", {"recipe": repr(recipe)}, f"{data.name} {digest(data.images, data.labels)}, seed {seed}")
    return cache_dir() / "stargan" / f"{re.sub('[ ,]+', '-', name)}-{digest(json.dumps(about))}"


@torch.no_grad()
def dyed(generator, images: np.ndarray, labels: np.ndarray, blond: float = 1, sex_told: bool = False) -> np.ndarray:
    """``images`` (N, S, S, 3) uint8 made blond, or not, by a generator of this study."""
    return as_images(generator(as_tensor(images), asked(labels, blond, sex_told)))


# ---------------------------------------- the test: men who were never blond
@dataclass(frozen=True, eq=False)
class Men:
    """Men of the test people with black or brown hair."""
    images: np.ndarray          # (N, S, S, 3) uint8
    truth: np.ndarray           # the same, truly blond
    region: np.ndarray          # (N, S, S) bool: what should change
    labels: np.ndarray          # (N, 12)


def test_men(number: int = MEN) -> Men:
    """The first shipped men of the test people with black or brown hair; fewer if there are not as many."""
    faces = edits.cast_faces(SIZE, "test")
    dark = faces.labels[:, [INDEX["black hair"], INDEX["brown hair"]]].any(axis=1)
    rows = np.flatnonzero(dark & (faces.labels[:, INDEX["female"]] == 0))[:number]
    pairs = [[edits.portrait(int(seed), wanted, SIZE) for wanted in ([], [("hair", ASKED.split()[0])])]
             for seed in tqdm(faces.people[rows], "rendering men", unit="man")]
    images, truth = np.array(pairs).swapaxes(0, 1)
    return Men(images, truth, edits.region_of(truth, images), faces.labels[rows])


def scored(made: np.ndarray, men: Men) -> dict:
    """What is written of pictures ``made`` (N, S, S, 3) of the men who should be blond.

    blond_JUDGE, women_JUDGE, dark_JUDGE: per cent that a judge takes for blond, for women, for dark of skin. psnr: decibels
    against the true edit, in the region that it changes and outside. identity: mean cosine with the men as they were.
    """
    found = {}
    for judge in edit_judges.shipped():
        seen = edit_judges.answers(judge(made))
        for name, column in (("blond", ASKED), ("women", "female"), ("dark", "dark skin")):
            found[f"{name}_{judge.name}"] = round(100 * float(seen[:, INDEX[column]].mean()), 1)
    some = men.region.any(axis=(1, 2))
    for name, region in (("psnr_inside", men.region), ("psnr_outside", ~men.region)):
        found[name] = round(float(np.minimum(psnr(made[some], men.truth[some], region[some]), 60).mean()), 1)
    before, after = (identity.identity_embedding(np.stack([canonical_of_portrait(picture, CROP) for picture in pictures]))
                     for pictures in (men.images, made))
    return found | {"identity": round(float((before * after).sum(1).mean()), 2)}


def write_people(made: dict, men: Men) -> None:
    """people.png: a column for each of ``made`` (words -> pictures), the first men below one another."""
    columns = {"picture": men.images, "truly blond": men.truth} | made
    sheet = np.stack([pictures[:SHOWN] for pictures in columns.values()], axis=1).reshape(-1, SIZE, SIZE, 3)
    write_image(FOLDER / "people.png", as_sheet(sheet, len(columns)), note=", ".join(columns))


def main(arguments=None):
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=[*EXPERIMENTS])
    wanted = parser.parse_args(arguments).only
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "experiments.json"
    about = {"start": asdict(START), "recipe": asdict(RECIPE), "seed": SEED, "people": PEOPLE, "men": MEN, "few": FEW}
    done = json.loads(path.read_text()) if path.exists() else {}
    if done.get("about") != about:
        done = {"about": about, "rows": {}}
    faces, men = edits.cast_faces(SIZE, people=PEOPLE), test_men()
    run = started(faces)
    start = run.averaged
    if not START_CHECKPOINT.exists():
        run.export(START_CHECKPOINT, "average", "python tools/stargan_experiments.py", f"{faces.name}, none blond", {}, precision="float16")
    done |= {"hardware": hardware(), "blond": dict(zip(("women", "men"), map(len, rows_of(faces))))}
    done["rows"] |= {"nothing done": scored(men.images, men), "truly blond": scored(men.truth, men)}
    pictures = {}
    for name, experiment in EXPERIMENTS.items():
        if name in wanted or name in done["rows"]:
            run = experiment_run(name, faces, start)
            run.fit()
            pictures[name] = dyed(run.averaged.generator, men.images, men.labels, sex_told=experiment.sex_told)
            done["rows"][name] = {"words": experiment.words, "seconds": run.history[-1]["seconds"]} | scored(pictures[name], men)
            write_bytes(path, (json.dumps(done, indent=1) + "\n").encode())
    write_people(pictures, men)
