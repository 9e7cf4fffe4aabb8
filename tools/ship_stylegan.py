"""Train the shipped StyleGAN, score it every ten minutes, and write checkpoint, card and lesson 03's figures.

    python tools/ship_stylegan.py                       the recipe of the current scale (DFLIB_SCALE), to its end
    python tools/ship_stylegan.py --run FOLDER          a run that lies elsewhere, of whatever recipe its run.json says
    python tools/ship_stylegan.py --minutes 0           what there is, as it stands

An earlier session's run goes on. The figures are data/figures/03_stylegan.jpg, the title picture, and 03_training.png, how
the people came about. The scores over the training stay in the run's folder (scores.jsonl).
"""
import argparse
import io
import json
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from dflib.media import read_image, write_image
from dflib.pictures import from_sheet
from dflib.scale import current
from dflib.synthesis.stylegan import framing, judges, latents, train
from dflib.training import record

FIGURES = Path(__file__).resolve().parents[1] / "data" / "figures"
LEFT, ABOVE = (5, 12), (3, 9, 15, 27)           # people of seed 0 whose styles are mixed in the title picture
STAGES, SHOWN = 9, 8                            # rows and columns of people in the figure of the training
HELD = 800                                      # people who are held out, at most
SCORES = "scores.jsonl"
BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"


def scores_of(generator, taught, held_out, draws: int = 3):
    """For the card: the generator at psi 1, and as many training people, against all who were held out.

    In ImageNet features the mean of a few draws, and how far apart the lowest and the highest were.
    """
    def among(pictures, seed):
        return pictures[np.random.default_rng(seed).permutation(len(pictures))[:len(held_out)]]

    def made(seed):
        return latents.sample(generator, len(held_out), seed=seed, psi=1.0)

    found = {"pictures": len(held_out)}
    for name, drawn in (("training_people", lambda k: among(taught, k)), ("generated", lambda k: made(5 + k))):
        imagenet = [judges.imagenet_scores(drawn(k), held_out) for k in range(draws)]
        values = {key: [one[key] for one in imagenet] for key in imagenet[0]}
        found[name] = {"imagenet": {key: round(float(np.mean(row)), 3) for key, row in values.items()},
                       "imagenet_range": {key: [min(row), max(row)] for key, row in values.items()},
                       "own": judges.scores(drawn(0), held_out)}
    return found


def train_and_score(run, held_out, minutes, every=10.0):
    """Go on with ``run`` for so many minutes, or to its end, and append a line of scores to scores.jsonl now and then.

    In ImageNet features of the pictures at their own size, as in data/race: a tenth of the time of the card's.
    """
    last, run.steps = run.steps, 0
    run.fit()                               # goes back to what was saved, and no further
    run.steps, end = last, time.monotonic() + 60 * minutes
    while run.done < run.steps and (left := end - time.monotonic()) > 0:
        timer = threading.Timer(min(left, 60 * every), run.stop)
        timer.start()
        try:
            run.fit()
        except KeyboardInterrupt:           # the timer's, after which everything is saved
            pass
        timer.cancel()
        row = {"step": run.done, "seconds": run.history[-1]["seconds"],
               **judges.imagenet_scores(latents.sample(run.averaged, len(held_out), seed=5, psi=1.0), held_out,
                                        side=run.averaged.resolution)}
        with open(run.folder / SCORES, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(row, flush=True)


def title_picture(generator):
    """28 people, and beside them four people's pictures mixed with the styles of two others, (H, W, 3) uint8."""
    side, noise = 2 * generator.resolution, latents.fixed_noise(generator)
    w = generator.mapping(latents.draw(generator, 200))

    def enlarged(pictures):
        return [cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC) for picture in pictures]

    def person(number):
        return generator.styles(w[number:number + 1], 0.7)

    def label(*lines):
        image = np.full((side, side, 3), 255, np.uint8)
        for k, line in enumerate(lines):
            cv2.putText(image, line, (8, side // 2 - 10 + 24 * k), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (60, 60, 60), 1, cv2.LINE_AA)
        return image

    def made(ws):
        return enlarged(latents.images_of(generator, ws, noise))[0]

    rows, names = [[label("mixtures"), *(made(person(a)) for a in ABOVE)]], [label()]
    for name, layers in (("coarse", latents.COARSE), ("middle", latents.MIDDLE), ("fine", latents.FINE)):
        for b in LEFT:
            rows.append([made(person(b)), *(made(latents.mix(person(a), person(b), layers)) for a in ABOVE)])
            names.append(label(name, "from left"))
    right = np.concatenate([np.concatenate(row, 1) for row in rows])
    people = enlarged(latents.sample(generator, 4 * len(rows), seed=0, psi=0.7))
    left = np.concatenate([np.concatenate(people[k:k + 4], 1) for k in range(0, len(people), 4)])
    return np.concatenate([left, np.full((len(left), 24, 3), 255, np.uint8), right, np.concatenate(names)], 1)


def training_figure(run, floor):
    """The same people from an early step to the last, distance and recall over the hours, the losses: (H, W, 3) uint8.

    floor: ``imagenet_scores`` of real people.
    """
    paths = sorted((run.folder / "samples").glob("*.png"))
    steps = np.array([int(path.stem.split("_")[1]) for path in paths])
    side = run.averaged.resolution
    chosen = np.unique(np.searchsorted(steps, np.geomspace(max(steps[0], run.done / 40), steps[-1], STAGES)))
    strip = np.concatenate([np.concatenate(from_sheet(read_image(paths[k]), side)[:SHOWN], 1) for k in chosen])
    rows = [json.loads(line) for line in (run.folder / SCORES).read_text(encoding="utf-8").splitlines()]
    history = [entry for entry in run.history if entry["step"] <= run.done]

    figure = Figure(figsize=(10, 5.4), dpi=110, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(5.2, 4.8))
    shown = left.subplots()
    shown.imshow(strip)
    shown.set(xticks=[], yticks=(np.arange(len(chosen)) + 0.5) * side, yticklabels=[f"{steps[k]:,}" for k in chosen], ylabel="step")
    upper, middle, lower = right.subplots(3, 1, sharex=True)
    for axes, key, colour in ((upper, "frechet", BLUE), (middle, "recall", GREEN)):
        axes.plot([row["seconds"] / 3600 for row in rows], [row[key] for row in rows], "o-", color=colour, markersize=3,
                  label="generated people")
        axes.axhline(floor[key], color="black", linestyle=":", linewidth=1, label="real people")
        axes.set(ylabel={"frechet": "Fréchet distance", "recall": "recall"}[key])
    upper.set_yscale("log")
    upper.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    upper.yaxis.set_major_formatter("{x:g}")
    upper.minorticks_off()
    middle.set_ylim(0, None)
    upper.legend(frameon=False, fontsize=8)
    upper.set_title("in ImageNet features", fontsize=9)
    for name, colour in (("discriminator", ORANGE), ("generator", GREEN)):
        values = np.array([entry[name] for entry in history if name in entry])
        width = max(1, len(values) // 100)
        if len(values):
            smooth = np.convolve(values, np.ones(width) / width, "valid")
            hours = [entry["seconds"] / 3600 for entry in history if name in entry]
            lower.plot(hours[width - 1:], smooth, color=colour, label=name)
    lower.set(xlabel="hours of training", ylabel="loss, moving mean")
    lower.legend(frameon=False, fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return np.ascontiguousarray(cv2.imdecode(np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1])


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Train and ship lesson 03's StyleGAN.")
    parser.add_argument("--run", help="folder of a run (default: that of the scale's recipe, in the cache)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="how long to train (default: to the end)")
    chosen = parser.parse_args(arguments)
    fields = record.read(chosen.run)["recipe"] if chosen.run else {}
    recipe = train.Recipe(**{**fields, "batches": {int(r): b for r, b in fields["batches"].items()}}) if fields else (
        train.RECIPES[current().name])
    taught = train.training_pictures(recipe)
    held_out = np.concatenate([train.training_pictures(recipe, split) for split in ("val", "test")])
    held_out = held_out[np.random.default_rng(0).permutation(len(held_out))][:HELD]
    run = train.run_of(recipe, taught, chosen.run)
    train_and_score(run, held_out, chosen.minutes)
    scores = scores_of(run.averaged, taught, held_out)
    data = (f"rendered cast: {len(taught):,} pictures of training people, aligned, yaw within {framing.TURNED} degrees; scored at "
            f"psi 1 against {len(held_out)} held-out people, beside as many training people")
    print(train.ship(run, data, scores))
    write_image(FIGURES / "03_stylegan.jpg", title_picture(run.averaged), kind="generated", quality=86,
                note="StyleGAN, lesson 03, seed 0, psi 0.7")
    floor = judges.imagenet_scores(taught[np.random.default_rng(0).permutation(len(taught))[:len(held_out)]], held_out,
                                   side=recipe.resolution)
    write_image(FIGURES / "03_training.png", training_figure(run, floor), kind="generated",
                note="StyleGAN, lesson 03, over its training")


if __name__ == "__main__":
    main()
