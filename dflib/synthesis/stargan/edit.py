"""Editing faces with a trained StarGAN: in crops, in whole pictures, in videos (through `dflib.manipulate`).

    model, card = load()
    edits = parse(["hair=blond", "age=old"])
    picture = edit_faces(model, image, faces.landmarks(image), edits)
"""
import re

import numpy as np
import torch
from torch import Tensor

from dflib import checkpoints
from dflib.datasets.domains import COLUMNS, EDITS, HAIR, INDEX, TRAITS, edited
from dflib.faces.alignment import inverse, portrait_matrix, warp
from dflib.pictures import as_images, as_tensor
from dflib.synthesis.stargan.stargan import Generator, StarGAN

AT_ONCE = 2         # pictures, whose maps then stay in the processor's cache: a twentieth faster than eight at once
FADE = 0.08         # of a crop's side: from its border inwards a change grows from nothing to all of it


def load(path=None) -> tuple:
    """(StarGAN in evaluation mode, card) of a checkpoint, by default the shipped one for 64 px; sizes are read from it.

    Raises what `checkpoints.load` raises, and ValueError for a checkpoint of something else.
    """
    path = path or checkpoints.shipped("stargan-64")
    state, card = checkpoints.load(path)
    layers = len({name for name in state if re.fullmatch(r"critic\.layers\.\d+\.weight", name)})
    blocks = len({name for name in state if re.fullmatch(r"generator\.main\.\d+\.main\.0\.weight", name)})
    first = state.get("generator.main.0.weight")
    if not layers or first is None or first.ndim != 4:
        raise ValueError(f"The checkpoint {path} holds no StarGAN: train one with python -m dflib train stargan.")
    model = StarGAN(2 ** (layers + 1), first.shape[0], blocks)
    checkpoints.load_exactly(model, state, path)
    return model.eval().requires_grad_(False).to(memory_format=torch.channels_last), card


def parse(wishes) -> list:
    """Edits, keys of EDITS, from texts like "hair=blond". ValueError, one sentence, for what is unknown or contradictory."""
    edits = {}
    for wish in wishes:
        what, _, value = wish.partition("=")
        edited(np.zeros(len(INDEX)), (what, value))         # unknown: refused there
        if edits.setdefault(what, value) != value:
            raise ValueError(f"{what} cannot be {edits[what]} and {value} at once.")
    if not edits:
        raise ValueError("Nothing is to be edited: name an edit, hair=blond for example.")
    return list(edits.items())


def domains_in_words() -> str:
    """Every edit there is, a line for each kind: "hair = black, brown, blond, grey"."""
    kinds = dict.fromkeys(what for what, _ in EDITS)
    return "\n".join(f"{kind} = {', '.join(value for what, value in EDITS if what == kind)}" for kind in kinds)


# ---------------------------------------- crops
@torch.no_grad()
def edited_pictures(generator: Generator, pictures: Tensor, labels: Tensor) -> Tensor:
    """Pictures (B, 3, S, S) in [-1, 1] as ``labels`` (B, n) want them, a few at a time."""
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    return torch.cat([generator(x, c) for x, c in zip(pictures.split(AT_ONCE), labels.split(AT_ONCE))])


def changed_pictures(generator: Generator, pictures: Tensor, own: Tensor, labels: Tensor) -> Tensor:
    """Pictures x with the *change* alone: x + G(x, c) - G(x, c'), c (B, n) the ``labels`` wanted, c' the pictures' ``own``.

    What G does to every picture, blur above all, is in both and cancels, if both labels speak of the same set of pictures
    (`own_labels`). The paper shows G(x, c) itself. Clipped to [-1, 1].
    """
    change = edited_pictures(generator, pictures, labels) - edited_pictures(generator, pictures, own)
    return (pictures + change).clamp(-1, 1)


@torch.no_grad()
def seen_labels(critic, pictures: Tensor) -> np.ndarray:
    """(B, 12) float32: hair, sex, age and skin as the critic sees them in pictures (B, 3, S, S).

    The likeliest hair colour, if it is likelier than not, else none; expressions are left at 0.
    """
    logits = torch.cat([critic(x)[1] for x in pictures.split(AT_ONCE)]).float()
    labels = np.zeros((len(logits), len(INDEX)), np.float32)
    hair = logits[:, :len(HAIR)].max(dim=1)
    labels[torch.arange(len(logits)), hair.indices] = hair.values > 0
    for name in TRAITS:
        labels[:, INDEX[name]] = logits[:, INDEX[name]] > 0
    return labels


@torch.no_grad()
def seen_expressions(critic, pictures: Tensor, wanted: Tensor) -> Tensor:
    """(B, 12): of pictures (B, 3, S, S) the expression that the critic finds likeliest, but for the one in ``wanted`` (B, 12)."""
    expressions = slice(COLUMNS[0], len(INDEX))
    logits = torch.cat([critic(x)[1] for x in pictures.split(AT_ONCE)]).float()[:, expressions]
    others = logits.masked_fill(wanted[:, expressions] > 0, -torch.inf)
    labels = torch.zeros(len(logits), len(INDEX))
    labels[:, expressions] = torch.nn.functional.one_hot(others.argmax(1), logits.shape[1]).float()
    return labels


def own_labels(critic, pictures: Tensor, labels: Tensor, wanted: Tensor) -> Tensor:
    """c' (B, 12) for `changed_pictures`: ``labels``, but where ``wanted`` is an expression the other one that the critic sees."""
    own, expression = labels.clone(), wanted[:, COLUMNS[0]:].any(1)
    if expression.any():
        own[expression] = seen_expressions(critic, pictures[expression], wanted[expression])
    return own


def _undo(own: Tensor, edit: tuple) -> None:
    """In labels (B, 12) that have already what ``edit`` asks for: another value, so that every edit is one."""
    domain, value = EDITS[edit]
    own[own[:, INDEX[domain]] == value, INDEX[domain]] = 1.0 - value


def edit_crops(model: StarGAN, crops: np.ndarray, edits: list) -> np.ndarray:
    """Portraits (N, S, S, 3) uint8, framed by `portrait_matrix` at the model's size, with all ``edits`` made.

    What a face is now is read by the critic; who seems to be what is asked for already becomes more so. Hair, sex, age and
    skin change in one pass, an expression in another, because the generator learned them from different pictures (sec. 3.3).
    """
    pictures = as_tensor(crops)
    labels = seen_labels(model.critic, pictures)
    first = [edit for edit in edits if edit[0] != "expression"]
    second = [edit for edit in edits if edit[0] == "expression"]
    for part in filter(None, (first, second)):
        wanted = labels
        for edit in part:
            wanted = np.stack([edited(label, edit) for label in wanted])
        own = own_labels(model.critic, pictures, *map(torch.from_numpy, (labels, wanted)))
        for edit in part:
            _undo(own, edit)
        pictures = changed_pictures(model.generator, pictures, own, torch.from_numpy(wanted))
    return as_images(pictures)


# ---------------------------------------- whole pictures
def edit_faces(model: StarGAN, image: np.ndarray, landmarks: np.ndarray, edits: list) -> np.ndarray:
    """``image`` (H, W, 3) uint8 with the edits made on each face; landmarks (N, 68, 2) as from `faces.landmarks`.

    What is put back is not the network's small picture but the *change* that `changed_pictures` makes, enlarged and added to
    the picture: details that the network cannot see stay sharp where nothing changes.
    """
    side = model.size
    matrices = [portrait_matrix(points, side) for points in landmarks]
    if not matrices:
        return image.copy()
    crops = np.stack([warp(image, matrix, (side, side)) for matrix in matrices])
    changes = edit_crops(model, crops, edits).astype(np.float32) - crops
    result = image.astype(np.float32)
    for change, matrix in zip(changes * fade(side)[:, :, None], matrices):
        result += warp(change, inverse(matrix), (image.shape[1], image.shape[0]), border=0)
    return np.rint(result).clip(0, 255).astype(np.uint8)


def fade(side: int) -> np.ndarray:
    """(side, side) float32: 1 inside, falling to 0 along the border, smoothly."""
    distance = np.minimum(np.arange(side) + .5, side - .5 - np.arange(side)) / (FADE * side)
    ramp = distance.clip(0, 1)
    ramp = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
    return ramp[:, None] * ramp


class Edit:
    """A method for `manipulate.manipulate_video`: the same edits on a face in every frame."""

    kind = "edited"

    def __init__(self, model: StarGAN, edits: list):
        self.model, self.edits = model, edits
        self.note = "StarGAN: " + ", ".join(f"{what}={value}" for what, value in edits)
        self._landmarks = {}

    def learn(self, source, target, follow, progress):
        """Nothing is learned from the video."""

    def prepare(self, runs, progress):
        """Remember where the face is in each frame."""
        self._landmarks = {start + i: points for start, run in runs for i, points in enumerate(run)}

    def changed(self, number, image):
        """Frame ``number`` with the face edited."""
        return edit_faces(self.model, image, self._landmarks[number][None], self.edits)
