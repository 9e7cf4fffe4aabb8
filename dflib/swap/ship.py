"""Scoring a trained autoencoder on what it has not seen, and shipping it.

    python -m dflib.swap.ship       train (or go on) at the current scale, score, and replace the network in data/checkpoints

The people of `ActorClips` give performances in the shipped clips that nobody learns from. Rendered with the other person
they are the truth.
"""
import argparse
from dataclasses import replace

import numpy as np

from dflib import cast, checkpoints, metrics
from dflib.datasets import ActorClips
from dflib.datasets.facesets import FIRST, SECONDS, cut
from dflib.faces.follow import Follower
from dflib.paths import CHECKPOINTS
from dflib.scale import current
from dflib.swap.deepfake import decoded
from dflib.swap.train import PEOPLE, RECIPES, centre, train, training_faces

EVERY = 5           # of the shipped clips' frames one in so many is scored


def held_out(model, people=PEOPLE, every=EVERY):
    """For each of ``people``, (aligned faces (N, S, S, 3), masks (N, S, S), pictures, landmarks) in each one's clip's play.

    ``result[i][j]``: person i giving the performance of person j. Landmarks are found, as in any video.
    """
    clips, result = ActorClips(), []
    for who in people:
        result.append([])
        for play in people:
            follow, rows = Follower(), []
            for shot in clips[play].performance().shots[::every]:
                picture = cast.render(clips[who].person(), shot, 2 * model.size).image
                landmarks = follow(picture)[0]
                rows.append((*cut(picture, landmarks, model.size)[:2], picture, landmarks))
            result[-1].append(tuple(np.array(column) for column in zip(*rows)))
    return result


def nearest_frames(shots, gallery):
    """(N,) which of the shots of ``gallery`` is most like each of ``shots`` in pose, expression and gaze, known exactly."""
    one, other = (np.array([[shot.yaw / 10, shot.pitch / 10, shot.roll / 10, *2 * np.asarray(shot.expression), *2 * shot.gaze]
                            for shot in some]) for some in (shots, gallery))
    return ((one[:, None] - other) ** 2).sum(2).argmin(1)


def score(model, recipe, people=PEOPLE, every=EVERY):
    """Scores of both swaps inside the true face, dB and SSIM, beside no swap and the nearest frame of the source's own footage.

    Each picture is compared in its own alignment: how the face looks, not where it is put. The footage is the recipe's.
    """
    clips, faces, scores = ActorClips(), held_out(model, people, every), {}
    footage = training_faces(people, replace(recipe, size=model.size))
    for source, target in ((0, 1), (1, 0)):
        crops, masks = faces[target][target][:2]
        goal, goal_masks = faces[source][target][:2]
        first = FIRST + source * recipe.performances
        plays = (cast.perform(seed, SECONDS, recipe.fps) for seed in range(first, first + recipe.performances))
        gallery = [shot for play in plays for shot in play.shots]
        gallery = [gallery[i] for i in footage[source].frames]
        nearest = nearest_frames(clips[people[target]].performance().shots[::every], gallery)
        known = centre(footage[source].tensor())[nearest, :3].permute(0, 2, 3, 1).numpy()
        made = decoded(model, crops, masks, source, target)
        for name, guess in (("no_swap", crops), ("nearest", known), ("swap", made)):
            for measure in (metrics.psnr, metrics.ssim):
                value = float(measure(guess, goal, goal_masks).mean())
                scores[f"{people[source]}_onto_{people[target]}_{name}_{measure.__name__}"] = round(value, 3)
    return scores


def ship(run, recipe, people=PEOPLE, **made):
    """Write the network of ``run`` to data/checkpoints in half precision, with its scores and its people's likenesses.

    made: fields of the card for a network that was trained on another machine, such as ``scale``, ``hardware``, ``note``.
    """
    model = run.models["autoencoder"].cpu().eval()
    faces = held_out(model, people)
    card = {"recipe": f"DFLIB_SCALE={current().name} python -m dflib.swap.ship --steps {run.steps}",
            "steps": run.done, "seed": run.seed,
            "data": f"rendered cast only: {' and '.join(people)} of data/clips, {recipe.performances} performances each, "
                    f"all different, {SECONDS:.0f} s at {recipe.fps:g} frames a second; scored on the shipped clips, of which "
                    "no frame was learned",
            "wall_time": round(run.history[-1]["seconds"], 1), "scores": score(model, recipe, people),
            "people": list(people),
            "likeness": [[round(float(x), 4) for x in metrics.person_embedding(*faces[i][i][2:])] for i in range(len(people))], **made}
    return checkpoints.save(CHECKPOINTS / "autoencoder.safetensors", model, card, half=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train, score and ship the DeepFakes autoencoder.")
    parser.add_argument("--steps", type=int, help="training steps (default: the recipe's)")
    arguments = parser.parse_args()
    own = RECIPES[current().name]
    own = replace(own, steps=arguments.steps or own.steps)
    ship(train(own), own)
