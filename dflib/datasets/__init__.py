"""Data sets: the rendered cast, folders of photographs, and the layouts of published forensic sets.

    faces = RenderedFaces(split="train", size=64)

Names are resolved on first use. Readers open files only when a picture is asked for, never follow a name out of their
folder and never download anything.
"""
from importlib import import_module

_HOME = {
    "RenderedFaces": "rendered", "Face": "rendered", "split_of": "rendered",
    "ActorClips": "actors",
    "ImageFolder": "folders", "CelebA": "folders", "Photo": "folders",
    "FaceForensics": "forensics", "DFDC": "forensics", "CelebDF": "forensics", "Clip": "forensics",
}
__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'dflib.datasets' has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value      # the next access is a plain lookup
    return value


def __dir__():
    return __all__
