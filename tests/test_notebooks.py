"""Committed notebooks read well without being run; ``make course`` executes and exports. nbval runs every cell besides."""
import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 2_000_000     # bytes


def outputs_of(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            for output in cell.outputs:
                yield cell, output


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestCommitted:
    def test_is_valid_small_and_named(self, path):
        nbformat.validate(nbformat.read(path, as_version=4))
        assert path.stat().st_size < LARGEST
        assert re.fullmatch(r"\d\d_[a-z0-9_]+", path.stem)

    def test_was_run_from_top_to_bottom(self, path):
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code" and cell.source.strip()]
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
        assert any(cell.outputs for cell in cells)

    def test_has_no_errors_and_no_warnings(self, path):
        for cell, output in outputs_of(path):
            assert output.output_type != "error", cell.source[:80]
            assert output.get("name") != "stderr", (cell.source[:80], output.text[:200])

    def test_every_picture_has_alt_text(self, path):
        pictures = 0
        for cell, output in outputs_of(path):
            for mime in output.get("data", {}):
                if mime.startswith("image/"):
                    pictures += 1
                    assert output.metadata.get(mime, {}).get("alt", "").strip(), cell.source[:80]
                if mime == "text/html":
                    for tag in re.findall(r"<img\b[^>]*>", "".join(output.data[mime])):
                        assert re.search(r"alt=['\"][^'\"]+", tag), tag[:80]
        assert pictures

    def test_markdown_pictures_have_alt_text_and_exist(self, path):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", cell.source):
                    assert alt.strip(), target
                    if not target.startswith(("http", "attachment:")):
                        assert (path.parent / target).exists(), target


@pytest.fixture(scope="module")
def course():
    spec = importlib.util.spec_from_file_location("course", ROOT / "tools/course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(path, *sources):
    cells = [nbformat.v4.new_markdown_cell("# A lesson")] + [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_course_executes_and_exports_with_alt_text(course, tmp_path, capsys):
    lesson = write(tmp_path / "90_good.ipynb", "import os; print('scale', os.environ['DFLIB_SCALE'])",
                   "import numpy as np\nfrom dflib.lesson import show\nshow(np.zeros((300, 300, 3), 'uint8'), alt='a black square')")
    broken = write(tmp_path / "91_broken.ipynb", "1 / 0")
    assert course.main([broken, lesson], build=tmp_path / "build") == 1
    out, err = capsys.readouterr()
    assert "90_good: executed" in out and "91_broken: FAILED" in out and "ZeroDivisionError" in err
    executed = nbformat.read(tmp_path / "build/90_good.ipynb", as_version=4)
    assert executed.cells[1].outputs[0].text == "scale smoke\n" and executed.cells[2].execution_count == 2
    page = (tmp_path / "build/90_good.html").read_text(encoding="utf-8")
    assert re.search(r"<img[^>]*alt=\"a black square\"", page)
    assert not nbformat.read(lesson, as_version=4).cells[1].outputs      # the lesson itself is untouched
