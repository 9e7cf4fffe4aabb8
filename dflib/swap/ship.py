"""Scoring a trained autoencoder on what it has not seen, and shipping it.

    python -m dflib.swap.ship --begin FILE.safetensors      train SHIPPED, begun with another network made wider (or go on),
                                                            score, and replace the network in data/checkpoints

The two people give the same performances, of which nobody learns. So the one's pictures, sent through the other's decoder, can
be held against the other's own: the true swap in the network's own square, before anything is pasted.
"""
import argparse
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np

from dflib import cast, checkpoints, metrics
from dflib.datasets import ActorClips
from dflib.datasets.facesets import FIRST, SECONDS, cut
from dflib.faces.follow import Follower
from dflib.paths import CHECKPOINTS
from dflib.swap import autoencoder
from dflib.swap.deepfake import decoded
from dflib.swap.ruler import openings
from dflib.swap.train import PEOPLE, SHIPPED, Recipe, autoencoder_run, content, training_faces
from dflib.swap.widen import widened
from dflib.training import TrainingRun
from dflib.training.record import STATE, default_folder, describe

HELD_OUT, FPS = range(7, FIRST), 4      # seeds of performances that belong to no clip and no training


def held_out(size: int, people: tuple = PEOPLE) -> list:
    """For each of ``people`` in the same shots: aligned faces (N, S, S, 3), masks (N, S, S), openings (N, 2), embedding (128,).

    Landmarks are found, as in any video; openings are exact (`ruler.openings`).
    """
    clips, rows = ActorClips(), [[] for _ in people]
    follow = [Follower() for _ in people]
    for shot in (shot for seed in HELD_OUT for shot in cast.perform(seed, SECONDS, FPS).shots):
        frames = [cast.render(clips[who].person(), shot, 2 * size) for who in people]
        found = [one(frame.image)[0] for one, frame in zip(follow, frames)]
        if all(points is not None for points in found):         # the swap needs both
            for row, frame, points in zip(rows, frames, found):
                row.append((*cut(frame.image, points, size)[:2], frame.image, points, frame.landmarks))
    columns = [[np.array(column) for column in zip(*row)] for row in rows]
    return [(crops, masks, openings(exact), metrics.person_embedding(pictures, points))
            for crops, masks, pictures, points, exact in columns]


def score(model: autoencoder.SwapAutoencoder, seen: list, people: tuple = PEOPLE) -> dict:
    """Scores of both swaps beside no swap, for ``seen`` as from `held_out`: name -> number.

    psnr (dB) and ssim against the true swap inside the face. lips and lids: slope of the openings that the attribute network
    sees on the exact ones, as a share of its slope in the true swap; ..._corr the correlations, ..._ceiling the true swap's.
    sharpness: mean absolute Laplacian inside the face, as a share of the true swap's.
    """
    scores = {}
    for source, target in ((0, 1), (1, 0)):
        (crops, masks, exact, _), (goal, goal_masks, _, _) = seen[target], seen[source]
        made = decoded(model, crops, masks, source, target)
        found = {}
        for name, guess in (("no_swap", crops), ("swap", made)):
            found |= {f"{name}_{measure.__name__}": measure(guess, goal, goal_masks).mean() for measure in (metrics.psnr, metrics.ssim)}
        eyes_mouth, best = ({"lips": some["mouth_open"], "lids": 1 - some["eyes_closed"]}
                            for some in map(metrics.face_attributes, (made, goal)))
        for k, name in enumerate(("lips", "lids")):
            slope, ceiling = (np.polyfit(exact[:, k], some[name], 1)[0] for some in (eyes_mouth, best))
            found |= {f"{name}_slope": slope / ceiling, f"{name}_corr": np.corrcoef(exact[:, k], eyes_mouth[name])[0, 1],
                      f"{name}_ceiling": np.corrcoef(exact[:, k], best[name])[0, 1]}
        found["sharpness"] = edge_strength(made, goal_masks) / edge_strength(goal, goal_masks)
        scores |= {f"{people[source]}_onto_{people[target]}_{name}": round(float(value), 3) for name, value in found.items()}
    return scores


def edge_strength(pictures: np.ndarray, masks: np.ndarray) -> float:
    """Mean absolute Laplacian of the grey levels of pictures (N, H, W, 3) inside masks (N, H, W)."""
    edges = [cv2.Laplacian(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32), cv2.CV_32F) for one in pictures]
    return float(np.abs(edges)[masks].mean())


def ship(run: TrainingRun, recipe: Recipe, /, people: tuple = PEOPLE, **made) -> dict:
    """Write the network of ``run`` to data/checkpoints in eight bits a weight, with its scores and its people's embeddings.

    made: fields of the card for a network that was trained otherwise, such as ``recipe``, ``hardware``, ``note``.
    """
    model = run.models["autoencoder"].cpu().eval()
    seen = held_out(model.size, people)
    card = {"recipe": "python -m dflib.swap.ship", "steps": run.done, "seed": run.seed,
            "data": f"rendered cast only: {' and '.join(people)} of data/clips, {recipe.performances} performances each, "
                    f"all different, {SECONDS:.0f} s at {recipe.fps:g} frames a second; scored on {len(seen[0][0])} frames of "
                    f"{len(HELD_OUT)} other performances, of which no frame was learned",
            "wall_time": round(run.history[-1]["seconds"], 1), "scores": score(model, seen, people), "people": list(people),
            "embeddings": [[round(float(x), 4) for x in row[3]] for row in seen], **made}
    return checkpoints.save(CHECKPOINTS / "autoencoder.safetensors", model, card, precision="int8")


def trained(recipe: Recipe, begin: "str | Path | None" = None) -> TrainingRun:
    """The run of ``recipe`` on PEOPLE, finished; a new one begins with the network in the checkpoint ``begin``, made wider."""
    sets = training_faces(PEOPLE, recipe)
    about = describe("autoencoder", {**asdict(recipe), "begun_with": begin and checkpoints.read_card(begin)["sha256"]}, content(sets))
    run = autoencoder_run(default_folder(about), sets, recipe, about=about)
    if begin and not (run.folder / STATE).exists():
        run.models["autoencoder"].load_state_dict(widened(autoencoder.load(begin)[0], recipe.width, recipe.finest).state_dict())
    run.fit()
    return run


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train, score and ship the DeepFakes autoencoder.")
    parser.add_argument("--steps", type=int, help="training steps (default: the recipe's)")
    parser.add_argument("--begin", type=Path, help="a smaller trained network to begin with (default: at random)")
    arguments = parser.parse_args()
    own = replace(SHIPPED, steps=arguments.steps or SHIPPED.steps)
    ship(trained(own, arguments.begin), own)
