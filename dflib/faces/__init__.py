"""Faces in any picture, real or rendered: found, given 68 landmarks, aligned, masked and put back."""

from dflib.faces.alignment import align, alignment_matrix, inverse, paste, similarity, transform
from dflib.faces.detection import detect, detect_cascade
from dflib.faces.landmarking import landmarks
from dflib.faces.masks import hull_mask, soft_mask
from dflib.faces.points import GROUPS, INNER, MIRROR, box_around, interocular, landmark_error

__all__ = [
    "GROUPS", "INNER", "MIRROR", "align", "alignment_matrix", "box_around", "detect", "detect_cascade", "hull_mask",
    "interocular", "inverse", "landmark_error", "landmarks", "paste", "similarity", "soft_mask", "transform",
]
