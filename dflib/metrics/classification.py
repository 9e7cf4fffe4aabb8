"""Scores of "real or fake?", intervals that respect what is independent, and probabilities that mean what they say.

Frames of one clip, a fake and its original, both directions of a swap: none of these are independent. So everything
here that has an interval draws whole *groups* (pairs of people), not pictures.

labels (N,) are 0 for real and 1 for fake, scores (N,) larger for fake, probabilities (N,) are P(fake).
"""
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, logit
from scipy.stats import binomtest, rankdata

RESAMPLES = 1000


def auc(labels, scores) -> float:
    """Area under the ROC curve: how often a fake scores higher than a real one; ties count half.

    By ranks (Mann and Whitney). ValueError when one of the classes is missing.
    """
    labels, scores = _both_classes(labels, scores)
    fakes = int((labels == 1).sum())
    above = rankdata(scores)[labels == 1].sum() - fakes * (fakes + 1) / 2
    return float(above / (fakes * (len(labels) - fakes)))


def balanced_accuracy(labels, scores, threshold: float = 0.5, kinds=None) -> float:
    """Mean of the accuracies on fakes and on reals. kinds (N,): of fakes; then fakes' accuracy is the mean over kinds.

    With kinds it is the "binary accuracy" of the FaceForensics++ tables. A score above the threshold says fake.
    """
    labels, scores = _both_classes(labels, scores)
    right = (scores > threshold) == (labels == 1)
    if kinds is None:
        of_fakes = right[labels == 1].mean()
    else:
        kinds = np.asarray(kinds)
        of_fakes = np.mean([right[(labels == 1) & (kinds == kind)].mean() for kind in np.unique(kinds[labels == 1])])
    return float((of_fakes + right[labels == 0].mean()) / 2)


def log_loss(labels, probabilities, clip: float = 1e-15, balanced: bool = False) -> float:
    """Mean of −log P(what it is), natural logarithm. Always 0.5 scores 0.6931.

    clip: probabilities are kept within [clip, 1 − clip]; at 1e-15 one certain error costs 34.5. balanced: the mean of
    the losses on reals and on fakes, whatever their numbers (as the DFDC's winner trained).
    """
    labels, p = _both_classes(labels, probabilities) if balanced else _paired(labels, probabilities)
    if not (p.min() >= 0 and p.max() <= 1):
        raise ValueError(f"Probabilities lie in [0, 1], not from {p.min():g} to {p.max():g}.")
    if not 0 <= clip < 0.5:
        raise ValueError(f"The clip of a log loss lies from 0 to below 0.5, not at {clip}.")
    # Each side keeps its own digits: 1 - 1e-15 is rounded, 1e-15 is not.
    of_truth = np.clip(np.where(labels == 1, p, 1 - p), clip, 1 - clip)
    with np.errstate(divide="ignore"):
        losses = -np.log(of_truth)
    return float((losses[labels == 1].mean() + losses[labels == 0].mean()) / 2 if balanced else losses.mean())


# ---- intervals

@dataclass(frozen=True)
class Estimate:
    """A number, its interval, and (for a difference) the probability `p` of one as large by chance."""
    value: float
    low: float
    high: float
    p: "float | None" = None


def interval(score, groups, *arrays, resamples: int = RESAMPLES, level: float = 0.95, seed: int = 0) -> Estimate:
    """`score(*arrays)` with a bootstrap interval over groups: percentiles of what resampled groups give.

    groups (N,): what each entry of the arrays (N, ...) belongs to; whole groups are drawn with replacement. Samples for
    which the score is not defined (one class) are drawn again. ValueError for fewer than two groups.
    """
    arrays = [np.asarray(array) for array in arrays]
    drawn = _resampled(lambda rows: score(*(array[rows] for array in arrays)), groups, resamples, seed)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(score(*arrays)), float(low), float(high))


def wilson(right: int, asked: int, level: float = 0.95) -> Estimate:
    """The share `right` of `asked` independent answers, with the interval of Wilson (1927). ValueError for no answers."""
    if not 0 <= right <= asked or asked < 1:
        raise ValueError(f"{right} of {asked} answers cannot be right.")
    bounds = binomtest(int(right), int(asked)).proportion_ci(level, "wilson")
    return Estimate(right / asked, float(bounds.low), float(bounds.high))


def paired_difference(score, groups, labels, first, second, resamples: int = RESAMPLES, level: float = 0.95,
                      seed: int = 0) -> Estimate:
    """score(labels, first) − score(labels, second) of two detectors on the same pictures, with its interval and p.

    The same groups are drawn for both, so that what makes a picture hard for both cancels out. p: twice the smaller
    share of resamples on either side of 0, one added to each, so that it is never 0.
    """
    labels, first, second = np.asarray(labels), np.asarray(first), np.asarray(second)

    def difference(rows):
        return score(labels[rows], first[rows]) - score(labels[rows], second[rows])

    drawn = _resampled(difference, groups, resamples, seed)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    tail = min((drawn <= 0).sum(), (drawn >= 0).sum())
    p = min(1, 2 * (tail + 1) / (resamples + 1))
    return Estimate(float(difference(slice(None))), float(low), float(high), float(p))


def _resampled(score, groups, resamples: int, seed: int) -> np.ndarray:
    """score(rows) of `resamples` draws of as many groups as there are, (resamples,)."""
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    rows_of = np.split(np.argsort(member, kind="stable"), np.cumsum(np.bincount(member))[:-1])
    if len(rows_of) < 2:
        raise ValueError("An interval over groups needs two groups at least.")
    rng, found, failed = np.random.default_rng(seed), [], 0
    while len(found) < resamples:
        rows = np.concatenate([rows_of[i] for i in rng.integers(len(rows_of), size=len(rows_of))])
        try:
            found.append(score(rows))
        except ValueError:
            failed += 1
            if failed > 10 * resamples:
                raise
    return np.array(found)


def holm(p_values) -> np.ndarray:
    """Holm's adjusted p values (1979), (K,): compare them with 0.05 as if there had been but one test.

    The smallest is multiplied by K, the next by K − 1, …; none is smaller than one before it, none above 1.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1)
    return adjusted


# ---- probabilities

def fit_temperature(labels, logits, balanced: bool = False) -> float:
    """The T > 0 for which P(fake) = 1 / (1 + exp(−logit / T)) has the smallest log loss (Guo et al. 2017).

    logits (N,): log odds of fake, of validation data. balanced: fakes and reals weigh the same, as for a P(fake) at equal
    shares. The loss is convex in 1 / T. ValueError when the logits are all on their right side, for then the best T is 0,
    or no better than a coin, for then it is infinite.
    """
    labels, logits = _both_classes(labels, logits)
    toward_truth = np.where(labels == 1, logits, -logits)
    weights = np.where(labels == 1, 1 / (labels == 1).sum(), 1 / (labels == 0).sum()) if balanced else np.ones(len(labels))

    def loss(log_slope):
        return -np.average(log_expit(np.exp(log_slope) * toward_truth), weights=weights)

    found = minimize_scalar(loss, bounds=(np.log(1e-4), np.log(1e4)), method="bounded", options={"xatol": 1e-8})
    if (toward_truth >= 0).all() or (weights * toward_truth).sum() <= 0:
        raise ValueError("A temperature cannot be fitted to logits that are all right, or no better than a coin.")
    return float(np.exp(-found.x))


def reliability(labels, probabilities, bins: int = 10) -> list:
    """Of each of `bins` equal intervals of P(fake) that is not empty: a dict with low, high, count, said and found.

    said: the mean probability in it, found: the share of fakes. On a calibrated detector they agree.
    """
    labels, p = _paired(labels, probabilities)
    place = np.minimum((p * bins).astype(int), bins - 1)
    return [{"low": k / bins, "high": (k + 1) / bins, "count": int(inside.sum()), "said": float(p[inside].mean()),
             "found": float((labels[inside] == 1).mean())} for k in range(bins) if (inside := place == k).any()]


def calibration_error(labels, probabilities, bins: int = 10) -> float:
    """Expected calibration error: mean |said − found| over the bins of `reliability`, each weighted by its count."""
    table = reliability(labels, probabilities, bins)
    return sum(row["count"] * abs(row["said"] - row["found"]) for row in table) / len(np.asarray(labels))


def under_prior(probabilities, learned: float, prior: float) -> np.ndarray:
    """P(fake) (N,) when a share `prior` of all pictures is fake, from P(fake) of a detector calibrated at `learned`.

    Bayes: the odds are multiplied by [prior / (1 − prior)] / [learned / (1 − learned)].
    """
    for share in (learned, prior):
        if not 0 < share < 1:
            raise ValueError(f"A share of fakes lies between 0 and 1, not at {share}.")
    return expit(logit(np.asarray(probabilities, float)) + logit(prior) - logit(learned))


def precision(true_positive_rate: float, false_positive_rate: float, prevalence: float) -> float:
    """The share of fakes among what is called fake; 95 % and 5 % at a prevalence of 1 % give 16 %."""
    right, wrong = true_positive_rate * prevalence, false_positive_rate * (1 - prevalence)
    return right / (right + wrong)


def _paired(labels, values) -> tuple:
    labels, values = np.asarray(labels), np.asarray(values, float)
    if labels.shape != values.shape or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"Labels and scores are one for each picture, not {labels.shape} and {values.shape}.")
    if not np.isin(labels, (0, 1)).all() or np.isnan(values).any():
        raise ValueError("Labels are 0 (real) or 1 (fake), and scores are numbers.")
    return labels.astype(int), values


def _both_classes(labels, values) -> tuple:
    labels, values = _paired(labels, values)
    if labels.all() or not labels.any():
        raise ValueError("There must be real pictures and fakes.")
    return labels, values
