"""The authors' StarGAN weights: ``…-G.ckpt`` of https://github.com/yunjey/stargan, loaded into our generator.

The files are theirs and no part of this project; nothing is downloaded. Their normalisations carry running statistics
that their code never uses while it trains or makes its pictures, and must not: they are checked and left out.
"""
import re

import torch

from dflib.checkpoints import load_exactly, read_published
from dflib.synthesis.stargan.stargan import Generator

STATISTICS = {"running_mean", "running_var", "num_batches_tracked"}
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def generator(path) -> Generator:
    """The generator of an official file, making the pictures that the authors' code makes of the same ones and labels.

    The numbers of label columns (for a network of two data sets, mask vector included: give it with the label), of
    blocks and of maps are read from the file. Raises ValueError naming what is missing, surplus or misshapen, and what
    ``read_published`` raises.
    """
    state = read_published(path)
    if not isinstance(state, dict) or not all(isinstance(name, str) and torch.is_tensor(value)
                                              for name, value in state.items()):
        raise ValueError(f"The weights file {path} does not hold the named tensors of one network.")
    first = state.get("main.0.weight")
    if first is None or first.ndim != 4 or first.shape[1] < 4 or not first.numel():
        raise ValueError(f"The weights file {path} is no StarGAN generator: it has no first layer main.0.weight "
                         "for a picture and a label.")
    width, labels = first.shape[0], first.shape[1] - 3
    blocks = len({match[1] for name in state if (match := re.match(r"main\.(\d+)\.main\.0\.weight$", name))})
    with torch.device("meta"):                          # shapes alone
        shapes = {name: value.shape for name, value in Generator((labels,), width, blocks).state_dict().items()}
    weights = {name: value for name, value in state.items() if name.rsplit(".", 1)[-1] not in STATISTICS}
    _check_statistics(state.keys() - weights.keys(), state, shapes, path)
    for name, value in weights.items():
        if value.dtype not in FLOATS or value.layout != torch.strided:
            raise ValueError(f"The weights file {path} holds {name} not as a plain table of numbers.")
    made = Generator((labels,), width, blocks)
    load_exactly(made, {name: value.float() for name, value in weights.items()}, path)
    return made.eval().requires_grad_(False)


def _check_statistics(names, state, shapes, path):
    """Running statistics may be there or not, as PyTorch's version had it, but only a normalisation's, and as wide."""
    for name in sorted(names):
        layer, kind = name.rsplit(".", 1)
        norm = shapes.get(f"{layer}.weight")
        wanted = None if norm is None or len(norm) != 1 else torch.Size([]) if kind == "num_batches_tracked" else norm
        if state[name].shape != wanted:
            raise ValueError(f"The weights file {path} has {name} as {tuple(state[name].shape)}, where this layout "
                             f"has {'nothing' if wanted is None else tuple(wanted)}.")
