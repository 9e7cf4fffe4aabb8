"""What the study found as a page: Markdown tables between floor and ceiling, beside the paper's."""
from dflib.datasets.crops import REAL
from dflib.studies.detectors.card import percent, table
from dflib.studies.localisation.measure import PARTLY, SCORES
from dflib.studies.localisation.plan import PAPER, PAPER_PBCA, TITLES, WHOLE

CODINGS = {"raw": "raw", "test": "c23", "c40": "c40"}      # part of a result -> how its pictures are coded
WORDS = {"nothing": "*nothing, anywhere*", "mean mask": "*the training masks' mean, always*",
         "mask of most": "*fields of which more than half is changed in their mean, always*",
         "mean mask if called fake": "*their mean, where the network without attention says fake*",
         "exact at the grid": "*the exact mask at the maps' grid*",
         "best by IoU": "*the best choice of these fields, by IoU*"}
CEILINGS = ("exact at the grid", "best by IoU")
KNOWN = ("mean mask", "mask of most", *CEILINGS)        # the floor and the ceiling of every table

CARD = """# Where was it changed?

Xception as lesson 08 trained it, then {steps} steps more of {batch} crops ({crop} px, width {width}) with an attention map after
the fourth block of its middle flow, {side} × {side} fields, on {train} clips of the training people (c23; {methods};
each fake beside its original, entire syntheses beside reals that were reduced and enlarged as they were). The last state counts;
its temperature is that of {val} clips of the validation people, and it is tested on {test} clips of people who were not looked at
before, by

    python -m dflib.studies.localisation ROOT

at {scale} scale ({hardware}; {minutes} minutes of training each). Numbers are in `scores.json`, recipes and seeds too.
Intervals are 95 %, over {pairs} pairs of people. A map counts where it is above 0.1, and so does the truth: the share of each of
32 × 32 fields that was changed.

## Is it fake?

The paper's numbers are Dang et al. (2020): their own set of photographs and fakes, networks at full size. Compare orders, not levels.

{detection}

{rates}

Paired differences from the network without attention, AUC of videos, with Holm's correction:

{differences}

## Where?

On fakes that are {partly} (a mean over methods), on untouched pictures (all that is marked there is wrong), and on entire
syntheses (all is right). In italics what no network made: the floor is what a map scores that never looks at the picture, the
ceiling the exact share of each of {side} × {side} fields, cut at 0.1 as every map, and the fields that would be best by IoU. IINC is
best at 0, the others at 1. Fakes of which nothing differs from the original are left out.

{maps}

The paper's PBCA of the supervised regression is {pbca} %, on its own set.

### IoU by method

{kinds}

### By coding

IoU of {partly}.

{codings}

## Does it know, or does it know where faces are?

One half of a fake (left and right, upper and lower, where both hold a tenth of the change; a soft seam) in its original: the share of
the map that lies in the half that was changed. A map that fires on faces has 0.5.

{half}

## On controls

The share of a picture that the map marks, %. *TrueSwap* and *TrueReenactment* are changed without a trace of a method; in
*Self…*, *PastedBack*, *Enlarged* and *Recompressed* nobody was changed. Only *Enlarged* was learned from, of other people and as real.

{areas}
"""


def main_table(rows: list) -> str:
    """A line for each network and coding: AUC and EER beside the paper's."""
    lines = []
    for row in rows:
        for part, found in row["detection"].items():
            paper = PAPER.get(row["name"], ())[:2] if part == "test" else ()
            lines.append([TITLES[row["name"]], row["seed"], CODINGS[part],
                          *(percent(found[unit][score]) for score in ("auc", "eer") for unit in ("frame", "video")),
                          *([f"{value:.2f}" for value in paper] or ["", ""])])
    return table(["network", "seed", "coding", "AUC, pictures", "videos", "EER, pictures", "videos", "the paper's AUC", "EER"], lines)


def rates_table(rows: list) -> str:
    """Shares of fakes found at few false alarms, where there is a set of reals alone, beside the paper's."""
    rows = [row for row in rows if "tdr" in row["detection"]["test"]["frame"]]
    if not rows:
        return ("How many fakes are found at one false alarm in a hundred or a thousand was not measured: that takes a set of real clips "
                "alone, of 500 people (`python -m dflib make reals FOLDER`, then `--reals FOLDER`).")
    said = []

    def cell(found):
        if "refused" in found:
            said.append(found["refused"])
            return "–"
        return percent(found)

    lines = [[TITLES[row["name"]], row["seed"], *(cell(row["detection"]["test"][unit]["tdr"][rate])
                                                  for unit in ("frame", "video") for rate in ("1 %", "0.1 %")),
              *(f"{value:.2f}" for value in PAPER.get(row["name"], ())[3:1:-1])] for row in rows]
    lines = [line + [""] * (8 - len(line)) for line in lines]
    told = table(["network", "seed", "found at 1 % false alarms, pictures", "at 0.1 %", "at 1 %, videos", "at 0.1 %",
                  "the paper's at 0.1 %", "at 0.01 %"], lines)
    return told + "".join(f"\n\n{sentence}" for sentence in dict.fromkeys(said))


def differences_table(compared: list) -> str:
    """A line for each network with attention."""
    if not compared:
        return "There is nothing to compare."
    return table(["network", "seed", "difference of AUC, points", "p, corrected", ""], [
        [TITLES[entry["name"]], entry["seed"], percent(entry), f"{entry['p']:.3f}",
         "" if entry["distinguishable"] else "not distinguishable"] for entry in compared])


def maps_table(rows: list, bounds: dict) -> str:
    """Every network with maps between what knows nothing and what their grid can say."""
    def line(name, seed, found):
        return [name, seed, *(decimals(found[PARTLY][score]) for score in SCORES),
                *(decimals(found[REAL][score]) for score in ("IINC", "PBCA")),
                decimals(found[WHOLE]["IoU"]) if WHOLE in found else ""]

    lines = [line(WORDS[name], "", bounds[name]) for name in bounds if name not in CEILINGS]
    lines += [line(TITLES[row["name"]], row["seed"], row["maps"]["test"]) for row in rows if "maps" in row]
    lines += [line(WORDS[name], "", bounds[name]) for name in CEILINGS]
    return table(["map", "seed", *SCORES, "untouched: IINC", "untouched: PBCA", "entire synthesis: IoU"], lines)


def kinds_table(rows: list, bounds: dict) -> str:
    """IoU of each method."""
    kinds = [kind for kind in bounds["mean mask"] if kind not in (REAL, PARTLY)]
    return between(kinds, {name: [decimals(bounds[name][kind]["IoU"]) for kind in kinds] for name in KNOWN},
                   [(row, [decimals(row["maps"]["test"][kind]["IoU"]) for kind in kinds]) for row in rows if "maps" in row])


def between(head: list, known: dict, rows: list) -> str:
    """A table of maps: the floor of KNOWN, rows of networks (row, cells), the ceiling. known: name -> cells."""
    floor, ceiling = ([[WORDS[name], "", *known[name]] for name in KNOWN if (name in CEILINGS) == high] for high in (False, True))
    return table(["map", "seed", *head], [*floor, *([TITLES[row["name"]], row["seed"], *cells] for row, cells in rows), *ceiling])


def codings_table(rows: list, bounds: dict) -> str:
    """IoU at every coding that the set has."""
    there = [part for part in CODINGS if part in bounds]
    return between([CODINGS[part] for part in there],
                   {name: [decimals(bounds[part][name]) for part in there] for name in KNOWN},
                   [(row, [decimals(row["maps"][part][PARTLY]["IoU"]) for part in there]) for row in rows if "maps" in row])


def half_table(rows: list, bounds: dict) -> str:
    """The share of the map in the half that was changed."""
    kinds = list(bounds["mean mask"])
    return between(kinds, {name: [decimals(bounds[name][kind]) for kind in kinds] for name in KNOWN},
                   [(row, [decimals(row["half"][kind]) for kind in kinds]) for row in rows if "half" in row])


def areas_table(rows: list, bounds: dict) -> str:
    """How much of a picture is marked, by kind; of controls the exact masks are not drawn."""
    rows = [row for row in rows if "areas" in row]
    kinds = list(dict.fromkeys(kind for of in (bounds["mean mask"], *(row["areas"] for row in rows)) for kind in of))

    def cells(of):
        return [percent(of[kind]) if kind in of else "–" for kind in kinds]

    return between(kinds, {name: cells(bounds[name]) for name in KNOWN}, [(row, cells(row["areas"])) for row in rows])


def decimals(found: dict) -> str:
    """'0.71 (0.65 to 0.77)'."""
    bounds = f" ({found['low']:.2f} to {found['high']:.2f})" if "low" in found else ""
    return f"{found['value']:.2f}{bounds}"


def card(scores: dict) -> str:
    """README.md of {"rows": of `measure.row`, "bounds", "coded bounds", "half bounds", "area bounds", "differences", "pairs", "side",
    "methods"}."""
    rows, first = scores["rows"], scores["rows"][0]
    recipe = first["recipe"]
    return CARD.format(
        **first["clips"], steps=first["steps"], batch=recipe["batch"], crop=recipe["crop"], width=recipe["width"] or 1,
        side=scores["side"], methods=", ".join(scores["methods"]), scale=first["scale"], hardware=first["hardware"],
        minutes="{:.0f}".format(sum(row["seconds"] for row in rows) / 60 / len(rows)), pairs=scores["pairs"], partly=PARTLY,
        pbca=PAPER_PBCA["regression-supervised"], detection=main_table(rows), rates=rates_table(rows),
        differences=differences_table(scores["differences"]), maps=maps_table(rows, scores["bounds"]),
        kinds=kinds_table(rows, scores["bounds"]), codings=codings_table(rows, scores["coded bounds"]),
        half=half_table(rows, scores["half bounds"]), areas=areas_table(rows, scores["area bounds"]))
