"""Writes the half for threads of what is written by hand for asyncio.

The text is changed where it stands, so that comments and shape stay: what is awaited is not, names
lose what says asyncio. What the two do each in their own way is kept in modules named `colour`,
written twice.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Generator
from pathlib import Path

from renderstore._dev.typegen._emit import MARK
from renderstore._dev.typegen._files import formatted

# What is written for asyncio, and where its half for threads goes: a folder or a file.
PAIRS = {
    "src/renderstore/_scope/aio": "src/renderstore/_scope/sync",
    "src/renderstore/worker/_aio": "src/renderstore/worker/_sync",
    "tests/api/aio": "tests/api/sync",
    "tests/concurrency/aio": "tests/concurrency/sync",
    "tests/replication/aio": "tests/replication/sync",
    "tests/worker/aio": "tests/worker/sync",
    "tests/isolation/aio": "tests/isolation/sync",
}
BY_HAND = {"__init__.py", "colour.py", "conftest.py"}

# In code and prose alike, each as a whole word.
WORDS = {
    "AsyncStore": "SyncStore",
    "AsyncScope": "SyncScope",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aclosing": "closing",
    "aconnect": "connect",
    "aconnect_farms": "connect_farms",
    "aregister": "register",
    "aretry": "retry",
    "arun_worker": "run_worker",
    "asynccontextmanager": "contextmanager",
    "await_job": "wait_for_job",
    "renderstore._scope.aio": "renderstore._scope.sync",
    "renderstore.aio": "renderstore",
    "renderstore.worker._aio": "renderstore.worker._sync",
    "tests.api.aio": "tests.api.sync",
    "tests.colours.aio": "tests.colours.sync",
    "tests.worker.aio": "tests.worker.sync",
    "A store for asyncio, on the loop that its first scope is entered in.": (
        "A store for threads. Opens with its first scope; `close()` it or use it with `with`."
    ),
}
# AsyncConnection, _AsyncPool, AsyncGenerator: the rest is psycopg's and Python's habit.
_RULES = [
    *(
        (re.compile(rf"(?<!\w){re.escape(old)}(?!\w)"), new)
        for old, new in WORDS.items()
    ),
    (re.compile(r"\b(?:async|await) +"), ""),
    (re.compile(r"\b(_?)Async(?=[A-Z])"), r"\1"),
]


def generate(root: Path, *, check: bool = False) -> list[str]:
    """Write the halves that changed, or with check only say which are stale; a line each."""
    found = sources(root)
    texts = formatted({name: text for name, (_, text) in found.items()}, mend="I,F401")
    messages: list[str] = []
    for name, text in texts.items():
        path = root / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        messages.append(
            f"{name}: it is not what {found[name][0].relative_to(root)} says."
        )
        if not check:
            path.write_text(text, "utf-8")
    for path in _left_over(root, texts):
        messages.append(f"{path.relative_to(root)}: what it was made from is gone.")
        if not check:
            path.unlink()
    return messages


def _left_over(root: Path, texts: dict[str, str]) -> list[Path]:
    return [
        path
        for target in PAIRS.values()
        for path in sorted((root / target).glob("*.py"))
        if path.name not in BY_HAND and str(path.relative_to(root)) not in texts
    ]


def sources(root: Path) -> dict[str, tuple[Path, str]]:
    """What is generated, as paths below the root: from which file, and with which text."""
    found: dict[str, tuple[Path, str]] = {}
    for source, target in PAIRS.items():
        here = root / source
        files = sorted(here.glob("*.py")) if here.is_dir() else [here]
        for file in files:
            if file.name in BY_HAND:
                continue
            name = f"{target}/{file.name}" if here.is_dir() else target
            found[name] = (
                file,
                for_threads(
                    file.read_text("utf-8"), origin=str(file.relative_to(root))
                ),
            )
    return found


def for_threads(text: str, *, origin: str) -> str:
    """The same for threads."""
    edits = [edit for edit in _edits(text) if edit[0] != edit[1]]
    for start, end in sorted(edits, reverse=True):
        text = text[:start] + text[end:]
    for pattern, new in _RULES:
        text = pattern.sub(new, text)
    return _with_origin(text, origin)


def _edits(text: str) -> Generator[tuple[int, int]]:
    """What goes: the parentheses around what was awaited, and `Awaitable[…]` around a type."""
    at = _Offsets(text)
    tree = ast.parse(text)
    for node in ast.walk(tree):
        match node:
            case (
                ast.Attribute(value=ast.Await() as awaited)
                | ast.Subscript(value=ast.Await() as awaited)
                | ast.Call(func=ast.Await() as awaited)
            ):
                start, end = at.of(awaited)
                opening = text.rindex("(", 0, start)
                closing = text.index(")", end)
                yield opening, opening + 1
                yield closing, closing + 1
            case ast.Subscript(value=ast.Name(id="Awaitable"), slice=inner):
                start, end = at.of(node)
                inside, outside = at.of(inner)
                yield start, inside
                yield outside, end
            case _:
                pass


class _Offsets:
    """Where a node's text stands. Python counts lines, and bytes in a line."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def of(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._offset(node.lineno, node.col_offset),
            self._offset(node.end_lineno, node.end_col_offset),
        )

    def _offset(self, line: int, column: int) -> int:
        before = self.lines[line - 1].encode()[:column].decode()
        return self.starts[line - 1] + len(before)


def _with_origin(text: str, origin: str) -> str:
    """The module's docstring says what it is made from."""
    tree = ast.parse(text)
    said = ast.get_docstring(tree, clean=False)
    first = tree.body[0]
    if said is None or first.end_lineno is None:
        raise ValueError(f"{origin}: the module has no docstring.")
    rest = text.splitlines(keepends=True)[first.end_lineno :]
    header = f'"""{said.strip()}\n\nGenerated from {origin} {MARK}\n"""\n'
    return header + "".join(rest)
