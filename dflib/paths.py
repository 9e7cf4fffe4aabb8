"""Where things lie: the data that comes with the course, and the cache for what can be made again."""
import os
import sys
from pathlib import Path

from dflib.files import writable_folder

# An installed copy of the package (pip install . without -e) has no data beside it: DFLIB_DATA says where the course's is.
DATA = Path(os.environ.get("DFLIB_DATA") or Path(__file__).resolve().parents[1] / "data").expanduser()
CHECKPOINTS = DATA / "checkpoints"


def cache_dir() -> Path:
    """Folder for what can be made again (rendered sets, computed tables), outside the repository; created if missing.

    ``DFLIB_CACHE`` if set, else ``dflib`` in the platform's cache folder. Raises OSError when it cannot be written.
    """
    try:
        return writable_folder(os.environ.get("DFLIB_CACHE") or _platform_cache() / "dflib")
    except OSError as error:
        raise OSError(f"{str(error).removesuffix('.')}: set DFLIB_CACHE to a folder for the cache that can be written.") from error


def data_missing() -> str:
    """What to do when the course's data is not where this package looks for it; "" when it is there."""
    if CHECKPOINTS.is_dir():
        return ""
    return (f"The course's data is not in {DATA}: install the package with pip install -e . inside the course's folder, "
            "or set DFLIB_DATA to that folder's data.")


def _platform_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
