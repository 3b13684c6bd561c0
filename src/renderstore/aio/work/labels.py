# ruff: noqa: A001 (a query is named for what it does)

"""What workers offer and jobs ask for.

Generated from sql/queries/work/labels.sql by `just generate`; do not edit.
"""

import builtins

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.work.labels import Label

_sql = _load("work", "labels")


async def declare(
    conn: _AsyncConnection[object], *, name: str, meaning: str | None = None
) -> Label:
    """The label, made or given another meaning: workers bring theirs by registering."""
    return await _one(conn, _sql["declare"], {"name": name, "meaning": meaning}, Label)


async def list(
    conn: _AsyncConnection[object], *, after_name: str | None = None, page_size: int
) -> builtins.list[Label]:
    """A page of the labels that a job may ask for."""
    return await _many(
        conn, _sql["list"], {"after_name": after_name, "page_size": page_size}, Label
    )


async def delete(conn: _AsyncConnection[object], *, name: str) -> int:
    """How many labels were deleted: one or none. Jobs that ask for it keep it; new
    ones may not.
    """
    return await _affected(conn, _sql["delete"], {"name": name})
