"""What can be seen of a face? A small network with one head per attribute, trained on the cast."""
from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional

from dflib.metrics.network import FaceEncoder, as_input, crops

YES_NO = ("female", "glasses", "lipstick", "eyeshadow", "eyes_closed")
# name: (typical value, typical deviation), to bring all numbers to one scale for the loss
NUMBERS = {"age": (42, 14), "tone": (.5, .3), "smile": (.35, .3), "mouth_open": (.06, .14), "yaw": (0, 17),
           "pitch": (0, 7)}
CHOICES = {
    "hair_colour": ("black", "dark_brown", "brown", "light_brown", "blond", "pale_blond", "red", "grey", "white",
                    "none"),
    "beard": ("none", "stubble", "moustache", "goatee", "full"),
}


def _slices():
    """name -> slice of the network's outputs."""
    slices, start = {}, 0
    for name, width in [(name, 1) for name in (*YES_NO, *NUMBERS)] + [(n, len(names)) for n, names in CHOICES.items()]:
        slices[name] = slice(start, start + width)
        start += width
    return slices


OUTPUTS = _slices()
WIDTH = max(part.stop for part in OUTPUTS.values())


class AttributeNetwork(FaceEncoder):
    """A canonical crop, (B, 3, 64, 64) in [-1, 1], to the raw outputs (B, 26) of all heads, columns as in OUTPUTS."""

    def __init__(self):
        super().__init__(WIDTH)


def targets(truth: dict) -> dict:
    """Truth of N pictures (name -> (N,)) as tensors for `attribute_loss`: 0 or 1, scaled numbers, class numbers."""
    goal = {name: torch.from_numpy(np.asarray(truth[name]).astype(np.float32)) for name in YES_NO}
    for name, (middle, deviation) in NUMBERS.items():
        goal[name] = torch.from_numpy(((np.asarray(truth[name]) - middle) / deviation).astype(np.float32))
    for name, names in CHOICES.items():
        goal[name] = torch.tensor([names.index(value) for value in truth[name]])
    return goal


def attribute_loss(outputs, goal: dict):
    """Sum over the heads: cross-entropy for words, smooth L1 for numbers (in units of their deviation)."""
    loss = 0
    for name in YES_NO:
        loss = loss + functional.binary_cross_entropy_with_logits(outputs[:, OUTPUTS[name]][:, 0], goal[name])
    for name in NUMBERS:
        loss = loss + functional.smooth_l1_loss(outputs[:, OUTPUTS[name]][:, 0], goal[name])
    for name in CHOICES:
        loss = loss + functional.cross_entropy(outputs[:, OUTPUTS[name]], goal[name])
    return loss


@torch.no_grad()
def face_attributes(images, landmarks=None, network=None) -> dict:
    """What is seen in each picture: name -> (N,) array.

    Probabilities 0..1: female, glasses, lipstick, eyeshadow, eyes_closed. Numbers: age (years), tone (0 light .. 1
    dark), smile and mouth_open (weights of the head model's expressions, 0 none .. 1 full), yaw and pitch (degrees).
    Words: hair_colour, beard. images, landmarks, network: as in `identity_embedding`. Trained on the rendered cast
    alone, where what counts as a woman or as 40 years is a convention of ours: it scores edits of the cast, no more.
    """
    network = (network or shipped()).eval()
    pictures = as_input(crops(images, landmarks), centre=False)
    outputs = torch.cat([network(part) for part in pictures.split(64)])
    found = {name: torch.sigmoid(outputs[:, OUTPUTS[name]][:, 0]).numpy() for name in YES_NO}
    for name, (middle, deviation) in NUMBERS.items():
        found[name] = outputs[:, OUTPUTS[name]][:, 0].numpy() * deviation + middle
    for name, names in CHOICES.items():
        found[name] = np.array(names)[outputs[:, OUTPUTS[name]].argmax(1).numpy()]
    return found


@lru_cache(1)
def shipped() -> AttributeNetwork:
    """The network in data/checkpoints/attributes.safetensors."""
    from dflib import checkpoints

    network = AttributeNetwork()
    checkpoints.load(checkpoints.shipped("attributes"), network)
    return network.eval()
