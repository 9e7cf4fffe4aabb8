"""``make site``: a web site of all lessons, with navigation and search, in build/site. Nothing in it needs a network.

    python tools/website.py

Sphinx builds it from README.md, the notebooks as they were committed (nothing is executed) and the pages about teaching and
data. This module is also the Sphinx extension that it needs: of panels a still remains, formulas become MathML, as in
tools/pages.py. The folder can be copied to any web server, or opened from a disk.
"""
import logging
import sys
import time
from pathlib import Path

import nbformat
from docutils import nodes

sys.path.insert(0, str(Path(__file__).parent))

import pages  # noqa: E402

ROOT = Path(__file__).parents[1]
FRONT = "README"                                        # the first page, and what its side bar lists
LISTED = {"Lessons": ["notebooks/[0-9][0-9]_*.ipynb"], "Teaching": ["notebooks/TEACHING.md"],
          "Data and networks": ["data/README.md", "data/*/README.md", "dflib/cast/README.md"]}
STYLE = """
math { font-family: "Course Math", math; font-size: 1.08em; }
.formula { display: flex; align-items: center; margin: 1rem 0; overflow-x: auto; }
.formula > math { flex: 1; }
.cell_output img, .cell_output video { max-width: 100%; height: auto; }
.content { width: 52em; }
.theme-toggle-container { display: none !important; }
"""
LIGHT = "localStorage.setItem('theme', 'light')"        # figures, tables and quizzes are drawn for a white page
BLUE = {"color-brand-primary": "#0061a0", "color-brand-content": "#0061a0"}
SETTINGS = {
    "project": "Deepfakes from the ground up", "html_title": "Deepfakes from the ground up", "language": "en",
    "extensions": ["myst_nb", "website"], "root_doc": FRONT, "exclude_patterns": ["build", ".*", "**/.*", "**/solutions"],
    "include_patterns": [FRONT + ".md", *(pattern for patterns in LISTED.values() for pattern in patterns)],
    "nb_execution_mode": "off", "myst_enable_extensions": ["dollarmath", "amsmath"], "myst_heading_anchors": 3,
    "html_theme": "furo", "html_math_renderer": "mathml", "html_copy_source": False, "html_show_copyright": False,
    "html_theme_options": {"light_css_variables": BLUE},
    "suppress_warnings": ["myst.xref_missing", "myst.header", "misc.highlighting_failure"],   # links to folders and code; magics
}


def listing() -> str:
    """What puts the pages of LISTED into the side bar, in the language of Sphinx."""
    blocks = []
    for caption, patterns in LISTED.items():
        names = [path.relative_to(ROOT).with_suffix("").as_posix() for pattern in patterns for path in sorted(ROOT.glob(pattern))]
        blocks.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```"]))
    return "\n\n".join(blocks)


def read(app, name: str, source: list) -> None:
    """Before a page is parsed: the list of all pages is added to the first, and of panels in notebooks a still remains."""
    if name == FRONT:
        source[0] += "\n\n" + listing()
    elif source[0].startswith("{"):
        source[0] = nbformat.writes(pages.with_alt_text(pages.without_widgets(nbformat.reads(source[0], as_version=4))))


def inline(translator, node) -> None:
    """A formula in a line."""
    _write(translator, pages.mathml(node.astext()))


def block(translator, node) -> None:
    """A displayed formula."""
    _write(translator, pages.formula(node.astext()))


def _write(translator, drawn: str) -> None:
    translator.body.append(drawn)
    translator.builder.formulas.append(drawn)
    raise nodes.SkipNode


def finish(app, error) -> None:
    """Beside the pages: the style with the part of the font that their formulas need, and a page that leads to the first."""
    if error is None:
        style = STYLE + pages.math_font("".join(app.builder.formulas))
        (Path(app.outdir) / "_static/course.css").write_text(style, encoding="utf-8")
        (Path(app.outdir) / "index.html").write_text(
            f"<!doctype html><title>{app.config.html_title}</title><meta http-equiv='refresh' content='0; url={FRONT}.html'>"
            f"<a href='{FRONT}.html'>{app.config.html_title}</a>", encoding="utf-8")


def setup(app) -> dict:
    """What Sphinx asks of an extension."""
    app.connect("builder-inited", lambda app: setattr(app.builder, "formulas", []))
    app.connect("source-read", read)
    app.connect("build-finished", finish)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.add_css_file("course.css")
    app.add_js_file(None, body=LIGHT)
    return {}


def main(build=ROOT / "build/site") -> int:
    """Build the site; the exit code is 1 when Sphinx had to warn of something."""
    from sphinx.application import Sphinx

    start = time.perf_counter()
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    app = Sphinx(ROOT, None, build, build.with_name(build.name + "-cache"), "html", SETTINGS, status=None, freshenv=True)
    app.build()
    print(f"The site begins at {build / 'index.html'}: {time.perf_counter() - start:.0f} s")
    return 1 if app.statuscode or app._warncount else 0


if __name__ == "__main__":
    sys.exit(main())
