"""dflib: the helper package of the deepfake course. Import its floors by name, e.g. ``from dflib import cast``."""

__version__ = "0.1.0"
