"""What the two players lower, from logits (B,).

A discriminator answers with a *logit* l; its probability of "real" is D = 1 / (1 + exp(-l)), and log D = -softplus(-l),
log(1 - D) = -softplus(l) stay exact when D is 0 or 1. Goodfellow et al. 2014 (https://arxiv.org/abs/1406.2661), section 3.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-V: the mean of -log D on real plus the mean of -log(1 - D) on fake."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def minimax_loss(fake: Tensor) -> Tensor:
    """What the theorem says the generator should lower: the mean of log(1 - D)."""
    return -F.softplus(fake).mean()


def non_saturating_loss(fake: Tensor) -> Tensor:
    """What every generator lowers in practice: the mean of -log D."""
    return F.softplus(-fake).mean()


GENERATOR_LOSSES = {"minimax": minimax_loss, "non-saturating": non_saturating_loss}


def r1_penalty(discriminator, reals: Tensor, gamma: float) -> Tensor:
    """gamma/2 · mean |gradient of the logit at a real point|² (Mescheder et al. 2018, arXiv:1801.04406)."""
    reals = reals.detach().requires_grad_(True)
    gradient, = torch.autograd.grad(discriminator(reals).sum(), reals, create_graph=True)
    return gamma / 2 * gradient.square().flatten(1).sum(1).mean()
