# ruff: noqa: A001 (a query is named for what it does)

"""Which failures are tried again.

Generated from sql/queries/work/error_classes.sql by `just generate`; do not edit.
"""

import builtins

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one

_sql = _load("work", "error_classes")


@_row
class ErrorClass:
    """What set and list give."""

    name: str
    is_retried: bool
    meaning: str


def set(
    conn: _Connection[object], *, name: str, is_retried: bool, meaning: str
) -> ErrorClass:
    """The error class, made or changed."""
    return _one(
        conn,
        _sql["set"],
        {"name": name, "is_retried": is_retried, "meaning": meaning},
        ErrorClass,
    )


def list(
    conn: _Connection[object], *, after_name: str | None = None, page_size: int
) -> builtins.list[ErrorClass]:
    """A page of error classes in the order of their names."""
    return _many(
        conn,
        _sql["list"],
        {"after_name": after_name, "page_size": page_size},
        ErrorClass,
    )
