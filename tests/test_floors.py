"""The floors of the package: an import only points down, techniques are strangers to each other, inference knows no training."""
import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "dflib").rglob("*.py"))

# From the ground up; an import may point to the same floor or to a lower one.
FLOORS = [{"lazy", "paths", "files", "scale"}, {"media", "pictures"}, {"training", "checkpoints"}, {"cast"}, {"faces"}, {"datasets"},
          {"metrics"}, {"manipulate"}, {"synthesis.gan", "synthesis.stylegan", "synthesis.stargan", "swap", "forensics", "provenance"},
          {"studies"}, {"published", "lesson", "commands", "__main__"}]
RANK = {name: rank for rank, floor in enumerate(FLOORS) for name in floor}
TECHNIQUES = next(floor for floor in FLOORS if "swap" in floor)
CAST = ["", "geometry", "people", "surface", "hair", "picture", "clips"]      # the groups of the cast, from the ground up
MAKING = {"train", "evaluate", "ship", "scores", "ruler"}                              # modules that training and evaluation are made of
# The lines of a file that is named after a technique: it is read from top to bottom in one lesson.
LONGEST = 335


def imports(path, root=ROOT):
    """(line, dotted module) of every import in a file, also inside functions, and of every module named in a string."""
    package = ("dflib", *path.relative_to(root / "dflib").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[:len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield node.lineno, module
            if module.startswith("dflib"):
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = re.fullmatch(r"(dflib(\.\w+)+)(:\w+)?", node.value)
            if named:
                yield node.lineno, named[1]


def floor_of(module):
    """The key of RANK that a dotted module belongs to, or None outside the floors (dflib itself, its version)."""
    parts = module.split(".")[1:]
    if not parts or parts[0] == "__version__":
        return None
    return ".".join(parts[:2]) if parts[0] == "synthesis" and len(parts) > 1 else parts[0]


def module_of(path, root=ROOT):
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def upward(root=ROOT):
    """Every import that points up or across techniques, and the circles among neighbours on a floor."""
    wrong, arrows = [], {}
    for path in sorted((root / "dflib").rglob("*.py")):
        here = floor_of(module_of(path, root))
        if here is None or here == "synthesis":
            continue
        assert here in RANK, f"{path} is on no floor"
        for line, module in imports(path, root):
            there = floor_of(module) if module.split(".")[0] == "dflib" else None
            if there is None or there == here or there == "synthesis":
                continue
            if there not in RANK:
                wrong.append(f"{path.relative_to(root)}:{line} imports {module}, which is on no floor")
                continue
            arrows.setdefault(here, set()).add(there)
            if RANK[there] > RANK[here] or {here, there} <= TECHNIQUES:
                wrong.append(f"{path.relative_to(root)}:{line} imports {module}")

    def reaches(start, goal, seen):
        return any(step == goal or (step not in seen and reaches(step, goal, seen | {step})) for step in arrows.get(start, ()))
    return wrong + [f"{name} is in a circle" for name in arrows if reaches(name, name, frozenset())]


def test_imports_only_point_down():
    assert upward() == []


def test_the_groups_of_the_cast_only_point_down():
    def group(module):
        parts = module.split(".")
        return parts[2] if len(parts) > 3 and parts[2] in CAST else ""

    wrong = []
    for path in sorted((ROOT / "dflib/cast").rglob("*.py")):
        here = group(module_of(path))
        if path.name == "__init__.py":
            continue
        wrong += [f"{path.relative_to(ROOT)}:{line} imports {module}" for line, module in imports(path)
                  if module.startswith("dflib.cast.") and CAST.index(group(module + ".x")) > CAST.index(here)]
    assert wrong == []


def test_public_functions_of_the_cast_and_of_swaps_carry_annotations():
    def public(body):
        for node in body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield node
            elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from public(node.body)

    bare = []
    for path in SOURCES:
        if floor_of(module_of(path)) not in ("cast", "swap"):
            continue
        for node in public(ast.parse(path.read_text(encoding="utf-8")).body):
            named = [one for one in (*node.args.args, *node.args.kwonlyargs) if one.arg not in ("self", "cls")]
            if node.returns is None or any(one.annotation is None for one in named):
                bare.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert bare == []


def test_inference_knows_neither_training_nor_evaluation():
    wrong = []
    for path in SOURCES:
        module = module_of(path)
        if RANK.get(floor_of(module), 99) > RANK["swap"] or module.split(".")[-1] in MAKING:
            continue
        wrong += [f"{path.relative_to(ROOT)}:{line} imports {name}" for line, name in imports(path)
                  if name.startswith("dflib.") and MAKING & set(name.split(".")[2:]) and not name.startswith("dflib.training")]
    assert wrong == []


@pytest.mark.parametrize("path", [path for path in SOURCES if floor_of(module_of(path)) in TECHNIQUES],
                         ids=lambda path: "/".join(path.parts[-2:]))
def test_a_techniques_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_an_upward_import_is_seen_also_in_a_string(tmp_path):
    for name, text in (("checkpoints", 'READERS = {"x": "dflib.swap.fit:read"}\n'), ("media/video", "from dflib import cast\n"),
                       ("swap/fit", "def f():\n    from dflib.synthesis.stylegan import train\n"), ("scale", "import os\n")):
        file = tmp_path / "dflib" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert [line.split(" ")[0] for line in upward(tmp_path)] == ["dflib/checkpoints.py:1", "dflib/media/video.py:1", "dflib/swap/fit.py:2",
                                                                 "dflib/swap/fit.py:2"]


def test_a_name_that_a_package_offers_is_no_module_of_it():
    """`from package import name` would give the module as soon as somebody had imported it."""
    both = [f"{package}: {name}" for path in SOURCES if path.name == "__init__.py" for package in [module_of(path)]
            for name in getattr(import_module(package), "_HOME", ())
            if (path.parent / f"{name}.py").exists() or (path.parent / name / "__init__.py").exists()]
    assert both == []
