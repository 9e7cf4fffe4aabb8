"""Draw data/race/curves.png from data/race/scores.json: distance and recall over the minutes of eight recipes.

    python tools/race_figure.py
"""
import io
import json

import cv2
import numpy as np
from matplotlib.figure import Figure

from dflib.media import write_image
from dflib.paths import DATA

FOLDER = DATA / "race"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000000", "#D55E00", "#7F3C8D")


def main():
    race = json.loads((FOLDER / "scores.json").read_text(encoding="utf-8"))
    figure = Figure(figsize=(11, 3.4), dpi=110, layout="constrained")
    for axes, key in zip(figure.subplots(1, 2), ("distance", "recall")):
        for (name, entry), colour in zip(race["entries"].items(), COLOURS):
            axes.plot([point["minutes"] for point in entry["points"]], [point[key] for point in entry["points"]], "o-", markersize=4,
                      color=colour, label=name)
        axes.axhline(race["floor"][key], color="black", linestyle=":", linewidth=1)
        axes.set(xlabel="minutes of one core", ylabel={"distance": "Fréchet distance", "recall": "recall"}[key])
    figure.axes[0].set_ylim(0, 120)
    figure.axes[1].set_ylim(0, 1)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), frameon=False, fontsize=8, loc="outside right")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    image = cv2.imdecode(np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    write_image(FOLDER / "curves.png", np.ascontiguousarray(image))


if __name__ == "__main__":
    main()
