# ruff: noqa: A001 (a query is named for what it does)

"""Which failures are tried again.

Generated from sql/queries/work/error_classes.sql by `just generate`; do not edit.
"""

import builtins

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.work.error_classes import ErrorClass

_sql = _load("work", "error_classes")


async def set(
    conn: _AsyncConnection[object], *, name: str, is_retried: bool, meaning: str
) -> ErrorClass:
    """The error class, made or changed."""
    return await _one(
        conn,
        _sql["set"],
        {"name": name, "is_retried": is_retried, "meaning": meaning},
        ErrorClass,
    )


async def list(
    conn: _AsyncConnection[object], *, after_name: str | None = None, page_size: int
) -> builtins.list[ErrorClass]:
    """A page of error classes in the order of their names."""
    return await _many(
        conn,
        _sql["list"],
        {"after_name": after_name, "page_size": page_size},
        ErrorClass,
    )
