"""``make student`` and ``make teacher``: the notebooks for a class, both made from the one source.

    python tools/editions.py student       nothing has been run yet, so that everybody predicts first
    python tools/editions.py teacher       outputs, solutions filled in and checked, known mistakes, the plan of the session

They go to build/student and build/teacher, each with the pictures that its notebooks show.
"""

import ast
import importlib.util
import inspect
import re
import shutil
import sys
from pathlib import Path

import nbformat

from dflib.lesson import checks

ROOT = Path(__file__).parents[1]
PICTURE = re.compile(r"!\[[^\]]*\]\(\.\./([^)]+)\)")


def student(notebook, lesson: str):
    """The notebook as nobody has run it."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.metadata.pop("execution", None)
    return notebook


def teacher(notebook, lesson: str):
    """The notebook with every exercise solved, what goes wrong there, and the plan of its session from TEACHING.md."""
    solutions, cells = solutions_of(lesson), []
    for cell in notebook.cells:
        name = asked(cell)
        cells.append(cell)
        if name is not None:
            cell.source = solved(cell.source, name, solutions)
            verdict = checks.check(name, solutions.SOLUTIONS[name])
            bundle = {"text/plain": str(verdict), "text/html": verdict._repr_html_()}
            cell.outputs = [nbformat.v4.new_output("display_data", bundle)]
            cells.append(nbformat.v4.new_markdown_cell(mistakes_of(name)))
    plan = plan_of(lesson)
    notebook.cells = cells[:1] + ([nbformat.v4.new_markdown_cell(plan)] if plan else []) + cells[1:]
    return notebook


def asked(cell) -> "str | None":
    """The exercise that a cell checks, e.g. '03.adain'."""
    found = re.search(r'\b(?:check|answer)\("(\d\d\.\w+)"', cell.source) if cell.cell_type == "code" else None
    return found[1] if found else None


def solutions_of(lesson: str):
    """The module of a lesson's solutions."""
    path = ROOT / f"notebooks/solutions/lesson{lesson}.py"
    spec = importlib.util.spec_from_file_location(f"solutions{lesson}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def solved(source: str, name: str, solutions) -> str:
    """The cell of an exercise with its stub replaced by the solution, and by the helpers which that uses."""
    answer = solutions.SOLUTIONS[name]
    code = inspect.getsource(answer).rstrip()
    for helper, function in inspect.getmembers(solutions, inspect.isfunction):
        if function not in solutions.SOLUTIONS.values() and re.search(rf"\b{helper}\b", code):
            code = inspect.getsource(function).rstrip() + "\n\n" + code
    stub = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == answer.__name__)
    lines = source.split("\n")
    return "\n".join([*lines[:stub.lineno - 1], code, *lines[stub.end_lineno:]])


def mistakes_of(name: str) -> str:
    """A cell for the teacher: the level of an exercise, and its known mistakes as `check` names them."""
    hints = "\n".join(f"* {hint}" for _, hint in checks.mistakes(name))
    return f"**For the teacher** · `{name}`, {checks.level(name)}. `check` recognises these mistakes and answers:\n\n{hints}"


def plan_of(lesson: str) -> str:
    """The part of TEACHING.md about this lesson; '' when there is none."""
    text = (ROOT / "notebooks/TEACHING.md").read_text(encoding="utf-8")
    found = re.search(rf"^## (Lesson {lesson},.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return f"**For the teacher** · {found[1].strip()}" if found else ""


def main(arguments, build=ROOT / "build") -> int:
    """Write the edition named first, of the lessons named after it, or of all."""
    if not arguments or arguments[0] not in EDITIONS:
        print(f"Which edition? One of {', '.join(EDITIONS)}.", file=sys.stderr)
        return 2
    edition, *names = arguments
    folder = build / edition / "notebooks"
    shutil.rmtree(build / edition, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in [Path(name) for name in names] or sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        notebook = EDITIONS[edition](nbformat.read(path, as_version=4), path.name[:2])
        nbformat.write(notebook, folder / path.name)
        for picture in {found for cell in notebook.cells for found in PICTURE.findall(cell.source)}:
            (build / edition / picture).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / picture, build / edition / picture)
    print(f"The {edition}'s edition is in {folder}")
    return 0


EDITIONS = {"student": student, "teacher": teacher}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
