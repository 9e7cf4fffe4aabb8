"""``make lock``: requirements.lock, the exact versions with which the course is tested, and the hashes of their files.

    python tools/lock.py

uv resolves every dependency of pyproject.toml for Python 3.10 to 3.13 on Linux, macOS and Windows at once; a line that holds
for some of them only says so in its marker. `make lab LOCKED=1` installs from it. Needs the extra ``lock``.
"""
import re
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
EXTRAS = ("dev", "site", "published")               # each may be installed from the lock; the tool that writes it is not in it
PYTHONS, PLATFORMS = ("3.10", "3.11", "3.12", "3.13"), ("linux", "darwin", "win32")
# torch and the libraries that its builds for a GPU bring along: the beginning of a line.
TORCH = re.compile(r"(torch|triton|cuda-[a-z-]+|nvidia-[a-z0-9-]+)(==|$)")
HEAD = """\
# The tested versions of everything that the course needs, with the hashes of their files. Made by: make lock
# Installed by: make lab LOCKED=1. Where versions differ, those for Python 3.11 on Linux are the ones that the tests run
# with; the others were chosen by the same rules for Python 3.10, 3.12, 3.13, macOS and Windows.
# torch is not here. One version has several files (for a CPU, for CUDA, for Apple's chips), and an index may serve any of
# them: a hash would refuse the right file on some machines. pyproject.toml fixes its version, and with CUDA it brings
# libraries of its own, which are not locked either.
"""


def resolved() -> str:
    """The whole list as uv writes it."""
    command = ["-m", "uv", "pip", "compile", "--quiet", "--no-config", "--universal", "--python-version", PYTHONS[0], "--upgrade",
               "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url",
               *(word for extra in EXTRAS for word in ("--extra", extra)), "pyproject.toml"]
    return subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def entries(text: str) -> list:
    """(Requirement, hashes) of every line of a lock, where lines that end in a backslash go on. ValueError for another line."""
    found = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip() and not line.startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=", line.strip())
            found.append((Requirement(requirement), hashes))
    return found


def problems(text: str, wanted: list) -> list:
    """What is wrong with a lock: a sentence for each fault; ``wanted`` are the Requirements that it should satisfy."""
    found, faults = entries(text), []
    if "://" in text:
        faults.append("An address is named.")
    for requirement, hashes in found:
        if not re.fullmatch(r"==[^*,]+", str(requirement.specifier)) or requirement.url:
            faults.append(f"{requirement.name} is not fixed to one version.")
        if not hashes or not all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in hashes):
            faults.append(f"{requirement.name} has no hash, or one that is not SHA-256.")
    for python in PYTHONS:
        for platform in PLATFORMS:
            machine = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": platform,
                       "os_name": "nt" if platform == "win32" else "posix", "extra": ""}
            there = {}
            for requirement, _ in found:
                if requirement.marker is None or requirement.marker.evaluate(machine):
                    there.setdefault(canonicalize_name(requirement.name), []).append(str(requirement.specifier)[2:])
            for requirement in wanted:
                name = canonicalize_name(requirement.name)
                if TORCH.match(name) or requirement.marker is not None and not requirement.marker.evaluate(machine):
                    continue
                versions = there.get(name, [])
                if len(versions) != 1 or not requirement.specifier.contains(versions[0], prereleases=True):
                    has = " and ".join(versions) or "none"
                    faults.append(f"Python {python} on {platform} needs {requirement}, and the lock has {has}.")
    return faults


def main() -> int:
    """Write requirements.lock."""
    blocks = re.split(r"\n(?=\S)", resolved().strip())
    kept = [block for block in blocks if not TORCH.match(block)]
    LOCK.write_text(HEAD + "\n".join(kept) + "\n", encoding="utf-8", newline="\n")
    print(f"{LOCK.name}: {len(kept)} versions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
