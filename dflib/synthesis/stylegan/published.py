"""Published StyleGAN weights: two well-known PyTorch codebases' layouts, loaded into our generator.

rosinality-stylegan   https://github.com/rosinality/style-based-gan-pytorch (139 tensors)
huangzh13-stylegan    https://github.com/huangzh13/StyleGAN.pytorch (133 tensors)

The files are those projects' and not part of this one; nothing is downloaded. A generator loaded here makes the
pictures that its own codebase makes (in ``eval`` mode) for the same z and noise, so what each does differently from the
paper is reproduced and named below. A layout is a list of entries: key in the file, our key, how one becomes the other.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from dflib.checkpoints import load_exactly, read_published
from dflib.synthesis.stylegan.stylegan import SQRT2, Generator, StyledLayer

FUSED_FROM = 128        # px: from here on both codebases upsample by a transposed convolution, whose kernel is mirrored
THEIR_EPS = 1e-5        # of the instance normalisation in both: torch's default, the official one is 1e-8


class SharedNoiseGenerator(Generator):
    """rosinality's variant: both layers of a block share one noise map, and upsampled maps are blurred with their bias.

    Styles and RGB have a gain of √2 like everything else, and the mapping's small learning rate was the optimiser's.
    ``noise`` may be one map a resolution, as there, or one a layer.
    """

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        for block in self.blocks[1:]:
            block.conv0.bias = nn.Parameter(torch.zeros(block.conv0.weight.shape[0]))
        for layer in self.mapping.layers:
            layer.scale, layer.bias_scale = SQRT2 / self.latent ** 0.5, 1.0
        for block in self.blocks:
            for layer in (block.layer0.style, block.layer1.style, block.to_rgb):
                layer.scale *= SQRT2

    def noise(self, batch, resolution=None, generator=None):
        device = generator.device if generator else self.w_average.device
        sizes = [r for r in self.resolutions if r <= (resolution or self.resolution)]
        maps = [torch.randn(batch, 1, r, r, generator=generator, device=device) for r in sizes]
        return [shared for shared in maps for _ in range(2)]

    def synthesise(self, ws, noise=None, resolution=None, fade=1.0):
        if noise is not None and len(noise) <= len(self.resolutions):
            noise = [shared for shared in noise for _ in range(2)]
        return super().synthesise(ws, noise, resolution, fade)


def rosinality(path, resolution: int | None = None) -> Generator:
    """The averaged generator (``g_running``, else ``generator``, else the whole file) of a rosinality checkpoint.

    resolution: of the pictures, 8 to the file's own, which is the default. Differences from the paper: see
    SharedNoiseGenerator; no bias on the constant. The file has no mean w, so that of 4,096 seeded z's is taken. Raises
    ValueError naming a missing, surplus or misshapen key, and what ``read_published`` raises.
    """
    state = _state_of(read_published(path), ("g_running", "generator"), path)
    count = max(2, _blocks(state, r"generator\.(?:progression|to_rgb)\.(\d)\."))
    entries = [_mapping_entry(f"style.{2 * i + 1}.linear", i, "weight_orig") for i in range(8)]
    buffers = []
    for i in range(count):
        theirs, ours, fused = f"generator.progression.{i}", f"blocks.{i}", 4 * 2 ** i >= FUSED_FROM
        if i == 0:
            entries.append([(f"{theirs}.conv1.input", f"{ours}.start.value", _same)])
        else:
            first, blur = (f"{theirs}.conv1.0", f"{theirs}.conv1.1") if fused else (
                f"{theirs}.conv1.1.conv", f"{theirs}.conv1.2")
            weight = (f"{first}.weight", f"{ours}.conv0.weight", _from_transposed) if fused else (
                f"{first}.weight_orig", f"{ours}.conv0.weight", _same)
            entries.append([weight, (f"{first}.bias", f"{ours}.conv0.bias", _same)])
            buffers += [f"{blur}.weight", f"{blur}.weight_flip"]
        entries.append([(f"{theirs}.conv2.conv.weight_orig", f"{ours}.conv1.weight", _same),
                        (f"{theirs}.conv2.conv.bias", f"{ours}.layer1.bias", _same)])
        for k in (1, 2):
            layer, style = f"{ours}.layer{k - 1}", f"{theirs}.adain{k}.style.linear"
            entries.append([(f"{theirs}.noise{k}.weight_orig", f"{layer}.noise_strength", _strength),
                            (f"{style}.weight_orig", f"{layer}.style.weight", _same),
                            (f"{style}.bias", f"{layer}.style.bias", _scale_around_zero)])
        entries.append([(f"generator.to_rgb.{i}.conv.weight_orig", f"{ours}.to_rgb.weight", _same),
                        (f"generator.to_rgb.{i}.conv.bias", f"{ours}.to_rgb.bias", _same)])
    ours = _converted(SharedNoiseGenerator, state, entries, buffers, count, path, "rosinality-stylegan")
    for i in range(count):                              # what this layout has no tensor for
        ours[f"blocks.{i}.layer0.bias"] = torch.zeros_like(ours[f"blocks.{i}.layer0.noise_strength"])
    ours["w_average"] = torch.zeros_like(ours["mapping.layers.0.bias"])
    generator = _filled(SharedNoiseGenerator, ours, count, resolution, path)
    z = torch.randn(4096, generator.latent, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        generator.w_average.copy_(generator.mapping(z).mean(dim=0))
    return generator


def huangzh13(path, resolution: int | None = None) -> Generator:
    """The generator of a huangzh13 file (``GAN_GEN_*.pth``, or ``GAN_GEN_SHADOW_*.pth``, the averaged one).

    resolution: of the pictures, 8 to the file's own, which is the default. As the official network but for the instance
    normalisation's epsilon. Raises ValueError naming a missing, surplus or misshapen key, and what ``read_published``
    raises.
    """
    state = _state_of(read_published(path), (), path)
    count = max(2, _blocks(state, r"g_synthesis\.to_rgb\.(\d)\."), 1 + _blocks(state, r"g_synthesis\.blocks\.(\d)\."))
    entries = [_mapping_entry(f"g_mapping.map.dense{i}", i, "weight") for i in range(8)]
    entries.append([("truncation.avg_latent", "w_average", _same)])
    buffers = []
    for i in range(count):
        theirs, ours = f"g_synthesis.blocks.{i - 1}", f"blocks.{i}"
        if i == 0:
            theirs = "g_synthesis.init_block"
            entries.append([(f"{theirs}.const", f"{ours}.start.value", _same),
                            (f"{theirs}.bias", f"{ours}.layer0.bias", _same)])
        else:
            mirrored = _mirrored if 4 * 2 ** i >= FUSED_FROM else _same
            entries.append([(f"{theirs}.conv0_up.weight", f"{ours}.conv0.weight", mirrored),
                            (f"{theirs}.conv0_up.bias", f"{ours}.layer0.bias", _same)])
            buffers.append(f"{theirs}.conv0_up.intermediate.kernel")
        conv1 = f"{theirs}.conv1" if i else f"{theirs}.conv"
        entries.append([(f"{conv1}.weight", f"{ours}.conv1.weight", _same),
                        (f"{conv1}.bias", f"{ours}.layer1.bias", _same)])
        for k in (1, 2):
            layer = f"{ours}.layer{k - 1}"
            entries.append([(f"{theirs}.epi{k}.top_epi.noise.weight", f"{layer}.noise_strength", _same),
                            (f"{theirs}.epi{k}.style_mod.lin.weight", f"{layer}.style.weight", _same),
                            (f"{theirs}.epi{k}.style_mod.lin.bias", f"{layer}.style.bias", _same)])
        entries.append([(f"g_synthesis.to_rgb.{i}.weight", f"{ours}.to_rgb.weight", _same),
                        (f"g_synthesis.to_rgb.{i}.bias", f"{ours}.to_rgb.bias", _same)])
    ours = _converted(Generator, state, entries, buffers, count, path, "huangzh13-stylegan")
    return _filled(Generator, ours, count, resolution, path)


# ---------------------------------------- how a tensor of theirs becomes one of ours
def _same(x: Tensor) -> Tensor:
    return x


def _mirrored(x: Tensor) -> Tensor:
    return x.flip(2, 3)


def _from_transposed(x: Tensor) -> Tensor:              # (I, O, 3, 3) -> (O, I, 3, 3); theirs averages where ours sums
    return _mirrored(x.transpose(0, 1)) / 4


def _strength(x: Tensor) -> Tensor:                     # (1, C, 1, 1) -> (C,): it was equalised too
    return x.flatten() * (2 / x.numel()) ** .5


def _scale_around_zero(x: Tensor) -> Tensor:            # their scale is around 1, ours is added to 1
    return torch.cat([x[:len(x) // 2] - 1, x[len(x) // 2:]])


def _their_shape(change, shape) -> tuple:
    """The shape in the file of what ``change`` turns into ``shape``."""
    if change is _strength:
        return (1, *shape, 1, 1)
    if change is _from_transposed:
        return (shape[1], shape[0], *shape[2:])
    return tuple(shape)


def _mapping_entry(theirs: str, i: int, weight: str) -> list:
    return [(f"{theirs}.{weight}", f"mapping.layers.{i}.weight", _same),
            (f"{theirs}.bias", f"mapping.layers.{i}.bias", _same)]


# ---------------------------------------- reading, strictly
def _state_of(content, names: tuple, path) -> dict:
    """The named tensors in what a file holds: under the first of ``names`` that is there, or all of it."""
    for name in names:
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
            break
    if not isinstance(content, dict) or not all(
            isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()):
        raise ValueError(f"The weights file {path} does not hold the named tensors of one network.")
    return content


def _blocks(state: dict, pattern: str) -> int:
    """One more than the largest digit that ``pattern`` finds in a key, 0 without one; ten blocks make 2,048 px."""
    found = [re.match(pattern, key) for key in state]
    return max((int(match.group(1)) + 1 for match in found if match), default=0)


def _plain(x: Tensor) -> bool:
    """Whether the file holds all numbers of ``x``, one by one: not sparse, quantised or one number expanded to many."""
    return (x.layout == torch.strided and not x.is_nested and x.device.type == "cpu"
            and x.dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64)
            and x.untyped_storage().nbytes() >= x.numel() * x.element_size())


def _converted(kind, state: dict, entries: list, buffers: list, count: int, path, name: str) -> dict:
    """Our state dict. ValueError for a missing, surplus or misshapen key, and for a blur that is not [1, 2, 1]."""
    table = [entry for group in entries for entry in group]
    expected = {theirs for theirs, _, _ in table} | set(buffers)
    other = f"The file {path} is not of the layout {name}:"
    problems = [f"{word} {', '.join(sorted(keys)[:3])}{' and more' if len(keys) > 3 else ''}" for word, keys in (
        ("lacks", expected - state.keys()), ("has a surplus", state.keys() - expected)) if keys]
    if problems:
        raise ValueError(f"{other} it {'; it '.join(problems)}.")
    for key in sorted(expected):
        if not _plain(state[key]):
            raise ValueError(f"{other} {key} is not a plain table of numbers.")
    line = torch.tensor([1.0, 2.0, 1.0]) / 4
    for key in buffers:
        kernel = state[key].float()
        if kernel.shape[1:] != (1, 3, 3) or not torch.allclose(kernel, torch.outer(line, line).expand_as(kernel)):
            raise ValueError(f"{other} {key} is another blur than [1, 2, 1].")
    with torch.device("meta"):                          # shapes alone
        own = _sized(kind, 4 * 2 ** (count - 1), {ours: state[theirs] for theirs, ours, _ in table}, count).state_dict()
    for theirs, ours, change in table:
        shape, wanted = tuple(state[theirs].shape), _their_shape(change, own[ours].shape)
        if shape != wanted:
            raise ValueError(f"{other} {theirs} is {shape} instead of {wanted}.")
    return {ours: change(state[theirs].float()) for theirs, ours, change in table}


def _sized(kind, resolution: int, ours: dict, count: int) -> Generator:
    """A new generator of ``kind`` as wide as the ``count`` blocks whose biases are in ``ours``."""
    latent, first, last = (max(1, ours[f"{layer}.bias"].numel()) for layer in (
        "mapping.layers.0", "blocks.0.layer1", f"blocks.{count - 1}.layer1"))
    return kind(resolution, latent, base=last * 4 * 2 ** (count - 1), limit=first)


def _filled(kind, ours: dict, count: int, resolution: int | None, path) -> Generator:
    """A generator of ``kind`` up to ``resolution`` with the tensors of ``ours`` that it has."""
    largest = 4 * 2 ** (count - 1)
    resolution = resolution or largest
    if resolution > largest:
        raise ValueError(f"The file {path} makes pictures of up to {largest} px, not of {resolution} px.")
    generator = _sized(kind, resolution, ours, count)
    for module in generator.modules():
        if isinstance(module, StyledLayer):
            module.eps = THEIR_EPS
    unused = tuple(f"blocks.{i}." for i in range(len(generator.blocks), count))
    state = {key: value for key, value in ours.items() if not key.startswith(unused)}
    return load_exactly(generator, state, path).eval().requires_grad_(False)
