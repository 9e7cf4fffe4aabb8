"""StyleGAN written plainly, layer by layer as in the official code, before the exact speed-ups of `stylegan.py`.

Everything is a function of the state dicts of that module, of which nothing is called: a test holds the two to the same
pictures and gradients, and benchmarks to their speed.
"""
import torch
import torch.nn.functional as F

KERNEL = torch.tensor([[1., 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


def conv(x, weight, gain=2 ** .5, bias=None):
    scaled = weight * (gain / weight[0].numel() ** .5)
    return F.conv2d(x, scaled, bias, padding=weight.shape[-1] // 2)


def dense(x, weight, bias, gain=2 ** .5, rate=1.):
    return x @ (weight * (gain / weight.shape[1] ** .5 * rate)).T + bias * rate


def blurred(x):
    channels = x.shape[1]
    return F.conv2d(x, KERNEL.to(x).expand(channels, 1, 3, 3), padding=1, groups=channels)


def doubled(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


def instance_norm(x, eps=1e-8):
    x = x - x.mean(dim=(2, 3), keepdim=True)
    return x / torch.sqrt(x.square().mean(dim=(2, 3), keepdim=True) + eps)


def mapped(state, z):
    w = z / torch.sqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
    for i in range(8):
        w = F.leaky_relu(dense(w, state[f"mapping.layers.{i}.weight"], state[f"mapping.layers.{i}.bias"], rate=.01), .2)
    return w


def styled(state, name, x, w, noise):
    x = x + noise * state[f"{name}.noise_strength"][None, :, None, None]
    x = F.leaky_relu(x + state[f"{name}.bias"][None, :, None, None], .2)
    style = dense(w, state[f"{name}.style.weight"], state[f"{name}.style.bias"], gain=1.)[:, :, None, None]
    scale, bias = style[:, :x.shape[1]], style[:, x.shape[1]:]
    return instance_norm(x) * (scale + 1) + bias


def generated(state, ws, noise, blocks):
    """Pictures of the first ``blocks`` resolutions, smallest first; ws (B, L, D), noise one map a layer."""
    x = state["blocks.0.start.value"].repeat(len(ws), 1, 1, 1)
    pictures = []
    for i in range(blocks):
        block = f"blocks.{i}"
        if i:
            x = blurred(conv(doubled(x), state[f"{block}.conv0.weight"]))
        x = styled(state, f"{block}.layer0", x, ws[:, 2 * i], noise[2 * i])
        x = conv(x, state[f"{block}.conv1.weight"])
        x = styled(state, f"{block}.layer1", x, ws[:, 2 * i + 1], noise[2 * i + 1])
        pictures.append(conv(x, state[f"{block}.to_rgb.weight"], 1., state[f"{block}.to_rgb.bias"]))
    return pictures


def generator(state, z, noise):
    layers = len(noise)
    return generated(state, mapped(state, z)[:, None].expand(-1, layers, -1), noise, layers // 2)[-1]


def deviation(x, group=4):
    """The map of minibatch deviations, written with loops; picture i belongs to group i modulo B / group."""
    group, total = min(group, len(x)), torch.zeros(len(x), dtype=x.dtype)
    groups = len(x) // group
    for i in range(len(x)):
        members = torch.stack([x[j] for j in range(len(x)) if j % groups == i % groups])
        centred = members - members.mean(dim=0)
        total[i] = torch.sqrt(centred.square().mean(dim=0) + 1e-8).mean()
    return total


def with_deviation(x, group=4):
    grouped = x.reshape(group, -1, *x.shape[1:])
    centred = grouped - grouped.mean(dim=0, keepdim=True)
    value = torch.sqrt(centred.square().mean(dim=0) + 1e-8).mean(dim=(1, 2, 3), keepdim=True)
    return torch.cat([x, value.repeat(group, 1, *x.shape[2:])], dim=1)


def discriminator(state, images):
    def layer(x, name):
        return conv(x, state[f"{name}.weight"], bias=state[f"{name}.bias"])

    x, i = F.leaky_relu(layer(images, "blocks.0.from_rgb"), .2), 0
    while f"blocks.{i}.conv0.weight" in state:
        x = F.leaky_relu(layer(x, f"blocks.{i}.conv0"), .2)
        x = F.leaky_relu(F.avg_pool2d(layer(blurred(x), f"blocks.{i}.conv1"), 2), .2)
        i += 1
    x = F.leaky_relu(layer(with_deviation(x), "conv"), .2).flatten(1)
    x = F.leaky_relu(dense(x, state["dense.weight"], state["dense.bias"]), .2)
    return dense(x, state["score.weight"], state["score.bias"], gain=1.)[:, 0]


def discriminator_losses(state, reals, fakes, gamma=10.):
    """The loss and R1, each with a forward pass of its own."""
    loss = (F.softplus(discriminator(state, fakes)) + F.softplus(-discriminator(state, reals))).mean()
    reals = reals.clone().requires_grad_()
    gradient, = torch.autograd.grad(discriminator(state, reals).sum(), reals, create_graph=True)
    return loss, gamma / 2 * sum(g.square().sum() for g in gradient) / len(reals)
