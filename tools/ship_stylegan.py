"""Train the shipped StyleGAN to the end of its recipe, score it, and write checkpoint, card and lesson 03's figures.

    python tools/ship_stylegan.py               at the current scale (DFLIB_SCALE); goes on where the run in the cache stopped

The figures are data/figures/03_stylegan.jpg, the title picture, and 03_training.png, how the people came about.
"""
import io
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from dflib.datasets import RenderedFaces
from dflib.media import read_image, write_image
from dflib.metrics.wasserstein import pyramid_wasserstein
from dflib.pictures import from_sheet
from dflib.synthesis.stylegan import framing, judges, latents, train

FIGURES = Path(__file__).resolve().parents[1] / "data" / "figures"
LEFT, ABOVE = (5, 12), (3, 9, 15, 27)           # people of seed 0 whose styles are mixed in the title picture
STAGES, SHOWN = 9, 8                            # rows and columns of people in the figure of the training
BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"


def scores_of(generator, taught, held_out):
    """For the card: the generator at psi 1, and as many training people, against all who were held out."""
    some = taught[np.random.default_rng(0).permutation(len(taught))[:len(held_out)]]
    return {"pictures": len(held_out), "training_people": judges.scores(some, held_out),
            "generated": judges.scores(latents.sample(generator, len(held_out), seed=5, psi=1.0), held_out)}


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


def training_figure(run, plan, held_out):
    """The same people from an early step to the last, the distance of the sample sheets, the losses: (H, W, 3) uint8."""
    paths = sorted((run.folder / "samples").glob("*.png"))
    steps = np.array([int(path.stem.split("_")[1]) for path in paths])
    side = run.averaged.resolution

    def people_of(path):
        return from_sheet(read_image(path), side)

    chosen = np.unique(np.searchsorted(steps, np.geomspace(max(steps[0], run.done / 40), steps[-1], STAGES)))
    strip = np.concatenate([np.concatenate(people_of(paths[k])[:SHOWN], 1) for k in chosen])
    measured = paths[::max(1, len(paths) // 60)]
    at = [int(path.stem.split("_")[1]) for path in measured]
    count = len(people_of(paths[-1]))
    distances = [pyramid_wasserstein(held_out[:count], people_of(path))["mean"] for path in measured]
    floor = pyramid_wasserstein(held_out[:count], held_out[count:2 * count])["mean"]

    figure = Figure(figsize=(10, 5.4), dpi=110, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(5.2, 4.8))
    shown = left.subplots()
    shown.imshow(strip)
    shown.set(xticks=[], yticks=(np.arange(len(chosen)) + 0.5) * side, yticklabels=[f"{steps[k]:,}" for k in chosen], ylabel="step")
    upper, lower = right.subplots(2, 1, sharex=True)
    upper.semilogy(at, distances, "o-", color=BLUE, markersize=3, label=f"{count} generated people, psi 0.7")
    upper.axhline(floor, color="black", linestyle=":", linewidth=1, label=f"{count} real people")
    upper.set(ylabel="sliced Wasserstein distance × 1000")
    upper.legend(frameon=False, fontsize=8)
    history = [entry for entry in run.history if entry["step"] <= run.done]
    for name, colour in (("discriminator", ORANGE), ("generator", GREEN)):
        values = np.array([entry[name] for entry in history])
        width = max(1, len(values) // 100)
        smooth = np.convolve(values, np.ones(width) / width, "valid")
        lower.plot([entry["step"] for entry in history][width - 1:], smooth, color=colour, label=name)
    lower.set(xlabel="step", ylabel="loss, moving mean")
    lower.legend(frameon=False, fontsize=8)
    for axes in (upper, lower):
        for step in range(1, run.done):
            if plan.at(step).first:
                axes.axvline(step, color="0.8", linewidth=1, zorder=0)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return np.ascontiguousarray(cv2.imdecode(np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1])


def main():
    recipe = train.RECIPES[train.current().name]
    taught = train.training_pictures(recipe)
    held_out = np.concatenate([framing.aligned_faces(RenderedFaces(split), recipe.resolution) for split in ("val", "test")])
    held_out = held_out[np.random.default_rng(0).permutation(len(held_out))]
    run = train.train()
    data = (f"rendered cast: {len(taught):,} training people, aligned, yaw within {framing.TURNED} degrees; scored at psi 1 "
            f"against {len(held_out)} held-out people, beside as many training people")
    print(train.ship(run, data, scores_of(run.averaged, taught, held_out)))
    write_image(FIGURES / "03_stylegan.jpg", title_picture(run.averaged), kind="generated", quality=86,
                note="StyleGAN, lesson 03, seed 0, psi 0.7")
    write_image(FIGURES / "03_training.png", training_figure(run, train.Plan(recipe), held_out), kind="generated",
                note="StyleGAN, lesson 03, over its training")


if __name__ == "__main__":
    main()
