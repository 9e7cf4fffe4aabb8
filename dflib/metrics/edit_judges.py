"""Two judges of edited faces: what hair, sex, age, skin and expression does a portrait show?

One judge is fooled long before an eye is, so there are two that look at different things: maps of the course's own
attribute network, and maps of EfficientNet-Lite0, which ImageNet trained. Each has linear heads, fitted to people whose
domains were drawn independently (`datasets.edits.mixed_faces`), so that grey hair says nothing of age. No judge has
trained an edit, and none has seen a person of the test split.
"""
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch.nn.functional import adaptive_avg_pool2d, interpolate, relu6

from dflib import checkpoints
from dflib.datasets.domains import COLUMNS, DOMAINS, EXPRESSIONS, HAIR, INDEX, TRAITS
from dflib.faces.alignment import canonical_of_portrait
from dflib.metrics import attributes, efficientnet
from dflib.metrics.network import CROP, Residual, as_input
from dflib.pictures import as_tensor

AT_ONCE = 32
ENLARGED, GRID = 128, 8         # what EfficientNet sees, pixels; its maps are averaged over 8 x 8 fields
STAGES = (2, 4, 10)             # after these of its blocks: 24, 40 and 112 maps
# Columns that are decided together: (name, first column, number of them)
QUESTIONS = (("hair", 0, len(HAIR)), *((name, INDEX[name], 1) for name in TRAITS),
             ("expression", COLUMNS[0], len(EXPRESSIONS)))


@torch.no_grad()
def own_maps(portraits: np.ndarray) -> np.ndarray:
    """(N, 8704) float32 of portraits (N, S, S, 3) uint8: the shipped attribute network's maps of 8 x 8 and 4 x 4 places."""
    network, found = attributes.shipped(), []
    crops = np.stack([canonical_of_portrait(portrait, CROP) for portrait in portraits])
    for x in as_input(crops, centre=False).split(AT_ONCE):
        maps = []
        for layer in network.layers:
            x = layer(x)
            if isinstance(layer, Residual):
                maps.append(x)
        found.append(torch.cat([m.flatten(1) for m in maps[-2:]], dim=1))
    return torch.cat(found).numpy()


@torch.no_grad()
def imagenet_maps(portraits: np.ndarray) -> np.ndarray:
    """(N, 11264) float32: maps of three stages of EfficientNet-Lite0, of portraits (N, S, S, 3) uint8."""
    network, found = efficientnet.shipped(), []
    for x in as_tensor(portraits).split(AT_ONCE):
        x = interpolate(x, (ENLARGED, ENLARGED), mode="bilinear", antialias=True)
        x = relu6(network.bn0(network.conv_stem((x * 127.5 + 0.5) / 128)))
        maps = []
        for number, block in enumerate(network.blocks[:max(STAGES) + 1]):
            x = block(x)
            if number in STAGES:
                maps.append(adaptive_avg_pool2d(x, GRID).flatten(1))
        found.append(torch.cat(maps, dim=1))
    return torch.cat(found).numpy()


PEOPLE = 800        # mixed people of whom they learned
FEATURES = {"own": own_maps, "imagenet": imagenet_maps}


@dataclass(frozen=True, eq=False)
class Judge:
    """Linear heads on one kind of features: called with portraits, it says what it sees."""
    name: str                   # a key of FEATURES
    weight: np.ndarray          # (D, 12)
    bias: np.ndarray            # (12,)

    def __call__(self, portraits: np.ndarray) -> np.ndarray:
        """Probabilities (N, 12) of DOMAINS for portraits (N, S, S, 3) uint8; hair colours sum to 1, expressions too."""
        return probabilities(FEATURES[self.name](portraits) @ self.weight + self.bias)


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Logits (N, 12) to probabilities: softmax over each group of columns that exclude each other, else the logistic."""
    found = np.empty_like(logits)
    for _, start, width in QUESTIONS:
        part = logits[:, start:start + width]
        if width == 1:
            found[:, start:start + 1] = np.exp(-np.logaddexp(0, -part))
        else:
            part = np.exp(part - part.max(1, keepdims=True))
            found[:, start:start + width] = part / part.sum(1, keepdims=True)
    return found


def answers(found: np.ndarray) -> np.ndarray:
    """Probabilities (N, 12) to labels (N, 12) bool: the likeliest of a group, or what is likelier than not."""
    labels = np.zeros(found.shape, bool)
    for _, start, width in QUESTIONS:
        part = found[:, start:start + width]
        labels[:, start:start + width] = part > .5 if width == 1 else part == part.max(1, keepdims=True)
    return labels


def fit(name: str, portraits: np.ndarray, labels: np.ndarray, known: np.ndarray) -> Judge:
    """A judge fitted to portraits (N, S, S, 3) with labels (N, 12), of which ``known`` (N, 12) count: logistic heads."""
    from sklearn.linear_model import LogisticRegression

    features = FEATURES[name](portraits)
    mean, spread = features.mean(0), features.std(0) + 1e-3
    features = (features - mean) / spread
    weight, bias = np.zeros((features.shape[1], len(DOMAINS)), np.float32), np.zeros(len(DOMAINS), np.float32)
    for _, start, width in QUESTIONS:
        rows = known[:, start:start + width].all(axis=1)
        wanted = labels[rows, start] if width == 1 else labels[rows, start:start + width].argmax(1)
        head = LogisticRegression(C=8 / features.shape[1], max_iter=200).fit(features[rows], wanted)
        part = slice(start, start + width)
        weight[:, part], bias[part] = head.coef_.T, head.intercept_
    weight /= spread[:, None]
    return Judge(name, weight, bias - mean @ weight)


def accuracy(judge: Judge, portraits, labels, known) -> dict:
    """Share of right answers to each question: name -> 0..1, over the pictures whose answer is known."""
    right = answers(judge(portraits)) == (labels > .5)
    found = {}
    for name, start, width in QUESTIONS:
        rows = known[:, start:start + width].all(axis=1)
        found[name] = float(right[rows, start:start + width].all(axis=1).mean())
    return found


@lru_cache(1)
def shipped() -> tuple:
    """Both judges, from data/checkpoints/edit-judges.safetensors, fitted to portraits of 64 px.

    ValueError when the attribute network has been trained anew since: their heads know the maps of the old one.
    """
    state, card = checkpoints.load(checkpoints.shipped("edit-judges"))
    if card["attributes"] != checkpoints.read_card(checkpoints.shipped("attributes"))["sha256"]:
        raise ValueError("The judges of edits were fitted to another attribute network: run "
                         "python -m dflib.metrics.edit_judges.")
    return tuple(Judge(name, state[f"{name}.weight"].numpy(), state[f"{name}.bias"].numpy()) for name in FEATURES)


def make(people: int = PEOPLE, test_people: int = 150, size: int = 64, path=None) -> dict:
    """Fit both judges to `people` mixed people, score them on others and write the checkpoint; returns its card."""
    import time

    from dflib.datasets.edits import mixed_faces
    from dflib.paths import CHECKPOINTS

    began, tensors, scores = time.monotonic(), {}, {}
    faces, others = mixed_faces(size, people), mixed_faces(size, test_people, "test")
    for name in FEATURES:
        judge = fit(name, faces.images, faces.labels, faces.known)
        tensors |= {f"{name}.weight": torch.from_numpy(judge.weight), f"{name}.bias": torch.from_numpy(judge.bias)}
        found = accuracy(judge, others.images, others.labels, others.known)
        scores |= {f"{name}_{question}": round(share, 3) for question, share in found.items()}
    card = {"recipe": "python -m dflib.metrics.edit_judges", "steps": 0, "seed": 0,
            "data": f"{faces.name}; scored on {others.name}", "scores": scores,
            "attributes": checkpoints.read_card(checkpoints.shipped("attributes"))["sha256"],
            "wall_time": round(time.monotonic() - began, 1)}
    return checkpoints.save(path or CHECKPOINTS / "edit-judges.safetensors", tensors, card, precision="float16")


if __name__ == "__main__":
    print(make()["scores"])
