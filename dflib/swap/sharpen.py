"""As sharp as the picture around it: unsharp masking of a face that a network painted."""
import cv2
import numpy as np

from dflib.swap.blend import shrink

WIDEST = 64         # widths of the blur in the width of a face
MOST = 1.0          # of the detail that may be added, in what there is: more draws lines around everything
HALVINGS = 12       # of the interval in which the strength is looked for


def match_sharpness(source: np.ndarray, target: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """``source`` with its fine detail made stronger until it is as sharp under the mask as ``target`` is there; never softer.

    Both (H, W, 3) uint8, mask (H, W) bool. Unsharp masking: source + a (source - blurred source), with a from 0 to MOST such
    that the mean absolute Laplacians agree. What is not there cannot be made stronger: crisper edges, but no pores. A mask
    that is hardly wider than its edge changes nothing.
    """
    core = shrink(mask, 2)
    if not core.any():
        return source.copy()
    picture = source.astype(np.float32)
    fine = picture - cv2.GaussianBlur(picture, (0, 0), np.count_nonzero(mask.any(0)) / WIDEST)
    wanted = np.abs(_laplacian(target)[core]).mean()
    there, added = _laplacian(picture)[core], _laplacian(fine)[core]
    low, high = 0.0, MOST
    for _ in range(HALVINGS):
        a = (low + high) / 2
        low, high = (a, high) if np.abs(there + a * added).mean() < wanted else (low, a)
    return np.clip(np.rint(picture + low * fine), 0, 255).astype(np.uint8)


def _laplacian(picture):
    """(H, W): of the grey levels of a picture (H, W, 3)."""
    return cv2.Laplacian(cv2.cvtColor(np.float32(picture), cv2.COLOR_RGB2GRAY), cv2.CV_32F)
