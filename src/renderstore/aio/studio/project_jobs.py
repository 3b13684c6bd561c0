# ruff: noqa: A001 (a query is named for what it does)

"""The jobs of a project, of any kind, and the assets that they read and made.

Generated from sql/queries/studio/project_jobs.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.studio.project_jobs import JobAsset, ProjectJob

_sql = _load("studio", "project_jobs")


async def link(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    job_id: UUID,
    scene_id: UUID | None = None,
    input_asset_ids: builtins.list[UUID] | None = None,
    user_id: UUID | None = None,
) -> int:
    """A job belongs to a project, or to one of its scenes, from now on, and reads
    these assets.
    """
    return await _affected(
        conn,
        _sql["link"],
        {
            "project_id": project_id,
            "job_id": job_id,
            "scene_id": scene_id,
            "input_asset_ids": input_asset_ids,
            "user_id": user_id,
        },
    )


async def list(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ProjectJob]:
    """A page of a project's jobs, newest first, before the one with this id (null for
    the first page).
    """
    return await _many(
        conn,
        _sql["list"],
        {"project_id": project_id, "before_id": before_id, "page_size": page_size},
        ProjectJob,
    )


async def list_assets(
    conn: _AsyncConnection[object], *, job_id: UUID
) -> builtins.list[JobAsset]:
    """The assets that a job reads and made."""
    return await _many(conn, _sql["list_assets"], {"job_id": job_id}, JobAsset)


async def cancel_all(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    reason: str | None = None,
    user_id: UUID | None = None,
) -> int:
    """How many jobs of a project were asked to be cancelled: all that have not ended."""
    value: int = await _value(
        conn,
        _sql["cancel_all"],
        {"project_id": project_id, "reason": reason, "user_id": user_id},
    )
    return value
