"""One training run, whatever is trained: see :class:`TrainingRun`."""

from .run import TrainingRun

__all__ = ["TrainingRun"]
