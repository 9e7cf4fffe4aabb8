"""The augmentation of DeepFakes: a random similarity, and a warp of the input by a jittered grid, batched on any device.

As in the program *faceswap*: a picture is turned, zoomed, shifted and sometimes mirrored; then a grid of 5 x 5 nodes over
its middle is jittered. The *input* follows every node, the *target* only the similarity that fits all nodes best (Umeyama
1991), so the network is asked to straighten faces out, and cannot learn to copy its input.

The original resamples each picture twice, one by one. Here both maps are joined, and a batch is sampled once by
`grid_sample`. Positions are those of `grid_sample`: -1 and 1 are the outer edges of the picture, x to the right, y down.
(The original places its nodes half a pixel off; here input and target agree exactly where nothing is jittered.)
"""
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

NODES = 5


@dataclass(frozen=True)
class Warp:
    """How strongly. The defaults are the original's."""
    rotation: float = 10.0      # degrees either way
    zoom: float = 0.05          # share either way
    shift: float = 0.05         # of the picture's side, either way
    flip: float = 0.4           # probability
    jitter: float = 5 / 160     # standard deviation of a node, in sides of the middle


def relit(pictures: Tensor, light: float) -> Tensor:
    """Pictures (B, 4, S, S), three colours from 0 to 255 and a mask, as if filmed in other lights.

    Brighter or darker by a factor of about exp(± light), contrast and the colour of the light by less, and one side of the
    face brighter than the other. Not in the original.
    """
    count, side = len(pictures), pictures.shape[-1]
    gain, contrast, x, y = (light * (2 * torch.rand(4, count, 1, 1, 1, device=pictures.device) - 1)).unbind()
    tint = light / 8 * torch.randn(count, 3, 1, 1, device=pictures.device)
    line = torch.linspace(-1, 1, side, device=pictures.device)
    factor = torch.exp(gain + tint + x * line + y * line[:, None])
    colours = 255 * (pictures[:, :3] / 255) ** torch.exp(contrast / 2) * factor
    return torch.cat([colours.clamp(0, 255), pictures[:, 3:]], 1)


def random_pairs(pictures: Tensor, size: int, how: Warp = Warp()) -> tuple:
    """(inputs, targets), each (B, C, size, size), of pictures (B, C, S, S), of whose middle `size` pixels are used.

    S is larger than `size`, by half in dflib, so that what turns and moves comes from the picture and not from beyond its
    edge, where the edge is repeated. Channels may hold a mask beside the colours. Random numbers are torch's. Raises
    ValueError for pictures that are not square, or smaller than `size`.
    """
    if pictures.ndim != 4 or pictures.shape[2] != pictures.shape[3] or pictures.shape[3] < size:
        raise ValueError(f"Pictures must have the shape (B, C, S, S) with S at least {size}, not {tuple(pictures.shape)}.")
    with torch.autocast(pictures.device.type, enabled=False):       # in half precision positions would be off by a pixel
        return resampled(pictures, size, *draw(len(pictures), how, pictures.device))


def draw(count: int, how: Warp, device: "torch.device") -> tuple:
    """Random similarities (B, 2, 3) by which pictures are sampled, and shifts of nodes (B, 2, 5, 5) in sides of the middle."""
    turn, zoom, x, y = (2 * torch.rand(4, count, device=device) - 1).unbind()
    turn, zoom = torch.deg2rad(how.rotation * turn), 1 + how.zoom * zoom
    mirror = torch.where(torch.rand(count, device=device) < how.flip, -1.0, 1.0)
    cos, sin = torch.cos(turn) / zoom, torch.sin(turn) / zoom
    matrix = torch.stack([torch.stack([cos * mirror, -sin, 2 * how.shift * x], 1),
                          torch.stack([sin * mirror, cos, 2 * how.shift * y], 1)], 1)
    return matrix, how.jitter * torch.randn(count, 2, NODES, NODES, device=device)


def resampled(pictures: Tensor, size: int, matrix: Tensor, shifts: Tensor) -> tuple:
    """`random_pairs` with given random numbers."""
    reach = size / pictures.shape[-1]                               # half the middle's side
    where = torch.linspace(-reach, reach, NODES, device=pictures.device)
    y, x = torch.meshgrid(where, where, indexing="ij")
    regular = torch.stack([x, y])                                   # (2, 5, 5)
    nodes = regular + 2 * reach * shifts                            # (B, 2, 5, 5)
    turn, shift = matrix[:, :, :2], matrix[:, :, 2:]

    moved = (turn @ nodes.flatten(2) + shift).unflatten(2, (NODES, NODES))
    fine = (torch.arange(size, device=pictures.device) + 0.5) / size
    weights = (1 - (fine[:, None] * (NODES - 1) - torch.arange(NODES, device=pictures.device)).abs()).clamp(min=0)
    bent = weights @ moved @ weights.T                              # (B, 2, size, size): linear between the nodes

    back = inverse_similarity(regular.flatten(1), nodes.flatten(2))         # (B, 2, 3)
    whole = torch.cat([turn @ back[:, :, :2], turn @ back[:, :, 2:] + shift], 2)
    y, x = torch.meshgrid(*2 * [reach * (2 * fine - 1)], indexing="ij")
    straight = (whole.flatten(0, 1) @ torch.stack([x, y, torch.ones_like(x)]).flatten(1)).view_as(bent)

    return tuple(F.grid_sample(pictures, grid.permute(0, 2, 3, 1), mode="bilinear", padding_mode="border", align_corners=False)
                 for grid in (bent, straight))


def inverse_similarity(regular: Tensor, nodes: Tensor) -> Tensor:
    """The inverse (B, 2, 3) of the least-squares similarity that takes nodes (B, 2, N) to regular (2, N), which has mean 0.

    With points as complex numbers a similarity is z -> a z + b, and the least-squares a is a quotient of two sums: in the
    plane Umeyama's singular value decomposition is not needed.
    """
    regular, nodes = torch.complex(*regular), torch.complex(*nodes.unbind(1))
    centre = nodes.mean(1)
    spread = nodes - centre[:, None]
    inverse = spread.abs().square().sum(1) / (spread.conj() * regular).sum(1)
    return torch.stack([torch.stack([inverse.real, -inverse.imag, centre.real], 1),
                        torch.stack([inverse.imag, inverse.real, centre.imag], 1)], 1)
