"""Solutions of lesson 02."""
import torch


def density_ratio(logit):
    """D = p / (p + q), so p / q = D / (1 - D) = exp(logit)."""
    return torch.exp(logit)


def generator_step(G, D, optimizer, z):
    """-log D = softplus(-logit), exact also where D rounds to 0."""
    loss = torch.nn.functional.softplus(-D(G(z))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def r1_penalty(D, reals, gamma):
    """The sum of the logits has at each point the gradient of that point's own logit."""
    reals = reals.detach().requires_grad_()
    slope, = torch.autograd.grad(D(reals).sum(), reals, create_graph=True)      # (N, d)
    return gamma / 2 * slope.square().sum(1).mean()


def dirac_step(theta, psi, rate, gamma):
    """One real point at 0, one generated point at theta, and a discriminator with logit psi x."""
    by_theta = -psi * torch.sigmoid(-psi * theta)                               # of softplus(-psi theta)
    by_psi = theta * torch.sigmoid(psi * theta) + gamma * psi                   # of softplus(psi theta) + gamma/2 psi²
    return theta - rate * by_theta, psi - rate * by_psi


SOLUTIONS = {"02.density_ratio": density_ratio, "02.generator_step": generator_step,
             "02.r1_penalty": r1_penalty, "02.dirac_step": dirac_step}
