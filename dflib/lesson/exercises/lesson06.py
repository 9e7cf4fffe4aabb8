"""Checks of lesson 06."""

import numpy as np

from dflib.lesson.checks import as_tensor, call, call_unchanged, exercise, mistake, same, Wrong

HAIR = 4  # of the seven columns, black, brown, blond, grey
BLOND = 2


def _random(*shape, seed=0):
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@exercise("06.with_label", "warm-up")
def with_label(answer):
    """with_label(images (B,3,H,W), labels (B,n)) -> (B,3+n,H,W): every label column as a map of its own."""
    import torch

    images, labels = _random(2, 3, 4, 5), torch.tensor([[1.0, 0], [0, 1]])
    found = as_tensor(call_unchanged(answer, images, labels))
    same(found, replicated(images, labels), "for two pictures of 4 x 5 px and two columns the input of G")
    one = as_tensor(call(answer, images[:1], torch.tensor([[0.25, 0.5, 0.75]])))
    same(one[0, 3:, 0, 0], [0.25, 0.5, 0.75], "for one picture and the label (0.25, 0.5, 0.75) a pixel of the label's maps")


def replicated(images, labels):
    """The answer of exercise 1: labels (B,n) as maps beside images (B,3,H,W)."""
    import torch

    return torch.cat([images, labels[:, :, None, None].expand(-1, -1, *images.shape[2:])], 1)


def _label_first(images, labels):
    import torch

    return torch.cat([replicated(images, labels)[:, 3:], images], 1)


def _corner(images, labels):
    import torch

    maps = torch.zeros(*labels.shape, *images.shape[2:])
    maps[:, :, 0, 0] = labels
    return torch.cat([images, maps], 1)


def _same_for_all(images, labels):
    return replicated(images, labels[:1].expand_as(labels))


def _added(images, labels):
    return images + labels.sum(1)[:, None, None, None]


mistake("06.with_label", "the label comes first in yours: G reads colours in its channels 0 to 2", _label_first)
mistake("06.with_label", "every pixel has to see the label, not the first one alone", _corner)
mistake("06.with_label", "each picture has its own label: yours all get the first one's", _same_for_all)
mistake("06.with_label", "the label is joined as further channels, not added to the colours", _added)


@exercise("06.blond_loss", "core")
def blond_loss(answer):
    """blond_loss(logits (B,7), labels (B,7)) -> number: the class loss (3) of edits to blond, legal ones only."""
    import torch

    labels = torch.tensor([[1.0, 0, 0, 0, 1, 0, 1], [0, 0, 0, 1, 0, 1, 0], [0, 0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 1, 0, 0]])
    logits = _random(4, 7, seed=1)
    found = as_tensor(call_unchanged(answer, logits, labels[:2].repeat(2, 1)))
    same(found, _blond_loss(logits, labels[:2].repeat(2, 1)), "for four people with black or grey hair the loss", 1e-5)
    found = as_tensor(call(answer, logits, labels))
    same(found, _blond_loss(logits, labels), "with one of another hair colour and one who is blond already the loss", 1e-5)


def _blond_loss(logits, labels, legal=True, cleared=True, kept=True, columns=None, reduce="sum", wanted=BLOND, blond_too=False):
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    rows = labels[:, :HAIR].sum(1) > 0 if legal else torch.ones(len(labels), dtype=torch.bool)
    if legal and not blond_too:
        rows &= labels[:, wanted] == 0
    targets = labels.clone() if kept else torch.zeros_like(labels)
    if cleared:
        targets[:, :HAIR] = 0
    targets[:, wanted] = 1
    losses = binary_cross_entropy_with_logits(logits, targets, reduction="none")[rows, :columns]
    return losses.sum(1).mean() if reduce == "sum" else losses.mean()


mistake(
    "06.blond_loss",
    "the old colour is still there: a label with two hair colours is nobody's",
    lambda logits, labels: _blond_loss(logits, labels, cleared=False),
)
mistake(
    "06.blond_loss",
    "sex, age and skin are 0 in your targets: what is not edited keeps its own label",
    lambda logits, labels: _blond_loss(logits, labels, kept=False),
)
mistake(
    "06.blond_loss",
    "averaged over the columns: sum over them, and average over the pictures only",
    lambda logits, labels: _blond_loss(logits, labels, reduce="mean"),
)
mistake(
    "06.blond_loss",
    "only the hair counts in yours: sex, age and skin are part of the target too, which is what keeps them",
    lambda logits, labels: _blond_loss(logits, labels, columns=HAIR),
)
mistake(
    "06.blond_loss",
    "whoever has none of the four colours, or is blond already, is no edit: leave these pictures out",
    lambda logits, labels: _blond_loss(logits, labels, legal=False),
)
mistake(
    "06.blond_loss",
    "who is blond already is not edited: leave these pictures out as well",
    lambda logits, labels: _blond_loss(logits, labels, blond_too=True),
)


class _Critic:
    """Realness of a picture, with a slope that depends on the picture: that of a bowl around ``centre``."""

    def __init__(self, centre):
        self.centre = centre

    def __call__(self, images):
        return (images - self.centre).square().flatten(1).sum(1) / 2


@exercise("06.penalty", "core")
def penalty(answer):
    """penalty(critic, reals (B,3,H,W), fakes, share (B,1,1,1)) -> number: WGAN-GP's, finite and with a gradient at slope 0."""
    import torch

    reals, fakes = _random(3, 3, 4, 4), _random(3, 3, 4, 4, seed=1)
    share = torch.tensor([0.25, 0.5, 1.0])[:, None, None, None]
    wanted = _penalty(_Critic(0.5), reals, fakes, share)
    same(call(answer, _Critic(0.5), reals, fakes, share), wanted, "for a critic of known slope the penalty", 1e-5)
    weight = torch.zeros(3 * 16, requires_grad=True)
    found = as_tensor(_uncopied(answer, lambda x: x.flatten(1) @ weight, reals, fakes, share), "the penalty")
    same(found, 1.0, "for a critic that is flat the penalty")
    if not found.requires_grad:
        raise Wrong("the critic cannot learn from your penalty: ask torch.autograd.grad for create_graph=True")
    (gradient,) = torch.autograd.grad(found, weight, allow_unused=True)
    if gradient is None or not torch.isfinite(gradient).all():
        raise Wrong(
            "where the critic is flat your penalty's gradient is nan: a root has no slope at 0; torch.linalg.vector_norm is safe"
        )


def _uncopied(answer, *arguments):
    """As `call`, without copies: a copied weight would hide the gradient."""
    try:
        return answer(*arguments)
    except Exception as error:
        raise Wrong(f"your function raised {type(error).__name__}: {error}") from error


def _penalty(critic, reals, fakes, share, between=None, norms=None, target=1.0, graph=True):
    import torch

    x = (share * reals + (1 - share) * fakes if between is None else between).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=graph)
    norm = torch.linalg.vector_norm(slope.flatten(1), dim=1) if norms is None else norms(slope)
    return (norm - target).square().mean()


mistake(
    "06.penalty",
    "measured at the real pictures alone: the penalty is wanted between real and fake ones",
    lambda critic, reals, fakes, share: _penalty(critic, reals, fakes, share, between=reals),
)
mistake(
    "06.penalty",
    "one norm over the whole batch: every picture has a slope of its own",
    lambda critic, reals, fakes, share: _penalty(critic, reals, fakes, share, norms=lambda g: g.norm()),
)
mistake(
    "06.penalty",
    "the slope is drawn to 0, which is R1: Wasserstein's critic should have slope 1",
    lambda critic, reals, fakes, share: _penalty(critic, reals, fakes, share, target=0.0),
)
mistake(
    "06.penalty",
    "the norm is taken over the three colours of a pixel: a picture has one slope, over all its numbers",
    lambda critic, reals, fakes, share: _penalty(critic, reals, fakes, share, norms=lambda g: g.norm(dim=1)),
)
mistake(
    "06.penalty",
    "where the critic is flat your penalty's gradient is nan: a root has no slope at 0; torch.linalg.vector_norm is safe",
    lambda critic, reals, fakes, share: _penalty(
        critic, reals, fakes, share, norms=lambda g: g.flatten(1).square().sum(1).sqrt()
    ),
)
mistake(
    "06.penalty",
    "the critic cannot learn from your penalty: ask torch.autograd.grad for create_graph=True",
    lambda critic, reals, fakes, share: _penalty(critic, reals, fakes, share).detach(),
)


@exercise("06.leakage", "core")
def leakage(answer):
    """leakage(made (E,Q), truth (E,Q), asked (E,)) -> (E,): the mean excess over the true edit, off the diagonal, in per cent."""
    made = np.array([[90.0, 30, 12], [20, 70, 10], [6, 4, 80]])
    truth = np.array([[95.0, 10, 12], [8, 90, 2], [10, 6, 99]])
    same(call_unchanged(answer, made, truth, np.array([0, 1, 2])), [10, 10, 0], "for three edits and three questions the leakage")
    rng = np.random.default_rng(0)
    made, truth, asked = 100 * rng.random((6, 4)), 100 * rng.random((6, 4)), np.array([0, 0, 1, 2, 3, 3])
    same(call(answer, made, truth, asked), _leakage(made, truth, asked), "for six edits and four questions the leakage")


def _leakage(made, truth, asked, floor=True, own=False, subtract=True, absolute=False, mean=True):
    excess = made - truth if subtract else made
    excess = abs(excess) if absolute else np.maximum(excess, 0) if floor else excess
    others = np.arange(made.shape[1]) != np.asarray(asked)[:, None]
    kept = np.where(others | own, excess, 0)
    return kept.sum(1) / (made.shape[1] - 1 + own) if mean else kept.max(1)


mistake(
    "06.leakage",
    "the column that was asked for is no leakage: leave it out, of the sum and of the number",
    lambda made, truth, asked: _leakage(made, truth, asked, own=True),
)
mistake(
    "06.leakage",
    "the judge changes its mind at true edits as well: take off what the true edit has",
    lambda made, truth, asked: _leakage(made, truth, asked, subtract=False),
)
mistake(
    "06.leakage",
    "less than the true edit is no leakage, nor does it make up for some elsewhere: count it as 0, cell by cell",
    lambda made, truth, asked: _leakage(made, truth, asked, floor=False),
)
mistake(
    "06.leakage",
    "an edit that changes less than the true one leaks nothing: yours counts the distance both ways",
    lambda made, truth, asked: _leakage(made, truth, asked, absolute=True),
)
mistake(
    "06.leakage",
    "that is the largest cell; the mean over the other columns is asked for",
    lambda made, truth, asked: _leakage(made, truth, asked, mean=False),
)


@exercise("06.hide", "stretch")
def hide(answer):
    """hide(edit (H,W) uint8, secret (H,W) uint8) -> (H,W) uint8: `edit`'s four high bits, and `(it % 16) * 16 + 8` is near `secret`."""
    import torch

    def picture(seed):
        return torch.randint(0, 256, (5, 6), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)

    edit, secret = picture(0), picture(1)
    edit[0, :4] = torch.tensor([0, 7, 8, 255])
    secret[0, :4] = torch.tensor([255, 128, 127, 0])
    found = as_tensor(call_unchanged(answer, edit, secret))
    if found.dtype != torch.uint8:
        raise Wrong(f"the result should be a picture, torch.uint8, not {found.dtype}")
    same(found, _hidden(edit, secret), "the picture with its message")


def _hidden(edit, secret, high=lambda edit: edit // 16 * 16, low=lambda secret: secret // 16):
    return high(edit) + low(secret)


mistake(
    "06.hide",
    "the low four bits of the edit are still there and spoil the message: clear them first",
    lambda edit, secret: _hidden(edit, secret, high=lambda edit: edit),
)
mistake(
    "06.hide",
    "you keep the secret's low bits, which are noise: its four highest are the picture",
    lambda edit, secret: _hidden(edit, secret, low=lambda secret: secret % 16),
)
mistake(
    "06.hide",
    "the secret is on top: whoever looks sees it, and the edit is what is hidden",
    lambda edit, secret: _hidden(secret, edit),
)
mistake(
    "06.hide",
    "the message is faint and so is what comes back: the low four bits hold 0 to 15, divide the secret by 16 only",
    lambda edit, secret: _hidden(edit, secret, low=lambda secret: secret // 32),
)
