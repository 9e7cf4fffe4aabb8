"""Checks of lesson 09."""

import torch

from dflib.lesson.checks import Wrong, as_tensor, call, call_unchanged, exercise, mistake, same


# ---- the map's product


@exercise("09.attend", "warm-up")
def attend(answer):
    """attend(features (N,C,h,w), map (N,h,w)) -> (N,C,h,w): the features, let through where the map is large."""
    generator = torch.Generator().manual_seed(1)
    # as many pictures as channels: a map that lacks its axis would fit, and be wrong
    features, map = torch.randn(3, 3, 4, 4, generator=generator), torch.rand(3, 4, 4, generator=generator)
    same(as_tensor(call_unchanged(answer, features, map), "the features"), features * map[:, None], "for random features the product")
    features, map = torch.randn(2, 5, 3, 4, generator=generator), torch.rand(2, 3, 4, generator=generator)
    same(call(answer, features, map), features * map[:, None], "for 5 channels of 3 x 4 fields the product")


mistake("09.attend", "the map of each picture belongs to all of its channels: yours gives map k to channel k",
        lambda features, map: features * (map if map.shape[0] == features.shape[1] else map[:, None]))
mistake("09.attend", "the map multiplies, it is not added", lambda features, map: features + map[:, None])
mistake("09.attend", "what is let through is where the map is large: yours keeps the rest",
        lambda features, map: features * (1 - map[:, None]))
mistake("09.attend", "the map is in [0, 1] already: no second sigmoid",
        lambda features, map: features * torch.sigmoid(map[:, None]))


# ---- prototypes


@exercise("09.prototypes", "core")
def prototypes(answer):
    """prototypes(maps (N,h,w), count) -> (count,h,w): principal components, as long as their standard deviations."""
    generator = torch.Generator().manual_seed(2)
    maps = torch.rand(12, 3, 4, generator=generator) + 3 * torch.rand(12, 1, 4, generator=generator) + 2
    found = as_tensor(call_unchanged(answer, maps, 3), "the prototypes")
    same(found, _components(maps, 3), "for twelve maps the prototype", 1e-4)
    along = torch.zeros(5, 2, 2)
    along[:, 0, 1] = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0])
    same(call(answer, along, 1), [[[0, 1.5811388], [0, 0]]], "for maps that differ in one field alone the prototype", 1e-4)


def _components(maps, count, centred=True, length="deviation", last=False, lack=1, sign=True):
    flat = maps.flatten(1)
    _, lengths, directions = torch.linalg.svd(flat - flat.mean(0) if centred else flat, full_matrices=False)
    if last:
        lengths, directions = lengths.flip(0), directions.flip(0)
    deviation = lengths[:count, None] / (len(maps) - lack) ** 0.5
    found = directions[:count] * {"deviation": deviation, "one": 1.0, "variance": deviation**2, "all": lengths[:count, None]}[length]
    largest = found.gather(1, found.abs().argmax(1, keepdim=True))
    return (found * (largest.sign() if sign else -largest.sign())).reshape(count, *maps.shape[1:])


mistake("09.prototypes", "take the mean map off first: components are of what differs",
        lambda maps, k: _components(maps, k, centred=False))
mistake("09.prototypes", "yours have length 1: each should be as long as its standard deviation",
        lambda maps, k: _components(maps, k, length="one"))
mistake("09.prototypes", "yours are as long as the variance: the standard deviation is wanted, its root",
        lambda maps, k: _components(maps, k, length="variance"))
mistake("09.prototypes", "a singular value is √(N − 1) standard deviations: divide",
        lambda maps, k: _components(maps, k, length="all"))
mistake("09.prototypes", "the standard deviation of N maps divides by N − 1, not by N",
        lambda maps, k: _components(maps, k, lack=0))
mistake("09.prototypes", "the components of the largest variance come first: yours are the smallest",
        lambda maps, k: _components(maps, k, last=True))
mistake("09.prototypes", "the sign is to make the field that is farthest from 0 positive",
        lambda maps, k: _components(maps, k, sign=False))


# ---- the weakly supervised loss


@exercise("09.weak_loss", "core")
def weak_loss(answer):
    """weak_loss(maps (N,h,w), labels (N,), 0 for real) -> (): |M| for reals, |max M − 0.75| for fakes, a mean over pictures."""
    maps = torch.tensor([[[0.5, -0.1], [0.2, 0.0]], [[0.0, 0.9], [0.3, 0.1]], [[0.4, 0.2], [0.1, 0.1]]])
    one = call(answer, maps[:1].clone().requires_grad_(), torch.tensor([0]))
    same(as_tensor(one, "the loss"), 0.2, "for a real picture the loss")
    same(call(answer, maps[1:2], torch.tensor([1])), 0.15, "for a fake whose map goes up to 0.9 the loss")
    same(call(answer, maps, torch.tensor([0, 1, 1])), (0.2 + 0.15 + 0.35) / 3, "for one real picture and two fakes the loss")
    if not getattr(one, "requires_grad", True):
        raise Wrong("the number is right, but no gradient reaches the maps: something detaches them")


def _weak(maps, labels, absolute=True, peak=0.75, of_fakes="max", everywhere=False, total=False, turned=False):
    flat = maps.flatten(1)
    real = flat.amax(1) if everywhere else (flat.abs() if absolute else flat).mean(1)
    highest = flat.amax(1) if of_fakes == "max" else flat.mean(1)
    fake = (highest - peak).abs() if absolute else highest - peak
    losses = torch.where((labels == 0) != turned, real, fake)
    return losses.sum() if total else losses.mean()


mistake("09.weak_loss", "take absolute values: a map may be negative",
        lambda m, y: _weak(m, y, absolute=False))
mistake("09.weak_loss", "of a fake the largest value is drawn to 0.75, not to 1", lambda m, y: _weak(m, y, peak=1.0))
mistake("09.weak_loss", "of a fake the largest value counts, not the mean: nobody said how much of it was changed",
        lambda m, y: _weak(m, y, of_fakes="mean"))
mistake("09.weak_loss", "of a real picture every field counts, not the largest alone",
        lambda m, y: _weak(m, y, everywhere=True))
mistake("09.weak_loss", "a mean over the pictures is wanted, not their sum", lambda m, y: _weak(m, y, total=True))
mistake("09.weak_loss", "label 0 is real, 1 is fake: yours are exchanged", lambda m, y: _weak(m, y, turned=True))


# ---- IINC by hand


@exercise("09.iinc", "core")
def inverse_intersection(answer):
    """iinc(found (h,w), truth (h,w), threshold) -> float: IINC, from 0, best, to 1."""
    left, right, square = (torch.zeros(4, 4) for _ in range(3))
    left[:, :2], right[:, 2:], square[1:3, 1:3] = 0.9, 0.5, 1.0
    none, soft = torch.zeros(4, 4), torch.full((4, 4), 0.05)
    for found, truth, words in (
        (left, left, "for a map that is right"), (square, left, "for a square half of which is true"),
        (square, torch.ones(4, 4), "for a map inside its truth"), (left, right, "for a map beside its truth"),
        (none, none, "for nothing, and nothing there"), (soft, square, "for a map that stays below the threshold"),
    ):
        same(call(answer, found, truth, 0.1), _iinc(found, truth, 0.1), f"{words} the IINC")


def _iinc(found, truth, threshold, share=True, factor=True, one_empty=1.0, none=0.0, overlap=False, soft=False):
    a, b = (found, truth) if soft else (found > threshold, truth > threshold)
    a, b = a.double(), b.double()
    mean = torch.mean if share else torch.sum
    union, both = mean(torch.maximum(a, b)), mean(torch.minimum(a, b))
    if not a.any() and not b.any():
        lacking = none
    elif not a.any() or not b.any():
        lacking = one_empty
    else:
        lacking = 1 - both / union if overlap else 2 - both / mean(a) - both / mean(b)
    return float(lacking / (3 - union if factor else 1))


mistake("09.iinc", "the union counts as a share of the map, at most 1: yours counts fields",
        lambda m, t, at: _iinc(m, t, at, share=False))
mistake("09.iinc", "the factor 1 / (3 − |U|) is missing", lambda m, t, at: _iinc(m, t, at, factor=False))
mistake("09.iinc", "where exactly one of the two is empty, what is lacking is 1, not 2",
        lambda m, t, at: _iinc(m, t, at, one_empty=2.0))
mistake("09.iinc", "where exactly one of the two is empty, what is lacking is 1, not 0",
        lambda m, t, at: _iinc(m, t, at, one_empty=0.0))
mistake("09.iinc", "nothing found where nothing is there is right: 0", lambda m, t, at: _iinc(m, t, at, none=1.0))
mistake("09.iinc", "the intersection is held against each of the two, not against their union",
        lambda m, t, at: _iinc(m, t, at, overlap=True))
mistake("09.iinc", "both are cut at the threshold first: yours weighs the values",
        lambda m, t, at: _iinc(m, t, at, soft=True))


# ---- a map that never looks


@exercise("09.constant", "stretch")
def constant(answer):
    """constant(masks (N,h,w)) -> (h,w): the one map whose mean cosine with all masks is the largest, its largest value 1."""
    masks = torch.zeros(3, 2, 3)
    masks[0], masks[1, 0, 0], masks[2, 0, :2] = 1.0, 1.0, 1.0
    same(as_tensor(call_unchanged(answer, masks), "the map"), _constant(masks), "for a whole, a single and a double mask the map", 1e-5)
    masks = torch.rand(9, 4, 4, generator=torch.Generator().manual_seed(4))
    same(call(answer, masks), _constant(masks), "for random masks the map", 1e-5)


def _constant(masks, length=2, scaled=True, most=False):
    if most:
        return (masks.mean(0) > 0.5).float()
    sizes = 1.0 if length is None else masks.flatten(1).norm(length, dim=1)[:, None, None]
    found = (masks / sizes).mean(0)
    return found / found.max() if scaled else found


mistake("09.constant", "that is the mean mask: in a cosine a small mask counts as much as a large one, so divide each by its "
        "length first",
        lambda masks: _constant(masks, length=None))
mistake("09.constant", "the length of a mask is the root of the sum of its squares: yours divides by the sum",
        lambda masks: _constant(masks, length=1))
mistake("09.constant", "that is what scores best by PBCA: the cosine weighs fields by how often they were changed",
        lambda masks: _constant(masks, most=True))
mistake("09.constant", "scale it: its largest value should be 1", lambda masks: _constant(masks, scaled=False))
