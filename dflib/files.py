"""Writing files so that a crash, an interruption or a full disk leaves the old file or the new, never half of one."""

import errno
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def replacing(path):
    """Yield a temporary path beside ``path`` (same suffix) to write to; on leaving, it becomes ``path`` in one rename.

    When the body raises anything, the temporary file is deleted and ``path`` stays as it was.
    Raises what ``check_writable`` raises, and OSError when the disk is full or a quota is reached.
    """
    path = check_writable(path)
    temporary = _beside(path)
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


def check_writable(path) -> Path:
    """``path`` as a Path where a file can be written; call it before long work, so that none is done in vain.

    Raises FileNotFoundError for a missing folder, IsADirectoryError where ``path`` is one, PermissionError, or OSError
    (a name too long, a disk that is full or read-only), each with one sentence.
    """
    path = Path(path)
    try:
        if not path.parent.is_dir():
            raise FileNotFoundError(f"The folder {path.parent} does not exist.")
        with suppress(FileNotFoundError):
            path.lstat()  # fails where the file system does not take the name
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder, so no file can be written there.")
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(f"The folder {path.parent} may not be written to by this user.")
        trial = _beside(path)
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        if error.errno is None:  # one of ours
            raise
        raise OSError(f"{path} cannot be written ({os.strerror(error.errno)}).") from error
    return path


def writable_folder(path) -> Path:
    """``path`` as a folder in which files can be written, made if missing; OSError with one sentence where it cannot be."""
    path = Path(path).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"The folder {path} cannot be made ({error.strerror or 'unknown reason'}).") from error
    check_writable(path / "any.file")
    return path


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


def _beside(path) -> Path:
    """A new name in the same folder with the same suffix; its length does not depend on the path's, which may be legal
    but only just (255 bytes)."""
    return path.with_name(f".{secrets.token_hex(6)}{path.suffix}")
