"""One training run, whatever is trained (:class:`TrainingRun`), and what it is (:mod:`dflib.training.record`)."""

from dflib.training.run import Average, TrainingRun, limited

__all__ = ["Average", "TrainingRun", "limited"]
