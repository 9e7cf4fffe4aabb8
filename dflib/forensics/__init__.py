"""Is this face real? Networks and features that tell manipulated faces from real ones.

    network = build_detector("xception")        # or mesoinception4, bayar, rahmouni, cozzolino, …: NETWORKS
    network.probability(crops)                  # crops (N, S, S, 3) uint8 -> P(fake), (N,)

Every one of them is a `Detector` (detector.py): `size`, `prepare(crops)`, `forward` -> logits with class 1 = fake,
`probability(crops)`. Names are resolved on first use; torch is imported by what needs it.
"""
from importlib import import_module

from dflib.lazy import lazily

#: Name of a detector -> module of this package and class in it.
NETWORKS = {
    "cooccurrences": ("histogram", "CooccurrenceSVM"),
    "cozzolino": ("cozzolino", "Cozzolino"),
    "bayar": ("bayar", "BayarStamm"),
    "rahmouni": ("rahmouni", "Rahmouni"),
    "meso4": ("meso", "Meso4"),
    "mesoinception4": ("meso", "MesoInception4"),
    "xception": ("xception", "Xception"),
    "efficientnet-lite0": ("efficientnet", "EfficientNetDetector"),
}


def build_detector(name: str, classes: int = 2, **options):
    """A new, untrained `Detector`; class 0 is real, class 1 fake, further classes are kinds of fakes.

    options: those of its class, such as `size` (side of its input, by default the paper's) or Xception's `width`.
    ValueError for an unknown name and for fewer than two classes.
    """
    if name not in NETWORKS:
        raise ValueError(f"Unknown detector {name!r}: known are {', '.join(sorted(NETWORKS))}.")
    if classes < 2:
        raise ValueError(f"A detector tells two classes apart at least, not {classes}.")
    module, kind = NETWORKS[name]
    return getattr(import_module(f"dflib.forensics.{module}"), kind)(classes=classes, **options)


_HOME = {"cooccurrences": "histogram", "Detector": "detector"}
__all__ = ["NETWORKS", "build_detector", *sorted(_HOME)]
__getattr__, __dir__ = lazily(globals(), _HOME)
