"""Who is it? A small network, trained on the cast, whose embeddings of one person point the same way."""
from functools import lru_cache

import numpy as np
import torch
from torch.nn.functional import linear, normalize

from dflib.metrics.network import FaceEncoder, as_input, crops

WIDTH = 128
SCALE, MARGIN = 24.0, 0.2       # s and m of CosFace


class IdentityNetwork(FaceEncoder):
    """The centre of a canonical crop, (B, 3, 64, 64) in [-1, 1], to an embedding (B, 128) of length 1."""

    def __init__(self):
        super().__init__(WIDTH)

    def forward(self, x):
        return normalize(super().forward(x), dim=1)


def cosface(embeddings, classes, person, scale=SCALE, margin=MARGIN):
    """CosFace's loss (Wang et al. 2018, https://arxiv.org/abs/1801.09414, eq. 4).

    embeddings (B, D) of length 1, classes (P, D) one weight per training person, person (B,) int64: the right cosine
    must beat the others by `margin`.
    """
    cosines = linear(embeddings, normalize(classes, dim=1))             # (B, P)
    right = torch.nn.functional.one_hot(person, len(classes)).to(cosines.dtype)
    return torch.nn.functional.cross_entropy(scale * (cosines - margin * right), person)


@torch.no_grad()
def identity_embedding(images, landmarks=None, network=None) -> np.ndarray:
    """Embeddings (N, 128) float32 of length 1; the cosine of two says how alike the people look.

    images: one picture (H, W, 3) uint8 or N of them; landmarks: (68, 2) or (N, 68, 2), for pictures that are not
    canonical crops (`faces.align`) yet. network: another than the shipped one. It was trained on the rendered cast
    alone: on photographs it only says something of resemblance, and it must not be used to recognise people.
    """
    network = (network or shipped()).eval()
    pictures = as_input(crops(images, landmarks), centre=True)
    return torch.cat([network(part) for part in pictures.split(64)]).numpy()


def identities(image, landmarks) -> np.ndarray:
    """Embeddings (N, 128) of the N faces of one picture (H, W, 3) with landmarks (N, 68, 2): for `faces.follow.Follower`."""
    return identity_embedding([image] * len(landmarks), landmarks)


def person_embedding(pictures, landmarks) -> np.ndarray:
    """The mean direction (128,) of one person's embeddings in N pictures (N, H, W, 3) uint8 with landmarks (N, 68, 2)."""
    mean = identity_embedding(pictures, landmarks).mean(0)
    return mean / np.linalg.norm(mean)


def identity_similarity(a, b, landmarks_a=None, landmarks_b=None) -> np.ndarray:
    """Cosines (N,) between the people in pictures a and b, pair by pair; one picture is compared with all of the other.

    The shipped card says above which cosine two pictures show one person.
    """
    return (identity_embedding(a, landmarks_a) * identity_embedding(b, landmarks_b)).sum(axis=1)


@lru_cache(1)
def shipped() -> IdentityNetwork:
    """The network in data/checkpoints/identity.safetensors."""
    from dflib import checkpoints

    network = IdentityNetwork()
    checkpoints.load(checkpoints.shipped("identity"), network)
    return network.eval()
