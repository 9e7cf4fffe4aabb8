"""Which source of the cast rendered a set."""
import hashlib
from functools import lru_cache
from pathlib import Path


@lru_cache(1)       # of what this process has loaded, even if the files change meanwhile
def fingerprint() -> str:
    """SHA-256 of the cast's source: equal fingerprints render equal pictures."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("**/*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()
