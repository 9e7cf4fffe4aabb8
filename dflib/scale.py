"""Scale, device and seed: the one place that decides how big everything is.

The same notebook runs as a test (``smoke``), on a laptop (``cpu``) and on a GPU (``gpu``). ``DFLIB_SCALE`` chooses;
without it the scale is ``gpu`` where CUDA is present and ``cpu`` elsewhere. Lessons write

    scale = current()
    steps = scale.pick(smoke=20, cpu=400, gpu=20_000)

and never look at the device themselves. torch is imported only by functions that need it.
"""

import os
import platform
import random
from dataclasses import dataclass

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


def native_bfloat16() -> bool:
    """Whether the scale is cpu and the processor multiplies bfloat16 itself: training is a third to a half faster then."""
    import torch

    found = torch.cpu.get_capabilities()
    return current().name == "cpu" and bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's global and torch's generators (CPU and CUDA)."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)  # NumPy takes 32 bits
    torch.manual_seed(seed)  # seeds every CUDA device as well


def hardware() -> str:
    """What work runs on, for captions and cards: 'NVIDIA H200' or '2 CPU cores (x86_64), 1 thread'."""
    import torch

    if device().type == "cuda":
        return torch.cuda.get_device_name()
    cores, threads = usable_cores(), torch.get_num_threads()
    return (f"{cores} CPU core{'s' if cores != 1 else ''} ({platform.machine()}), "
            f"{threads} thread{'s' if threads != 1 else ''}")


def usable_cores() -> int:
    """Cores that this process may use, which in containers and on clusters is fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):        # Linux only
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
