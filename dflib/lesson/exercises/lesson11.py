"""Checks of lesson 11."""

import math

import torch

from dflib.lesson.checks import Wrong, as_tensor, call, call_unchanged, exercise, mistake, same


# ---- the score


@exercise("11.log_loss", "warm-up")
def log_loss(answer):
    """log_loss(p (N,), labels (N,), clip) -> number: the mean of −log of the probability given to what the video is."""
    p, labels = torch.tensor([0.9, 0.2, 0.6, 0.5]), torch.tensor([1.0, 0, 0, 1])
    same(as_tensor(call_unchanged(answer, p, labels, 0.001), "the loss"), _log_loss(p, labels, 0.001), "for four videos the loss", 1e-5)
    for sure, truth in ((0.0, 1.0), (1.0, 0.0)):
        p, labels = torch.tensor([sure, 0.3]), torch.tensor([truth, 1.0])
        what = f"with a certain {sure:.0f} that is wrong, clip 0.01, the loss"
        same(call(answer, p, labels, 0.01), _log_loss(p, labels, 0.01), what, 1e-5)
    same(call(answer, torch.zeros(1), torch.zeros(1), 0.01), -math.log(0.99), "for a certain 0 that is right, clip 0.01, the loss", 1e-5)


def _log_loss(p, labels, clip, low=True, high=True, base=1.0, reduce="mean", swapped=False):
    labels = 1 - labels if swapped else labels
    p = p.clamp(clip if low else None, 1 - clip if high else None) if low or high else p
    losses = -(torch.xlogy(labels, p) + torch.xlogy(1 - labels, 1 - p)) / base
    return losses.mean() if reduce == "mean" else losses.sum()


mistake(
    "11.log_loss",
    "a certain error costs infinitely much in yours: clip the probabilities first",
    lambda p, labels, clip: _log_loss(p, labels, clip, low=False, high=False),
)
mistake(
    "11.log_loss",
    "clipped at the lower end alone: a certain 1 that is wrong costs infinitely much too",
    lambda p, labels, clip: _log_loss(p, labels, clip, high=False),
)
mistake("11.log_loss", "the logarithm is the natural one", lambda p, labels, clip: _log_loss(p, labels, clip, base=math.log(2)))
mistake(
    "11.log_loss",
    "that is the sum: the mean over videos is asked for",
    lambda p, labels, clip: _log_loss(p, labels, clip, reduce="sum"),
)
mistake("11.log_loss", "label 1 is fake, and p is P(fake)", lambda p, labels, clip: _log_loss(p, labels, clip, swapped=True))


# ---- a submission

NAMES = ("a.mp4", "b.mp4", "c.mp4")
GOOD = (("a.mp4", "0.5"), ("b.mp4", "1e-3"), ("c.mp4", "1"))


@exercise("11.first_fault", "core")
def first_fault(answer):
    """first_fault(rows, names) -> index of the first bad row of (name, text), or None."""
    cases = {
        "for a good submission": GOOD,
        "where the second label is 'FAKE'": (GOOD[0], ("b.mp4", "FAKE"), GOOD[2]),
        "where the third label is 1.2": (GOOD[0], GOOD[1], ("c.mp4", "1.2")),
        "where the first label is -0.1": (("a.mp4", "-0.1"), GOOD[1], GOOD[2]),
        "where the third row names a file of no test set": (GOOD[0], GOOD[1], ("z.mp4", "0.5")),
        "where the first file comes once more in the third row": (GOOD[0], GOOD[1], GOOD[0]),
        "where the second label is nan": (GOOD[0], ("b.mp4", "nan"), GOOD[2]),
    }
    for what, rows in cases.items():
        found, wanted = _index(call(_as_index(answer), rows, NAMES)), _index(_first_fault(rows, NAMES))
        same(found, wanted, f"{what} (−1 for none) the row")


def _as_index(answer):
    """`answer` with −1 for None, which would be no answer at all."""
    if not callable(answer):
        return answer

    def indexed(rows, names):
        found = answer(rows, names)
        return -1 if found is None and not _returns_nothing(answer) else found
    return indexed


def _returns_nothing(answer) -> bool:
    """Whether a function gives None also for rows that are bad in every way."""
    try:
        return answer((("z.mp4", "x"),), NAMES) is None
    except Exception:
        return False


def _index(found):
    return -1 if found is None else found


def _first_fault(rows, names, known=True, twice=True, number=True, low=True, high=True, nan=True):
    seen = set()
    for k, (name, text) in enumerate(rows):
        try:
            value = float(text)
        except ValueError:
            if number:
                return k
            continue
        outside = (low and value < 0) or (high and value > 1) or (nan and value != value)
        if outside or (known and name not in names) or (twice and name in seen):
            return k
        seen.add(name)
    return -1


mistake(
    "11.first_fault",
    "nan passes: it is neither below 0 nor above 1, so ask whether a value *is* in the range",
    lambda rows, names: _first_fault(rows, names, nan=False),
)
mistake(
    "11.first_fault",
    "a file that comes twice is a fault too: which of its two labels should count?",
    lambda rows, names: _first_fault(rows, names, twice=False),
)
mistake(
    "11.first_fault",
    "a name that is not in the test set passes yours",
    lambda rows, names: _first_fault(rows, names, known=False),
)
mistake(
    "11.first_fault",
    "probabilities above 1 pass yours",
    lambda rows, names: _first_fault(rows, names, high=False),
)


# ---- from frames to a video


@exercise("11.of_videos", "core")
def of_videos(answer):
    """of_videos(p (N,), video (N,) long, count, missing) -> (count,): the mean of each video's frames, `missing` without any."""
    p, video = torch.tensor([0.2, 0.4, 0.9, 0.5, 1.0]), torch.tensor([0, 0, 2, 3, 3])
    found = as_tensor(call_unchanged(answer, p, video, 4, 0.5))
    same(found, _of_videos(p, video, 4, 0.5), "for frames of videos 0, 0, 2, 3, 3 of four, and 0.5 for a video without a face, P(fake)")
    p, video = torch.tensor([0.7, 0.1, 0.3]), torch.tensor([1, 0, 1])
    what = "for frames in no order, and 0.25 for a video without a face, P(fake)"
    same(call(answer, p, video, 3, 0.25), _of_videos(p, video, 3, 0.25), what)


def _of_videos(p, video, count, missing, given=None, total=False, logits=False, everywhere=False):
    values = torch.logit(p.clamp(1e-6, 1 - 1e-6)) if logits else p
    sums = torch.zeros(count).index_add(0, video, values)
    frames = torch.bincount(video, minlength=count)
    if everywhere:
        frames = torch.full_like(frames, max(1, len(p) // count))
    mean = sums if total else sums / (frames.clamp(min=1) if given is None else frames)
    mean = torch.sigmoid(mean) if logits else mean
    return mean if given is not None else torch.where(torch.bincount(video, minlength=count) > 0, mean, torch.tensor(missing))


mistake(
    "11.of_videos",
    "a video without a face is 0 / 0 in yours: give it `missing`",
    lambda p, video, count, missing: _of_videos(p, video, count, missing, given=True),
)
mistake(
    "11.of_videos",
    "that is the sum of a video's frames: divide by how many it has",
    lambda p, video, count, missing: _of_videos(p, video, count, missing, total=True),
)
mistake(
    "11.of_videos",
    "log odds are averaged in yours: here the probabilities are",
    lambda p, video, count, missing: _of_videos(p, video, count, missing, logits=True),
)
mistake(
    "11.of_videos",
    "a video without a face says `missing`, not 0: certain that it is real is the last thing to be of it",
    lambda p, video, count, missing: _of_videos(p, video, count, 0.0),
)


# ---- another share of fakes


@exercise("11.corrected", "core")
def corrected(answer):
    """corrected(p (N,), learned, prior) -> (N,): P(fake) where a share `prior` is fake, from one learned at `learned`."""
    p = torch.tensor([0.1, 0.5, 0.75, 0.99])
    found = as_tensor(call_unchanged(answer, p, 0.75, 0.25))
    same(found, _corrected(p, 0.75, 0.25), "learned at 0.75, for a share of 0.25, P(fake)", 1e-5)
    same(call(answer, p, 0.3, 0.3), p, "where nothing has changed P(fake)", 1e-5)
    same(call(answer, torch.tensor([0.75]), 0.75, 0.1), [0.1], "for a video that says nothing, P(fake)", 1e-5)


def _odds(p):
    return p / (1 - p)


def _corrected(p, learned, prior):
    odds = _odds(p) * _odds(prior) / _odds(learned)
    return odds / (1 + odds)


mistake("11.corrected", "the other way round: what was learned is divided by", lambda p, learned, prior: _corrected(p, prior, learned))
mistake(
    "11.corrected",
    "odds change by a factor, not probabilities: yours can leave 0 to 1",
    lambda p, learned, prior: p * prior / learned,
)
mistake(
    "11.corrected",
    "the odds are right, and odds are what you return: turn them back into probabilities",
    lambda p, learned, prior: _odds(p) * _odds(prior) / _odds(learned),
)
mistake(
    "11.corrected",
    "only the fakes' shares are in your factor: those of the reals, 1 − learned and 1 − prior, belong to it",
    lambda p, learned, prior: _odds(p) * prior / learned / (1 + _odds(p) * prior / learned),
)


# ---- is the first really better?


@exercise("11.paired", "stretch")
def paired(answer):
    """paired(first (N,), second (N,) losses, group (N,) long, drawn (R, G) long) -> (R,): differences of means over drawn groups."""
    generator = torch.Generator().manual_seed(0)
    group = torch.tensor([0, 0, 0, 1, 2, 2, 3])
    first, second = torch.rand(7, generator=generator), torch.rand(7, generator=generator)
    drawn = torch.tensor([[0, 1, 2, 3], [3, 3, 0, 1], [2, 2, 2, 2]])
    found = as_tensor(call_unchanged(answer, first, second, group, drawn))
    same(found, _paired(first, second, group, drawn), "for three draws of four groups the difference", 1e-5)
    drawn = torch.randint(0, 4, (5, 4), generator=generator)
    what = "for five draws of four groups the difference"
    same(call(answer, second, first, group, drawn), _paired(second, first, group, drawn), what, 1e-5)
    if abs(float(as_tensor(call(answer, first, first, group, drawn)).abs().max())) > 1e-6:
        raise Wrong("two equal submissions differ in yours: both have to be judged on the same draw")


def _paired(first, second, group, drawn, of_groups=False, sign=1, videos=False, once=False):
    count = int(group.max()) + 1
    apart = sign * (first - second)
    if videos:
        return apart[drawn].mean(1)
    sums, sizes = torch.zeros(count).index_add(0, group, apart), torch.bincount(group, minlength=count)
    if of_groups:
        return (sums / sizes)[drawn].mean(1)
    if once:
        weight = torch.zeros(len(drawn), count).scatter(1, drawn, 1.0)
        return (weight @ sums) / (weight @ sizes.float())
    return sums[drawn].sum(1) / sizes[drawn].sum(1)


mistake(
    "11.paired",
    "groups are drawn, not videos: all videos of a drawn group come along",
    lambda first, second, group, drawn: _paired(first, second, group, drawn, videos=True),
)
mistake(
    "11.paired",
    "the mean over all drawn videos is asked for: a group of three counts three times as much as one of one",
    lambda first, second, group, drawn: _paired(first, second, group, drawn, of_groups=True),
)
mistake(
    "11.paired",
    "first minus second, please",
    lambda first, second, group, drawn: _paired(first, second, group, drawn, sign=-1),
)
mistake(
    "11.paired",
    "a group that is drawn twice counts twice: that is what makes the draws differ",
    lambda first, second, group, drawn: _paired(first, second, group, drawn, once=True),
)
