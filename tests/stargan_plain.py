"""StarGAN in its plain formulation, from the paper's tables 4 and 5 and the keys of the authors' files alone."""
import torch
import torch.nn.functional as F


def normalised(x, weight, bias):
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = (x - mean).square().mean(dim=(2, 3), keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * weight[None, :, None, None] + bias[None, :, None, None]


def generator(state, images, labels):
    """Pictures (B, 3, S, S) of a file's tensors by name, labels (B, n) with everything that its first layer wants."""
    replicated = labels[:, :, None, None].repeat(1, 1, *images.shape[2:])
    x = torch.cat([images, replicated], dim=1)

    def block(x, conv, norm, move=F.conv2d, relu=True, **options):
        x = normalised(move(x, state[f"{conv}.weight"], **options), state[f"{norm}.weight"], state[f"{norm}.bias"])
        return x.relu() if relu else x

    x = block(x, "main.0", "main.1", padding=3)
    for k in (3, 6):
        x = block(x, f"main.{k}", f"main.{k + 1}", stride=2, padding=1)
    last = max(int(key.split(".")[1]) for key in state)         # of the layers with weights
    for k in range(9, last - 6):
        y = block(x, f"main.{k}.main.0", f"main.{k}.main.1", padding=1)
        x = x + block(y, f"main.{k}.main.3", f"main.{k}.main.4", relu=False, padding=1)
    for k in (last - 6, last - 3):
        x = block(x, f"main.{k}", f"main.{k + 1}", F.conv_transpose2d, stride=2, padding=1)
    return F.conv2d(x, state[f"main.{last}.weight"], padding=3).tanh()


def generator_state(labels, width, blocks, seed=0):
    """Random tensors in the layout of the authors' ``200000-G.ckpt``, running statistics included."""
    noise = torch.Generator().manual_seed(seed)
    state = {}

    def conv(name, *shape):
        state[f"{name}.weight"] = torch.randn(*shape, generator=noise) / (shape[1] * shape[2] * shape[3]) ** .5

    def norm(name, channels):
        state[f"{name}.weight"] = 1 + torch.randn(channels, generator=noise) / 4
        state[f"{name}.bias"] = torch.randn(channels, generator=noise) / 4
        state[f"{name}.running_mean"] = torch.randn(channels, generator=noise)
        state[f"{name}.running_var"] = torch.rand(channels, generator=noise) + .5
        state[f"{name}.num_batches_tracked"] = torch.tensor(200_000)

    conv("main.0", width, 3 + labels, 7, 7), norm("main.1", width)
    conv("main.3", 2 * width, width, 4, 4), norm("main.4", 2 * width)
    conv("main.6", 4 * width, 2 * width, 4, 4), norm("main.7", 4 * width)
    for k in range(9, 9 + blocks):
        for c, n in ((0, 1), (3, 4)):
            conv(f"main.{k}.main.{c}", 4 * width, 4 * width, 3, 3), norm(f"main.{k}.main.{n}", 4 * width)
    k = 9 + blocks
    conv(f"main.{k}", 4 * width, 2 * width, 4, 4), norm(f"main.{k + 1}", 2 * width)
    conv(f"main.{k + 3}", 2 * width, width, 4, 4), norm(f"main.{k + 4}", width)
    conv(f"main.{k + 6}", 3, width, 7, 7)
    return state


def critic(weights, images):
    """(realness, logits) of our critic's tensors by name, in the formulation of table 5."""
    x = images
    for k in range(sum(name.startswith("layers.") and name.endswith("weight") for name in weights)):
        x = F.conv2d(x, weights[f"layers.{k}.weight"], weights[f"layers.{k}.bias"], stride=2, padding=1)
        x = F.leaky_relu(x, .01)
    return (F.conv2d(x, weights["source.weight"], padding=1),
            F.conv2d(x, weights["classes.weight"]).reshape(len(x), -1))


def class_loss(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, labels, reduction="sum") / len(logits)


def critic_step(generate, judge, reals, labels, targets, share):
    """The critic's whole loss as the authors' loop puts it together; ``share`` (B, 1, 1, 1) mixes real and fake."""
    source, logits = judge(reals)
    loss = -source.mean() + class_loss(logits, labels)
    fakes = generate(reals, targets)
    source, _ = judge(fakes.detach())
    loss = loss + source.mean()
    between = (share * reals.data + (1 - share) * fakes.data).requires_grad_(True)
    source, _ = judge(between)
    slope = torch.autograd.grad(source, between, torch.ones_like(source), retain_graph=True, create_graph=True)[0]
    norms = slope.flatten(1).square().sum(1).sqrt()
    return loss + 10 * (norms - 1).square().mean()


def generator_step(generate, judge, reals, labels, targets):
    """The generator's whole loss as the authors' loop puts it together."""
    fakes = generate(reals, targets)
    source, logits = judge(fakes)
    return -source.mean() + class_loss(logits, targets) + 10 * (reals - generate(fakes, labels)).abs().mean()
