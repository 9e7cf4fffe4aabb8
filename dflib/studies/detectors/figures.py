"""The comparison as figures: accuracy by coding, beside the paper's; and what every detector says of every control."""
import numpy as np

from dflib import media
from dflib.datasets.crops import REAL
from dflib.files import check_writable
from dflib.metrics.people import PAPER as PAPER_PEOPLE
from dflib.studies.detectors.data import clips_of, cut_out, others_of
from dflib.studies.detectors.plan import PAPER, PAPER_COLUMNS, TITLES
from dflib.studies.detectors.table import by_frame, by_video

SIZE = 128                          # px of the crops that head the columns
LINE, INK = 0.95, "#222222"            # inches of one unit; of text
DISC = "#8CC2E6"
WORDS = {REAL: "untouched", "NeuralTextures": "Neural-\nTextures", "TrueReenactment": "true re-\nenactment", "TrueSwap": "true\nswap",
         "SelfDeepfakes": "Deepfakes\nof oneself", "SelfFaceSwap": "FaceSwap\nof oneself", "Recompressed": "coded\ntwice",
         "PastedBack": "pasted\nback", "Enlarged": "made small\nand large"}


def shares(result: dict) -> dict:
    """Kind -> share of its videos that is called fake: untouched, what was learned from, what was not."""
    found = {}
    for part in ("test", "other"):
        if f"{part}_kind" in result:
            videos = by_video(by_frame(result, part))
            kinds = sorted(set(videos["kind"]), key=lambda kind: (kind != REAL, kind))
            found |= {str(kind): float((videos["score"][videos["kind"] == kind] > 0.5).mean()) for kind in kinds}
    return found


def heads(root, compression: str) -> dict:
    """Kind -> a crop (SIZE, SIZE, 3) of the same test person in the same frame, as far as there is one."""
    clips = clips_of(root, "test", compression)
    clips += [clip for group in others_of(root, compression).values() for clip in group]
    with_most = {}
    for clip in clips:
        with_most.setdefault(clip.target or clip.path.stem.split("_")[0], []).append(clip)
    person = max(with_most, key=lambda who: (len({clip.method for clip in with_most[who]}), who))
    crops = cut_out(with_most[person], SIZE, 1, False)
    return {str(kind): picture for kind, picture in zip(np.asarray(crops.kinds).tolist(), crops.pictures)}


def controls(results: list, heads: dict):
    """A matplotlib Figure: a column for each kind of video, headed by a crop; a row for each result; discs as large as the
    share of videos that is called fake."""
    from matplotlib.figure import Figure

    found = [shares(result) for result in results]
    kinds = list(dict.fromkeys(kind for row in found for kind in row))
    learned = [kind for kind in kinds if kind in set(np.asarray(results[0]["test_kind"]).tolist())]
    limits = {"xlim": (-2.3, len(kinds) - 0.4), "ylim": (0.55 * len(results) - 0.2, -1.9)}
    figure = Figure(figsize=(LINE * (len(kinds) + 1.9), LINE * (0.55 * len(results) + 1.7)), dpi=110)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for column, kind in enumerate(kinds):
        axes.text(column, -1.75, WORDS.get(kind, kind), ha="center", va="top", size=8, color=INK)
        if kind in heads:
            axes.imshow(heads[kind], extent=(column - 0.45, column + 0.45, -0.4, -1.3), aspect="auto", zorder=2)
        for line, row in enumerate(found):
            if kind in row:
                y = 0.55 * line
                axes.scatter(column, y, s=600 * row[kind] + 4, color=DISC, zorder=2)
                axes.text(column, y, f"{100 * row[kind]:.0f}", ha="center", va="center", size=8, zorder=3, color=INK)
    for line, result in enumerate(results):
        about = result["about"]
        axes.text(-0.6, 0.55 * line, f"{TITLES[about['name']]}\n{about['compression']}, seed {about['seed']}", ha="right",
                  va="center", size=8, color=INK)
    axes.axvline(len(learned) - 0.5, color=INK, linewidth=1)
    axes.set(**limits)
    return figure


def codings(rows: list):
    """A matplotlib Figure: accuracy of pictures against the coding that a detector was trained and tested at, the paper's and that
    of these rows of `table.row`, each with its interval and a line through a detector's first seed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 4), dpi=110, layout="constrained")
    theirs, ours = figure.subplots(1, 2, sharey=True)
    theirs.plot([PAPER_PEOPLE[name] for name in PAPER_COLUMNS], color=INK, linestyle=":", marker="+", label="people")
    for name, marker in zip(PAPER, "osv^Dx"):
        line, = theirs.plot(PAPER[name], marker=marker, label=TITLES[name])
        colour, first = line.get_color(), {}
        for row in rows:
            if row["name"] == name:
                place = PAPER_COLUMNS.index(row["compression"])
                told = {key: 100 * row["frame"]["accuracy"][key] for key in ("value", "low", "high")}
                first.setdefault(place, told["value"])
                at = place + 0.05 * (tuple(PAPER).index(name) - 2.5)        # intervals side by side
                ours.vlines(at, told["low"], told["high"], color=colour, alpha=0.5)
                ours.plot(at, told["value"], color=colour, marker=marker, linestyle="none")
        ours.plot(sorted(first), [first[place] for place in sorted(first)], color=colour, alpha=0.6)
    for axes, title in ((theirs, "Rössler et al. 2019"), (ours, "here")):
        axes.axhline(50, color=INK, linewidth=0.8)
        axes.set(title=title, xticks=range(3), xticklabels=PAPER_COLUMNS, xlabel="trained and tested at", xlim=(-0.3, 2.3))
    theirs.set(ylabel="accuracy of pictures, %")
    theirs.legend(fontsize=7, loc="lower left")
    return figure


def write_codings(path, rows: list) -> None:
    """`codings` as a PNG."""
    media.write_figure(check_writable(path), codings(rows), note="accuracy of detectors by coding")


def write_controls(path, root, results: list) -> None:
    """`controls` as a PNG."""
    figure = controls(results, heads(root, results[0]["about"]["compression"]))
    media.write_figure(check_writable(path), figure, "composite", "what detectors say of controls")
