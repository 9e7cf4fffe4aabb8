"""What the scores of generators look at: pictures in batches, and the features of the two shipped networks."""
from copy import deepcopy
from functools import lru_cache

import numpy as np
import torch
from torch.nn.functional import interpolate

from dflib.pictures import as_tensor

BATCH = 64          # pictures at a time


def batches(pictures, size: int = BATCH):
    """Yield the pictures as float32 tensors (B, 3, H, W) in [-1, 1] with B <= size.

    pictures: uint8 array (N, H, W, 3), tensor (N, 3, H, W) in [-1, 1], or an iterable of such stacks, for example a
    generator expression that draws the pictures when they are asked for. ValueError for anything else.
    """
    stacks = [pictures] if isinstance(pictures, (np.ndarray, torch.Tensor)) else pictures
    for stack in stacks:
        is_array = isinstance(stack, np.ndarray) and stack.dtype == np.uint8 and stack.shape[3:] == (3,)
        is_tensor = torch.is_tensor(stack) and stack.is_floating_point() and stack.ndim == 4 and stack.shape[1] == 3
        if not (is_array or is_tensor):
            raise ValueError("Pictures must be uint8 arrays (N, H, W, 3) or float tensors (N, 3, H, W), not "
                             f"{getattr(stack, 'dtype', type(stack).__name__)} {tuple(getattr(stack, 'shape', ()))}.")
        for start in range(0, len(stack), size):
            part = stack[start:start + size]
            if is_array:
                part = as_tensor(part)
            yield part.detach().float()


def eight_bit(pictures):
    """(B, 3, H, W) as it would come back from a file: clipped to [-1, 1] and rounded to 256 levels.

    Generated pictures overshoot and have more levels than photographs; a network may see that, a viewer does not.
    """
    return pictures.clamp(-1, 1).add(1).mul(127.5).round().div(127.5).sub(1)


@torch.no_grad()
def features_of(pictures, features=None) -> np.ndarray:
    """Features (N, D) float64 of pictures (as in `batches`, rounded to 8 bits first).

    features: (B, 3, H, W) in [-1, 1] to (B, D); `face_features` by default. An (N, D) array or tensor is returned as
    it is: those are features already.
    """
    if isinstance(pictures, (np.ndarray, torch.Tensor)) and pictures.ndim == 2:
        return np.asarray(pictures.detach().cpu() if torch.is_tensor(pictures) else pictures, np.float64)
    features = features or face_features
    return np.concatenate([_numbers(features(eight_bit(part))) for part in batches(pictures)])


def _numbers(features) -> np.ndarray:
    return np.asarray(features.cpu() if torch.is_tensor(features) else features, np.float64)


@torch.no_grad()
def face_features(pictures, networks=None):
    """Square face crops (B, 3, H, W) in [-1, 1] to the 160 features before the last layer of two networks, (B, 320).

    The first half comes from the shipped identity network and ignores hair, light and pose; the second from the
    attribute network, which must know them. Both halves left a batch normalisation, so neither outweighs the other.
    Pictures should be framed as `faces.align` does; they may have any size. networks: other (identity, attributes)
    networks. Both were trained on the rendered cast alone: distances between photographs mean little in them. Float64
    pictures are seen in float64, which path lengths need.
    """
    from dflib.metrics.network import CROP, INPUT

    who, what = networks or _shipped(torch.float64 if pictures.dtype == torch.float64 else torch.float32)
    if pictures.shape[2] != pictures.shape[3]:
        raise ValueError(f"Face crops must be square, not {pictures.shape[3]} x {pictures.shape[2]}.")
    pictures = pictures.to(next(who.parameters()))
    if pictures.shape[2] != CROP:
        pictures = interpolate(pictures, CROP, mode="bilinear", antialias=True)
    margin = (CROP - INPUT) // 2
    centre = pictures[:, :, margin:-margin, margin:-margin]
    whole = interpolate(pictures, INPUT, mode="bilinear", antialias=True)
    return torch.cat([who.eval().layers[:-1](centre), what.eval().layers[:-1](whole)], dim=1)


@lru_cache(2)
def _shipped(dtype):
    from dflib.metrics import attributes, identity

    return tuple(deepcopy(network).to(dtype) for network in (identity.shipped(), attributes.shipped()))
