"""The README's cell for hosted notebook services, run as it stands, but with a clone of this checkout and without dependencies."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CELL, = re.findall(r"```python\n(REPOSITORY = .*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
CHECKS = """
import dflib, dflib.paths
from dflib import cast, checkpoints
assert dflib.__file__.startswith(os.path.abspath("course")), dflib.__file__
assert dflib.paths.data_missing() == "" and checkpoints.shipped("landmarks").is_file()
link = FileLink(f"course/notebooks/{LESSON}.ipynb")
assert os.path.isfile(link.path) and "was not found" not in link._repr_html_()
print("the course is there")
"""


def test_the_address_is_a_placeholder_in_the_first_line():
    first, second, *rest = CELL.splitlines()
    assert first == 'REPOSITORY = "https://github.com/OWNER/NAME"' and second == 'LESSON = "00_start_here"'
    assert not any("OWNER" in line or "://" in line for line in rest)


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="This is no git checkout, so nothing was cloned")
def test_the_cell_installs_the_course_and_finds_the_lesson(tmp_path):
    """Run twice, as people do: the second time nothing is cloned."""
    local = re.sub(r'^REPOSITORY = .*', f'REPOSITORY = "{ROOT.as_posix()}"', CELL)
    (tmp_path / "cell.ipy").write_text(local + CHECKS + local, encoding="utf-8")
    pip = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DRY_RUN": "1"}       # "0" is pip's word for: not isolated
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "DFLIB_DATA")}
    done = subprocess.run([sys.executable, "-m", "IPython", "--no-banner", "cell.ipy"], cwd=tmp_path, capture_output=True, text=True,
                          env={**environment, **pip, "IPYTHONDIR": str(tmp_path / "ipython")})
    assert done.returncode == 0 and "the course is there" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    assert "rror" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert (tmp_path / "course/notebooks/00_start_here.ipynb").is_file() and not (tmp_path / "course/course").exists()
