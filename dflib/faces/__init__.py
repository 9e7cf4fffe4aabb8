"""Faces in any picture, real or rendered: found, given 68 landmarks, aligned, masked and put back."""

from .alignment import align, alignment_matrix, inverse, paste, similarity, transform
from .detection import detect, detect_cascade
from .landmarking import landmarks
from .masks import hull_mask, soft_mask
from .points import GROUPS, INNER, MIRROR, box_around, interocular

__all__ = [
    "GROUPS", "INNER", "MIRROR", "align", "alignment_matrix", "box_around", "detect", "detect_cascade", "hull_mask",
    "interocular", "inverse", "landmarks", "paste", "similarity", "soft_mask", "transform",
]
