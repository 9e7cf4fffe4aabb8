"""How every lesson begins: what this machine offers the course, what to do when something is missing, and a seed."""

import html
import os
import platform
import re
import shutil
from dataclasses import dataclass
from importlib import metadata

from IPython.display import display

from dflib import __version__, paths, scale

REINSTALL = "Install again with: make lab (or: pip install -e .)."
MAIN_PACKAGES = ("torch", "numpy", "opencv-python", "jupyterlab", "ipywidgets", "face-alignment")
DISK_NEEDED = 2.0  # GB: rendered sets and checkpoints of every lesson at cpu scale, with room to spare


@dataclass(frozen=True)
class Row:
    """One line of the report: what was looked at, what was found, and what to do about it ('' when all is well)."""

    name: str
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """The rows, shown as a table in a notebook and as aligned lines elsewhere."""

    rows: tuple

    @property
    def complete(self) -> bool:
        """Whether no row asks for anything."""
        return not any(row.advice for row in self.rows)

    def __str__(self) -> str:
        width = max(len(row.name) for row in self.rows)
        lines = []
        for row in self.rows:
            lines.append(f"{row.name:<{width}}  {row.found}")
            if row.advice:
                lines.append(f"{'':<{width}}  -> {row.advice}")
        return "\n".join(lines + ["Everything is in place." if self.complete else "See the lines marked ->."])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = []
        for row in self.rows:
            advice = f"<br><strong>&#9888; {html.escape(row.advice)}</strong>" if row.advice else ""
            cells.append(
                f"<tr><th scope='row' style='text-align:left'>{html.escape(row.name)}</th>"
                f"<td style='text-align:left'>{html.escape(row.found)}{advice}</td></tr>"
            )
        verdict = "&#10003; Everything is in place." if self.complete else "&#9888; See the marked rows."
        return f"<table><caption style='text-align:left'>{verdict}</caption><tbody>{''.join(cells)}</tbody></table>"


def setup(seed: int = 0) -> scale.Scale:
    """Show the environment report, seed every generator, and return the current scale.

    Raises ValueError when ``DFLIB_SCALE`` names no scale (the report, shown first, says which there are).
    """
    display(report())
    chosen = scale.current()
    scale.seed_everything(seed)
    return chosen


def report() -> Report:
    """Look at this machine now. Never raises for something missing: the row says what to do."""
    dflib = f"{__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    rows = _packages(), _data(), _scale(), _device(), _cache(), _outside_weights()
    return Report((Row("dflib", dflib), *rows))


def _packages() -> Row:
    found = []
    for name in MAIN_PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} missing")
    problems = unmet_requirements()
    return Row("packages", ", ".join(found), f"{'; '.join(problems)}. {REINSTALL}" if problems else "")


def unmet_requirements() -> list:
    """One phrase for each dependency of the installed dflib that is missing or outside its pinned range."""
    from packaging.requirements import Requirement

    try:
        requirements = metadata.requires("dflib") or []
    except metadata.PackageNotFoundError:  # run from the folder without installing: only the main ones are known
        requirements = list(MAIN_PACKAGES)
    problems = []
    for requirement in map(Requirement, requirements):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            problems.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            problems.append(f"{requirement.name} is {version}, wanted {requirement.specifier}")
    return problems


def _data() -> Row:
    missing = paths.data_missing()
    return Row("data", "missing" if missing else "in place", missing)


def _scale() -> Row:
    chosen = "chosen by DFLIB_SCALE" if os.environ.get("DFLIB_SCALE") else "chosen because of the device"
    try:
        return Row("scale", f"{scale.current()}, {chosen}")
    except ValueError as error:
        return Row("scale", "unknown", str(error))


def _device() -> Row:
    try:
        import torch
    except ImportError:
        return Row("device", "unknown", f"torch cannot be imported. {REINSTALL}")
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
        return Row("device", f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}, {memory:.0f} GB")
    return Row("device", f"CPU, {scale.usable_cores()} cores; no GPU is needed at cpu scale")


def _cache() -> Row:
    try:
        folder = paths.cache_dir()
        free = shutil.disk_usage(folder).free / 1e9
    except OSError as error:
        return Row("free disk", "unknown", str(error))
    advice = (
        ""
        if free >= DISK_NEEDED
        else (f"The course wants {DISK_NEEDED:g} GB: make room, or set DFLIB_CACHE to a folder on another disk.")
    )
    return Row("free disk", f"{free:.1f} GB in the cache folder", advice)


def _outside_weights() -> Row:
    """face-alignment's own weights are optional: without them the landmarks come from dflib's network."""
    home = os.environ.get("TORCH_HOME") or os.path.join(os.path.expanduser("~"), ".cache", "torch")
    folder = os.path.join(home, "hub", "checkpoints")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    if any(re.match(r"2DFAN4-.*\.pth", name) for name in names):
        return Row("face-alignment's weights", "downloaded")
    return Row("face-alignment's weights", "not downloaded; dflib's own landmark network serves without them")
