# ruff: noqa: A001 (a query is named for what it does)

"""The programs that run jobs.

Generated from sql/queries/work/workers.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime, timedelta

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore.work.enums import JobKind

_sql = _load("work", "workers")


@_row
class Worker:
    """What register, get, list and list_gone give."""

    name: str
    kinds: builtins.list[JobKind]
    labels: builtins.list[str]
    version: str | None
    registered_at: datetime
    seen_at: datetime
    stopped_at: datetime | None


def register(
    conn: _Connection[object],
    *,
    kinds: builtins.list[JobKind],
    labels: builtins.list[str] | None = None,
    version: str | None = None,
) -> Worker:
    """The acting worker, registered under the name of its scope, or anew: the kinds
    that it takes, the labels that it offers.
    """
    return _one(
        conn,
        _sql["register"],
        {"kinds": kinds, "labels": labels, "version": version},
        Worker,
    )


def see(conn: _Connection[object]) -> int:
    """Notes that the acting worker lives: one, or none where it never registered."""
    return _affected(conn, _sql["see"], {})


def stop(conn: _Connection[object]) -> int:
    """Notes that the acting worker stops: one, or none where it never registered."""
    return _affected(conn, _sql["stop"], {})


def get(conn: _Connection[object], *, name: str) -> Worker:
    """The worker of this name."""
    return _one(conn, _sql["get"], {"name": name}, Worker)


def list(
    conn: _Connection[object], *, after_name: str | None = None, page_size: int
) -> builtins.list[Worker]:
    """A page of workers in the order of their names."""
    return _many(
        conn, _sql["list"], {"after_name": after_name, "page_size": page_size}, Worker
    )


def list_gone(
    conn: _Connection[object], *, silent_for: timedelta
) -> builtins.list[Worker]:
    """Workers that have not stopped and were not heard of for this long."""
    return _many(conn, _sql["list_gone"], {"silent_for": silent_for}, Worker)


def delete(conn: _Connection[object], *, name: str) -> int:
    """How many registrations were deleted: one or none."""
    return _affected(conn, _sql["delete"], {"name": name})
