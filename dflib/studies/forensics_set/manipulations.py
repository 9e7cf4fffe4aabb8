"""The set's manipulations: each a `manipulate.Method` run over a Film, and the controls beside them.

The swap network of *Deepfakes* has one encoder and a decoder for every actor (lesson 05), trained on all whole clips.
"""
from dataclasses import replace

import cv2
import numpy as np

from dflib import faces, media
from dflib.faces.alignment import warp
from dflib.studies.forensics_set import plan
from dflib.studies.forensics_set.film import Film, film, true_frames
from dflib.swap import blend
from dflib.swap import train as swap_training
from dflib.swap.deepfake import DeepFake
from dflib.swap.face2face import Face2Face
from dflib.swap.faceswap import FaceSwap
from dflib.swap.neural_textures import NeuralTextures

RECIPE = replace(swap_training.RECIPES["cpu"], batch=8, steps=400)     # of the swap network: 64 px, one batch of each actor a step
PASTE = 64          # pixels at which a face is pasted back: the swap network's
THRESHOLD = 8       # levels of 255 that a pixel must differ by to count as changed


def swap_network(actors, recipe=None):
    """The SwapAutoencoder that knows all ``actors``, in their order; trained now, or taken from its run in the cache."""
    recipe = recipe or RECIPE
    return swap_training.train(recipe, [film(actor).faces(recipe.size) for actor in actors]).models["autoencoder"]


def manipulated(task: plan.Task, films: dict, network=None, people=()) -> np.ndarray:
    """The kept frames (KEPT, S, S, 3) uint8 of a Task. films: id -> Film, of those who take part.

    network: for Deepfakes; people: the ids of those whom it knows, in its order.
    """
    target = films[task.target.id]
    if task.method == "real":
        return target.frames[target.kept]
    if task.method in ("TrueSwap", "TrueReenactment"):
        return true_frames(task.target, task.source, task.method)
    if task.method == "Recompressed":
        return np.array(media.compress(list(target.frames[target.kept]), plan.COMPRESSIONS["c23"]))
    if task.method == "PastedBack":
        return np.array([pasted_back(target.frames[n], target.landmarks[n]) for n in target.kept])
    source = films[(task.source or task.target).id]
    method = {"Deepfakes": lambda: DeepFake(network, people.index(source.actor.id), people.index(target.actor.id)),
              "FaceSwap": FaceSwap, "Face2Face": Face2Face, "NeuralTextures": NeuralTextures}[task.method.removeprefix("Self")]()
    return changed(method, source, target)


def changed(method, source: Film, target: Film) -> np.ndarray:
    """The kept frames of ``target`` after ``method``, which sees both whole clips; frames without a face stay."""
    one, other = source.follow(), target.follow()

    def follow(picture):
        found = one(picture)
        return found if found[0] is not None else other(picture)
    method.learn(source.recording(), target.recording(), follow, progress=False)
    method.prepare(target.runs, progress=False)
    seen = np.isfinite(target.landmarks[:, 0, 0])
    return np.array([method.changed(n, target.frames[n]) if seen[n] else target.frames[n] for n in target.kept])


def pasted_back(image, landmarks):
    """A face cut out, resampled to the swap network's size and back, and blended in: the pipeline's traces without a fake."""
    if np.isnan(landmarks[0, 0]):
        return image
    matrix = faces.alignment_matrix(landmarks, PASTE)
    face = warp(warp(image, matrix, (PASTE, PASTE)), faces.inverse(matrix), image.shape[1::-1])
    inside = faces.hull_mask(landmarks, image.shape)
    return blend.feather(face, image, inside, max(2.0, 0.08 * np.count_nonzero(inside.any(0))))


def masks_of(fake: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Where fakes (T, H, W, 3) differ from their originals by more than THRESHOLD in a channel, (T, H, W) bool; specks removed."""
    different = np.abs(fake.astype(np.int16) - original).max(3) > THRESHOLD
    return np.array([cv2.medianBlur(mask.astype(np.uint8), 3) > 0 for mask in different])
