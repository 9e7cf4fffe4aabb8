"""Checks of lesson 02."""

import torch
from torch.nn.functional import logsigmoid, softplus

from dflib.lesson.checks import Wrong, as_tensor, call, call_for, exercise, mistake, same


@exercise("02.density_ratio", "warm-up")
def density_ratio(answer):
    """density_ratio(logit (N,)) -> p / q (N,), which the best discriminator knows."""
    logits = torch.tensor([0.25, 3.0, 40.0]).log()
    same(as_tensor(call(answer, logits)), [0.25, 3.0, 40.0], "for D = 0.2, 0.75 and 40/41, p / q", 1e-5)
    same(call(answer, torch.zeros(2)), torch.ones(2), "where D is one half, p / q")


mistake("02.density_ratio", "that is D itself: p / q is D / (1 - D)", torch.sigmoid)
mistake("02.density_ratio", "that is q / p: a positive logit means more likely real", lambda logit: torch.exp(-logit))
mistake("02.density_ratio", "that is log (p / q), the logit itself: undo the logarithm", lambda logit: logit)


class _Line:
    """A generator a z + b whose weights still carry the gradient of an earlier step."""

    def __init__(self):
        self.weights = torch.tensor([0.5, -1.0], requires_grad=True)
        self.weights.grad = torch.tensor([3.0, -2.0])

    def __call__(self, z):
        return self.weights[0] * z + self.weights[1]


def _steep(x):
    """A discriminator: logit 2 x - 1."""
    return 2 * x - 1


def _weights(G, D, optimizer, z):
    return G.weights


@exercise("02.generator_step", "core")
def generator_step(answer):
    """generator_step(G, D, optimizer, z) -> loss: one step of G's optimiser down the mean of -log D(G(z))."""
    z = torch.tensor([-1.0, 0.2, 2.0])
    for D, what in ((_steep, "for D's logit 2 x - 1"), (lambda x: 9 * (x - 4), "where D is sure of a fake")):
        G = _Line()
        optimizer = torch.optim.SGD([G.weights], 0.1)
        fresh = G.weights.detach().clone().requires_grad_()
        gradient, = torch.autograd.grad(softplus(-D(fresh[0] * z + fresh[1])).mean(), fresh)
        moved = call_for(_weights, answer, G, D, optimizer, z)
        same(moved, G.weights - 0.1 * gradient, f"{what} the weights (a, b) of G(z) = a z + b after the step", 1e-5)


def _stepped(loss_of, zero=True, times=1):
    """A step of the generator down another loss of the fakes' logits."""

    def step(G, D, optimizer, z):
        if zero:
            optimizer.zero_grad()
        loss = loss_of(D(G(z)))
        (times * loss).backward()
        optimizer.step()
        return loss

    return step


mistake(
    "02.generator_step",
    "that is the minimax loss, log(1 - D), which is flat where D is sure of a fake: lower -log D",
    _stepped(lambda logit: -softplus(logit).mean()),
)
mistake(
    "02.generator_step",
    "the sign is wrong: the generator walks towards D = 0",
    _stepped(lambda logit: logsigmoid(logit).mean()),
)
mistake(
    "02.generator_step",
    "that is the discriminator's part, -log(1 - D): it calls the generator's samples fakes",
    _stepped(lambda logit: softplus(logit).mean()),
)
mistake(
    "02.generator_step",
    "the gradient of an earlier step is still there and is added: set it to zero first",
    _stepped(lambda logit: softplus(-logit).mean(), zero=False),
)
mistake(
    "02.generator_step",
    "the loss is the mean over the batch, not the sum",
    _stepped(lambda logit: softplus(-logit).sum()),
)
mistake(
    "02.generator_step",
    "the weights have not moved: is optimizer.step() missing?",
    lambda G, D, optimizer, z: softplus(-D(G(z))).mean(),
)


@exercise("02.r1_penalty", "core")
def r1_penalty(answer):
    """r1_penalty(D, reals (N, 2), gamma) -> gamma/2 · mean squared length of the gradient of D's logit at the real points."""
    matrix = torch.tensor([[2.0, 1.0], [1.0, -3.0]])
    points = torch.tensor([[1.0, 0.0], [0.5, 2.0], [-1.0, 1.0]])

    def D(x):
        return ((x @ matrix) * x).sum(1)

    wanted = 0.2 * (2 * points @ matrix).square().sum(1).mean()
    same(as_tensor(call(answer, D, points, 0.4)), wanted, "for the logit x'Ax at three points with gamma 0.4", 1e-5)
    same(call(answer, lambda x: 3 * x[:, 0], points, 2.0), 9.0, "for the logit 3 x, gamma 2", 1e-5)
    layer = torch.nn.Linear(2, 1)
    penalty = as_tensor(call(answer, layer, points, 1.0))
    if not penalty.requires_grad:
        raise Wrong("the number is right, but D cannot learn from it: torch.autograd.grad(…, create_graph=True)")


def _penalty(length, gradient_of=lambda D, x: D(x).sum()):
    """A penalty of the gradient (N, d) by another formula."""

    def penalty(D, reals, gamma):
        reals = reals.detach().requires_grad_()
        (slope,) = torch.autograd.grad(gradient_of(D, reals), reals, create_graph=True)
        return length(slope, gamma)

    return penalty


mistake(
    "02.r1_penalty",
    "the gradient's length enters squared",
    _penalty(lambda slope, gamma: gamma / 2 * slope.square().sum(1).sqrt().mean()),
)
mistake(
    "02.r1_penalty",
    "a squared length is the sum over the coordinates, not their mean: only the points are averaged",
    _penalty(lambda slope, gamma: gamma / 2 * slope.square().mean()),
)
mistake(
    "02.r1_penalty",
    "the penalty is the mean over the points, not their sum",
    _penalty(lambda slope, gamma: gamma / 2 * slope.square().sum()),
)
mistake(
    "02.r1_penalty",
    "half of gamma is what multiplies",
    _penalty(lambda slope, gamma: gamma * slope.square().sum(1).mean()),
)
mistake(
    "02.r1_penalty",
    "the gradient of a mean is N times smaller: take that of the sum of the logits, so that each point keeps its own",
    _penalty(lambda slope, gamma: gamma / 2 * slope.square().sum(1).mean(), lambda D, x: D(x).mean()),
)
mistake(
    "02.r1_penalty",
    "that is the slope of the probability D: R1 takes the slope of the logit",
    _penalty(lambda slope, gamma: gamma / 2 * slope.square().sum(1).mean(), lambda D, x: D(x).sigmoid().sum()),
)


@exercise("02.dirac_step", "stretch")
def dirac_step(answer):
    """dirac_step(theta, psi, rate, gamma) -> (theta, psi): both players of the one-point game after one step at once."""
    theta, psi = torch.tensor(1.0), torch.tensor(0.5)
    for gamma, what in ((0.0, "from theta 1, psi 0.5 without R1"), (0.8, "the same with gamma 0.8")):
        wanted = torch.stack(_dirac(theta, psi, 0.1, gamma))
        found = call(answer, theta, psi, 0.1, gamma)
        found = torch.stack([torch.as_tensor(part) for part in found]) if isinstance(found, (tuple, list)) else found
        same(found, wanted, f"{what}, rate 0.1: (theta, psi)", 1e-5)
    same(call(answer, torch.tensor(0.0), torch.tensor(0.0), 0.1, 1.0), [0.0, 0.0], "at rest (theta, psi)")


def _dirac(theta, psi, rate, gamma):
    """theta goes down softplus(-psi theta); psi down softplus(psi theta) + gamma/2 psi²; both from where both were."""
    by_theta = -psi * torch.sigmoid(-psi * theta)
    by_psi = theta * torch.sigmoid(psi * theta) + gamma * psi
    return theta - rate * by_theta, psi - rate * by_psi


def _in_turn(theta, psi, rate, gamma):
    psi = _dirac(theta, psi, rate, gamma)[1]
    return _dirac(theta, psi, rate, gamma)[0], psi


def _minimax(theta, psi, rate, gamma):
    return theta + rate * psi * torch.sigmoid(psi * theta), _dirac(theta, psi, rate, gamma)[1]


mistake(
    "02.dirac_step",
    "the players move at once: theta's gradient belongs to the psi before the step",
    _in_turn,
)
mistake(
    "02.dirac_step",
    "theta follows the minimax loss: lower softplus(-psi theta)",
    _minimax,
)
mistake(
    "02.dirac_step",
    "both players run uphill: subtract the gradients",
    lambda theta, psi, rate, gamma: _dirac(theta, psi, -rate, gamma),
)
mistake(
    "02.dirac_step",
    "the slope of the penalty gamma/2 psi² is gamma psi: yours is half of it",
    lambda theta, psi, rate, gamma: _dirac(theta, psi, rate, gamma / 2),
)
mistake(
    "02.dirac_step",
    "the penalty is missing: psi also goes down the slope of gamma/2 psi²",
    lambda theta, psi, rate, gamma: _dirac(theta, psi, rate, 0.0),
)
