"""How good is an edit? Held against the true edit, beside doing nothing; judged by two judges; told apart by groups.

    truth = true_edits(64, people=40)
    made = …            # (M, S, S, 3) uint8: what a network makes of truth.images[truth.row]
    print(table({"StarGAN": scores(made, truth), **references(truth)}, truth))
"""
import numpy as np

from dflib.datasets.domains import EDITS, INDEX
from dflib.datasets.edits import TrueEdits
from dflib.faces.alignment import canonical_of_portrait
from dflib.metrics import identity, network
from dflib.metrics.distances import psnr, ssim
from dflib.metrics.edit_judges import QUESTIONS, answers
from dflib.metrics.efficientnet import imagenet_features
from dflib.metrics.features import features_of

KINDS = list(dict.fromkeys(what for what, _ in EDITS))           # hair, gender, age, skin, expression
ASKED = {"hair": "hair", "gender": "female", "age": "old", "skin": "dark skin", "expression": "expression"}    # kind -> question
# name: (heading, decimals); `taken` is per cent, of more than one judge
COLUMNS_SHOWN = {"psnr_inside": ("PSNR in", 1), "psnr_outside": ("PSNR out", 1), "ssim_inside": ("SSIM in", 3),
                 "ssim_outside": ("SSIM out", 3), "features_inside": ("features in", 2),
                 "features_outside": ("features out", 2), "identity": ("identity", 2)}


def scores(made: np.ndarray, truth: TrueEdits, judges=()) -> dict:
    """Scores of each of M edits, name -> (M,), for ``made`` (M, S, S, 3) uint8:

    psnr_inside, ssim_inside        against the true edit, in the region that it changes
    psnr_outside, ssim_outside      against it, everywhere else
    features                        distance to it in ImageNet features of the whole picture
    features_inside, _outside       the same with what lies outside, or inside, taken from the true edit
    identity                        cosine of the edited and the given face, less that of the true edit and the given face
    taken_NAME                      whether the judge NAME takes it for what was asked, 0 or 1

    ValueError for a stack of another shape than the truth's.
    """
    if made.shape != truth.truth.shape or made.dtype != np.uint8:
        raise ValueError(f"The edits must be uint8 {truth.truth.shape} like the true ones, not {made.dtype} {made.shape}.")
    inside = truth.region
    mixed = {"features": made, "features_inside": np.where(inside[..., None], made, truth.truth),
             "features_outside": np.where(inside[..., None], truth.truth, made)}
    wanted = features_of(truth.truth, imagenet_features)
    found = {"psnr_inside": _psnr(made, truth.truth, inside), "psnr_outside": _psnr(made, truth.truth, ~inside),
             "ssim_inside": ssim(made, truth.truth, inside), "ssim_outside": ssim(made, truth.truth, ~inside),
             **{name: np.linalg.norm(features_of(pictures, imagenet_features) - wanted, axis=1)
                for name, pictures in mixed.items()},
             "identity": kept_identity(made, truth) - kept_identity(truth.truth, truth)}
    for judge in judges:
        found[f"taken_{judge.name}"] = taken(answers(judge(made)), truth)
    return found


def references(truth: TrueEdits, judges=()) -> dict:
    """The scores of doing nothing and of the true edit, between which a network's must lie."""
    return {"nothing done": scores(truth.images[truth.row], truth, judges),
            "true edit": scores(truth.truth, truth, judges)}


def _psnr(made, truth, mask):
    """PSNR (M,), at most 60 dB: equal pictures would make every mean infinite."""
    return np.minimum(psnr(made, truth, mask), 60.)


def kept_identity(made: np.ndarray, truth: TrueEdits) -> np.ndarray:
    """Cosine (M,) of each portrait with the picture it was made from, in the course's identity network."""
    before, after = ([canonical_of_portrait(p, network.CROP) for p in portraits] for portraits in (truth.images, made))
    before, after = identity.identity_embedding(np.stack(before)), identity.identity_embedding(np.stack(after))
    return (before[truth.row] * after).sum(1)


def taken(labels: np.ndarray, truth: TrueEdits) -> np.ndarray:
    """(M,) float: whether the judged labels (M, 12) have what each edit asked for."""
    names = list(EDITS)
    return np.array([float(row[INDEX[EDITS[names[edit]][0]]] == EDITS[names[edit]][1])
                     for row, edit in zip(labels, truth.edit)])


def matrix(made: np.ndarray, truth: TrueEdits, judge) -> np.ndarray:
    """(edits, questions) per cent: how often an edit changed the judge's answer; rows as EDITS, columns as QUESTIONS.

    The answers are those to the picture before and after. Off the diagonal it is leakage, but for the judge's own error,
    which the same matrix of the true edits shows. nan for edits of which there is none.
    """
    before, after = answers(judge(truth.images))[truth.row], answers(judge(made))
    changed = np.stack([(before[:, start:start + width] != after[:, start:start + width]).any(1)
                        for _, start, width in QUESTIONS], axis=1)
    rows = [truth.edit == number for number in range(len(EDITS))]
    return np.array([100 * changed[row].mean(0) if row.any() else np.full(len(QUESTIONS), np.nan) for row in rows])


def leaked(changed: np.ndarray) -> float:
    """Of a `matrix` the mean off its diagonal, per cent: answers to what was not asked, that changed all the same."""
    questions = np.array([name for name, _, _ in QUESTIONS])
    asked = np.array([ASKED[what] for what, _ in EDITS])[:, None] == questions
    return float(np.nanmean(np.where(asked, np.nan, changed)))


def by_kind(found: dict, truth: TrueEdits) -> dict:
    """Means of scores {name: (M,)} for each kind of edit: kind -> {name: number}; kinds without an edit are left out."""
    kinds = np.array([what for what, _ in EDITS])[truth.edit]
    return {kind: {name: float(values[kinds == kind].mean()) for name, values in found.items()}
            for kind in KINDS if (kinds == kind).any()}


def by_group(found: dict, truth: TrueEdits) -> dict:
    """The same for groups of people: tone in thirds, younger and older than 45, women and men."""
    tone, age, female = truth.tone[truth.row], truth.age[truth.row], truth.labels[truth.row, INDEX["female"]] > 0
    groups = {"light": tone < 1 / 3, "medium": (tone >= 1 / 3) & (tone < 2 / 3), "dark": tone >= 2 / 3,
              "under 45": age < 45, "from 45": age >= 45, "women": female, "men": ~female}
    return {name: {score: float(values[rows].mean()) for score, values in found.items()}
            for name, rows in groups.items() if rows.any()}


def table(rows: dict, truth: TrueEdits) -> str:
    """A table in Markdown: for each kind of edit the mean scores of each of ``rows``, what -> `scores`."""
    names = [*COLUMNS_SHOWN, *(name for name in next(iter(rows.values())) if name.startswith("taken_"))]
    headings = [COLUMNS_SHOWN[name][0] if name in COLUMNS_SHOWN else f"{name[6:]}, %" for name in names]
    lines = ["| edit | by | " + " | ".join(headings) + " |", "|---|---|" + "--:|" * len(names)]
    kinds = {what: by_kind(found, truth) for what, found in rows.items()}
    for kind in next(iter(kinds.values())):
        for what in rows:
            cells = [f"{kinds[what][kind][name]:.{COLUMNS_SHOWN[name][1]}f}" if name in COLUMNS_SHOWN
                     else f"{100 * kinds[what][kind][name]:.0f}" for name in names]
            lines.append(f"| {kind} | {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
