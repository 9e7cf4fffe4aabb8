"""Data sets: the rendered cast, folders of photographs, and the layouts of published forensic sets.

    faces = RenderedFaces(split="train", size=64)

Names are resolved on first use. Readers open files only when a picture is asked for, never follow a name out of their
folder and never download anything.
"""
from dflib.lazy import lazily

_HOME = {
    "RenderedFaces": "rendered", "Face": "rendered", "split_of": "rendered",
    "ActorClips": "actors",
    "cast_faces": "edits", "celeba_faces": "edits", "expression_faces": "edits", "mixed_faces": "edits", "true_edits": "edits",
    "ImageFolder": "folders", "CelebA": "folders", "Photo": "folders",
    "FaceForensics": "forensics", "DFDC": "forensics", "CelebDF": "forensics", "Clip": "forensics",
    "FaceCrops": "crops", "crops_of": "crops",
}
__all__ = sorted(_HOME)
__getattr__, __dir__ = lazily(globals(), _HOME)
