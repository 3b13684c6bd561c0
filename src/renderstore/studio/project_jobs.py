# ruff: noqa: A001 (a query is named for what it does)

"""Which project a job works for, whatever its kind.

Generated from sql/queries/studio/project_jobs.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import value as _value
from renderstore.studio.enums import AssetKind, AssetState, AssetUse
from renderstore.work.enums import JobKind, JobStatus

_sql = _load("studio", "project_jobs")


@_row
class ProjectJob:
    """What list gives."""

    id: UUID
    kind: JobKind
    status: JobStatus
    progress: int
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancel_requested_at: datetime | None
    error_class: str | None
    linked_at: datetime


@_row
class CancelledJobs:
    """What cancel_all gives."""

    cancelled: int
    asked: int


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
    job_ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many of these jobs work for this project from now on, and did not before;
    one that works for another project is refused.
    """
    value: int = _value(
        conn,
        _sql["link"],
        {"project_id": project_id, "job_ids": job_ids, "user_id": user_id},
    )
    return value


def list(
    conn: _Connection[object],
    *,
    project_id: UUID,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ProjectJob]:
    """A page of the jobs of the acting user's project, newest first, before the one
    with this id (null for the first page).
    """
    return _many(
        conn,
        _sql["list"],
        {"project_id": project_id, "before_id": before_id, "page_size": page_size},
        ProjectJob,
    )


def cancel_all(
    conn: _Connection[object],
    *,
    project_id: UUID,
    reason: str | None = None,
    user_id: UUID | None = None,
) -> CancelledJobs:
    """How many jobs of a project were cancelled at once, since they waited, and how
    many that run were asked to stop.
    """
    return _one(
        conn,
        _sql["cancel_all"],
        {"project_id": project_id, "reason": reason, "user_id": user_id},
        CancelledJobs,
    )


def unlink(
    conn: _Connection[object],
    *,
    project_id: UUID,
    job_ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many of these jobs worked for this project and do no more. A step stays."""
    value: int = _value(
        conn,
        _sql["unlink"],
        {"project_id": project_id, "job_ids": job_ids, "user_id": user_id},
    )
    return value


def list_assets(conn: _Connection[object], *, job_id: UUID) -> builtins.list[JobAsset]:
    """The assets that a job reads and made."""
    return _many(conn, _sql["list_assets"], {"job_id": job_id}, JobAsset)


def add_inputs(
    conn: _Connection[object],
    *,
    job_id: UUID,
    asset_ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many of these assets a job reads from now on, and did not before: they stay
    until it has ended.
    """
    value: int = _value(
        conn,
        _sql["add_inputs"],
        {"job_id": job_id, "asset_ids": asset_ids, "user_id": user_id},
    )
    return value
