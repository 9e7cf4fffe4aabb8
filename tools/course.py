"""``make course``: execute every lesson at the current scale; executed copies and one HTML page each go to build/.

    python tools/course.py                 every lesson
    python tools/course.py notebooks/01*   only these
"""
import copy
import html
import sys
import time
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor
from tqdm import tqdm

from dflib import scale

ROOT = Path(__file__).parents[1]
CELL_LIMIT = 3600       # seconds for one cell: training from scratch at gpu scale is 20 minutes


class WithProgress(ExecutePreprocessor):
    """Executes a notebook and shows how far it is."""

    def preprocess(self, notebook, resources):
        with tqdm(total=len(notebook.cells), desc=resources["lesson"], unit="cell", leave=False) as self.bar:
            return super().preprocess(notebook, resources)

    def preprocess_cell(self, cell, resources, index):
        done = super().preprocess_cell(cell, resources, index)
        self.bar.update()
        return done


def with_alt_text(notebook):
    """A copy whose pictures are HTML with the alt text of their metadata, which nbconvert's page would leave out."""
    copied = copy.deepcopy(notebook)
    for output in (output for cell in copied.cells for output in cell.get("outputs", ())):
        for mime, content in list(output.get("data", {}).items()):
            alt = output.get("metadata", {}).get(mime, {}).get("alt")
            if alt and mime in ("image/png", "image/jpeg"):
                output.data = nbformat.from_dict(
                    {"text/html": f'<img alt="{html.escape(alt)}" src="data:{mime};base64,{content.strip()}">'})
    return copied


def execute(path: Path, build: Path) -> bool:
    """Execute one lesson where it lies; write ``build/NAME.ipynb`` and ``.html``, also as far as a failing one came."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"lesson": path.stem, "metadata": {"path": str(path.parent)}}
    start, good = time.perf_counter(), True
    try:
        WithProgress(timeout=CELL_LIMIT, kernel_name="python3").preprocess(notebook, resources)
    except CellExecutionError as error:
        good = False
        print(f"{path.stem}: {error.ename}: {error.evalue}", file=sys.stderr)
    nbformat.write(notebook, build / path.name)
    page, _ = HTMLExporter().from_notebook_node(with_alt_text(notebook), {"metadata": {"name": path.stem}})
    (build / path.name).with_suffix(".html").write_text(page, encoding="utf-8")
    print(f"{path.stem}: {'executed' if good else 'FAILED'} in {time.perf_counter() - start:.0f} s, "
          f"{scale.current()}, written to {build / path.stem}.html")
    return good


def main(names, build=ROOT / "build") -> int:
    """Execute the lessons ``names``, all when empty; the exit code is 1 when one failed, but the others still run."""
    paths = [Path(name) for name in names] or sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    build.mkdir(parents=True, exist_ok=True)
    results = [execute(path, build) for path in paths]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
