"""One training run, whatever is trained: see :class:`TrainingRun`."""

from dflib.training.run import TrainingRun

__all__ = ["TrainingRun"]
