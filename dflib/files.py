"""Writing files so that a crash, an interruption or a full disk leaves the old file or the new, never half of one."""

import errno
import os
import secrets
from contextlib import contextmanager
from pathlib import Path

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def replacing(path):
    """Yield a temporary path beside ``path`` (same suffix) to write to; on leaving, it becomes ``path`` in one rename.

    When the body raises anything, the temporary file is deleted and ``path`` stays as it was.
    Raises FileNotFoundError when the folder is missing, OSError when the disk is full or a quota is reached.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, so no file can be written there.")
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())  # the bytes must be on the disk before the name points at them
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if getattr(error, "errno", None) in _NO_ROOM:
            raise OSError(f"{path} could not be written ({os.strerror(error.errno)}): nothing was changed.") from error
        raise


def write_bytes(path, data: bytes) -> None:
    """Write ``data`` to ``path`` through :func:`replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def check_readable(path, what: str) -> Path:
    """``path`` as a Path when it is a readable, non-empty file; ``what`` ("image", "video", …) names it in errors.

    Raises FileNotFoundError, IsADirectoryError, PermissionError or ValueError (empty), each with one sentence.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no {what} at {path}.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not a file with the {what}.")
    if not os.access(path, os.R_OK):
        raise PermissionError(f"The {what} {path} may not be read by this user.")
    if path.stat().st_size == 0:
        raise ValueError(f"The {what} {path} is empty.")
    return path
