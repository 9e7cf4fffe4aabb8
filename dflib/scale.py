"""Scale, device, seed and cache: the one place that decides how big everything is.

The same notebook runs as a test (``smoke``), on a laptop (``cpu``) and on a GPU (``gpu``). ``DFLIB_SCALE`` chooses;
without it the scale is ``gpu`` where CUDA is present and ``cpu`` elsewhere. Lessons write

    scale = current()
    steps = scale.pick(smoke=20, cpu=400, gpu=20_000)

and never look at the device themselves. torch is imported only by functions that need it.
"""

import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Scale:
    """One scale of the course: ``name`` and ``size``, the side of its images in pixels."""

    name: str
    size: int

    def pick(self, smoke, cpu, gpu):
        """The argument that belongs to this scale."""
        return {"smoke": smoke, "cpu": cpu, "gpu": gpu}[self.name]

    def __str__(self):
        return f"{self.name} scale ({self.size} px)"


SCALES = {scale.name: scale for scale in (Scale("smoke", 32), Scale("cpu", 64), Scale("gpu", 128))}


def current() -> Scale:
    """The scale named by ``DFLIB_SCALE`` (read at every call), else ``gpu`` with CUDA and ``cpu`` without.

    Raises ValueError for any other name.
    """
    name = os.environ.get("DFLIB_SCALE", "")
    if not name:
        name = "gpu" if cuda_present() else "cpu"
    if name not in SCALES:
        raise ValueError(f"Unknown scale {name!r}: DFLIB_SCALE must be smoke, cpu or gpu.")
    return SCALES[name]


def cuda_present() -> bool:
    """Whether torch sees a CUDA device."""
    import torch

    return torch.cuda.is_available()


def device():
    """``torch.device`` of the current scale: CUDA at gpu scale where there is one, else the CPU.

    smoke and cpu scale stay on the CPU even beside a GPU, so that tests and committed outputs are the same everywhere.
    """
    import torch

    return torch.device("cuda" if current().name == "gpu" and cuda_present() else "cpu")


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's global and torch's generators (CPU and CUDA)."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)  # NumPy takes 32 bits
    torch.manual_seed(seed)  # seeds every CUDA device as well


def cache_dir() -> Path:
    """Folder for what can be made again (rendered sets, computed tables), outside the repository; created if missing.

    ``DFLIB_CACHE`` if set, else ``dflib`` in the platform's cache folder. Raises OSError when it cannot be created.
    """
    chosen = os.environ.get("DFLIB_CACHE")
    folder = Path(chosen).expanduser() if chosen else _platform_cache() / "dflib"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise OSError(f"The cache folder {folder} cannot be created ({reason}): "
                      "set DFLIB_CACHE to a folder that can be written.") from error
    return folder


def _platform_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
