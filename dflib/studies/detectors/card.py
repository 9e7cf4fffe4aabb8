"""The comparison as a page: Markdown tables beside the paper's, and what differs."""
from dflib.metrics.people import PAPER as PAPER_PEOPLE
from dflib.studies.detectors.plan import CLAIMS, PAPER, PAPER_COLUMNS, PAPER_KINDS, TITLES

CARD = """# Five detectors, compared

Every network was trained on {train} clips of the training people ({frames} pictures of each at most, each fake beside its own
original, all methods equally often), the best of its states chosen by {val} clips of the validation people, and tested once on
{test} clips of people who were not looked at before, by

    python -m dflib.studies.detectors ROOT

at {scale} scale ({hardware}); it goes on where it stopped. Numbers are in `scores.json`, recipes and seeds too. Accuracy is the
mean of the accuracy on reals and of the mean accuracy on the methods, at P(fake) = 0.5; intervals are 95 %, over {pairs} pairs of
people, of whom each counts as one, with all clips and pictures of them.

## Beside the paper

The paper's columns are Rössler et al. (2019), trained on {paper_clips} real videos of real people with 270 pictures of each,
networks at full size. Ours differ in data (rendered people, 160 px, one light and background a clip), in size (128 px crops,
Xception of half width, far fewer steps), and in how fakes were made. Compare orders and drops, not levels.

![Accuracy of the detectors by coding, the paper's and ours](codings.png)

{codings}

{people}

## Every training

{main}

## By method, at c23

Accuracy of pictures, %, ours and in brackets the paper's.

{kinds}

## Which of them differ?

Paired differences of the AUC of videos in points, and their intervals. Bold: distinguishable, that is p < 0.05 after Holm's correction
for all comparisons of one training of each.

{differences}

## What do they see?

At {coding}: share of the videos of each control that is called fake. *TrueSwap* and *TrueReenactment* are fakes without the trace of a
method; *Self…*, *PastedBack*, *Enlarged* and *Recompressed* are traces without a fake. None was learned from.

{others}

## What a score means, at {coding}

{calibration}
{claims}"""


def percent(estimate: dict, digits: int = 1) -> str:
    """'71.0 (65.2 to 77.3)' of a share with its interval."""
    if "low" not in estimate:
        return f"{100 * estimate['value']:.{digits}f}"
    return (f"{100 * estimate['value']:.{digits}f} ({100 * estimate['low']:.{digits}f} to "
            f"{100 * estimate['high']:.{digits}f})")


def table(head: list, rows: list) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def main_table(rows: list) -> str:
    """A line for each trained network: accuracy and AUC by picture and video, beside the paper's accuracy."""
    lines = []
    for row in rows:
        paper = PAPER.get(row["name"])
        lines.append([TITLES[row["name"]], row["compression"], row["seed"], percent(row["frame"]["accuracy"]),
                      percent(row["video"]["accuracy"]), percent(row["frame"]["auc"]), percent(row["video"]["auc"]),
                      f"{paper[PAPER_COLUMNS.index(row['compression'])]:.2f}" if paper else "", f"{row['parameters']:,}",
                      f"{row['seconds'] / 60:.0f}"])
    return table(["detector", "coding", "seed", "accuracy, pictures", "videos", "AUC, pictures", "videos",
                  "the paper's accuracy", "parameters", "minutes"], lines)


def codings_table(rows: list) -> str:
    """A line for each of the paper's detectors, a column for each coding that it was trained and tested at: accuracy of pictures,
    seed by seed, with the paper's in brackets."""
    there = [name for name in PAPER_COLUMNS if any(row["compression"] == name for row in rows)]
    lines = []
    for name in dict.fromkeys(row["name"] for row in rows if row["name"] in PAPER):
        line = [TITLES[name]]
        for coding in there:
            found = [row["frame"]["accuracy"]["value"] for row in rows if (row["name"], row["compression"]) == (name, coding)]
            line.append((", ".join(f"{100 * value:.1f}" for value in found) or "–")
                        + f" ({PAPER[name][PAPER_COLUMNS.index(coding)]:.1f})")
        lines.append(line)
    return table(["trained and tested at", *there], lines)


def people_line(rows: list) -> str:
    """What people score."""
    there = [name for name in PAPER_COLUMNS if any(row["compression"] == name for row in rows)]
    said = ", ".join(f"{PAPER_PEOPLE[name]} % at {name}" for name in there)
    return f"People in the paper's study scored {said}. Your own score in lesson 07's game belongs beside it."


def kinds_table(rows: list) -> str:
    """A line for each network at c23, a column for each kind."""
    rows = [row for row in rows if row["compression"] == "c23"]
    kinds = ["Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "real"]
    lines = []
    for row in rows:
        paper, found = PAPER_KINDS.get(row["name"]), row["frame"]["kinds"]
        lines.append([TITLES[row["name"]], row["seed"]] + [
            (f"{100 * found[kind]['accuracy']:.1f}" if kind in found else "–") + (f" ({paper[k]})" if paper else "")
            for k, kind in enumerate(kinds)])
    return table(["detector", "seed", *kinds], lines)


def differences_table(compared: list) -> str:
    """A line for each two networks, a column for each coding and seed at which both were trained."""
    if not compared:
        return "There are no two networks to compare."
    of = {}
    for entry in compared:
        said = f"**{percent(entry)}**" if entry["distinguishable"] else percent(entry)
        of.setdefault((entry["first"], entry["second"]), {})[f"{entry['compression']}, seed {entry['seed']}"] = said
    columns = list(dict.fromkeys(column for known in of.values() for column in known))
    return table(["difference", *columns], [[f"{TITLES[one]} − {TITLES[other]}", *(known.get(column, "") for column in columns)]
                                            for (one, other), known in of.items()])


def others_table(rows: list) -> str:
    """A line for each network, a column for each control."""
    names = list(dict.fromkeys(name for row in rows for name in row["others"]))
    if not names:
        return "This set has no controls."
    return table(["detector", "coding", "seed", *names], [
        [TITLES[row["name"]], row["compression"], row["seed"],
         *(f"{100 * row['others'][name]['called fake']['value']:.0f}" if name in row["others"] else "–" for name in names)]
        for row in rows])


def calibration_table(rows: list) -> str:
    """Temperatures, and how far P(fake) is off; what one in a hundred does to a call."""
    return table(["detector", "coding", "seed", "temperature", "error before", "after", "precision of a video called fake if 50 %, "
                  "10 %, 1 % are"],
                 [[TITLES[row["name"]], row["compression"], row["seed"], row["calibration"]["temperature"],
                   row["calibration"]["error before"], row["calibration"]["error after"],
                   ", ".join("–" if prior["precision"] is None else f"{prior['precision']:.2f}" for prior in row["priors"])]
                  for row in rows])


def claims_lines(compared: list) -> str:
    """For each claim of the article, what was found, where both of its networks were trained."""
    lines = []
    for claim, duels in CLAIMS.items():
        for without, with_it in duels:
            for entry in compared:
                if {entry["first"], entry["second"]} == {without, with_it}:
                    sign = 1 if entry["first"] == with_it else -1
                    values = sorted(100 * sign * entry[name] for name in ("low", "high"))
                    lines.append(f"- {claim}, {TITLES[with_it]} against {TITLES[without]}, {entry['compression']}, seed "
                                 f"{entry['seed']}: {100 * sign * entry['value']:+.1f} points of AUC ({values[0]:.1f} to "
                                 f"{values[1]:.1f})" + ("" if entry["distinguishable"] else ", not distinguishable"))
    return "\n".join(lines)


def card(scores: dict) -> str:
    """README.md of `table`'s numbers: {"rows": [...], "differences": [...], "pairs": number of test pairs}."""
    rows, compared = scores["rows"], scores["differences"]
    claims = claims_lines(compared)
    first, chosen = rows[0], [row for row in rows if row["compression"] == rows[0]["compression"]]
    return CARD.format(
        **first["clips"], frames=first["frames"][0], scale=first["scale"], hardware=first["hardware"], pairs=scores["pairs"],
        coding=first["compression"],
        paper_clips="720", codings=codings_table(rows), main=main_table(rows), people=people_line(rows), kinds=kinds_table(rows),
        differences=differences_table(compared), others=others_table(chosen), calibration=calibration_table(chosen),
        claims=f"\n## The article's claims\n\n{claims}\n" if claims else "")
