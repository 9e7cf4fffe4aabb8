"""Training both networks from nothing but renders.

    python -m dflib.faces.train landmarks      and then: detector, ship

Renders come from the cache (see `renders`); a run that was interrupted goes on. "ship" measures both networks on people
whom neither has seen and writes the course's checkpoints with their cards.
"""

import math
import sys

import cv2
import numpy as np
import torch

from dflib.paths import CHECKPOINTS, cache_dir
from dflib.pictures import as_tensor
from dflib.scale import current
from dflib.training import TrainingRun
from dflib.faces.detector_network import CELL, DetectorNetwork, decode, detector_loss, targets
from dflib.faces.evaluate import detector_scores, landmark_scores
from dflib.faces.network import LandmarkNetwork, expected_points, landmark_loss
from dflib.faces.renders import render_set
from dflib.faces.scenes import CANVAS, landmark_example, scene

TRAIN_SEED, HELD_OUT_SEED = 100_000, 900_000  # the first person of either set; the shipped data starts from 0
PEOPLE = {"smoke": 2, "cpu": 1_500, "gpu": 8_000}
LANDMARK_BATCH, DETECTOR_BATCH = 32, 16
CLUTTER = ("brick", "chelsea", "clock", "coins", "grass", "hubble_deep_field", "immunohistochemistry", "moon", "page",
           "rocket", "text")  # of skimage.data, none with a face; the tests keep others for themselves


def landmark_run(folder, renders, steps) -> TrainingRun:
    """A run in ``folder`` that trains a `LandmarkNetwork` on ``renders``: AdamW, 2e-3 falling to 0 along a cosine."""
    network = LandmarkNetwork().to(memory_format=torch.channels_last)

    def step(run, number):
        rows = run.share(run.rng.integers(2**62, size=LANDMARK_BATCH))
        examples = [landmark_example(renders, np.random.default_rng(row)) for row in rows]
        points = torch.from_numpy(np.stack([points for _, points in examples])).to(run.device)
        loss = landmark_loss(run.models["network"](_tensor([image for image, _ in examples], run.device)), points)
        run.update("network", loss)
        return {"loss": loss}

    def samples(run):
        rng = np.random.default_rng(0)
        crops = [landmark_example(renders, rng)[0] for _ in range(8)]
        found = expected_points(run.averaged(_tensor(crops, run.device))).cpu().numpy()
        return np.concatenate([_dotted(crop, points) for crop, points in zip(crops, found)], axis=1)

    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    return TrainingRun(folder, {"network": network}, {"network": optimizer}, step, steps, samples=samples,
                       average=("network", 40 * LANDMARK_BATCH, LANDMARK_BATCH), schedule=_cosine(steps))


def detector_run(folder, renders, steps) -> TrainingRun:
    """A run in ``folder`` that trains a `DetectorNetwork` on scenes composed from ``renders``."""
    network = DetectorNetwork().to(memory_format=torch.channels_last)
    backgrounds = clutter()

    def step(run, number):
        rows = run.share(run.rng.integers(2**62, size=DETECTOR_BATCH))
        scenes = [scene(renders, np.random.default_rng(row), backgrounds) for row in rows]
        wanted = zip(*(targets(boxes, CANVAS // CELL) for _, boxes, _ in scenes))
        wanted = [torch.stack(parts).to(run.device) for parts in wanted]
        weight = torch.stack([_weight(unsure) for _, _, unsure in scenes]).to(run.device)
        output = run.models["network"](_tensor([image for image, _, _ in scenes], run.device))
        loss = detector_loss(output, *wanted, weight)
        run.update("network", loss)
        return {"loss": loss}

    def samples(run):
        rng = np.random.default_rng(0)
        pictures = [scene(renders, rng, backgrounds)[0] for _ in range(8)]
        outputs = run.averaged(_tensor(pictures, run.device)).float().cpu()
        framed = [_framed(picture, decode(output, 0.5)[0]) for picture, output in zip(pictures, outputs)]
        return np.concatenate(framed, axis=1)

    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    return TrainingRun(folder, {"network": network}, {"network": optimizer}, step, steps, samples=samples,
                       average=("network", 40 * DETECTOR_BATCH, DETECTOR_BATCH), schedule=_cosine(steps))


def clutter() -> list:
    """Pictures without faces, uint8 RGB: the cast's backgrounds, `CLUTTER` and scikit-learn's temple."""
    from skimage import data
    from sklearn.datasets import load_sample_image

    from dflib.cast.surface.backgrounds import background

    from dflib.faces.points import as_rgb

    photographs = [as_rgb(np.asarray(getattr(data, name)())) for name in CLUTTER] + [load_sample_image("china.jpg")]
    drawn = [np.clip(background(seed, 128), 0, 1) ** (1 / 2.2) for seed in range(20)]
    return photographs + [np.rint(255 * picture).astype(np.uint8) for picture in drawn]


def train(name) -> TrainingRun:
    """Train the network ``name`` ("landmarks" or "detector") at the current scale, resuming where it was left."""
    scale = current()
    renders = render_set(PEOPLE[scale.name], TRAIN_SEED)
    folder = cache_dir() / "runs" / f"faces-{name}-{scale.name}"
    if name == "landmarks":
        run = landmark_run(folder, renders, scale.pick(smoke=3, cpu=2_000, gpu=20_000))
    else:
        run = detector_run(folder, renders, scale.pick(smoke=3, cpu=1_200, gpu=15_000))
    run.fit()
    return run


def ship(runs, data, folder=CHECKPOINTS, people=100) -> None:
    """Write the averaged networks of ``runs`` ({"landmarks": run, "detector": run}) and their cards to ``folder``.

    ``data`` says in words what they were trained on; the scores are measured on ``people`` held-out people.
    """
    recipes = {name: f"python -m dflib.faces.train {name}" for name in runs}
    for name, run in runs.items():  # measured as shipped, so first without scores
        run.export(folder / f"{name}.safetensors", "average", recipes[name], data, {}, half=True)
    held_out = render_set(people, HELD_OUT_SEED)
    for name, scores in (("landmarks", landmark_scores), ("detector", detector_scores)):
        runs[name].export(folder / f"{name}.safetensors", "average", recipes[name], data, scores(held_out), half=True)


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


def _cosine(steps):
    """Learning-rate factor by step: up over the first twentieth, then down to 0 along half a cosine."""
    warm = max(1, steps // 20)
    return lambda i: min((i + 1) / warm, 0.5 * (1 + math.cos(math.pi * max(i - warm, 0) / max(steps - warm, 1))))


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
    if sys.argv[1:] == ["ship"]:
        ship({name: train(name) for name in ("landmarks", "detector")},
             f"{PEOPLE[current().name]} people of dflib.cast from seed {TRAIN_SEED}, two renders each at 160 px")
    else:
        train(*sys.argv[1:])
