"""Solutions of lesson 03, and wrong answers that its checks must recognise."""
import torch


def adain(x, scale, bias):
    """Every map (H, W) of every picture on its own."""
    mean, deviation = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True, unbiased=False)
    return scale[:, :, None, None] * (x - mean) / (deviation + 1e-8) + bias[:, :, None, None]


def adain_over_the_batch(x, scale, bias):
    mean, deviation = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True, unbiased=False)
    return scale[:, :, None, None] * (x - mean) / (deviation + 1e-8) + bias[:, :, None, None]


def adain_over_channels(x, scale, bias):
    mean, deviation = x.mean((1, 2, 3), keepdim=True), x.std((1, 2, 3), keepdim=True, unbiased=False)
    return scale[:, :, None, None] * (x - mean) / (deviation + 1e-8) + bias[:, :, None, None]


def adain_by_variance(x, scale, bias):
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, unbiased=False)
    return scale[:, :, None, None] * (x - mean) / (variance + 1e-8) + bias[:, :, None, None]


def adain_zero_by_zero(x, scale, bias):
    mean, deviation = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True, unbiased=False)
    return scale[:, :, None, None] * (x - mean) / deviation + bias[:, :, None, None]


def mixed_styles(w1, w2, crossover, layers):
    """(1, L, 1) < (B, 1, 1) chooses for every layer of every picture."""
    first = torch.arange(layers)[None, :, None] < crossover[:, None, None]
    return torch.where(first, w1[:, None], w2[:, None])


def mixed_styles_one_late(w1, w2, crossover, layers):
    return mixed_styles(w1, w2, crossover + 1, layers)


def mixed_styles_swapped(w1, w2, crossover, layers):
    return mixed_styles(w2, w1, crossover, layers)


def mixed_styles_by_block(w1, w2, crossover, layers):
    return mixed_styles(w1, w2, crossover // 2 * 2, layers)


def mixed_styles_of_the_first(w1, w2, crossover, layers):
    return mixed_styles(w1, w2, crossover[:1].expand(len(w1)), layers)


def truncate(ws, mean, psi, cutoff):
    """mean + psi (w - mean) in the first layers, on a copy."""
    ws = ws.clone()
    ws[:, :cutoff] = mean + psi * (ws[:, :cutoff] - mean)
    return ws


def truncate_towards_zero(ws, mean, psi, cutoff):
    ws = ws.clone()
    ws[:, :cutoff] = psi * ws[:, :cutoff]
    return ws


def truncate_last_layers(ws, mean, psi, cutoff):
    ws = ws.clone()
    ws[:, -cutoff:] = mean + psi * (ws[:, -cutoff:] - mean)
    return ws


def truncate_the_other_way(ws, mean, psi, cutoff):
    ws = ws.clone()
    ws[:, :cutoff] = ws[:, :cutoff] + psi * (mean - ws[:, :cutoff])
    return ws


def truncate_everywhere(ws, mean, psi, cutoff):
    return mean + psi * (ws - mean)


def slerp(a, b, t):
    """sin((1 - t) angle) a + sin(t angle) b, over sin(angle)."""
    angle = torch.acos((a * b).sum())
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def slerp_straight(a, b, t):
    return (1 - t) * a + t * b


def slerp_straight_then_long(a, b, t):
    point = (1 - t) * a + t * b
    return point / point.norm()


def slerp_without_division(a, b, t):
    angle = torch.acos((a * b).sum())
    return torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b


def path_length(synthesis, distance, w1, w2, t, eps):
    """Two neighbours on the line, their quadratic distance over eps² (eq. 3)."""
    a, b = torch.lerp(w1, w2, t), torch.lerp(w1, w2, t + eps)
    return distance(synthesis(a), synthesis(b)) / eps ** 2


def path_length_over_eps(synthesis, distance, w1, w2, t, eps):
    return path_length(synthesis, distance, w1, w2, t, eps) * eps


def path_length_of_the_ends(synthesis, distance, w1, w2, t, eps):
    return distance(synthesis(w1), synthesis(w2))


def path_length_relative_step(synthesis, distance, w1, w2, t, eps):
    a, b = torch.lerp(w1, w2, t), torch.lerp(w1, w2, t * (1 + eps))
    return distance(synthesis(a), synthesis(b)) / eps ** 2


SOLUTIONS = {"03.adain": adain, "03.mixed_styles": mixed_styles, "03.truncate": truncate, "03.slerp": slerp,
             "03.path_length": path_length}
WRONG_ANSWERS = {
    "03.adain": [adain_over_the_batch, adain_over_channels, adain_by_variance, adain_zero_by_zero],
    "03.mixed_styles": [mixed_styles_one_late, mixed_styles_swapped, mixed_styles_by_block, mixed_styles_of_the_first],
    "03.truncate": [truncate_towards_zero, truncate_last_layers, truncate_the_other_way, truncate_everywhere],
    "03.slerp": [slerp_straight, slerp_straight_then_long, slerp_without_division],
    "03.path_length": [path_length_over_eps, path_length_of_the_ends, path_length_relative_step],
}
