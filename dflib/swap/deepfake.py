"""The DeepFakes swap of lesson 05 as a method for whole videos: a trained autoencoder, a mask, colours, a soft edge.

The target's face is cut out, masked and sent through the source's decoder. Where does the result belong? The original
puts it back where the target's face was cut out, as if both people's eyes, nose and mouth had the same places; so is it
done here, with landmarks that a fit of lesson 04's head model to the whole clip has steadied. The model can also say where
the *source's* landmarks would be if the source's head were held as the target's (``placed``). With exact landmarks that is
twice as close to the truth; with found ones a constant error of the landmark network turns into a wrong shape of the head,
and the face may land further off than without.
"""
from collections.abc import Callable
from copy import copy
from dataclasses import replace

import cv2
import numpy as np
import torch
from tqdm.auto import tqdm

from dflib import checkpoints, faces, media, metrics
from dflib.cast import head_model
from dflib.datasets.facesets import cut
from dflib.faces.alignment import warp
from dflib.manipulate import looks
from dflib.pictures import as_images
from dflib.scale import device
from dflib.swap import autoencoder, blend, fit
from dflib.swap.autoencoder import SwapAutoencoder, masked, unpacked
from dflib.swap.clip import fit_clip, noise
from dflib.swap.enhance import Enhancer
from dflib.swap.face_model import FaceModel
from dflib.swap.sharpen import match_sharpness

COLOURS, BLENDS = ("none", "mean", "reinhard"), ("feather", "poisson", "none")
KNOWN = 0.5         # cosine from which a person counts as one that the checkpoint was trained on
FEATHER = 0.08      # width of the soft edge, in widths of the face
BRIGHTER = 2.5      # how much brighter or darker eyes and mouth are made at most
SHRINK = 0.03       # how far the mask stays inside the hull of the landmarks, the same


class DeepFake:
    """A `manipulate.Method`.

    model: a trained SwapAutoencoder, that knows the two people as ``source_number`` and ``target_number``. Without a model
    `learn` takes the shipped checkpoint when it knows both people. For others it asks ``teach(source, target)``, two Videos,
    for a SwapAutoencoder that knows them as 0 and 1: `swap.train.taught` trains one and keeps it in the cache.
    colour: "none", "mean" or "reinhard", see `blend.match_color`; with "mean" a darker target turns irises black and
    teeth violet. blend_by: "feather", "poisson" or "none". smoothing: as for `clip.fit_clip`. shrink: how much smaller than the hull
    the mask is, in widths of the face. by_shape: align the result to where the source's landmarks should be, instead of where
    the target's are. sharpen: make the network's soft picture as sharp as the face it covers (`sharpen.match_sharpness`).
    enhancer: an `enhance.Enhancer`, through which the network's pictures are sent first.
    ValueError for other words.
    """
    kind = "edited"

    def __init__(self, model=None, source_number=0, target_number=1, colour="reinhard", blend_by="feather", smoothing=1.5,
                 shrink=SHRINK, by_shape=False, teach=None, sharpen=True, enhancer=None):
        if colour not in COLOURS or blend_by not in BLENDS:
            raise ValueError(f"colour must be one of {', '.join(COLOURS)} and blend_by one of {', '.join(BLENDS)}, "
                             f"not {colour!r} and {blend_by!r}.")
        if not 0 <= shrink < 0.5:
            raise ValueError(f"The mask can shrink by 0 to 0.5 widths of the face, not by {shrink!r}.")
        self.given, self.model, self.teach = model, model, teach
        self.source_number, self.target_number = source_number, target_number
        self.colour, self.blend_by, self.smoothing, self.shrink, self.by_shape = colour, blend_by, smoothing, shrink, by_shape
        self.sharpen, self.enhancer = sharpen, enhancer
        enhanced = "" if enhancer is None else ", enhanced"
        self.note = f"face swapped: autoencoder{enhanced}, colour {colour}, {blend_by}"
        self.head = fit.as_face_model(head_model())

    def learn(self, source: media.Video, target: media.Video, follow: Callable, progress: bool = True) -> None:
        """Take the shape of the source's head from the Video ``source``; find the network for the two if none was given.

        ``follow(picture) -> (landmarks (68, 2) or None, same)``, as `faces.follow.Follower`. ValueError when no face is found,
        and for strangers when there is no ``teach``.
        """
        fresh = copy(follow)
        pictures, points = looks(source, follow, progress)
        self.shape = fit_clip(self.head, points, smoothing=0, prior=noise(points)).weights[0]
        if self.given is None:
            theirs = looks(target, fresh, progress)
            known = known_people(metrics.person_embedding(pictures, points), metrics.person_embedding(*theirs))
            if not known and self.teach is None:
                raise ValueError(f"The shipped network does not know the people of {source.path} and {target.path}: "
                                 "give a model that was trained on them.")
            self.source_number, self.target_number = known or (0, 1)
            self.model = shipped() if known else self.teach(source, target)
        self.model = self.model.to(device()).eval()
        if self.enhancer is not None:
            self.enhancer.to(device()).eval()

    def prepare(self, runs: list, progress: bool = True) -> None:
        """Where the face is in each frame: ``runs`` are pairs (number of the first frame, landmarks (T, 68, 2))."""
        self.places = {}                    # frame -> landmarks (68, 2) of the target's face, and of the source's in its place
        for start, points in tqdm(runs, "fitting", unit="run", leave=False, disable=not progress):
            for i, pair in enumerate(zip(*places(self.head, points, self.shape, self.smoothing))):
                self.places[start + i] = pair

    def changed(self, number: int, image: np.ndarray) -> np.ndarray:
        """Frame ``number`` of the target, ``image`` (H, W, 3) uint8, with the source's face."""
        seen, placed = self.places[number]
        where = placed if self.by_shape else seen
        face, mask = converted(self.model, image, seen, where, self.source_number, self.target_number, self.enhancer)
        return blended(face, image, mask, self.colour, self.blend_by, self.shrink, self.sharpen, not_skin(seen, image.shape))


def places(head: FaceModel, points: np.ndarray, shape: np.ndarray, smoothing: float = 1.5) -> tuple:
    """Landmarks of a clip (T, 68, 2), smoothed, and where those of a head with the weights `shape` (K,) would be instead."""
    fitted = fit_clip(head, points, smoothing=smoothing, prior=noise(points))
    other = replace(fitted, weights=np.where(head.shared, shape, fitted.weights))
    return tuple(fit.linearise(head, one)[0] for one in (fitted, other))


def converted(model: SwapAutoencoder, image: np.ndarray, seen: np.ndarray, placed: np.ndarray, source_number: int,
              target_number: int, enhancer: "Enhancer | None" = None) -> tuple:
    """The face of one person of ``model`` on a picture of another: (face (H, W, 3) uint8, mask (H, W) bool).

    seen: landmarks (68, 2) of the face in ``image``; placed: where the source's belong, with the same pose and play.
    The mask is the hull of ``placed`` and of ``seen``, or the target's own mouth or brows could show beside a smaller face,
    as far as the network's picture reaches.
    """
    crop, hull, _ = cut(image, seen, model.size)
    face = decoded(model, crop[None], hull[None], source_number, target_number, enhancer)[0]
    back = faces.inverse(faces.alignment_matrix(placed, len(face)))
    size = (image.shape[1], image.shape[0])
    whole = warp(np.full(face.shape[:2], 255, np.uint8), back, size, border=0) == 255
    hull = faces.hull_mask(placed, image.shape) | faces.hull_mask(seen, image.shape)
    return warp(face, back, size), hull & whole


@torch.no_grad()
def decoded(model: SwapAutoencoder, crops: np.ndarray, masks: np.ndarray, source_number: int, target_number: int,
            enhancer: "Enhancer | None" = None) -> np.ndarray:
    """Aligned faces (B, S, S, 3) uint8 of person ``target_number`` as ``source_number``; masks (B, S, S) bool are their hulls.

    With an enhancer they are (B, 2 S, 2 S, 3).
    """
    levels = np.concatenate([crops, 255 * masks[..., None].astype(np.uint8)], 3)
    levels = torch.from_numpy(levels).permute(0, 3, 1, 2).float().to(next(model.parameters()).device)
    pictures, hulls = unpacked(levels)
    made = model(masked(pictures, hulls) if model.aligned else pictures, target_number, source_number)
    return as_images(made if enhancer is None else enhancer(made))


def blended(face: np.ndarray, image: np.ndarray, mask: np.ndarray, colour: str = "none", blend_by: str = "feather",
            shrink: float = SHRINK, sharpen: bool = False, parts: "list | tuple" = ()) -> np.ndarray:
    """``image`` with ``face``, both (H, W, 3) uint8, put in inside the ``mask`` (H, W) bool, of which the edge is taken off.

    Every pixel outside the mask stays as it was. parts: masks (H, W) uint8, 0 to 255, of what is not skin (`not_skin`):
    there colours are not matched, see `lit_alike`.
    """
    width = np.count_nonzero(mask.any(0))
    if round(shrink * width) > 0:
        mask = blend.shrink(mask, round(shrink * width))
    if not mask.any():
        return image.copy()
    if colour != "none":
        matched = blend.match_color(face, image, mask, colour)
        for part in parts:
            matched = np.where(part[..., None] > 0, lit_alike(face, image, matched, part), matched)
        face = matched
    if sharpen:
        face = match_sharpness(face, image, mask)
    if blend_by == "poisson":
        return blend.poisson(face, image, mask)
    if blend_by == "feather":
        return blend.feather(face, image, mask, max(1.0, FEATHER * width))
    return np.where(mask[..., None], face, image)


def not_skin(landmarks: np.ndarray, shape: tuple) -> list:
    """Masks (H, W) uint8, 0 to 255, of the eyes and of the inside of the mouth of landmarks (68, 2), with a soft edge.

    Those of the eyes are a little wider: the source's may lie beside the target's.
    """
    masks, unit = [], faces.interocular(landmarks)
    for parts, wider in (((slice(36, 42), slice(42, 48)), unit / 60), ((slice(60, 68),), 0)):
        mask = np.zeros(shape[:2], np.uint8)
        for part in parts:
            cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(16 * landmarks[part]).astype(np.int32)), 255, cv2.LINE_AA, shift=4)
        if round(wider) > 0:
            mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(wider) + 1,) * 2))
        masks.append(cv2.GaussianBlur(mask, (0, 0), max(0.4, unit / 60)))
    return masks


def lit_alike(face: np.ndarray, image: np.ndarray, matched: np.ndarray, part: np.ndarray) -> np.ndarray:
    """``matched`` with the own colours of ``face`` where ``part`` (H, W) uint8 says, as light in the mean as ``image`` is there.

    What makes brown skin pale would make the whites of its eyes, and teeth, blue: there only the brightness is the target's.
    """
    share = part[..., None] / 255
    weight = share.sum() + 1e-6
    there, wanted = ((picture.mean(2, keepdims=True) * share).sum() / weight for picture in (face, image))
    own = face * np.clip(wanted / max(there, 1.0), 1 / BRIGHTER, BRIGHTER)
    return np.clip(np.rint(matched + share * (own - matched)), 0, 255).astype(np.uint8)


def shipped() -> SwapAutoencoder:
    """The SwapAutoencoder in data/checkpoints."""
    return autoencoder.load(checkpoints.shipped("autoencoder"))[0]


def known_people(source: np.ndarray, target: np.ndarray) -> "tuple | None":
    """The numbers that two people, given by their `metrics.person_embedding`, have in the shipped checkpoint; None for strangers."""
    try:
        people = np.array(checkpoints.read_card(checkpoints.shipped("autoencoder"))["embeddings"])
    except FileNotFoundError:
        return None
    cosines = np.stack([source, target]) @ people.T                 # (2, people)
    one, other = cosines.argmax(1)
    return (int(one), int(other)) if one != other and cosines.max(1).min() >= KNOWN else None
