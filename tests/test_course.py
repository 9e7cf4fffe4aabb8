"""What is built from the notebooks: executed copies, pages that need no network, and the editions for a class."""
import re
import sys
from pathlib import Path

import nbformat
import pytest

from dflib.lesson import checks

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import course  # noqa: E402
import editions  # noqa: E402
import pages  # noqa: E402

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))

PANEL = """
import numpy as np
from dflib.lesson.widgets import Panel, slider
def draw(level):
    return np.full((8, 8), level, np.uint8), f"level {level}"
Panel(draw, {"level": slider("level", 0, 9, 4)}, question="How dark?", alt="grey")
"""


def write(path, *sources):
    cells = [nbformat.v4.new_markdown_cell("# A lesson\n\nAt the end you know $\\mathbf x$.")]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_course_executes_and_exports_with_alt_text(tmp_path, capsys):
    lesson = write(tmp_path / "90_good.ipynb", "import os; print('scale', os.environ['DFLIB_SCALE'])",
                   "import numpy as np\nfrom dflib.lesson import show\nshow(np.zeros((300, 300, 3), 'uint8'), alt='a black square')",
                   "from tqdm.auto import tqdm\nfor i in tqdm(range(2)): pass", PANEL)
    broken = write(tmp_path / "91_broken.ipynb", "1 / 0")
    assert course.main([broken, lesson], build=tmp_path / "build") == 1
    out, err = capsys.readouterr()
    assert "90_good: executed" in out and "91_broken: FAILED" in out and "ZeroDivisionError" in err
    executed = nbformat.read(tmp_path / "build/90_good.ipynb", as_version=4)
    assert executed.cells[1].outputs[0].text == "scale smoke\n" and executed.cells[2].execution_count == 2
    assert not executed.cells[3].outputs                                # a bar that nobody can see move
    still, = executed.cells[4].outputs
    assert sorted(still.data) == ["image/png", "text/plain"] and still.data["text/plain"] == "How dark? grey: level 4"
    page = (tmp_path / "build/90_good.html").read_text(encoding="utf-8")
    assert re.search(r'<img alt="a black square" src="data:image/png', page)
    assert re.search(r'<img alt="How dark\? grey: level 4" src="data:image/png', page)
    assert page.count("A still picture of a panel") == 1
    assert not nbformat.read(lesson, as_version=4).cells[1].outputs      # the lesson itself is untouched
    index = (tmp_path / "build/index.html").read_text(encoding="utf-8")
    assert "90_good.html" in index and "91_broken.html" in index


def formulas():
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                yield from re.findall(r"(?<![\$])\$([^$\n]+)\$(?!\$)|\$\$(.*?)\$\$", cell.source, re.DOTALL)


def test_every_formula_of_the_lessons_is_understood():
    found = [inline or display for inline, display in formulas()]
    assert len(found) > 300
    for latex in found:
        drawn = pages.formula(latex)
        words = re.sub("<[^>]*>", "", drawn)
        assert "\\" not in words, (latex, words)                         # a command that was not understood stays as it is
        assert 'mathvariant="bold"' not in drawn and "<merror" not in drawn


def test_letters_are_what_tex_would_set():
    assert "<mi>𝐱</mi>" in pages.mathml(r"\mathbf x") and "<mi>ℝ</mi>" in pages.mathml(r"\mathbb R")
    assert "<mi>𝔼</mi>" in pages.mathml(r"\mathbb E") and "<mi>𝒩</mi>" in pages.mathml(r"\mathcal N")
    assert "<mi>𝜹</mi>" in pages.mathml(r"\boldsymbol\delta")
    numbered = pages.formula(r"a = b \tag{3}")
    assert numbered.count("(3)") == 1 and "tag" not in numbered
    assert pages.math_font("<p>no formula</p>") == ""
    small, large = (len(pages.math_font(f"<math>{text}</math>")) for text in ("x", "∑∏∫√{}()[]αβγδ"))
    assert 2_000 < small < large < 200_000


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    assert course.main(["--committed"], build=folder) == 0
    return folder


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS] + ["index"])
def test_pages_hold_everything_that_they_show(built, name):
    page = (built / f"{name}.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|iframe|object|embed)\b", page)
    sources = re.findall(r"\bsrc=[\"']([^\"']{0,40})", page)
    assert sources and all(source.startswith("data:") for source in sources)
    assert set(re.findall(r"url\(([^)]{0,20})", page)) <= {"data:font/woff;base6"}
    assert all(re.search(r"alt=[\"'][^\"']", tag) for tag in re.findall(r"<img\b[^>]{0,2000}", page))
    for target in re.findall(r'href="([^":#]+)"', page):
        assert (built / target).exists(), target


def test_the_students_edition_has_nothing_to_read_ahead(tmp_path, capsys):
    assert editions.main(["student"], build=tmp_path) == 0
    for path in NOTEBOOKS:
        notebook = nbformat.read(tmp_path / "student/notebooks" / path.name, as_version=4)
        source = nbformat.read(path, as_version=4)
        assert [cell.source for cell in notebook.cells] == [cell.source for cell in source.cells]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", "\n".join(cell.source for cell in notebook.cells)):
            assert (tmp_path / "student/notebooks" / target).is_file(), target
    assert not list((tmp_path / "student").rglob("lesson*.py"))
    assert editions.main(["class"], build=tmp_path) == 2 and "One of student, teacher" in capsys.readouterr().err


def test_the_teachers_edition_solves_every_exercise_and_names_its_mistakes(tmp_path, monkeypatch):
    import numpy as np
    import torch

    assert editions.main(["teacher"], build=tmp_path) == 0
    for path in NOTEBOOKS:
        notebook, verdicts = nbformat.read(tmp_path / "teacher/notebooks" / path.name, as_version=4), {}
        for cell, after in zip(notebook.cells, notebook.cells[1:]):
            name = editions.asked(cell)
            if name is None:
                continue
            code = re.split(r"^(?:\w+ = lesson\.answer|check)\(", cell.source, maxsplit=1, flags=re.MULTILINE)[0]
            room = {"np": np, "torch": torch}                   # what the lesson has imported
            exec(code, room)
            verdicts[name] = checks.check(name, room[name.split(".")[1]])
            assert "correct" in str(cell.outputs) and f"`{name}`, {checks.level(name)}" in after.source
            assert all(hint in after.source for _, hint in checks.mistakes(name))
        assert verdicts == dict.fromkeys(checks.names(path.name[:2]), checks.CORRECT)
    text = (tmp_path / "teacher/notebooks/05_deepfakes.ipynb").read_text(encoding="utf-8")
    assert "Lesson 05, DeepFakes: one session of ninety minutes" in text
