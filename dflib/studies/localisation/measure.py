"""Maps held against exact masks, beside maps that know nothing and the best that a grid can say; detection as in lesson 08."""
import numpy as np
import torch
from torch.nn import functional as F

from dflib.datasets.crops import REAL, FaceCrops
from dflib.forensics.attention import at_grid
from dflib.metrics.classification import interval
from dflib.metrics.distances import equal_error_rate
from dflib.metrics.localisation import THRESHOLD, cosine, iinc, iou, pbca, true_detect_rate
from dflib.studies.detectors import table
from dflib.studies.detectors.data import MASK
from dflib.studies.localisation.halves import share_in_half
from dflib.studies.localisation.plan import WHOLE

SCORES = {"IINC": iinc, "PBCA": pbca, "IoU": iou, "cosine": cosine}     # IINC: smaller is better
RESAMPLES = 1000
RATES = {"1 %": 0.01, "0.1 %": 0.001}
PARTLY = "changed in part"      # all fakes but entire syntheses, every method counting alike


# ---- maps

def enlarged(maps: np.ndarray, side: int = MASK) -> np.ndarray:
    """Maps (N, h, w) -> (N, side, side), every field as it is: nothing is smoothed into the map that is not in it."""
    return F.interpolate(torch.from_numpy(np.asarray(maps, np.float32))[:, None], (side, side), mode="nearest-exact")[:, 0].numpy()


def truth_of(crops: FaceCrops) -> np.ndarray:
    """(N, MASK, MASK) the changed share of each field: all 0 for reals, all 1 for entire syntheses."""
    return at_grid(crops.masks, MASK)


def scores_of(maps: np.ndarray, truths: np.ndarray) -> dict:
    """Score -> (N,): maps (N, h, w), truths (N, MASK, MASK)."""
    pairs = list(zip(enlarged(maps), truths))
    return {name: np.array([score(map, truth) for map, truth in pairs]) for name, score in SCORES.items()}


def localised(maps: np.ndarray, truths: np.ndarray, kinds, groups) -> dict:
    """{kind: {score: {value, low, high}}}: means over pictures of each kind, and of PARTLY over methods.

    Fakes of which nothing differs from the original are left out: there is nothing to find.
    """
    used = (np.asarray(kinds) == REAL) | truths.any((1, 2))
    maps, truths, kinds, groups = (np.asarray(column)[used] for column in (maps, truths, kinds, groups))
    scores = scores_of(maps, truths)
    found = {}
    for kind in sorted(set(kinds.tolist()), key=lambda kind: (kind != REAL, kind)):
        rows = kinds == kind
        found[str(kind)] = {name: estimate(np.mean, groups[rows], values[rows]) for name, values in scores.items()}
    rows = (kinds != REAL) & (kinds != WHOLE)
    if rows.any():
        found[PARTLY] = {name: estimate(by_method, groups[rows], values[rows], kinds[rows]) for name, values in scores.items()}
    return found


def by_method(values, kinds) -> float:
    """The mean of the methods' means."""
    return float(np.mean([values[kinds == kind].mean() for kind in np.unique(kinds)]))


def estimate(score, groups, *arrays) -> dict:
    """{value, low, high}, of which the interval is over groups; the value alone where there is one group."""
    if len(set(groups.tolist())) < 2:
        return {"value": round(float(score(*arrays)), 4)}
    found = interval(score, groups, *arrays, resamples=RESAMPLES)
    return {name: round(getattr(found, name), 4) for name in ("value", "low", "high")}


def pairs_in(result: dict) -> int:
    """Pairs of test people: groups that hold real clips (an entire synthesis is a group of its own)."""
    return len(set(result["test_group"][result["test_kind"] == REAL].tolist()))


# ---- what knows nothing, and what a grid can say

def mean_mask(training: FaceCrops, side: int) -> np.ndarray:
    """(side, side): the mean mask of training fakes that are changed in part, every method counting alike."""
    kinds, masks = np.asarray(training.kinds), at_grid(training.masks, side)
    methods = [kind for kind in training.methods() if kind != WHOLE]
    return np.mean([masks[kinds == kind].mean(axis=0) for kind in methods], axis=0)


def best_by_iou(truths: np.ndarray, side: int) -> np.ndarray:
    """(N, side, side) of 0 and 1: the fields with the largest IoU that any choice of them has, for truths (N, MASK, MASK).

    They are those with the largest shares: a field of share s, one of its area, adds s to what both have and 1 − s to the union.
    """
    shares = at_grid((truths > THRESHOLD).astype(np.float32), side).reshape(len(truths), -1)
    order = np.argsort(-shares, axis=1, kind="stable")
    common = np.cumsum(np.take_along_axis(shares, order, 1), axis=1)           # of the first 1, 2, ... fields
    union = shares.sum(1, keepdims=True) + np.arange(1, side * side + 1) - common
    chosen = np.arange(side * side) <= (common / union).argmax(1)[:, None]
    best = np.zeros_like(shares)
    np.put_along_axis(best, order, (chosen & (shares.sum(1, keepdims=True) > 0)).astype(np.float32), 1)
    return best.reshape(-1, side, side)


def bounds(training: FaceCrops, truths: np.ndarray, side: int, says_fake=None) -> dict:
    """Name -> maps (N, side, side) that no network made, for pictures with these truths: nothing, the same mask for all, what a
    grid of this side can say: the share of each field that was changed, and the fields that are best by IoU. says_fake (N,)
    bool: the same mask where a detector without maps says fake."""
    mean = mean_mask(training, side)
    always = {"nothing": 0 * mean, "mean mask": mean, "mask of most": (mean > 0.5).astype(float)}
    found = {name: np.repeat(map[None], len(truths), axis=0) for name, map in always.items()}
    if says_fake is not None:
        found["mean mask if called fake"] = found["mean mask"] * np.asarray(says_fake)[:, None, None]
    return found | {"exact at the grid": at_grid(truths, side), "best by IoU": best_by_iou(truths, side)}


# ---- detection

def true_detect_rates(fakes: dict, reals) -> dict:
    """{rate of RATES: {value, low, high} or {"refused": a sentence}}: the threshold from reals (N,) scores, of a set of reals
    alone, the interval over the pairs of the fakes. fakes: columns as from `table.by_frame`."""
    rows, found = table.labels(fakes) == 1, {}
    for name, rate in RATES.items():
        def detected(scores, rate=rate):
            return true_detect_rate(np.r_[np.zeros(len(reals)), np.ones(len(scores))], np.r_[reals, scores], rate)
        try:
            found[name] = estimate(detected, fakes["group"][rows], fakes["score"][rows])
        except ValueError as error:
            found[name] = {"refused": str(error)}
    return found


def detected(result: dict, part: str = "test") -> dict:
    """{"frame", "video"}, each with AUC and accuracy (`table.scored`), "eer", and "tdr" where there is a set of reals."""
    frames, found = table.by_frame(result, part), {}
    reals = table.by_frame(result, "reals") if "reals_logit" in result else None
    for unit, of in (("frame", lambda columns: columns), ("video", table.by_video)):
        columns = of(frames)
        found[unit] = table.scored(columns) | {"eer": estimate(equal_errors, columns["group"], table.labels(columns),
                                                               columns["score"])}
        if reals is not None:
            found[unit]["tdr"] = true_detect_rates(columns, of(reals)["score"])
    return found


def equal_errors(labels, scores) -> float:
    """`equal_error_rate`; ValueError where one of the classes is missing."""
    if labels.all() or not labels.any():
        raise ValueError("There must be real pictures and fakes.")
    return equal_error_rate(labels, scores)


# ---- all of one network

def row(result: dict, truths: dict, half: tuple) -> dict:
    """Everything about one trained network. truths: part -> (N, MASK, MASK); half: of `halves`."""
    coded = [part for part in ("raw", "test", "c40") if f"{part}_logit" in result]
    found = {**result["about"], "detection": {part: detected(result, part) for part in coded},
             "others": table.on_others(result), "temperature": round(table.temperature_of(result), 3)}
    if "test_map" not in result:
        return found
    found["maps"] = {part: localised(result[f"{part}_map"], truths[part], result[f"{part}_kind"], result[f"{part}_group"])
                     for part in coded}
    found["validation IoU"] = localised(result["val_map"], truths["val"], result["val_kind"],
                                        result["val_group"])[PARTLY]["IoU"]["value"]
    found["areas"] = areas(result)
    found["half"] = halved(result["halves_map"], *half)
    return found


def areas(result: dict) -> dict:
    """Kind, controls too -> the share of a picture where the map is above the threshold, with its interval over pairs."""
    found = {}
    for part in ("test", "other"):
        if f"{part}_map" in result:
            area = (result[f"{part}_map"] > THRESHOLD).mean((1, 2))
            for kind in sorted(set(result[f"{part}_kind"].tolist()), key=lambda kind: (kind != REAL, kind)):
                rows = result[f"{part}_kind"] == kind
                found[str(kind)] = estimate(np.mean, result[f"{part}_group"][rows], area[rows])
    return found


def halved(maps: np.ndarray, made: FaceCrops, sides: np.ndarray) -> dict:
    """Kind -> the share of the map in the half that was changed, over all halves of `halves`: ½ for a map that knows faces alone."""
    shares, kinds, groups = share_in_half(maps, sides), np.asarray(made.kinds), np.asarray(made.groups)
    found = {str(kind): estimate(np.mean, groups[kinds == kind], shares[kinds == kind]) for kind in np.unique(kinds)}
    return found | {PARTLY: estimate(by_method, groups, shares, kinds)}
