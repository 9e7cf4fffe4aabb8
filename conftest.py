"""Environment of every test, unit test or notebook: set before anything is imported, inherited by xdist's workers."""
import os
import shutil
import tempfile

os.environ.setdefault("DFLIB_SCALE", "smoke")
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")        # two workers with two threads each take three times the CPU time
os.environ.setdefault("MPLBACKEND", "agg")

_own_cache = None
if "DFLIB_CACHE" not in os.environ:             # shared by the workers, never the reader's own
    _own_cache = os.environ["DFLIB_CACHE"] = tempfile.mkdtemp(prefix="dflib-test-cache-")


def pytest_unconfigure():
    if _own_cache:
        shutil.rmtree(_own_cache, ignore_errors=True)
