"""Committed notebooks read well without being run, and are written by the rules of the course. nbval runs every cell besides."""
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from dflib import lesson
from dflib.lesson import checks, drawing

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 3_000_000     # bytes
WIDEST = 96             # columns of a code cell: what a page shows without a scroll bar
LONGEST = 3_000, 60      # words of text and cells of a lesson


def cells_of(path, kind="code"):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind and cell.source.strip()]


def outputs_of(path):
    for cell in cells_of(path):
        for output in cell.outputs:
            yield cell, output


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestCommitted:
    def test_is_valid_small_and_named(self, path):
        nbformat.validate(nbformat.read(path, as_version=4))
        assert path.stat().st_size < LARGEST
        assert re.fullmatch(r"\d\d_[a-z0-9_]+", path.stem)

    def test_was_run_from_top_to_bottom(self, path):
        cells = cells_of(path)
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
        for cell in cells_of(path, "markdown"):
            for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", cell.source):
                assert alt.strip(), target
                if not target.startswith(("http", "attachment:")):
                    assert (path.parent / target).exists(), target

    def test_nothing_waits_for_a_kernel_and_every_panel_left_a_still(self, path):
        assert "widgets" not in nbformat.read(path, as_version=4).metadata
        for cell, output in outputs_of(path):
            data = output.get("data", {})
            assert not any("widget" in mime for mime in data), cell.source[:80]
            assert "Panel(" not in data.get("text/plain", "")
        for cell in cells_of(path):
            if re.search(r"_explorer\(|panels\.\w+\(|\bPanel\(", cell.source):
                still, = [output for output in cell.outputs if "data" in output]
                words, = [details["alt"] for mime, details in still.metadata.items() if mime.startswith("image/")]
                assert still.metadata["still"] and words == still.data["text/plain"]
                assert "? " in words                            # the question, and what the picture shows


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestWritten:
    """The rules of 'what every lesson has' that a program can see."""

    def test_begins_with_a_title_a_sentence_a_picture_and_the_facts_at_a_glance(self, path):
        first = cells_of(path, "markdown")[0].source
        title, sentence, picture = [block for block in first.split("\n\n") if block.strip()][:3]
        assert title.startswith(f"# {path.name[:2]} · ") and sentence.startswith("At the end of this lesson you")
        assert picture.startswith("![") and "## At a glance" in first
        for row in ("**You will**", "**You need**", "**Time**", "**Read from disk**"):
            assert row in first

    def test_cells_are_no_wider_than_a_page(self, path):
        wide = [line for cell in cells_of(path) for line in cell.source.split("\n") if len(line) > WIDEST]
        assert wide == []

    def test_is_no_longer_than_a_lesson(self, path):
        words, cells = LONGEST
        notebook = nbformat.read(path, as_version=4)
        assert sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown") <= words
        assert len(notebook.cells) <= cells

    def test_every_name_is_defined_and_used(self, path):
        linter = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "F,E9", "--output-format", "concise"]
        found = subprocess.run([*linter, str(path)], capture_output=True, text=True)
        assert found.returncode == 0, found.stdout

    def test_sizes_stand_once_at_the_top(self, path):
        for number, cell in enumerate(cells_of(path)):
            calls = re.findall(r"scale\.pick|\bpick\(", cell.source)
            assert number < 4 or not calls, cell.source[:80]
            assert not re.search(r"scale\.name\s*[!=]=|scale\.name in", cell.source), "a lesson does not branch on its scale"

    def test_no_cell_is_there_for_the_tests_alone(self, path):
        for cell in cells_of(path):
            assert not re.search(r"\.line\b|\.error\b", cell.source), cell.source[:80]
            assert not re.search(r"^assert .*(\.shape|len\()", cell.source, re.MULTILINE), cell.source[:80]

    def test_asks_the_package_only_for_what_it_has(self, path):
        for cell in cells_of(path):
            for name in re.findall(r"\blesson\.(\w+)\(", cell.source):
                assert name in lesson.__all__, name

    def test_shows_every_diagram_that_was_drawn_for_it(self, path):
        number = path.name[:2]
        shown = re.findall(rf'lesson\.diagram\("{number}\.(\w+)"\)', "\n".join(cell.source for cell in cells_of(path)))
        assert sorted(shown) == sorted(drawing.diagrams(number)) and (shown or number == "00")

    def test_exercises_are_named_by_their_level_in_order(self, path):
        number = path.name[:2]
        text = "\n".join(cell.source for cell in cells_of(path, "markdown"))
        headings = re.findall(r"\*\*Exercise (\d) · ([\w-]+)\.\*\*", text)
        names = checks.names(number)
        assert headings == [(str(k), checks.level(name)) for k, name in enumerate(names, 1)]
        asked = re.findall(r'\b(?:check|answer)\("(\d\d\.\w+)"', "\n".join(cell.source for cell in cells_of(path)))
        assert asked == names

    def test_stubs_are_unsolved_and_an_answer_is_used_by_the_next_cell(self, path):
        cells, handed = cells_of(path), 0
        for cell, following in zip(cells, cells[1:]):
            if re.search(r'\b(check|answer)\("\d\d\.', cell.source):
                assert re.search(r"^    return \.\.\.$", cell.source, re.MULTILINE), cell.source[:80]
                assert any("not solved yet" in str(output.get("data")) for output in cell.outputs), cell.source[:80]
            if "lesson.answer(" in cell.source:
                handed += 1
                name = re.search(r"^(\w+) = lesson\.answer\(", cell.source, re.MULTILINE)[1]
                assert re.search(rf"\b{name}\b", following.source), name
        assert handed

    def test_has_predictions_a_failure_a_word_on_misuse_and_references(self, path):
        text = "\n".join(cell.source for cell in cells_of(path, "markdown"))
        assert "Predict first" in text and re.search(r"[Ww]hat goes wrong", text)
        assert re.search(r"^##+ (\d+ · )?Use and misuse", text, re.MULTILINE)
        assert re.search(r"^##+ References", text, re.MULTILINE)
        for line in text[text.index("References"):].split("\n"):
            assert not line.startswith("* ") or "](http" in line, line
        following = NOTEBOOKS[(NOTEBOOKS.index(path) + 1) % len(NOTEBOOKS)]
        assert path is NOTEBOOKS[-1] or f"]({following.name})" in text[text.index("Next: "):]
