"""Compares what is generated with what is there."""

import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from renderstore._dev.typegen._emit import MARK
from renderstore._dev.typegen._refused import Refused, place
from renderstore._dev.typegen._source import File

# The project's own settings, said here so that the result does not depend on the folder.
_RUFF = ("--isolated", "--quiet", "--no-cache")
_FORMAT = ("format", "--line-length=88")


def formatted(texts: dict[str, str], *, mend: str = "I") -> dict[str, str]:
    """The modules as ruff writes them, once it has mended what breaks these rules."""
    if find_spec("ruff") is None:
        raise Refused(
            "Generated modules are formatted by ruff, which is not installed;"
            " install the dev group (`uv sync`)."
        )
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        first_party = "--config=lint.isort.known-first-party=['renderstore']"
        check = (
            "check",
            "--fix",
            f"--select={mend}",
            first_party,
            "--config=src=['src']",
        )
        for step in (check, _FORMAT):
            command = [
                sys.executable,
                "-m",
                "ruff",
                *step,
                *_RUFF,
                "--target-version=py311",
            ]
            subprocess.run([*command, folder], check=True)
        return {name: Path(folder, name).read_text("utf-8") for name in texts}


def compare(path: Path, name: str, text: str, file: File | None) -> list[str]:
    """One line for each query whose function is not as it should be."""
    old = path.read_text("utf-8") if path.exists() else ""
    if old == text:
        return []
    if file is None:
        return [f"{name}: it is not what the database says."]
    before, after = _parts(old), _parts(text)
    messages = [
        f"{place(query.path)}:{query.line} {query.name}: {name} is not what it says."
        for query in file.queries
        if any(
            before.get(each) != after.get(each) for each in _names(query.name, after)
        )
    ]
    gone = [each for each in before if each not in after]
    messages += [f"{name}: {each} has no query any more." for each in gone]
    return messages or [f"{name}: it is not what its query file says."]


def _parts(text: str) -> dict[str, str]:
    """The source of each class and function by its name."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    return {
        node.name: ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _names(query: str, parts: dict[str, str]) -> list[str]:
    """A query's function and the classes that it names."""
    return [
        query,
        *(each for each in parts if each[0].isupper() and each in parts.get(query, "")),
    ]


def left_over(package: Path, areas: Iterable[str], texts: dict[str, str]) -> list[Path]:
    """Generated modules that nothing generates any more."""
    return [
        path
        for area in areas
        for folder in (package / area, package / "aio" / area)
        for path in sorted(folder.glob("*.py"))
        if str(path.relative_to(package)) not in texts
        and MARK in path.read_text("utf-8")
    ]
