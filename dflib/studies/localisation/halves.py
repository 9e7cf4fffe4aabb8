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


def side_weights(size: int) -> np.ndarray:
    """(4, size, size) float32 in [0, 1]: how much of the fake each of SIDES takes, falling over SOFT in the middle."""
    along = np.clip(0.5 - (np.arange(size) + 0.5 - size / 2) / (SOFT * size), 0, 1).astype(np.float32)
    left = np.tile(along, (size, 1))
    return np.stack([left, 1 - left, left.T, 1 - left.T])


def halves(crops: FaceCrops) -> FaceCrops:
    """Of the middle picture of every clip of fakes that has an original, four: SIDES in order, row after row.

    kinds are the methods, clips get the side after a colon, originals are −1. Masks are cut likewise.
    """
    rows = middles(crops)
    weights = side_weights(crops.pictures.shape[1])[..., None]
    fakes, reals = crops.pictures[rows, None].astype(np.float32), crops.pictures[crops.originals[rows], None]
    pictures = np.rint(weights * fakes + (1 - weights) * reals).astype(np.uint8)              # (N, 4, S, S, 3)
    masks = np.asarray(crops.masks, np.float32)[rows, None] * (side_weights(crops.masks.shape[1]) > 0.5)
    four = np.repeat(rows, 4)
    names = np.array([f"{crops.clips[row]}:{side}" for row in rows for side in SIDES])
    return FaceCrops(pictures.reshape(-1, *pictures.shape[2:]), np.asarray(crops.kinds)[four], np.asarray(crops.groups)[four],
                     np.full(len(four), -1), names, masks.reshape(-1, *masks.shape[2:]))


def middles(crops: FaceCrops) -> np.ndarray:
    """The row of the middle picture of each clip of fakes that has an original and was changed in a part alone."""
    usable = (crops.originals >= 0) & (np.asarray(crops.kinds) != WHOLE)
    clips = np.asarray(crops.clips)
    return np.array([(of := np.flatnonzero(usable & (clips == clip)))[len(of) // 2] for clip in dict.fromkeys(clips[usable])], int)


def share_in_half(maps: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """(N,) share of each map (N, h, w) that lies in its half, an index into SIDES (N,); ½ for a map that knows faces alone, and
    for an empty one."""
    inside = np.heaviside(side_weights(maps.shape[1]) - 0.5, 0.5)       # fields in the very middle belong to both
    total = maps.sum((1, 2))
    return np.where(total > 0, (maps * inside[sides]).sum((1, 2)) / np.maximum(total, 1e-9), 0.5)
