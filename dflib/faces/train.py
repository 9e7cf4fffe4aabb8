"""Training both networks of faces from nothing but renders.

    from dflib.faces.train import DETECTOR, LANDMARKS, train
    run = train(LANDMARKS["cpu"])               # about 10 to 15 minutes on one core, and 3 for the renders
    run = train(DETECTOR["cpu"])                # about 5

Nobody whom they learn from is of the validation or test split. `python -m dflib.faces.train` trains both at the current
scale, measures them on people of the test split and writes the course's checkpoints with their cards.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from dflib.checkpoints import load
from dflib.faces.detector_network import CELL, DetectorNetwork, decode, detector_loss, targets
from dflib.faces.evaluate import detector_scores, landmark_scores
from dflib.faces.network import LandmarkNetwork, expected_points, landmark_loss
from dflib.faces.points import as_rgb
from dflib.faces.renders import render_set
from dflib.faces.scenes import CANVAS, faceless_example, landmark_example, scene
from dflib.paths import CHECKPOINTS
from dflib.pictures import as_tensor
from dflib.scale import current
from dflib.training import Average, TrainingRun
from dflib.training.record import default_folder, describe, digest
from dflib.training.schedule import warm_cosine

TRAIN_SEED, TEST_SEED = 100_000, 900_000  # from where people are taken; the shipped data starts from 0
CLUTTER = ("brick", "chelsea", "clock", "coins", "grass", "hubble_deep_field", "immunohistochemistry", "moon", "page",
           "rocket", "text")  # of skimage.data, none with a face; the tests keep others for themselves


@dataclass(frozen=True)
class Recipe:
    """How one of the two networks is trained."""
    network: str            # "landmarks" or "detector"
    people: int             # of the training split, two renders each
    steps: int
    batch: int              # crops or scenes in a step
    rate: float = 2e-3      # of AdamW; rises over the first twentieth of the steps, then falls to 0 along a cosine


LANDMARKS = {"smoke": Recipe("landmarks", people=2, steps=3, batch=32),
             "cpu": Recipe("landmarks", people=700, steps=2_000, batch=32),
             "gpu": Recipe("landmarks", people=8_000, steps=20_000, batch=32)}
DETECTOR = {"smoke": Recipe("detector", people=2, steps=3, batch=16),
            "cpu": Recipe("detector", people=700, steps=1_300, batch=16),
            "gpu": Recipe("detector", people=8_000, steps=15_000, batch=16)}
FACELESS = 6  # one in so many crops of the landmark network shows no face


def train(recipe, data=None, folder=None, seed=0) -> TrainingRun:
    """Train the network of ``recipe``, going on from an earlier run in ``folder``; ``run.averaged`` is the result.

    ``data``: a `renders.Renders`, by default ``recipe.people`` people of the training split, rendered into the cache.
    ``folder``: by default one in the cache. ValueError for a recipe of neither network, and for a folder that holds a
    run of another recipe or data.
    """
    if recipe.network not in RUNS:
        raise ValueError(f"A recipe trains {' or '.join(RUNS)}, not {recipe.network!r}.")
    renders = training_data(recipe) if data is None else data
    about = describe(recipe.network, recipe, f"{len(renders):,} renders {digest(renders.image)}, seed {seed}")
    run = RUNS[recipe.network](recipe, renders, folder or default_folder(about), seed, about)
    run.fit()
    return run


def training_data(recipe):
    """What `train` learns from when it is given nothing else: `renders.Renders`."""
    return render_set(recipe.people, "train", TRAIN_SEED)


def landmark_run(recipe, renders, folder, seed=0, about=None) -> TrainingRun:
    """A run in ``folder`` that trains a `LandmarkNetwork` on crops of ``renders``, one in `FACELESS` without a face."""
    network = LandmarkNetwork().to(memory_format=torch.channels_last)
    backgrounds = clutter()

    def step(run, number):
        rows = run.share(run.rng.integers(2**62, size=recipe.batch))
        faceless = len(rows) // FACELESS
        examples = [landmark_example(renders, np.random.default_rng(row)) for row in rows[faceless:]]
        others = [faceless_example(renders, np.random.default_rng(row), backgrounds) for row in rows[:faceless]]
        points = torch.from_numpy(np.stack([points for _, points in examples])).to(run.device)
        logits, presence = run.models["network"](_tensor([image for image, _ in examples] + others, run.device))
        present = (torch.arange(len(rows), device=run.device) < len(points)).float()
        losses = {"landmarks": landmark_loss(logits[:len(points)].float(), points),
                  "presence": binary_cross_entropy_with_logits(presence.float(), present)}
        run.update("network", losses["landmarks"] + losses["presence"])
        return losses

    def samples(run):
        rng = np.random.default_rng(0)
        crops = [landmark_example(renders, rng)[0] for _ in range(8)]
        found = expected_points(run.averaged(_tensor(crops, run.device))[0].float()).cpu().numpy()
        return np.concatenate([_dotted(crop, points) for crop, points in zip(crops, found)], axis=1)

    return _run(recipe, network, folder, seed, about, step, samples)


def detector_run(recipe, renders, folder, seed=0, about=None) -> TrainingRun:
    """A run in ``folder`` that trains a `DetectorNetwork` on scenes composed from ``renders``."""
    network = DetectorNetwork().to(memory_format=torch.channels_last)
    backgrounds = clutter()

    def step(run, number):
        rows = run.share(run.rng.integers(2**62, size=recipe.batch))
        scenes = [scene(renders, np.random.default_rng(row), backgrounds) for row in rows]
        wanted = zip(*(targets(boxes, CANVAS // CELL) for _, boxes, _ in scenes))
        wanted = [torch.stack(parts).to(run.device) for parts in wanted]
        weight = torch.stack([_weight(unsure) for _, _, unsure in scenes]).to(run.device)
        output = run.models["network"](_tensor([image for image, _, _ in scenes], run.device))
        loss = detector_loss(output.float(), *wanted, weight)
        run.update("network", loss)
        return {"loss": loss}

    def samples(run):
        rng = np.random.default_rng(0)
        pictures = [scene(renders, rng, backgrounds)[0] for _ in range(8)]
        outputs = run.averaged(_tensor(pictures, run.device)).float().cpu()
        framed = [_framed(picture, decode(output, 0.5)[0]) for picture, output in zip(pictures, outputs)]
        return np.concatenate(framed, axis=1)

    return _run(recipe, network, folder, seed, about, step, samples)


RUNS = {"landmarks": landmark_run, "detector": detector_run}


def _run(recipe, network, folder, seed, about, step, samples):
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=1e-2)
    return TrainingRun(folder, {"network": network}, {"network": optimizer}, step, recipe.steps, seed, about=about,
                       samples=samples, average=Average("network", 40 * recipe.batch, recipe.batch),
                       schedule=warm_cosine(recipe.steps, max(1, recipe.steps // 20)))


def clutter() -> list:
    """Pictures without faces, uint8 RGB: the cast's backgrounds, `CLUTTER` and scikit-learn's temple."""
    from skimage import data
    from sklearn.datasets import load_sample_image

    from dflib.cast.surface.backgrounds import background

    photographs = [as_rgb(np.asarray(getattr(data, name)())) for name in CLUTTER] + [load_sample_image("china.jpg")]
    drawn = [np.clip(background(seed, 128), 0, 1) ** (1 / 2.2) for seed in range(20)]
    return photographs + [np.rint(255 * picture).astype(np.uint8) for picture in drawn]


def ship(runs, data, folder=CHECKPOINTS, people=100) -> None:
    """Write the averaged networks of ``runs`` ({"landmarks": run, "detector": run}) and their cards to ``folder``.

    ``data`` says in words what they were trained on; these two networks, rounded to half precision as they are written,
    are scored on ``people`` people of the test split.
    """
    recipes = {name: f"python -m dflib train {name}" for name in runs}
    for name, run in runs.items():
        run.export(folder / f"{name}.safetensors", "average", recipes[name], data, {}, precision="float16")
    networks = [load(folder / f"{name}.safetensors", network)[0].eval()
                for name, network in (("detector", DetectorNetwork()), ("landmarks", LandmarkNetwork()))]
    held_out = render_set(people, "test", TEST_SEED)
    for name, scores in (("landmarks", landmark_scores), ("detector", detector_scores)):
        figures = scores(held_out, networks)
        runs[name].export(folder / f"{name}.safetensors", "average", recipes[name], data, figures, precision="float16")


def _weight(unsure):
    """(cells, cells): 0 where a face is neither wanted nor forbidden."""
    cells = CANVAS // CELL
    weight = torch.ones(cells, cells)
    for box in unsure:
        x0, y0, x1, y1 = np.clip(np.round((box + 0.5) / CELL - 0.5), 0, cells - 1).astype(int)
        weight[y0:y1 + 1, x0:x1 + 1] = 0
    return weight


def _tensor(images, where):
    """uint8 images (B, H, W, 3) as the networks want them: (B, 3, H, W) in [-1, 1]."""
    tensor = as_tensor(np.stack(images)).to(where)
    return tensor.contiguous(memory_format=torch.channels_last)


def _dotted(crop, points):
    picture = cv2.resize(crop, None, fx=2, fy=2)
    for x, y in points:
        cv2.circle(picture, (round(float(2 * x)), round(float(2 * y))), 1, (0, 255, 0), -1)
    return picture


def _framed(picture, boxes):
    picture = picture.copy()
    for x0, y0, x1, y1 in boxes.round().int().tolist():
        cv2.rectangle(picture, (x0, y0), (x1, y1), (0, 255, 0), 1)
    return picture


if __name__ == "__main__":
    scale = current().name
    ship({name: train(recipes[scale]) for name, recipes in (("landmarks", LANDMARKS), ("detector", DETECTOR))},
         f"rendered cast only: {LANDMARKS[scale].people:,} people from seed {TRAIN_SEED} on whose seeds end in 0-7, "
         f"two renders each at 160 px, yaw even to 45 degrees; scored on people from {TEST_SEED} whose seeds end in 9")
