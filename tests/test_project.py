"""Promises about the whole project: files, floors, dependencies, words, and every command in the README."""
import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

sys.path.insert(0, str(Path(__file__).parent))

from test_floors import SOURCES, imports  # noqa: E402

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")

MODULE_OF = {"opencv-python": "cv2", "scikit-image": "skimage", "scikit-learn": "sklearn", "pillow": "PIL", "ipython": "IPython",
             "face-alignment": "face_alignment"}


def tracked():
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("This is no git checkout, so there are no tracked files to weigh")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def test_tracked_files_are_small():
    sizes = {path: path.stat().st_size for path in tracked()}
    assert sum(sizes.values()) < 110 * 2**20
    assert [str(path) for path, size in sizes.items() if size > 12 * 2**20] == []


def test_every_outside_import_is_declared():
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["published"]
    declared = {MODULE_OF.get(Requirement(text).name, Requirement(text).name) for text in wanted}
    outside = {module.split(".")[0] for path in SOURCES for _, module in imports(path)}
    assert outside - set(sys.stdlib_module_names) - {"dflib"} - declared == set()


def test_dependencies_are_pinned_ranges():
    extras = PROJECT["optional-dependencies"]
    assert set(extras) == {"dev", "published", "site", "lock"}
    for text in [*PROJECT["dependencies"], *(text for extra in extras.values() for text in extra if text != "dflib[site]")]:
        operators = {part.operator for part in Requirement(text).specifier}
        assert operators == {"=="} or ">=" in operators and "<" in operators or text.startswith("packaging"), text
    assert "torch==2.13.0" in PROJECT["dependencies"]


def test_conda_environment_installs_the_project_and_nothing_else():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, last = environment["dependencies"]
    assert last == {"pip": ["-e .[dev]"]} and "dev" in PROJECT["optional-dependencies"]
    python = next(text for text in conda if text.startswith("python"))
    assert SpecifierSet(python[len("python"):]) == SpecifierSet(PROJECT["requires-python"])
    assert set(conda) - {python} == {"pip", "make"}


# What the standard library got after Python 3.10 and is easily reached for.
TOO_NEW = re.compile(r"\b(contextlib\.chdir|file_digest|math\.cbrt|StrEnum|itertools\.batched|asyncio\.(timeout|TaskGroup|Runner)"
                     r"|datetime\.UTC|\.add_note|import tomllib|Path\.walk|typing\.(Self|override)"
                     r"|import .*\b(Self|override|UTC|chdir))\b")


def test_sources_are_python_of_the_oldest_version():
    """Grammar of 3.10 in every file and cell, and none of the newer names above; the tests themselves run on one version."""
    sources = {path: path.read_text(encoding="utf-8") for folder in ("dflib", "tests", "tools", "notebooks")
               for path in (ROOT / folder).rglob("*.py")}
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        sources |= {f"{notebook.name}, cell {number}": text for number, text in enumerate(code) if not text.startswith("%")}
    assert len(sources) > 150
    for path, text in sources.items():
        try:
            ast.parse(text, feature_version=(3, 10))
        except SyntaxError as error:
            raise AssertionError(f"{path} is no Python 3.10: {error}") from error
    new = [str(path) for path, text in sources.items() if TOO_NEW.search(text) and path != Path(__file__)]
    assert new == []


def test_a_linter_finds_no_undefined_or_unused_names_and_no_long_lines():
    places = [ROOT / name for name in ("dflib", "tests", "tools", "notebooks/solutions", "conftest.py")]
    found = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", *map(str, places)],
                           cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-1000:]


def test_no_dangerous_or_sloppy_python():
    wrong = []
    for path in [*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "tools").rglob("*.py"), *(ROOT / "notebooks").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                wrong.append(f"{where} bare except")
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                wrong.append(f"{where} star import")
            if isinstance(node, ast.Call):
                name, keywords = ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
                if path in SOURCES and re.search(r"(^|\.)(c?[pP]ickle|joblib|dill)\.(load|loads|Unpickler)$", name):
                    wrong.append(f"{where} unpickles")
                if name == "torch.load" and keywords.get("weights_only") != "True":
                    wrong.append(f"{where} {name} without weights_only")
                if name in ("np.load", "numpy.load") and keywords.get("allow_pickle") != "False":
                    wrong.append(f"{where} {name} that may unpickle")
    # tests may unpickle: some write a hostile file to see it refused
    assert wrong == []


def test_no_leftovers_and_no_places_of_one_machine():
    words = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"
                       r"|(?<![\w.])/(?:" + "|".join(("tmp", "work", "root", "home")) + r")/\w"
                       r"|py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.org")
    wrong = []
    for path in tracked():
        if path.suffix in {".py", ".md", ".toml", ".yml", ".ipynb", ".json", ".cff", ""} and path.name != "uv.lock":
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                found = words.search(line if len(line) < 5000 else "")      # longer lines are pictures in notebooks
                if found:
                    wrong.append(f"{path.relative_to(ROOT)}:{number} {found.group()}")
    assert wrong == []


def test_files_that_make_a_project():
    for name in ("LICENSE", "data/LICENSE", "CITATION.cff", "notebooks/TEACHING.md", ".ci/run", "Makefile"):
        assert (ROOT / name).is_file(), name
    assert "MIT License" in (ROOT / "LICENSE").read_text() and "CC0" in (ROOT / "data/LICENSE").read_text()
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == __import__("dflib").__version__
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def commands():
    """Every line of every shell block in the README, comments removed."""
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", README, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_readme_leads_with_the_two_commands():
    assert commands()[:2] == ["make lab", "make test"]


@pytest.mark.parametrize("line", dict.fromkeys(commands()))
def test_readme_commands_work(line, tmp_path, monkeypatch):
    """make: the target exists; conda: its file exists; dflib: it runs, at smoke scale, except training, which is parsed."""
    words = shlex.split(line)
    while "=" in words[0]:
        words.pop(0)
    if words[0] == "make":
        subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True)
    elif words[:3] == ["python", "-m", "dflib"]:
        from dflib.__main__ import build_parser, main
        monkeypatch.chdir(tmp_path)
        if words[3] == "train":
            build_parser().parse_args(words[3:])
        else:
            import numpy as np

            from dflib import media
            media.write_image("photo.jpg", np.full((64, 64, 3), 120, np.uint8))
            (tmp_path / "data/clips").mkdir(parents=True)
            (tmp_path / "data/checkpoints").symlink_to(ROOT / "data/checkpoints")
            for name in re.findall(r"data/clips/(\w+\.mp4)", line):                 # their first pictures will do
                first = [picture for picture, _ in zip(media.read_video(ROOT / "data/clips" / name), range(8))]
                media.write_video(f"data/clips/{name}", first, kind="rendered", progress=False)
            shrink = ["--size", "32"] if words[3] == "render" and "--checkpoint" not in words else []
            shrink += ["--seconds", "0.2"] if "--clip" in words else []
            assert main([*words[3:], "--scale", "smoke", *shrink]) == 0
    elif words[:3] == ["mamba", "env", "create"]:
        assert words[3:] == ["-f", "environment.yml"]
    else:
        assert line in ("mamba activate dflib", "jupyter lab notebooks/00_start_here.ipynb", "python tools/course.py"), line
