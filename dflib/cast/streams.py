"""Independent random streams: one per seed and name, so that a new field of one part never changes another part."""
import operator
from zlib import crc32

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """A numpy Generator for (`seed`, `name`), the same in every process.

    Raises ValueError when `seed` is not a whole number of 0 or more.
    """
    try:
        whole = operator.index(seed)
    except TypeError:
        whole = -1
    if whole < 0:
        raise ValueError(f"a seed must be a whole number of 0 or more, not {seed!r}.")
    return np.random.default_rng(np.random.SeedSequence([whole, crc32(name.encode())]))
