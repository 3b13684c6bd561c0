# ruff: noqa: A001 (a query is named for what it does)

"""The programs that run jobs.

Generated from sql/queries/work/workers.sql by `just generate`; do not edit.
"""

import builtins
from datetime import timedelta

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.work.enums import JobKind
from renderstore.work.workers import Worker

_sql = _load("work", "workers")


async def register(
    conn: _AsyncConnection[object],
    *,
    kinds: builtins.list[JobKind],
    labels: builtins.list[str] | None = None,
    version: str | None = None,
) -> Worker:
    """The acting worker, registered under the name of its scope, or anew: the kinds
    that it takes, the labels that it offers.
    """
    return await _one(
        conn,
        _sql["register"],
        {"kinds": kinds, "labels": labels, "version": version},
        Worker,
    )


async def see(conn: _AsyncConnection[object]) -> int:
    """Notes that the acting worker lives: one, or none where it never registered."""
    return await _affected(conn, _sql["see"], {})


async def stop(conn: _AsyncConnection[object]) -> int:
    """Notes that the acting worker stops: one, or none where it never registered."""
    return await _affected(conn, _sql["stop"], {})


async def get(conn: _AsyncConnection[object], *, name: str) -> Worker:
    """The worker of this name."""
    return await _one(conn, _sql["get"], {"name": name}, Worker)


async def list(
    conn: _AsyncConnection[object], *, after_name: str | None = None, page_size: int
) -> builtins.list[Worker]:
    """A page of workers in the order of their names."""
    return await _many(
        conn, _sql["list"], {"after_name": after_name, "page_size": page_size}, Worker
    )


async def list_gone(
    conn: _AsyncConnection[object], *, silent_for: timedelta
) -> builtins.list[Worker]:
    """Workers that have not stopped and were not heard of for this long."""
    return await _many(conn, _sql["list_gone"], {"silent_for": silent_for}, Worker)


async def delete(conn: _AsyncConnection[object], *, name: str) -> int:
    """How many registrations were deleted: one or none."""
    return await _affected(conn, _sql["delete"], {"name": name})
