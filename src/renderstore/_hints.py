"""Commands that messages name, as they can be typed where they are read."""

from __future__ import annotations

import os
from pathlib import Path

from renderstore._paths import SQL


def is_in_checkout() -> bool:
    """Whether whoever reads stands in the checkout that this package runs from."""
    here = Path.cwd()
    return (SQL.parent / "justfile").exists() and SQL.parent in (here, *here.parents)


def hint(command: str) -> str:
    """The command, in the words that run it here."""
    return f"`{typed(command)}`"


def typed(command: str) -> str:
    """The same without quotes."""
    if is_in_checkout():
        return f"uv run just {command}"
    # Set by `uv run`: the command is not on the shell's own path.
    if os.environ.get("UV_RUN_RECURSION_DEPTH"):
        return f"uv run renderstore {command}"
    return f"renderstore {command}"
