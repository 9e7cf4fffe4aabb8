"""requirements.lock: it has everything that pyproject.toml and the locked packages ask for, and only exact, hashed versions."""
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import lock  # noqa: E402
from test_project import PROJECT  # noqa: E402

TEXT = lock.LOCK.read_text(encoding="utf-8")
EXTRAS = [PROJECT["optional-dependencies"][name] for name in lock.EXTRAS]
WANTED = [Requirement(text) for text in sum(EXTRAS, PROJECT["dependencies"]) if not text.startswith("dflib[")]


def test_the_lock_satisfies_the_project_on_every_python_and_platform():
    assert len(lock.entries(TEXT)) > 150
    assert lock.problems(TEXT, WANTED) == []


HASH = "sha256:" + 64 * "0"


@pytest.mark.parametrize("text, fault", [
    (f"numpy==2.2.0 --hash={HASH}\n# from https://somewhere\n", "An address is named."),
    (f"numpy>=2.2 --hash={HASH}\n", "numpy is not fixed to one version."),
    ("numpy==2.2.0\n", "numpy has no hash, or one that is not SHA-256."),
    ("numpy==2.2.0 --hash=md5:00\n", "numpy has no hash, or one that is not SHA-256."),
    (f"numpy==1.26.0 --hash={HASH}\n", "Python 3.12 on win32 needs numpy<3,>=2.0, and the lock has 1.26.0."),
    (f"numpy==2.2.0 --hash={HASH}\nNumPy==2.3.0 --hash={HASH}\n",
     "Python 3.10 on linux needs numpy<3,>=2.0, and the lock has 2.2.0 and 2.3.0."),
    (f"numpy==2.2.0 ; python_full_version < '3.13' \\\n    --hash={HASH}\n",
     "Python 3.13 on darwin needs numpy<3,>=2.0, and the lock has none."),
])
def test_faults_of_a_lock_are_found(text, fault):
    assert fault in lock.problems(text, [Requirement("numpy>=2.0,<3")])


def test_nothing_is_missing_that_a_locked_package_needs_here():
    """Of every package that is installed here in its locked version, all that it asks for is locked too; torch's own apart."""
    locked = {canonicalize_name(requirement.name): str(requirement.specifier)[2:] for requirement, _ in lock.entries(TEXT)
              if requirement.marker is None or requirement.marker.evaluate()}
    same, missing = 0, []
    for name, version in locked.items():
        try:
            here = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if here.version != version:
            continue
        same += 1
        for text in here.requires or ():
            needed = Requirement(text)
            if needed.marker and not needed.marker.evaluate({"extra": ""}) or lock.TORCH.match(needed.name):
                continue
            found = locked.get(canonicalize_name(needed.name))
            if found is None or not needed.specifier.contains(found, prereleases=True):
                missing.append(f"{name} needs {text}, locked is {found}")
    assert missing == [] and same > 20


def test_torch_is_left_to_its_version_and_everything_else_is_checked(monkeypatch, tmp_path):
    listed = f"accelerate==1.1 \\\n    --hash={HASH}\ncuda-bindings==13.0 ; sys_platform == 'linux' \\\n    --hash={HASH}\n" \
             f"nvidia-nvtx==13.0 \\\n    --hash={HASH}\ntorch==2.13.0 \\\n    --hash={HASH}\ntorchfoo==1.0 \\\n    --hash={HASH}\n"
    monkeypatch.setattr(lock, "resolved", lambda: listed)
    monkeypatch.setattr(lock, "LOCK", tmp_path / "requirements.lock")
    assert lock.main() == 0
    written = lock.LOCK.read_text(encoding="utf-8")
    assert [requirement.name for requirement, _ in lock.entries(written)] == ["accelerate", "torchfoo"]
    assert written.startswith(lock.HEAD) and lock.HEAD in TEXT


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_installs_from_the_lock():
    def steps(*words):
        shown = subprocess.run(["make", "-n", "VENV=no-such-folder", "lab", *words], cwd=ROOT, check=True, capture_output=True, text=True)
        return re.findall(r"-m pip (.*)", shown.stdout)
    quiet = "install --quiet --disable-pip-version-check"
    hashed, torch, project, check = steps("LOCKED=1")
    assert hashed == f"{quiet} --require-hashes --no-deps -r requirements.lock" and "torch==" in torch
    assert project == f"{quiet} --no-deps --no-build-isolation -e ." and check == "check"
    assert steps() == [f'{quiet} -e ".[dev]"']
