"""Solutions of lesson 11."""
import torch


def log_loss(p, labels, clip):
    """p, labels (N,) -> the mean of -log of the probability that was given to what each video is."""
    p = p.clamp(clip, 1 - clip)
    return -(labels * p.log() + (1 - labels) * (1 - p).log()).mean()


def first_fault(rows, names):
    """rows: (name, text) -> index of the first bad one, or None."""
    seen = set()
    for k, (name, text) in enumerate(rows):
        try:
            good = 0 <= float(text) <= 1
        except ValueError:
            good = False
        if not good or name not in names or name in seen:
            return k
        seen.add(name)
    return None


def of_videos(p, video, count, missing):
    """p (N,) of frames, video (N,) long -> (count,) means; `missing` for a video without frames."""
    sums = torch.zeros(count).index_add(0, video, p)
    frames = torch.bincount(video, minlength=count)
    return torch.where(frames > 0, sums / frames.clamp(min=1), torch.tensor(missing))


def corrected(p, learned, prior):
    """p (N,) from training at a share `learned` of fakes -> (N,) at a share `prior`."""
    odds = p / (1 - p) * (prior / (1 - prior)) / (learned / (1 - learned))
    return odds / (1 + odds)


def paired(first, second, group, drawn):
    """first, second (N,) losses, group (N,) long, drawn (R, G) long -> (R,) differences of means over drawn groups."""
    count = int(group.max()) + 1
    sums = torch.zeros(count).index_add(0, group, first - second)
    sizes = torch.bincount(group, minlength=count)
    return sums[drawn].sum(1) / sizes[drawn].sum(1)


SOLUTIONS = {"11.log_loss": log_loss, "11.first_fault": first_fault, "11.of_videos": of_videos, "11.corrected": corrected,
             "11.paired": paired}
