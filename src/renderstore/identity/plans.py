# ruff: noqa: A001 (a query is named for what it does)

"""What a user may use. An administrator changes it; nobody needs a migration for it.

Generated from sql/queries/identity/plans.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one

_sql = _load("identity", "plans")


@_row
class Plan:
    """What create, get, list and update give."""

    id: str
    name: str
    max_projects: int | None
    max_active_jobs: int | None
    max_daily_jobs: int | None
    max_stored_bytes: int | None
    max_priority: int | None
    keep_ended_jobs_days: int | None
    keep_deleted_days: int | None
    max_open_requests: int | None
    max_daily_requests: int | None
    max_daily_downloads: int | None
    share: int
    created_at: datetime
    updated_at: datetime


def create(
    conn: _Connection[object],
    *,
    id: str,
    name: str,
    max_projects: int | None = None,
    max_active_jobs: int | None = None,
    max_daily_jobs: int | None = None,
    max_stored_bytes: int | None = None,
    max_priority: int | None = None,
    keep_ended_jobs_days: int | None = None,
    keep_deleted_days: int | None = None,
    max_open_requests: int | None = None,
    max_daily_requests: int | None = None,
    max_daily_downloads: int | None = None,
    share: int | None = None,
) -> Plan:
    """The plan just created; a limit that is null is none, a share that is null is 1."""
    return _one(
        conn,
        _sql["create"],
        {
            "id": id,
            "name": name,
            "max_projects": max_projects,
            "max_active_jobs": max_active_jobs,
            "max_daily_jobs": max_daily_jobs,
            "max_stored_bytes": max_stored_bytes,
            "max_priority": max_priority,
            "keep_ended_jobs_days": keep_ended_jobs_days,
            "keep_deleted_days": keep_deleted_days,
            "max_open_requests": max_open_requests,
            "max_daily_requests": max_daily_requests,
            "max_daily_downloads": max_daily_downloads,
            "share": share,
        },
        Plan,
    )


def get(conn: _Connection[object], *, id: str) -> Plan:
    """The plan with this id."""
    return _one(conn, _sql["get"], {"id": id}, Plan)


def list(
    conn: _Connection[object], *, after_id: str | None = None, page_size: int
) -> builtins.list[Plan]:
    """A page of plans in the order of their ids, after this one (null for the first
    page).
    """
    return _many(
        conn, _sql["list"], {"after_id": after_id, "page_size": page_size}, Plan
    )


def update(
    conn: _Connection[object],
    *,
    id: str,
    name: str,
    max_projects: int | None,
    max_active_jobs: int | None,
    max_daily_jobs: int | None,
    max_stored_bytes: int | None,
    max_priority: int | None,
    keep_ended_jobs_days: int | None,
    keep_deleted_days: int | None,
    max_open_requests: int | None,
    max_daily_requests: int | None,
    max_daily_downloads: int | None,
    share: int,
) -> Plan:
    """The plan with all its limits set anew; a limit that is null is none."""
    return _one(
        conn,
        _sql["update"],
        {
            "id": id,
            "name": name,
            "max_projects": max_projects,
            "max_active_jobs": max_active_jobs,
            "max_daily_jobs": max_daily_jobs,
            "max_stored_bytes": max_stored_bytes,
            "max_priority": max_priority,
            "keep_ended_jobs_days": keep_ended_jobs_days,
            "keep_deleted_days": keep_deleted_days,
            "max_open_requests": max_open_requests,
            "max_daily_requests": max_daily_requests,
            "max_daily_downloads": max_daily_downloads,
            "share": share,
        },
        Plan,
    )


def delete(conn: _Connection[object], *, id: str) -> int:
    """How many plans were deleted: one or none; refused while a user has it."""
    return _affected(conn, _sql["delete"], {"id": id})
