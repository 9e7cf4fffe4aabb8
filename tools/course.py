"""``make course``: execute every lesson at the current scale; executed copies and one page each go to build/.

    python tools/course.py                 every lesson
    python tools/course.py notebooks/01*   only these
    python tools/course.py --committed     pages of the outputs that the notebooks carry, without executing anything

The pages need no network: build/index.html leads to them, and the folder can be copied anywhere. In an executed copy
nothing waits for a kernel (a panel leaves a still picture): a lesson is committed as that copy.
"""
import sys
import time
from pathlib import Path

import nbformat
from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent))

import pages  # noqa: E402
from dflib import scale  # noqa: E402

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


def execute(path: Path, build: Path) -> tuple:
    """Execute one lesson where it lies and write the copy, also as far as a failing one came: (the notebook, did it succeed)."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"lesson": path.stem, "metadata": {"path": str(path.parent)}}
    start, good = time.perf_counter(), True
    try:
        settings = {"kernel_name": "python3", "timeout": CELL_LIMIT, "store_widget_state": False, "record_timing": False}
        WithProgress(**settings).preprocess(notebook, resources)
    except CellExecutionError as error:
        good = False
        print(f"{path.stem}: {error.ename}: {error.evalue}", file=sys.stderr)
    nbformat.write(pages.without_widgets(notebook), build / path.name)
    print(f"{path.stem}: {'executed' if good else 'FAILED'} in {time.perf_counter() - start:.0f} s, "
          f"{scale.current()}, written to {build / path.stem}.html")
    return notebook, good


def main(arguments, build=ROOT / "build") -> int:
    """Execute the named lessons, all when none is named; the exit code is 1 when one failed, but the others still run."""
    committed = "--committed" in arguments
    paths = [Path(name) for name in arguments if name != "--committed"] or sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    build.mkdir(parents=True, exist_ok=True)
    notebooks, results = {}, []
    for path in paths:
        notebooks[path], good = (nbformat.read(path, as_version=4), True) if committed else execute(path, build)
        results.append(good)
        pages.write_page(notebooks[path], path, build, [path.stem for path in paths])
    pages.write_index(notebooks, build)
    print(f"The pages begin at {build / 'index.html'}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
