"""Published weights, by the name of their format: a network ready for use, whatever its authors' file looks like.

    generator = load_published("rosinality-stylegan", "stylegan-1024px.model")
"""
from importlib import import_module

#: Published formats: name -> "module:function". The function gets the path and the keywords of ``load_published``
#: and returns a module, or whatever its docstring says. It is imported only when asked for.
PUBLISHED = {
    "state-dict": "dflib.checkpoints:read_published",  # any file of named tensors, returned as a dict
    "rosinality-stylegan": "dflib.synthesis.stylegan.published:rosinality",
    "huangzh13-stylegan": "dflib.synthesis.stylegan.published:huangzh13",
    "stargan": "dflib.synthesis.stargan.published:generator",
    "meso4": "dflib.forensics.published:meso4",
    "mesoinception4": "dflib.forensics.published:mesoinception4",
    "xception-imagenet": "dflib.forensics.published:xception_imagenet",
    "xception-faceforensics": "dflib.forensics.published:xception_faceforensics",
    "efficientnet-lite0": "dflib.forensics.published:efficientnet_lite0",
}


def load_published(name: str, path, **keywords):
    """The network in the file at ``path``, of the published format ``name`` (a key of PUBLISHED), ready for use.

    Raises ValueError for an unknown name, and what ``read_published`` raises.
    """
    if name not in PUBLISHED:
        raise ValueError(f"Unknown published format {name!r}: known are {', '.join(sorted(PUBLISHED))}.")
    module, function = PUBLISHED[name].split(":")
    return getattr(import_module(module), function)(path, **keywords)
