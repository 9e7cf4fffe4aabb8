"""Score a StyleGAN in the ruler of data/race: ImageNet's features of 64 px as they are, 600 people a side, three times.

    python tools/race_score.py [CHECKPOINT]             by default the shipped one; the cast is rendered once, in minutes

Each time other people who were held out, beside as many training people and as many generated ones (psi 1). Prints mean, lowest and
highest. Distances and shares depend on who is drawn: recall by some 0.02.
"""
import argparse
from functools import partial

import numpy as np

from dflib import checkpoints
from dflib.metrics import frechet_distance, imagenet_features, precision_recall
from dflib.metrics.features import features_of
from dflib.synthesis.stylegan import latents, train

TIMES, PEOPLE = 3, 600


def seen(pictures):
    """Features (N, 256) of pictures (N, 64, 64, 3) uint8."""
    return features_of(pictures, partial(imagenet_features, side=pictures.shape[1]))


def scores(held_out, others) -> list:
    """[Fréchet distance, precision, recall] of features ``others`` (N, 256) against ``held_out`` (N, 256)."""
    return [frechet_distance(held_out, others), *precision_recall(held_out, others)]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="a generator of 64 px (default: the shipped one)")
    path = parser.parse_args(arguments).checkpoint or checkpoints.shipped("stylegan-64")
    generator, _ = latents.load_generator(path)
    recipe = train.RECIPES["cpu"]
    taught = train.training_pictures(recipe)
    held_out = np.concatenate([train.training_pictures(recipe, split) for split in ("val", "test")])
    some = [np.random.default_rng(0).permutation(len(pictures))[:TIMES * PEOPLE].reshape(TIMES, -1) for pictures in (taught, held_out)]
    found = {"real people of the training set": [], "generated people": []}
    for k in range(TIMES):
        reference = seen(held_out[some[1][k]])
        found["real people of the training set"].append(scores(reference, seen(taught[some[0][k]])))
        found["generated people"].append(scores(reference, seen(latents.sample(generator, PEOPLE, seed=5 + k, psi=1.0))))
    for name, rows in found.items():
        told = [f"{heading} {np.mean(column):.{digits}f} ({min(column):.{digits}f} to {max(column):.{digits}f})" for heading, digits, column
                in zip(("distance", "precision", "recall"), (1, 2, 2), np.transpose(rows))]
        print(f"{name}: {', '.join(told)}")


if __name__ == "__main__":
    main()
