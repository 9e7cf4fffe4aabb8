"""Where things lie: the data that comes with the course, and the cache for what can be made again."""
import os
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
CHECKPOINTS = DATA / "checkpoints"


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
