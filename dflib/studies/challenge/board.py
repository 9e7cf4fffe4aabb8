"""The leaderboard: a static page of places in public and in private, and of how far apart they are.

Teams are the CSV files in a folder, or folders in it with several of them; of several, that with the best *public* log loss
counts, as it would have to: nobody knows the private one before the end. Names come from strangers. They are escaped, shown and
never opened, and a file that a link leads to outside the folder is not read.
"""
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from dflib.datasets import safe
from dflib.metrics.classification import Estimate, log_loss, paired_difference
from dflib.studies.challenge.scoring import CLIP, Score, parts_of, score
from dflib.studies.challenge.submission import Key, read

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 76em; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .35em .6em; text-align: right; border-bottom: 1px solid #ddd; }
th { font-weight: 600; vertical-align: bottom; } .team { text-align: left; overflow-wrap: anywhere; min-width: 8em; }
.up { color: #00745a; } .down { color: #b34a00; } .note { color: #555; font-size: .9em; } svg text { font: 12px system-ui, sans-serif; }
"""


@dataclass(frozen=True)
class Entry:
    """A team on the board."""
    team: str
    submissions: int
    scores: dict                    # part -> Score of the submission that counts there
    places: dict                    # part -> place; equal scores share one
    behind: "Estimate | None"       # log loss on the last part minus that of the first there; None for the first


def teams_of(folder) -> dict:
    """Team -> paths of its submissions, sorted. Raises what `safe.folder` raises, and ValueError where there is none."""
    root = safe.folder(folder, "submissions")
    teams = {}
    for path in safe.files_in(root, (".csv",)):
        parts = path.relative_to(root).parts
        if len(parts) <= 2:
            teams.setdefault(Path(parts[0]).stem if len(parts) == 1 else parts[0], []).append(path)
    if not teams:
        raise ValueError(f"{root} holds no submissions (.csv).")
    return teams


def entries_of(folder, key: Key, parts: "list | None" = None, clip: float = CLIP) -> tuple:
    """Entries, the first first, and the faults {team/file: sentence} of submissions that could not be scored.

    parts: those that are shown, by default all of the key; the last decides the order.
    """
    parts = parts or parts_of(key)
    wanted, root = dict(zip(key.names, key.parts.tolist())), safe.folder(folder, "submissions")
    teams, faults, counts = {}, {}, {}
    for team, paths in teams_of(root).items():
        rows = []
        for path in paths:
            try:
                if not path.resolve().is_relative_to(root.resolve()):
                    raise ValueError(f"{path.name} is a link that leads out of the folder.")
                submitted = read(path, wanted)
                rows.append((submitted, {part: loss_on(submitted, key, part, clip) for part in parts}))
            except (ValueError, OSError) as error:
                faults[path.relative_to(root).as_posix()] = str(error)
        counts[team] = len(rows)
        chosen = {part: _best(rows, part, parts[0]) for part in parts}
        if rows:
            teams[team] = {part: submitted for part, submitted in chosen.items() if submitted is not None}
    scores = {team: {part: score(submitted, key, clip, [part])[part] for part, submitted in chosen.items()}
              for team, chosen in teams.items()}
    return _ranked(teams, scores, counts, key, parts, clip), faults


def loss_on(submitted: dict, key: Key, part: str, clip: float = CLIP) -> "float | None":
    """The log loss on a part; None where a submission leaves it out."""
    rows = key.rows(part)
    if key.names[rows[0]] not in submitted:
        return None
    return log_loss(key.labels[rows], np.array([submitted[key.names[row]] for row in rows]), clip)


def _best(rows, part, first) -> "dict | None":
    """Of (submission, losses) those that cover a part, the one with the best loss on the first part (else the first)."""
    covering = [(np.inf if losses[first] is None else losses[first], submitted) for submitted, losses in rows
                if losses[part] is not None]
    return min(covering, key=lambda one: one[0])[1] if covering else None


def _ranked(teams, scores, counts, key, parts, clip) -> list:
    places = {}
    for part in parts:
        members = [team for team in teams if part in scores[team]]
        ranks = rankdata([round(scores[team][part].log_loss.value, 10) for team in members], "min") if members else []
        places[part] = dict(zip(members, map(int, ranks)))
    last = parts[-1]
    order = sorted(teams, key=lambda team: (places[last].get(team, len(teams) + 1), places[parts[0]].get(team, len(teams) + 1), team))
    rows, winner = key.rows(last), order[0] if order else None
    said = {team: np.array([teams[team][last][key.names[row]] for row in rows]) for team in order if last in teams[team]}

    def behind(team):
        if team == winner or team not in said:
            return None
        return paired_difference(lambda y, p: log_loss(y, p, clip), key.groups[rows], key.labels[rows], said[team], said[winner])
    return [Entry(team, counts[team], scores[team], {part: places[part][team] for part in parts if team in places[part]}, behind(team))
            for team in order]


# ---------------------------------------- the page
def page(entries: list, faults: dict, parts: list, clip: float = CLIP, title: str = "Leaderboard") -> str:
    """The board as one HTML page that needs nothing else."""
    last = parts[-1]
    body = [f"<h1>{escape(title)}</h1>", f"<p>{_lead(entries, parts, clip)}</p>"]
    if len(parts) == 2 and entries:
        body += ["<h2>From public to private places</h2>", _shake_up(entries, parts)]
    body += [f"<h2>{escape(last.title())} places</h2>", _table(entries, parts)]
    if faults:
        body.append("<h2>Not scored</h2><ul>" + "".join(
            f"<li class=team><b>{escape(name)}</b>: {escape(sentence)}</li>" for name, sentence in faults.items()) + "</ul>")
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{escape(title)}</title><style>{STYLE}</style>\n" + "\n".join(body) + "\n</html>\n")


def _lead(entries, parts, clip) -> str:
    about = ", ".join(f"{part}: {one.videos} videos" for part in parts for one in
                      [next((entry.scores[part] for entry in entries if part in entry.scores), None)] if one)
    return (f"Log loss (natural logarithm, clip {clip:g}; smaller is better; always 0.5 scores 0.6931), with 95 % intervals over people. "
            f"{about}.")


def _table(entries, parts) -> str:
    last, both = parts[-1], len(parts) == 2
    top = max([0.6931, *(entry.scores[part].log_loss.high for entry in entries for part in parts if part in entry.scores)])
    top = min(top, 2.0)
    heads = ["place", "team", f"{last} log loss", "", "AUC", "behind the first"]
    heads += [f"{parts[0]} place", f"{parts[0]} log loss", "moved"] if both else []
    cells = "".join(f'<th{" class=team" if head == "team" else ""}>{escape(head)}</th>' for head in [*heads, "files"])
    lines = [f"<table><thead><tr>{cells}</tr></thead><tbody>"]
    for entry in entries:
        one = entry.scores.get(last)
        cells = [f"{entry.places.get(last, '–')}", None, _number(one and one.log_loss), _whisker(one, top),
                 f"{one.auc.value:.3f}" if one and one.auc else "–", _behind(entry)]
        if both:
            before = entry.scores.get(parts[0])
            cells += [f"{entry.places.get(parts[0], '–')}", _number(before and before.log_loss), _moved(entry, parts)]
        row = "".join(f"<td class=team>{escape(entry.team)}</td>" if cell is None else f"<td>{cell}</td>"
                      for cell in [*cells, str(entry.submissions)])
        lines.append(f"<tr>{row}</tr>")
    note = ("“≈” marks teams that these videos cannot tell from the first: the interval of the difference holds 0. The bars reach "
            f"to {top:.1f}; the line in them stands at 0.6931.")
    return "\n".join([*lines, "</tbody></table>", f"<p class=note>{note}</p>"])


def _number(estimate) -> str:
    return f"{estimate.value:.4f}" if estimate else "–"


def _behind(entry) -> str:
    if entry.behind is None:
        return "–"
    low, high = entry.behind.low, entry.behind.high
    return f"{'≈ ' if low <= 0 <= high else ''}{entry.behind.value:+.3f} ({low:+.2f} … {high:+.2f})"


def _moved(entry, parts) -> str:
    if any(part not in entry.places for part in parts):
        return "–"
    up = entry.places[parts[0]] - entry.places[parts[1]]
    return f"<span class=up>▲ {up}</span>" if up > 0 else f"<span class=down>▼ {-up}</span>" if up < 0 else "="


def _whisker(one: "Score | None", top: float) -> str:
    """The interval of a log loss on a common scale, as a small drawing."""
    if one is None:
        return ""
    x = {name: 4 + 112 * min(getattr(one.log_loss, name), top) / top for name in ("low", "value", "high")}
    half = 4 + 112 * 0.6931 / top
    said = f"{one.log_loss.value:.3f}, 95 % interval {one.log_loss.low:.3f} to {one.log_loss.high:.3f}"
    return (f'<svg width="120" height="16" role="img" aria-label="{said}">'
            f'<line x1="{half:.1f}" x2="{half:.1f}" y1="0" y2="16" stroke="#bbb"/>'
            f'<line x1="{x["low"]:.1f}" x2="{x["high"]:.1f}" y1="8" y2="8" stroke="#0072B2" stroke-width="2"/>'
            f'<circle cx="{x["value"]:.1f}" cy="8" r="4" fill="#0072B2"/></svg>')


def _shake_up(entries, parts) -> str:
    """Lines from places in public, on the left, to places in private."""
    both = [entry for entry in entries if all(part in entry.places for part in parts)]
    ordered = [sorted(both, key=lambda entry: (entry.places[part], entry.team)) for part in parts]
    spots = [{entry.team: number for number, entry in enumerate(some)} for some in ordered]
    height, lines = 22 * len(both) + 30, []
    for entry in both:
        left, right = (40 + 22 * spot[entry.team] for spot in spots)
        moved = entry.places[parts[1]] - entry.places[parts[0]]
        colour = "#D55E00" if moved > 0 else "#009E73" if moved < 0 else "#8C8C8C"
        name = escape(entry.team if len(entry.team) <= 28 else entry.team[:27] + "…")
        lines.append(f'<line x1="250" y1="{left - 4}" x2="450" y2="{right - 4}" stroke="{colour}" stroke-width="2"/>'
                     f'<text x="240" y="{left}" text-anchor="end">{name} {entry.places[parts[0]]}</text>'
                     f'<text x="460" y="{right}">{entry.places[parts[1]]} {name}</text>')
    heads = (f'<text x="240" y="14" text-anchor="end" font-weight="600">{parts[0]}</text>'
             f'<text x="460" y="14" font-weight="600">{parts[1]}</text>')
    said = "Lines from each team's public place to its private place; the same numbers stand in the table below."
    return f'<svg width="700" height="{height}" viewBox="0 0 700 {height}" role="img" aria-label="{said}">{heads}{"".join(lines)}</svg>'
