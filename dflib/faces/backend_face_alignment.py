"""Landmarks from the face-alignment package.

It is the 2D-FAN of Bulat and Tzimiropoulos 2017 (https://arxiv.org/abs/1703.07332). Its weights (91 MiB)
come from the authors' site at the first use and are kept by torch under ``$TORCH_HOME``. The boxes are dflib's own, so
the package's face detector and its weights are never needed.
"""

import os
import pickle
import urllib.error
import urllib.request
from functools import lru_cache

import numpy as np

NETWORK = "2DFAN-4"
PATIENCE = 10  # seconds to wait for the authors' site to answer


class WeightsUnavailable(OSError):
    """The weights of face-alignment are neither here nor to be had."""


@lru_cache(maxsize=1)
def face_alignment_model():
    """The package's model on the device of the current scale, loaded once per process.

    `WeightsUnavailable` if its weights are not here and cannot be fetched, or are damaged, or without the package.
    """
    try:
        import face_alignment
        from face_alignment.api import models_urls
    except ImportError as error:
        raise WeightsUnavailable("The face-alignment package is not installed.") from error
    from dflib.scale import device

    try:
        _reach(models_urls[NETWORK])
        return face_alignment.FaceAlignment(
            face_alignment.LandmarksType.TWO_D, device=str(device()), face_detector="folder", compile=False
        )
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise WeightsUnavailable(f"The face-alignment weights cannot be fetched ({reason}).") from error
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise WeightsUnavailable(
            f"The face-alignment weights at {_weights_path(models_urls[NETWORK])} are damaged: delete that file."
        ) from error


def _weights_path(url):
    import torch

    return os.path.join(torch.hub.get_dir(), "checkpoints", os.path.basename(url))


def _reach(url):
    """Ask for the weights' address unless they are here: without this a blocked network would hang for minutes."""
    if not os.path.exists(_weights_path(url)):
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PATIENCE).close()


def face_alignment_landmarks(image, boxes) -> np.ndarray:
    """Landmarks (N, 68, 2) float32 for ``boxes`` (N, 4) in the uint8 RGB ``image`` (H, W, 3), to whole pixels."""
    found = face_alignment_model().get_landmarks_from_image(image, detected_faces=[box.tolist() for box in boxes])
    return np.stack(found).astype(np.float32)
