"""Score a StyleGAN in the ruler of data/race: ImageNet's features of 64 px as they are, 600 people a side, three times.

    python tools/race_score.py [CHECKPOINT]             by default the shipped one; the cast is rendered once, in minutes

Each time other people who were held out, beside as many training people and as many generated ones (psi 1). Prints mean, lowest and
highest. Distances and shares depend on who is drawn: recall by some 0.02.
"""
import argparse

import numpy as np

from dflib import checkpoints
from dflib.synthesis.stylegan import judges, latents, train

TIMES, PEOPLE = 3, 600


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
        drawn = latents.sample(generator, PEOPLE, seed=5 + k, psi=1.0)
        for rows, pictures in zip(found.values(), (taught[some[0][k]], drawn)):
            rows.append(judges.imagenet_scores(pictures, held_out[some[1][k]], side=drawn.shape[1]))
    for name, rows in found.items():
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        told = [f"{key} {np.mean(column):.{digits}f} ({min(column):.{digits}f} to {max(column):.{digits}f})"
                for (key, column), digits in zip(columns.items(), (1, 2, 2))]
        print(f"{name}: {', '.join(told)}")


if __name__ == "__main__":
    main()
