"""The ablation A to F of the StyleGAN paper's table 1, trained here at 32 px: data/ablation.

    python tools/ablation.py                    all rows: about two hours of one core; goes on where it stopped
    python tools/ablation.py --rows E F         some of them
    python tools/ablation.py --again            forget the rows that are scored; trained networks stay in the cache

Writes data/ablation/scores.json after each row, and then README.md and people.jpg from all rows that are there. The rows
differ in nothing but their configuration: the same pictures, widths, seed, losses and number of pictures seen. Scores of
another RECIPE are forgotten.
"""
import argparse
import hashlib
import json
from dataclasses import replace

import cv2
import numpy as np
import torch
from tqdm.auto import tqdm

from dflib.datasets import RenderedFaces
from dflib.pictures import resized
from dflib.scale import hardware
from dflib.files import write_bytes
from dflib.media import write_image
from dflib.metrics import paths
from dflib.paths import DATA, cache_dir
from dflib.synthesis.stylegan import framing, judges, train
from dflib.synthesis.stylegan.ablation import CONFIGURATIONS, PAPER_FID
from dflib.synthesis.stylegan.latents import sample
from dflib.synthesis.stylegan.stylegan import channels_at

FOLDER = DATA / "ablation"
RECIPE = replace(train.RECIPES["cpu"], resolution=32, base=512, batches={32: 16}, growing=10_000, images=90_000)
SEED, WAYS = 0, 1_000                           # WAYS: paths for the path length
SHOWN, SIDE, TITLE = 10, 96, 24                 # people in a row of the figure; pixels of each, and of the text above


def people_of(split):
    """The aligned people of the shipped cast, (N, 32, 32, 3) uint8."""
    return np.stack([resized(picture, RECIPE.resolution) for picture in framing.aligned_faces(RenderedFaces(split), 64)])


def trained(row, pictures):
    """The run of a configuration, from the cache or trained now to its end."""
    recipe = replace(RECIPE, configuration=row)
    key = hashlib.sha256(repr((recipe, SEED)).encode()).hexdigest()[:8]        # another recipe is another network
    run = train.stylegan_run(cache_dir() / "ablation" / f"{row}-{key}", pictures, recipe, SEED)
    run.fit()
    return run


def scored(run, held_out):
    """What is written of a row: scores of the averaged generator at psi 1 against people it never saw."""
    generator = run.averaged.cpu()
    found = judges.scores(sample(generator, len(held_out), seed=5, psi=1.0), held_out)
    mapping, synthesis = paths.parts_of(generator)
    for space in "zw" if len(generator.mapping.layers) else "z":        # without a mapping there is no w
        found[f"path_{space}"] = paths.perceptual_path_length(
            synthesis, mapping, space, "full", generator.latent, WAYS, paths.squared_distance(judges.portrait_features))
    return found | {"steps": run.done, "seconds": run.history[-1]["seconds"], "parameters": sum(
        p.numel() for p in generator.parameters())}


def table(rows):
    """The rows as a Markdown table beside the paper's."""
    def cell(found, name, digits):
        return f"{found[name]:,.{digits}f}" if name in found else "–"

    lines = ["| configuration | Fréchet | sliced Wasserstein | precision | recall | path length z | w "
             "| the paper's FID: CelebA-HQ | FFHQ |",
             "|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for name, found in rows.items():
        title = f"{name} · {CONFIGURATIONS[name]}" if name in CONFIGURATIONS else name
        numbers = [cell(found, *column) for column in (("frechet", 1), ("sliced_wasserstein", 1), ("precision", 2),
                                                       ("recall", 2), ("path_z", 0), ("path_w", 0))]
        published = [f"{value:.2f}" for value in PAPER_FID[name]] if name in PAPER_FID else ["", ""]
        lines.append("| " + " | ".join([title, *numbers, *published]) + " |")
    return "\n".join(lines)


CARD = """# StyleGAN's ablation, in small

The rows of table 1 of Karras, Laine and Aila (2019), trained from scratch at 32 px by

    python tools/ablation.py

which goes on where it stopped; numbers are in `scores.json`, people in `people.jpg`. Every row saw {images:,} pictures
({steps:,} steps of {batch}), grown from {start} px, {narrow} maps at 32 px to {limit} at 4 px (parameters of
the generators: {parameters}), seed {seed}, the rendered cast's training
people. Hardware: {hardware}, {threads} in use, {minutes:.0f} to {most:.0f} minutes a row beside other work.

Scores are of {people} generated people at psi 1 against as many who were held out: the Fréchet distance in the features of the
two networks in `data/checkpoints` that know the cast, the sliced Wasserstein distance (x 1000, mean of the levels), precision
and recall, and the perceptual path length in the same features. *real people* are training people in place of generated ones.
None of these can be compared with the paper's FID (70,000 photographs of 1024 px, 25 million pictures seen) but in its order.
Differences of recipe: the paper's B also trains longer and is tuned, and its rows for CelebA-HQ, and row A for FFHQ, have the
WGAN-GP loss; here all rows have the same loss, rates and length, so that B adds the blur and nothing else. One run a row: read
differences of a few per cent as chance.

{table}

How to read the committed rows: after so few pictures the order is the paper's upside down. The generators without styles (A, B)
are nearest to real people by then. What the paper shows is where each ends after more than 250 times as many pictures. With
styles, the path through w is about a quarter of the path through z; but the paper compares it with the path of A and B through
their z, and there only F's is shorter.

All pictures show people who do not exist; CC0, as all of data.
"""


def write_card(done):
    """README.md of all rows."""
    rows = {name: done["rows"][name] for name in ("real people", *CONFIGURATIONS) if name in done["rows"]}
    trained_rows = {name: found for name, found in rows.items() if name in CONFIGURATIONS}
    minutes = sorted(found["seconds"] / 60 for found in trained_rows.values())
    text = CARD.format(
        images=RECIPE.images, steps=train.Plan(RECIPE).steps, batch=RECIPE.batches[32], start=RECIPE.start, seed=SEED,
        narrow=channels_at(32, RECIPE.base, RECIPE.limit), limit=channels_at(4, RECIPE.base, RECIPE.limit),
        parameters=", ".join(f"{name} {found['parameters']:,}" for name, found in trained_rows.items()),
        hardware=done["hardware"], threads=done["threads"], minutes=minutes[0], most=minutes[-1], people=done["people"],
        table=table(rows))
    write_bytes(FOLDER / "README.md", text.encode())


def write_figure(generators, real):
    """people.jpg: the first people of each configuration (name -> generator), not selected, and real ones below."""
    rows = {f"{row}: {CONFIGURATIONS[row]}": sample(generator, SHOWN, seed=0, psi=0.7) for row, generator in generators.items()}
    parts = []
    for title, people in (rows | {"real people": real[:SHOWN]}).items():
        label = np.full((TITLE, SHOWN * SIDE, 3), 255, np.uint8)
        cv2.putText(label, title, (4, TITLE - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (40, 40, 40), 1, cv2.LINE_AA)
        parts += [label, np.hstack([cv2.resize(person, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST) for person in people])]
    write_image(FOLDER / "people.jpg", np.concatenate(parts), kind="composite", quality=88, note="StyleGAN's ablation, 32 px")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", choices=CONFIGURATIONS, default=[*CONFIGURATIONS])
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "scores.json"
    done = json.loads(path.read_text()) if path.exists() and not arguments.again else {}
    if done.get("recipe") != repr(RECIPE):
        done = {"recipe": repr(RECIPE), "rows": {}}

    pictures, held_out = people_of("train"), np.concatenate([people_of("val"), people_of("test")])
    shuffled = pictures[np.random.default_rng(0).permutation(len(pictures))]
    wanted = [row for row in CONFIGURATIONS if row in arguments.rows or row in done["rows"]]
    generators = {}
    for row in tqdm(wanted, "ablation", unit="row"):
        run = trained(row, pictures)
        generators[row] = run.averaged.cpu()
        if row not in done["rows"]:
            done["rows"][row] = scored(run, held_out)
            done["rows"].setdefault("real people", judges.scores(shuffled[:len(held_out)], held_out))
            done |= {"people": len(held_out), "images": RECIPE.images, "hardware": hardware(), "threads": torch.get_num_threads()}
            write_bytes(path, (json.dumps(done, indent=1) + "\n").encode())
    write_card(done)
    write_figure(generators, shuffled)

