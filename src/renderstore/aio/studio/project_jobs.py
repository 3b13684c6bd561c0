# ruff: noqa: A001 (a query is named for what it does)

"""Which project a job works for, whatever its kind.

Generated from sql/queries/studio/project_jobs.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import value as _value
from renderstore.studio.project_jobs import CancelledJobs, JobAsset, ProjectJob

_sql = _load("studio", "project_jobs")


async def link(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    job_ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many of these jobs work for this project from now on, and did not before;
    one that works for another project is refused.
    """
    value: int = await _value(
        conn,
        _sql["link"],
        {"project_id": project_id, "job_ids": job_ids, "user_id": user_id},
    )
    return value


async def list(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ProjectJob]:
    """A page of the jobs of the acting user's project, newest first, before the one
    with this id (null for the first page).
    """
    return await _many(
        conn,
        _sql["list"],
        {"project_id": project_id, "before_id": before_id, "page_size": page_size},
        ProjectJob,
    )


async def cancel_all(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    reason: str | None = None,
    user_id: UUID | None = None,
) -> CancelledJobs:
    """How many jobs of a project were cancelled at once, since they waited, and how
    many that run were asked to stop.
    """
    return await _one(
        conn,
        _sql["cancel_all"],
        {"project_id": project_id, "reason": reason, "user_id": user_id},
        CancelledJobs,
    )


async def unlink(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    job_ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many of these jobs worked for this project and do no more. A step stays."""
    value: int = await _value(
        conn,
        _sql["unlink"],
        {"project_id": project_id, "job_ids": job_ids, "user_id": user_id},
    )
    return value


async def list_assets(
    conn: _AsyncConnection[object], *, job_id: UUID
) -> builtins.list[JobAsset]:
    """The assets that a job reads and made."""
    return await _many(conn, _sql["list_assets"], {"job_id": job_id}, JobAsset)


async def add_inputs(
    conn: _AsyncConnection[object],
    *,
    job_id: UUID,
    asset_ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many of these assets a job reads from now on, and did not before: they stay
    until it has ended.
    """
    value: int = await _value(
        conn,
        _sql["add_inputs"],
        {"job_id": job_id, "asset_ids": asset_ids, "user_id": user_id},
    )
    return value
