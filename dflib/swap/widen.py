"""A trained SwapAutoencoder made wider without changing what it does, so that a longer training need not begin anew.

After Net2Net (Chen, Goodfellow, Shlens 2016, https://arxiv.org/abs/1511.05641): the old weights fill a corner of each new
tensor, and what leads from new channels to old ones is 0. New channels begin at random, compute something, and nobody
listens to them until training opens their weights.
"""
import torch

from dflib.swap.autoencoder import SwapAutoencoder


@torch.no_grad()
def widened(model: SwapAutoencoder, width: int, finest: int = 1) -> SwapAutoencoder:
    """A SwapAutoencoder of ``width``, whose decoders have at least ``finest`` channels, with the outputs of ``model``.

    The same up to rounding, in evaluation mode. ValueError for a width below the model's.
    """
    if width < model.width:
        raise ValueError(f"A network of width {model.width} cannot be widened to {width}.")
    wide = SwapAutoencoder(model.size, width, model.people, model.aligned, finest)
    grown, old = wide.state_dict(), model.state_dict()
    for name, value in grown.items():
        corner = tuple(slice(0, length) for length in old[name].shape)
        if value.ndim > 1:                                          # (outputs, inputs, ...): old outputs hear no new inputs
            value[:old[name].shape[0]] = 0
        value[corner] = old[name]
    wide.load_state_dict(grown)
    return wide.to(next(model.parameters()).device).train(model.training)
