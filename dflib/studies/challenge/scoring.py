"""What a submission is worth: log loss, in which certainty is paid for, with the area under the curve beside it."""
from dataclasses import asdict, dataclass

import numpy as np

from dflib.metrics.classification import Estimate, auc, interval, log_loss, reliability
from dflib.studies.challenge.submission import Key

CLIP = 1e-15        # of probabilities, as in Kaggle's definition of its score: a certain error costs 34.5
BINS = 5            # of the reliability diagram: parts are small
PART_ORDER = ("public", "private", "all")


@dataclass(frozen=True)
class Score:
    """A submission's score on one part of the test videos."""
    videos: int
    prior: float                    # the share of fakes
    log_loss: Estimate              # 95 % interval, over groups of people
    auc: "Estimate | None"          # None where all are fakes or none is
    methods: dict                   # method -> mean log loss of its videos, where a key knows methods
    reliability: list               # see `metrics.classification.reliability`


def parts_of(key: Key) -> list:
    """Names of the parts that a key has, public before private."""
    return [part for part in PART_ORDER if len(key.rows(part))]


def score(submitted: dict, key: Key, clip: float = CLIP, parts: "list | None" = None) -> dict:
    """Part -> Score, of those parts (by default all) that a submission (name -> P(fake), as `submission.read` gives) covers."""
    found = {}
    for part in parts or parts_of(key):
        rows = key.rows(part)
        if key.names[rows[0]] in submitted:
            p = np.array([submitted[key.names[row]] for row in rows])
            found[part] = score_of(key.labels[rows], p, key.groups[rows], key.methods[rows], clip)
    return found


def score_of(labels, p, groups, methods, clip: float = CLIP) -> Score:
    """The Score of probabilities p (N,) of videos with these labels, groups and methods (N,)."""
    both = 0 < labels.sum() < len(labels)
    known = sorted(set(methods.tolist()) - {""})
    return Score(len(labels), float(labels.mean()),
                 interval(lambda y, q: log_loss(y, q, clip), groups, labels, p),
                 interval(auc, groups, labels, p) if both else None,
                 {method: log_loss(labels[methods == method], p[methods == method], clip) for method in known},
                 reliability(labels, p, BINS))


def in_words(name: str, scores: dict, clip: float) -> str:
    """The scores of a submission in a few lines."""
    lines = [f"{name}: log loss with natural logarithm, probabilities clipped to [{clip:g}, 1 - {clip:g}]; 95 % intervals over people"]
    for part, one in scores.items():
        area = f", AUC {_estimate(one.auc)}" if one.auc else ""
        lines.append(f"  {part}: {one.videos} videos, {100 * one.prior:.0f} % of them fake: log loss {_estimate(one.log_loss, 4)}{area}; "
                     "always 0.5 scores 0.6931")
        if one.methods:
            lines.append("    log loss by method: " + ", ".join(f"{method} {loss:.2f}" for method, loss in one.methods.items()))
    return "\n".join(lines)


def _estimate(estimate: Estimate, digits: int = 2) -> str:
    return f"{estimate.value:.{digits}f} ({estimate.low:.2f} … {estimate.high:.2f})"


def as_json(scores: dict, clip: float) -> dict:
    """The scores as what JSON can hold."""
    return {"clip": clip, **{part: asdict(one) for part, one in scores.items()}}


def diagram(scores: dict):
    """A matplotlib Figure: of each part, the share of fakes among videos of which about the same was said."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(scores), 4.6), dpi=110, layout="constrained")
    for axes, (part, one) in zip(figure.subplots(1, len(scores), squeeze=False)[0], scores.items()):
        axes.plot((0, 1), (0, 1), color="#8C8C8C", linewidth=1)
        said, found, count = (np.array([row[name] for row in one.reliability]) for name in ("said", "found", "count"))
        spread = np.sqrt(np.maximum(found * (1 - found), 0.25 / count) / count)          # of a share of so many, not below a sensible least
        low, high = np.clip(found - 1.96 * spread, 0, 1), np.clip(found + 1.96 * spread, 0, 1)
        axes.errorbar(said, found, (found - low, high - found), fmt="o-", color="#0072B2", capsize=3)
        for x, y, n in zip(said, found, count):
            axes.annotate(str(n), (x, y), xytext=(6, -10), textcoords="offset points", size=8)
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="P(fake) that was said", ylabel="share that is fake", aspect="equal",
                 title=f"{part}: log loss {one.log_loss.value:.3f}, {one.videos} videos")
    return figure
