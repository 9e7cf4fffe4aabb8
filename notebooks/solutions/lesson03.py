"""Solutions of lesson 03."""
import torch


def adain(x, scale, bias):
    """Every map (H, W) of every picture on its own."""
    mean, deviation = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True, unbiased=False)
    return scale[:, :, None, None] * (x - mean) / (deviation + 1e-8) + bias[:, :, None, None]


def mixed_styles(w1, w2, crossover, layers):
    """(1, L, 1) < (B, 1, 1) chooses for every layer of every picture."""
    first = torch.arange(layers)[None, :, None] < crossover[:, None, None]
    return torch.where(first, w1[:, None], w2[:, None])


def truncate(ws, mean, psi, cutoff):
    """mean + psi (w - mean) in the first layers, on a copy."""
    ws = ws.clone()
    ws[:, :cutoff] = mean + psi * (ws[:, :cutoff] - mean)
    return ws


def slerp(a, b, t):
    """sin((1 - t) angle) a + sin(t angle) b, over sin(angle); along a very short arc straight on."""
    angle = torch.acos((a * b).sum().clamp(-1, 1))
    if angle < 1e-4:                # the arc is so short that it is straight
        return torch.lerp(a, b, t)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def path_length(synthesis, distance, w1, w2, t, eps):
    """Two neighbours on the line, their quadratic distance over eps² (eq. 3)."""
    a, b = torch.lerp(w1, w2, t), torch.lerp(w1, w2, t + eps)
    return distance(synthesis(a), synthesis(b)) / eps ** 2


SOLUTIONS = {"03.adain": adain, "03.mixed_styles": mixed_styles, "03.truncate": truncate, "03.slerp": slerp,
             "03.path_length": path_length}
