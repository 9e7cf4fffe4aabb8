"""What the course's two networks see in generated faces: who it is, which attributes, and features for distances.

The networks of :mod:`dflib.metrics` know the crops of lesson 01; the generators are trained on wider ones (see
``framing.aligned_faces``), so each picture is cut to the framing that the networks know first.
"""
from __future__ import annotations

from functools import partial

import numpy as np
from torch import Tensor

from dflib.pictures import as_images, as_tensor
from dflib.synthesis.stylegan.framing import known_crop


def portrait_features(pictures: Tensor) -> Tensor:
    """`metrics.features.face_features` (B, 320) of pictures (B, 3, S, S) in [-1, 1], as the generators frame them."""
    from dflib.metrics.features import face_features

    return face_features(known_crop(pictures))


def attributes_of(images: np.ndarray) -> dict:
    """`metrics.face_attributes` of pictures (N, S, S, 3) uint8: name -> (N,)."""
    from dflib.metrics import face_attributes

    return face_attributes(_known_images(images))


def portrait_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`metrics.identity_similarity` of pictures (N, S, S, 3) uint8, pair by pair: cosines (N,)."""
    from dflib.metrics import identity_similarity

    return identity_similarity(_known_images(a), _known_images(b))


def scores(images: np.ndarray, held_out: np.ndarray) -> dict:
    """How near generated pictures come to pictures that were held out, both (N, S, S, 3) uint8, S a power of two from 16.

    name -> number: ``frechet`` in `portrait_features`, ``sliced_wasserstein`` (x 1000, mean of the levels), ``precision`` and
    ``recall``. All depend on N: compare sets of one size only.
    """
    from dflib.metrics import frechet_distance, precision_recall
    from dflib.metrics.wasserstein import pyramid_wasserstein

    quality = precision_recall(held_out, images, features=portrait_features)
    found = {"frechet": frechet_distance(held_out, images, features=portrait_features),
             "sliced_wasserstein": pyramid_wasserstein(held_out, images)["mean"],
             "precision": quality.precision, "recall": quality.recall}
    return {name: round(float(value), 3) for name, value in found.items()}


def imagenet_scores(images: np.ndarray, held_out: np.ndarray, side: int = 224) -> dict:
    """``frechet``, ``precision`` and ``recall`` of pictures (N, S, S, 3) uint8 in `metrics.imagenet_features` at ``side`` px.

    Those features trained no generator here, and see what our own networks never had to. FileNotFoundError when their
    package is not installed.
    """
    from dflib.metrics import frechet_distance, imagenet_features, precision_recall
    from dflib.metrics.features import features_of

    real, fake = (features_of(pictures, partial(imagenet_features, side=side)) for pictures in (held_out, images))
    quality = precision_recall(real, fake)
    found = {"frechet": frechet_distance(real, fake), "precision": quality.precision, "recall": quality.recall}
    return {name: round(float(value), 3) for name, value in found.items()}


def _known_images(images: np.ndarray) -> np.ndarray:
    return as_images(known_crop(as_tensor(images)))
