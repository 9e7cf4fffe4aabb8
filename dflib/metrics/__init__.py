"""Distances and scores: pictures and points against the truth, who is shown, and what can be seen of them.

    psnr, ssim, landmark_error, equal_error_rate      formulas
    identity_embedding, identity_similarity           a network that tells the cast's people apart
    face_attributes                                   a network that names age, hair, pose, expression and more

Names are resolved on first use; torch is imported by what needs it.
"""
from importlib import import_module

_HOME = {
    "psnr": "scores", "ssim": "scores", "landmark_error": "scores", "equal_error_rate": "scores",
    "identity_embedding": "identity", "identity_similarity": "identity",
    "face_attributes": "attributes",
}
__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'dflib.metrics' has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value      # the next access is a plain lookup
    return value


def __dir__():
    return __all__
