# ruff: noqa: A001 (a query is named for what it does)

"""What a user may use. An administrator changes it; nobody needs a migration for it.

Generated from sql/queries/identity/plans.sql by `just generate`; do not edit.
"""

import builtins

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.identity.plans import Plan

_sql = _load("identity", "plans")


async def create(
    conn: _AsyncConnection[object],
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
    return await _one(
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


async def get(conn: _AsyncConnection[object], *, id: str) -> Plan:
    """The plan with this id."""
    return await _one(conn, _sql["get"], {"id": id}, Plan)


async def list(
    conn: _AsyncConnection[object], *, after_id: str | None = None, page_size: int
) -> builtins.list[Plan]:
    """A page of plans in the order of their ids, after this one (null for the first
    page).
    """
    return await _many(
        conn, _sql["list"], {"after_id": after_id, "page_size": page_size}, Plan
    )


async def update(
    conn: _AsyncConnection[object],
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
    return await _one(
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


async def delete(conn: _AsyncConnection[object], *, id: str) -> int:
    """How many plans were deleted: one or none; refused while a user has it."""
    return await _affected(conn, _sql["delete"], {"id": id})
