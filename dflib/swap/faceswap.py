"""The FaceSwap of lesson 04 as a method for whole videos: a 3-D model fitted to both, the source's skin, a soft edge.

Each frame takes its skin from the source frame whose head is turned most alike. Eyes and the inside of the mouth stay
the target's.
"""
from collections.abc import Callable

import numpy as np
from scipy.ndimage import binary_fill_holes
from tqdm.auto import tqdm

from dflib import media
from dflib.cast import head_model
from dflib.manipulate import looks
from dflib.swap import blend, fit, texture
from dflib.swap.clip import fit_clip, noise

BLENDS = ("feather", "poisson")
FEATHER = 0.1       # width of the soft edge, in widths of the face
INSIDE = 0.03       # how far Poisson's edge lies within the face, the same: hair at the edge would bleed into the skin


class FaceSwap:
    """A `manipulate.Method`. ``blend_by``: "feather" or "poisson", after matching the mean colour.

    ``colour`` False leaves the source's colours, ``smoothing`` as for `clip.fit_clip`. ValueError for another blending.
    """
    kind = "composite"

    def __init__(self, blend_by="feather", colour=True, smoothing=1.5):
        if blend_by not in (*BLENDS, "none"):
            raise ValueError(f"blend_by must be one of {', '.join(BLENDS)} or none, not {blend_by!r}.")
        self.blend_by, self.colour, self.smoothing = blend_by, colour, smoothing
        self.note = f"face swapped: 3-D model, {blend_by}"
        self.model = fit.as_face_model(head_model())

    def learn(self, source: "media.Video", target: "media.Video", follow: Callable, progress: bool = True) -> None:
        """Keep frames of the Video ``source`` that show its face, and fit the model to them; ``target`` does not matter.

        ``follow(picture) -> (landmarks (68, 2) or None, same)``, as `faces.follow.Follower`. ValueError when no face is found.
        """
        self.pictures, points = looks(source, follow, progress)
        self.skins = fit_clip(self.model, points, smoothing=0, prior=noise(points))    # frames here are not neighbours

    def prepare(self, runs: list, progress: bool = True) -> None:
        """Fit the model to the target's faces: ``runs`` are pairs (number of the first frame, landmarks (T, 68, 2))."""
        self.fits = {}                      # frame -> (its Fit of one face, number of the skin that suits it)
        for start, points in tqdm(runs, "fitting", unit="run", leave=False, disable=not progress):
            fitted = fit_clip(self.model, points, smoothing=self.smoothing, prior=noise(points))
            for i, number in enumerate(texture.nearest_pose(self.skins, fitted)):
                self.fits[start + i] = fitted[i:i + 1], int(number)

    def changed(self, number: int, image: np.ndarray) -> np.ndarray:
        """Frame ``number`` of the target, ``image`` (H, W, 3) uint8, with the source's face."""
        fitted, skin = self.fits[number]
        source, target = (fit.place(self.model, one)[0] for one in (self.skins[skin:skin + 1], fitted))
        face, mask = texture.transfer(self.model, self.pictures[skin], source, target, image.shape)
        return blended(face, image, mask, self.blend_by, self.colour)


def blended(face: np.ndarray, image: np.ndarray, mask: np.ndarray, blend_by: str = "feather", colour: bool = True) -> np.ndarray:
    """``image`` (H, W, 3) uint8 with ``face``, of the same kind, put in where ``mask`` (H, W) bool is set.

    The mask's holes, eyes and mouth, stay the image's own, and only its outer edge is blended: Poisson editing would
    otherwise force the lids to the whites of the eyes. ``colour``: match the mean colour first. ``blend_by`` "none"
    leaves a hard edge.
    """
    mounted = np.where(mask[..., None], blend.match_color(face, image, mask) if colour else face, image)
    whole = binary_fill_holes(mask)
    width = np.count_nonzero(whole.any(0))
    if blend_by == "poisson":
        return blend.poisson(mounted, image, blend.shrink(whole, max(1, round(INSIDE * width))))
    return mounted if blend_by == "none" else blend.feather(mounted, image, whole, max(2.0, FEATHER * width))
