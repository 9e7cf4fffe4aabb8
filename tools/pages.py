"""Pages of the lessons that need nothing but themselves: pictures, videos, formulas and style are inside, no network.

Formulas become MathML, which browsers draw themselves, in as much of a mathematical font as a page needs: without one,
brackets do not grow. Used by tools/course.py.
"""

import base64
import copy
import html
import io
import mimetypes
import os
import re
import unicodedata
from importlib import resources
from pathlib import Path

import nbformat
from fontTools import subset
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter

STILL = "<p><small>A still picture of a panel: run the notebook to move it.</small></p>"
WIDGET = "application/vnd.jupyter.widget-view+json"
STYLE = """
:root { color-scheme: light; --ink: #222; --pale: #e3e3e3; --link: #0061a0; }
body { margin: 0; color: var(--ink); background: #fff; font: 1.02rem/1.6 system-ui, "Segoe UI", Roboto, sans-serif; }
main, nav { max-width: 58rem; margin: 0 auto; padding: 0 1.2rem; }
nav { display: flex; justify-content: space-between; gap: 1rem; padding-block: .8rem; border-bottom: 1px solid var(--pale); }
main > nav { border: 0; }
a { color: var(--link); }
h1, h2, h3 { line-height: 1.25; margin: 2em 0 .6em; }
h1 { margin-top: 1.2em; }
img, video { max-width: 100%; height: auto; }
pre, code { font: .84rem/1.45 ui-monospace, "DejaVu Sans Mono", Consolas, Menlo, monospace; }
pre { overflow-x: auto; margin: 0; white-space: pre; }
.input_area, .output_stream, .output_text { margin: .8rem 0; }
.input_area { padding: .6rem .8rem; background: #f6f6f6; border-left: 3px solid #0072b2; }
.output_stream pre, .output_text pre { padding: .2rem .8rem; border-left: 3px solid var(--pale); }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--pale); text-align: left; vertical-align: top; }
blockquote { margin: 1rem 0; padding: .1rem 1rem; border-left: 4px solid #e69f00; background: #fdf8ec; }
math { font-family: "Course Math", math; font-size: 1.08em; }
.formula { display: flex; align-items: center; margin: 1rem 0; overflow-x: auto; }
.formula > math { flex: 1; }
.anchor-link { visibility: hidden; text-decoration: none; padding-left: .3em; }
h2:hover .anchor-link, h3:hover .anchor-link { visibility: visible; }
.lesson { display: grid; grid-template-columns: 15rem 1fr; gap: 1.2rem; align-items: start; margin: 1.6rem 0; }
.lesson h2 { margin: 0; font-size: 1.2rem; }
@media (max-width: 40rem) { .lesson { grid-template-columns: 1fr; } }
"""


# What TeX does in a formula and plain MathML does not.
FINER = [(r"<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>"),                                           # distributed as
         (r">\\\|</mo>", ">&#x02016;</mo>"),                                                        # a sized norm
         (r"<mo>&#x02016;</mo>", '<mo stretchy="false">&#x02016;</mo>'),                              # norms do not grow
         (r"<mo>&#x0002F;</mo>", "<mi>/</mi>"),                                                       # no room about a slash
         (r"<(msup|msub)>(<mo minsize[^>]*>[^<]*</mo>)", r"<\1><mrow>\2</mrow>"),                     # sized brackets grow
         (r"<mi>(log|exp|sin|cos)</mi>(?!<mo)", r'<mi>\1</mi><mspace width="0.167em"/>')]            # log D


class Renderer(IPythonRenderer):
    """Markdown to HTML, with formulas as MathML."""

    def block_math(self, body: str) -> str:
        return formula(body)

    def multiline_math(self, text: str) -> str:
        return formula(text)

    def inline_math(self, body: str) -> str:
        return mathml(body)


class Exporter(HTMLExporter):
    """A lesson's body, without the frame that would fetch scripts."""

    def __init__(self):
        super().__init__(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)

    def default_filters(self):
        yield from super().default_filters()
        yield "markdown2html", self.markdown_to_html

    def markdown_to_html(self, source: str) -> str:
        return MarkdownWithMath(renderer=Renderer(escape=False)).render(source)


def formula(latex: str) -> str:
    """A displayed formula; its number, given as \\tag{1}, at the right."""
    tag = re.search(r"\\tag\{(.*?)\}", latex)
    drawn = mathml(latex.replace(tag[0], "") if tag else latex, display="block")
    return f"<div class='formula'>{drawn}{f'<span>({html.escape(tag[1])})</span>' if tag else ''}</div>\n"


def mathml(latex: str, display: str = "inline") -> str:
    """MathML of a formula; bold and hollow letters as characters, since not every browser knows the attribute for them."""
    def letter(match):
        kind = match[1].upper().replace("BOLD-ITALIC", "BOLD ITALIC")
        return f"<mi>{''.join(_letter(kind, character) for character in html.unescape(match[2]))}</mi>"
    drawn = convert(latex, display=display)
    for pattern, better in FINER:
        drawn = re.sub(pattern, better, drawn)
    return re.sub(r'<mi mathvariant="(bold|bold-italic|double-struck|script)">(.*?)</mi>', letter, drawn)


def _letter(kind: str, character: str) -> str:
    """A character in a mathematical style, or as it is where Unicode has none of that style."""
    name = unicodedata.name(character).replace("LATIN ", "").replace("GREEK ", "").replace(" LETTER", "")
    for prefix in ("MATHEMATICAL ", ""):            # some hollow and script capitals are older than the others
        try:
            return unicodedata.lookup(f"{prefix}{kind} {name}")
        except KeyError:
            continue
    return character


def math_font(body: str) -> str:
    """A style rule that holds the part of STIX Two Math which the formulas of ``body`` need; '' without formulas."""
    used = "".join(html.unescape(re.sub("<[^>]*>", "", found)) for found in re.findall("<math.*?</math>", body, re.DOTALL))
    if not used:
        return ""
    italic = "".join(_letter("ITALIC", character) for character in set(used) if character.isalpha())
    options = subset.Options(flavor="woff", layout_features=["*"], notdef_outline=True)
    font = subset.load_font(str(resources.files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"), options)
    cut = subset.Subsetter(options)
    cut.populate(text=used + italic + "ℎ" + "0123456789()[]{}|")       # a single letter is set in italic; ℎ is italic h
    cut.subset(font)
    file = io.BytesIO()
    subset.save_font(font, file, options)
    data = base64.b64encode(file.getvalue()).decode()
    return f"@font-face {{ font-family: 'Course Math'; src: url(data:font/woff;base64,{data}); }}"


def write_page(notebook, path: Path, build: Path, names: list) -> None:
    """``build/NAME.html`` of a notebook that lies at ``path``; ``names`` are all pages, in order, for those beside it."""
    title, _, _ = introduction(notebook)
    body = whole(Exporter().from_notebook_node(with_alt_text(without_widgets(notebook)))[0], path, build)
    here = names.index(path.stem)
    before, after = (names[k] if 0 <= k < len(names) else None for k in (here - 1, here + 1))
    steps = [f"<a href='{name}.html'>{words}</a>" if name else "<span></span>" for name, words in ((before, "← before"), (after, "next →"))]
    beside = f"<nav>{steps[0]}<a href='index.html'>All lessons</a>{steps[1]}</nav>"
    (build / f"{path.stem}.html").write_text(page(title, f"{beside}<main>{body}{beside}</main>"), encoding="utf-8")


def write_index(notebooks: dict, build: Path) -> None:
    """``build/index.html`` with a picture and a sentence of each lesson; ``notebooks``: path -> notebook."""
    parts = ["<main><h1>Deepfakes from the ground up</h1><p>Each page can be read without a network. "
             "To move panels and to solve exercises, open the notebooks.</p>"]
    for path, notebook in notebooks.items():
        title, sentence, picture = introduction(notebook)
        cell = nbformat.v4.new_markdown_cell(f"{picture}\n\n{sentence}")
        shown = whole(Exporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0], path, build)
        image = re.search(r"<img[^>]*>", shown)
        words = re.sub(r"<img[^>]*>", "", shown)
        parts.append(f"<section class='lesson'><a href='{path.stem}.html'>{image[0] if image else ''}</a>"
                     f"<div><h2><a href='{path.stem}.html'>{html.escape(title)}</a></h2>{words}</div></section>")
    (build / "index.html").write_text(page("Deepfakes from the ground up", "".join(parts) + "</main>"), encoding="utf-8")


def page(title: str, body: str) -> str:
    """A whole page around a body."""
    return (f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'>"
            f"<style>{STYLE}{math_font(body)}{HtmlFormatter().get_style_defs('.highlight')}</style></head><body>{body}</body></html>")


def introduction(notebook) -> tuple:
    """(title, first paragraph, first picture) of a lesson, from its first cell."""
    first = next((cell.source for cell in notebook.cells if cell.cell_type == "markdown"), "")
    blocks = [block.strip() for block in first.split("\n\n")]
    title = next((block.lstrip("# ") for block in blocks if block.startswith("# ")), "A lesson")
    picture = next((block for block in blocks if block.startswith("![")), "")
    return title, next((block for block in blocks if block and block[0] not in "#!|"), ""), picture


def without_widgets(notebook):
    """A copy in which nothing waits for a kernel: of a panel its still remains, of a progress bar nothing."""
    copied = copy.deepcopy(notebook)
    copied.metadata.pop("widgets", None)
    for cell in copied.cells:
        if cell.cell_type == "code":
            live = [output for output in cell.outputs if WIDGET in output.get("data", {})]
            for output in live:
                del output.data[WIDGET]
                output.metadata["still"] = True
            cell.outputs = [output for output in cell.outputs
                            if output not in live or any(mime.startswith("image/") for mime in output.data)]
    return copied


def with_alt_text(notebook):
    """A copy whose pictures are HTML with the alt text of their metadata, which nbconvert would leave out."""
    copied = copy.deepcopy(notebook)
    for output in (output for cell in copied.cells for output in cell.get("outputs", ())):
        for mime, content in list(output.get("data", {}).items()):
            alt = output.get("metadata", {}).get(mime, {}).get("alt")
            if alt and mime in ("image/png", "image/jpeg"):
                shown = f'<img alt="{html.escape(alt)}" src="data:{mime};base64,{content.strip()}">'
                shown += STILL if output.metadata.get("still") else ""
                output.data = nbformat.from_dict({"text/html": shown})
    return copied


def whole(body: str, path: Path, build: Path) -> str:
    """A body with its picture files inside; links to other lessons lead to their pages, others to where ``build`` sees them."""
    def inside(match):
        data = base64.b64encode((path.parent / match[1]).read_bytes()).decode()
        return f'src="data:{mimetypes.guess_type(match[1])[0]};base64,{data}"'

    def moved(match):
        target = match[1]
        if target.endswith(".ipynb") and "/" not in target:
            return f'href="{target[:-6]}.html"'
        return f'href="{os.path.relpath(path.parent / target, build)}"'

    return re.sub(r'href="(?!#|\w+:)([^"]+)"', moved, re.sub(r'src="(?!\w+:)([^"]+)"', inside, body))
