# ruff: noqa: A001 (a query is named for what it does)

"""The jobs of a project, of any kind, and the assets that they read and made.

Generated from sql/queries/studio/project_jobs.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import value as _value
from renderstore.studio.enums import AssetKind, AssetState, AssetUse
from renderstore.work.enums import JobKind, JobStatus

_sql = _load("studio", "project_jobs")


@_row
class ProjectJob:
    """What list gives."""

    id: UUID
    scene_id: UUID | None
    kind: JobKind
    status: JobStatus
    progress: int
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error_class: str | None


@_row
class JobAsset:
    """What list_assets gives."""

    id: UUID
    use: AssetUse
    kind: AssetKind
    state: AssetState
    uri: str
    name: str | None
    size_bytes: int
    media_type: str | None


def link(
    conn: _Connection[object],
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
    return _affected(
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


def list(
    conn: _Connection[object],
    *,
    project_id: UUID,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ProjectJob]:
    """A page of a project's jobs, newest first, before the one with this id (null for
    the first page).
    """
    return _many(
        conn,
        _sql["list"],
        {"project_id": project_id, "before_id": before_id, "page_size": page_size},
        ProjectJob,
    )


def list_assets(conn: _Connection[object], *, job_id: UUID) -> builtins.list[JobAsset]:
    """The assets that a job reads and made."""
    return _many(conn, _sql["list_assets"], {"job_id": job_id}, JobAsset)


def cancel_all(
    conn: _Connection[object],
    *,
    project_id: UUID,
    reason: str | None = None,
    user_id: UUID | None = None,
) -> int:
    """How many jobs of a project were asked to be cancelled: all that have not ended."""
    value: int = _value(
        conn,
        _sql["cancel_all"],
        {"project_id": project_id, "reason": reason, "user_id": user_id},
    )
    return value
