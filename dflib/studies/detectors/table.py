"""From what every network said to numbers: by frame and video, by method, with intervals over pairs, and on controls."""
from itertools import combinations

import numpy as np
from scipy.special import expit

from dflib.datasets.crops import REAL
from dflib.metrics.classification import (auc, balanced_accuracy, calibration_error, fit_temperature, holm, interval,
                                          paired_difference, precision, reliability, under_prior)
from dflib.studies.detectors.plan import CLAIMS, DETECTORS

SIGNIFICANT = 0.05
PRIORS = (0.5, 0.1, 0.01)       # shares of fakes among all that is examined
SAID = 0.9                      # what a score of this means under each
BINS = 10
DUELS = [duel for duels in CLAIMS.values() for duel in duels]
CLAIMED = {name for duel in DUELS for name in duel if name not in DETECTORS}    # trained for a claim alone


def temperature_of(result: dict) -> float:
    """Fitted on validation people, fakes and reals weighing the same; 1 where all of them are right, or no better than by
    chance, so that none can be."""
    try:
        return fit_temperature(result["val_label"], result["val_logit"], balanced=True)
    except ValueError:
        return 1.0


def by_frame(result: dict, part: str = "test") -> dict:
    """Columns score (N,) P(fake), kind, group, clip of every picture of a part."""
    return {"score": expit(result[f"{part}_logit"] / temperature_of(result)),
            **{name: result[f"{part}_{name}"] for name in ("kind", "group", "clip")}}


def by_video(frames: dict) -> dict:
    """The same of videos: the mean of their pictures' scores."""
    _, first, member = np.unique(frames["clip"], return_index=True, return_inverse=True)
    score = np.bincount(member, frames["score"]) / np.bincount(member)
    return {"score": score, **{name: frames[name][first] for name in ("kind", "group", "clip")}}


def labels(columns: dict) -> np.ndarray:
    return (columns["kind"] != REAL).astype(int)


def accuracy(kinds, scores) -> float:
    """½ (mean accuracy of the methods + accuracy of reals): the paper's. ValueError when either is missing."""
    fake = kinds != REAL
    return balanced_accuracy(fake.astype(int), scores, kinds=kinds)


def scored(columns: dict) -> dict:
    """AUC and accuracy of pictures or videos with intervals over pairs, by kind as well."""
    found = {"auc": _rounded(interval(auc, columns["group"], labels(columns), columns["score"])),
             "accuracy": _rounded(interval(accuracy, columns["group"], columns["kind"], columns["score"])),
             "kinds": {}}
    real = columns["kind"] == REAL
    for kind in [REAL, *sorted(set(columns["kind"]) - {REAL})]:
        of_kind = columns["kind"] == kind
        says_fake = columns["score"][of_kind] > 0.5
        found["kinds"][str(kind)] = {"accuracy": round(float((says_fake == (kind != REAL)).mean()), 4)}
        if kind != REAL:
            both = real | of_kind
            found["kinds"][str(kind)]["auc"] = round(auc(labels(columns)[both], columns["score"][both]), 4)
    return found


def calibrated(result: dict) -> dict:
    """Temperature (validation people), and on test pictures how far P(fake) is off before and after, and the diagram.

    Classes weigh the same: fakes, of which there are several of every original, are drawn to as many as there are reals.
    """
    rows = balanced_rows(result["test_kind"])
    truth, logits, temperature = (result["test_kind"][rows] != REAL).astype(int), result["test_logit"][rows], temperature_of(result)
    before, after = expit(logits), expit(logits / temperature)
    return {"temperature": round(temperature, 3), "error before": round(calibration_error(truth, before, BINS), 4),
            "error after": round(calibration_error(truth, after, BINS), 4), "reliability": reliability(truth, after, BINS)}


def balanced_rows(kinds) -> np.ndarray:
    """Rows of all reals and of as many fakes, drawn without replacement, always the same."""
    reals, fakes = np.flatnonzero(kinds == REAL), np.flatnonzero(kinds != REAL)
    drawn = np.random.default_rng(0).choice(fakes, min(len(reals), len(fakes)), replace=False)
    return np.concatenate([reals, np.sort(drawn)])


def elsewhere(videos: dict) -> list:
    """For each of PRIORS: of videos called fake the share that is, and what a score of SAID becomes."""
    fake, called = videos["kind"] != REAL, videos["score"] > 0.5
    hits, alarms = float(called[fake].mean()), float(called[~fake].mean())
    return [{"prior": prior, "precision": round(precision(hits, alarms, prior), 4) if hits + alarms else None,
             f"a score of {SAID} becomes": round(float(under_prior([SAID], 0.5, prior)[0]), 4)} for prior in PRIORS]


def on_others(result: dict) -> dict:
    """Control -> videos, share of them that is called fake with its interval over pairs, mean P(fake)."""
    if "other_kind" not in result:
        return {}
    videos, found = by_video(by_frame(result, "other")), {}
    for kind in sorted(set(videos["kind"])):
        rows = videos["kind"] == kind
        called, groups = (videos["score"][rows] > 0.5).astype(float), videos["group"][rows]
        share = (_rounded(interval(lambda x: x.mean(), groups, called)) if len(set(groups)) > 1
                 else {"value": float(called.mean())})
        found[str(kind)] = {"videos": int(rows.sum()), "called fake": share,
                            "mean": round(float(videos["score"][rows].mean()), 4)}
    return found


def row(result: dict) -> dict:
    """Everything about one trained network."""
    frames = by_frame(result)
    videos = by_video(frames)
    return {**result["about"], "frame": scored(frames), "video": scored(videos), "calibration": calibrated(result),
            "priors": elsewhere(videos), "others": on_others(result)}


def differences(results: list, score=auc) -> list:
    """Differences of video AUC, paired, over pairs of people: of every two detectors of one compression and seed, and of the
    two networks of each claim.

    p is Holm's, over all comparisons of detectors of this compression and seed, or over all of claims. "distinguishable" where
    it is below SIGNIFICANT. Networks that were tested on other videos cannot be paired and are left out.
    """
    found = []
    for compression, seed in dict.fromkeys((r["about"]["compression"], r["about"]["seed"]) for r in results):
        alike = {r["about"]["name"]: r for r in results if (r["about"]["compression"], r["about"]["seed"]) == (compression, seed)}
        for family in (combinations([name for name in alike if name not in CLAIMED], 2), DUELS):
            compared = []
            for one, other in family:
                if not {one, other} <= alike.keys():
                    continue
                first, second = by_video(by_frame(alike[one])), by_video(by_frame(alike[other]))
                if not np.array_equal(first["clip"], second["clip"]):
                    continue
                found_here = paired_difference(score, first["group"], labels(first), first["score"], second["score"])
                compared.append({"compression": compression, "seed": seed, "first": one, "second": other, **_rounded(found_here)})
            for entry, p in zip(compared, holm([entry["p"] for entry in compared]) if compared else ()):
                found.append({**entry, "p": round(float(p), 4), "distinguishable": bool(p < SIGNIFICANT)})
    return found


def _rounded(estimate) -> dict:
    values = {"value": estimate.value, "low": estimate.low, "high": estimate.high, "p": estimate.p}
    return {name: round(value, 4) for name, value in values.items() if value is not None}
