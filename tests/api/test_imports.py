"""Who imports whom: never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Generator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import renderstore

ROOT = Path(renderstore.__file__).parent


def modules() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in ROOT.rglob("*.py"):
        parts = ("renderstore", *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> Generator[str]:
    """What a module names in its imports, the late ones and those for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            inner = [f"{node.module}.{each.name}" for each in node.names]
            below = [each for each in inner if each in known]
            yield from below
            if len(below) < len(inner):
                yield node.module


def test_no_module_imports_itself_by_way_of_others() -> None:
    known = modules()
    graph = {
        name: {each for each in imported(path, known) if each != name}
        for name, path in known.items()
    }
    assert graph["renderstore.store"], "the graph holds what is imported"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        raise AssertionError(" imports ".join(reversed(circle.args[1]))) from None
