"""How the generator stops."""

from pathlib import Path


class Refused(Exception):  # noqa: N818 (an error is named after what happened)
    """One sentence that names what is wrong, where, and what to do."""


def at(path: Path, line: int, name: str, problem: str) -> Refused:
    """A refusal that begins with the place, written as editors follow it."""
    return Refused(f"{place(path)}:{line} {name}: {problem}")


def place(path: Path) -> str:
    """A query file's path from the project's root: sql/queries/AREA/NAME.sql."""
    return "/".join(("sql", "queries", *path.parts[-2:]))
