"""Changed where it never was in training: one half of a fake put into its original.

Every method changes the inner face, the same places in all clips. A map that has learned where faces are, and fires when the
picture is fake, is right about all of them. So only the left, right, upper or lower half of a fake is put into its original:
the true mask is that half of it, and such a map stays whole.
"""
import numpy as np

from dflib.datasets.crops import FaceCrops
from dflib.studies.localisation.plan import WHOLE

SIDES = ("left", "right", "upper", "lower")
SOFT = 1 / 8        # of a crop's side: width of the seam, so that no edge gives it away
LEAST = 0.1         # of the change: what both halves hold where a picture is halved that way, so that there is something to find


def side_weights(size: int) -> np.ndarray:
    """(4, size, size) float32 in [0, 1]: how much of the fake each of SIDES takes, falling over SOFT in the middle."""
    along = np.clip(0.5 - (np.arange(size) + 0.5 - size / 2) / (SOFT * size), 0, 1).astype(np.float32)
    left = np.tile(along, (size, 1))
    return np.stack([left, 1 - left, left.T, 1 - left.T])


def halves(crops: FaceCrops) -> tuple:
    """(FaceCrops, sides (M,), indices into SIDES) of the middle picture of every clip of fakes that has an original: its left and
    right half, and its upper and lower half, wherever both of the two hold LEAST of the change.

    kinds are the methods, originals are −1, masks are cut likewise.
    """
    rows = middles(crops)
    masks = np.asarray(crops.masks, np.float32)[rows]
    inside = np.heaviside(side_weights(masks.shape[1]) - 0.5, 0.5)                                  # (4, h, w)
    held = np.einsum("nhw,shw->ns", masks, inside) / np.maximum(masks.sum((1, 2)), 1e-9)[:, None]       # (N, 4)
    both = np.minimum(held[:, 0::2], held[:, 1::2]) >= LEAST                                        # (N, 2)
    which, sides = np.nonzero(both.repeat(2, axis=1))
    weights = side_weights(crops.pictures.shape[1])[sides, :, :, None]
    fakes, reals = (crops.pictures[of[which]].astype(np.float32) for of in (rows, crops.originals[rows]))
    chosen = rows[which]
    made = FaceCrops(np.rint(weights * fakes + (1 - weights) * reals).astype(np.uint8), np.asarray(crops.kinds)[chosen],
                     np.asarray(crops.groups)[chosen], np.full(len(chosen), -1), np.asarray(crops.clips)[chosen],
                     masks[which] * (inside[sides] > 0.5))
    return made, sides


def middles(crops: FaceCrops) -> np.ndarray:
    """The row of the middle picture of each clip of fakes that has an original and was changed in a part alone."""
    usable, clips = (crops.originals >= 0) & (np.asarray(crops.kinds) != WHOLE), np.asarray(crops.clips)
    rows_of = (np.flatnonzero(usable & (clips == clip)) for clip in dict.fromkeys(clips[usable].tolist()))
    return np.array([rows[len(rows) // 2] for rows in rows_of], int)


def share_in_half(maps: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """(N,) share of each map (N, h, w) that lies in its half, an index into SIDES (N,), and ½ for an empty one.

    A map that is the same whichever half was changed has ½ in the mean, since halves come in twos.
    """
    inside = np.heaviside(side_weights(maps.shape[1]) - 0.5, 0.5)       # fields in the very middle belong to both
    total = maps.sum((1, 2))
    return np.where(total > 0, (maps * inside[sides]).sum((1, 2)) / np.maximum(total, 1e-9), 0.5)
