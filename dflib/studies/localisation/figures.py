"""Maps by method as one figure: a person, what was done, where it was, and where each network says it was."""
import numpy as np

from dflib import media
from dflib.datasets.crops import REAL
from dflib.files import check_writable
from dflib.forensics.overlay import overlaid
from dflib.pictures import resized
from dflib.studies.detectors.figures import INK, WORDS
from dflib.studies.localisation.plan import TITLES

CELL, SHARP = 1.0, 256      # inches of a picture; px at which its map is drawn
#: Controls that are shown.
OF_OTHERS = ("TrueSwap", "TrueReenactment", "SelfDeepfakes", "PastedBack", "Recompressed", "Enlarged")


def shown_rows(kinds, clips, groups) -> dict:
    """Kind -> a row: the middle picture of a clip of each, of one pair of people as far as that has them."""
    kinds, clips, groups = (np.asarray(column) for column in (kinds, clips, groups))
    there = {group: len(set(kinds[groups == group].tolist())) for group in dict.fromkeys(groups.tolist())}
    one = max(there, key=there.get)
    found = {}
    for kind in sorted(set(kinds.tolist()), key=lambda kind: (kind != REAL, kind)):
        rows = np.flatnonzero((kinds == kind) & (groups == one))
        rows = rows if len(rows) else np.flatnonzero(kinds == kind)
        rows = rows[clips[rows] == clips[rows][0]]
        found[str(kind)] = int(rows[len(rows) // 2])
    return found


def maps_figure(columns: list, names: list):
    """A matplotlib Figure. columns: (kind, picture (S, S, 3), truth (h, w) or None, [a map (h, w) for each of names]).

    The line of truths is there when one is known.
    """
    from matplotlib.figure import Figure

    known = any(truth is not None for _, _, truth, _ in columns)
    lines = ["picture", *(["truth"] if known else []), *names]
    figure = Figure(figsize=(CELL * (len(columns) + 1.5), CELL * (len(lines) + 0.4)), dpi=110)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for x, (kind, picture, truth, maps) in enumerate(columns):
        axes.text(x + 0.48, -0.05, WORDS.get(kind, kind), ha="center", va="bottom", size=8, color=INK)
        picture, whole = resized(picture, SHARP), np.array([0, 0, SHARP, SHARP])
        drawn = [picture, *([truth] if known else []), *maps]
        for y, of in enumerate(drawn):
            if of is not None:
                shown = picture if y == 0 else overlaid(picture, [(whole, of)])
                axes.imshow(shown, extent=(x, x + 0.96, y + 0.96, y), aspect="auto")
    for y, name in enumerate(lines):
        axes.text(-0.08, y + 0.48, name.replace(", ", ",\n"), ha="right", va="center", size=8, color=INK)
    axes.set(xlim=(-1.5, len(columns)), ylim=(len(lines), -0.4))
    return figure


def write_maps(path, crops: dict, results: list) -> None:
    """The figure as a PNG. crops: part ("test", and "other" where there are controls) -> FaceCrops; results with maps."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    columns = []
    for part, of in crops.items():
        for kind, row in shown_rows(of.kinds, of.clips, of.groups).items():
            if part == "test" or kind in OF_OTHERS:
                truth = of.masks[row] if of.masks is not None else None
                columns.append((kind, of.pictures[row], truth, [result[f"{part}_map"][row] for result in results]))
    names = [TITLES[result["about"]["name"]] for result in results]
    canvas = FigureCanvasAgg(maps_figure(columns, names))
    canvas.draw()
    picture = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
    media.write_image(check_writable(path), picture, kind="composite", note="maps of what was changed, by method")
