# ruff: noqa: A001 (a query is named for what it does)

"""Render jobs: their life and their content in one row.

Generated from sql/queries/render/jobs.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._json import JsonbList as _JsonbList
from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import claimed as _claimed
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import optional as _optional
from renderstore._scope.aio.run import value as _value
from renderstore.render.enums import RenderStatus
from renderstore.render.jobs import ClaimRow, Job, ListedJob, ListOutputsRow, Submitted
from renderstore.work.enums import DependencyRule

_sql = _load("render", "jobs")


async def submit(
    conn: _AsyncConnection[object],
    *,
    output_path: str,
    template_path: str | None = None,
    project_path: str | None = None,
    data_path: str | None = None,
    project_name: str | None = None,
    output_name: str | None = None,
    frame_start: int | None = None,
    frame_end: int | None = None,
    frame_step: int | None = None,
    nexrender_job_id: str | None = None,
    nexrender_config: Json | None = None,
    priority: int | None = None,
    labels: builtins.list[str] | None = None,
    max_failures: int | None = None,
    backoff_s: int | None = None,
    estimated_s: int | None = None,
    due_at: datetime | None = None,
    auto_cancel_at: datetime | None = None,
    idempotency_key: str | None = None,
    needs_job_ids: builtins.list[UUID] | None = None,
    on_failure: DependencyRule | None = None,
    validate_first: bool | None = None,
    user_id: UUID | None = None,
) -> Submitted:
    """The job just submitted by the acting user, or for the one that an administrator
    names; a repeat of an idempotency key gives the job that is there.
    validate_first: a worker looks at it before it is queued.
    """
    return await _one(
        conn,
        _sql["submit"],
        {
            "output_path": output_path,
            "template_path": template_path,
            "project_path": project_path,
            "data_path": data_path,
            "project_name": project_name,
            "output_name": output_name,
            "frame_start": frame_start,
            "frame_end": frame_end,
            "frame_step": frame_step,
            "nexrender_job_id": nexrender_job_id,
            "nexrender_config": None
            if nexrender_config is None
            else _Jsonb(nexrender_config),
            "priority": priority,
            "labels": labels,
            "max_failures": max_failures,
            "backoff_s": backoff_s,
            "estimated_s": estimated_s,
            "due_at": due_at,
            "auto_cancel_at": auto_cancel_at,
            "idempotency_key": idempotency_key,
            "needs_job_ids": needs_job_ids,
            "on_failure": on_failure,
            "validate_first": validate_first,
            "user_id": user_id,
        },
        Submitted,
    )


async def submit_many(
    conn: _AsyncConnection[object],
    *,
    output_paths: builtins.list[str],
    template_paths: builtins.list[str] | None = None,
    project_paths: builtins.list[str] | None = None,
    data_paths: builtins.list[str] | None = None,
    project_names: builtins.list[str] | None = None,
    output_names: builtins.list[str] | None = None,
    frame_starts: builtins.list[int] | None = None,
    frame_ends: builtins.list[int] | None = None,
    frame_steps: builtins.list[int] | None = None,
    nexrender_job_ids: builtins.list[str] | None = None,
    nexrender_configs: builtins.list[Json] | None = None,
    priorities: builtins.list[int] | None = None,
    estimates_s: builtins.list[int] | None = None,
    idempotency_keys: builtins.list[str] | None = None,
    labels: builtins.list[str] | None = None,
    label_lists: Json | None = None,
    max_failures: int | None = None,
    backoff_s: int | None = None,
    due_at: datetime | None = None,
    auto_cancel_at: datetime | None = None,
    user_id: UUID | None = None,
) -> builtins.list[Submitted]:
    """The acting user's jobs just submitted, in the order given, all of them or none;
    a repeat of an idempotency key gives the job that is there. A list that is null
    says nothing of any job; label_lists holds a list of labels for each.
    """
    return await _many(
        conn,
        _sql["submit_many"],
        {
            "output_paths": output_paths,
            "template_paths": template_paths,
            "project_paths": project_paths,
            "data_paths": data_paths,
            "project_names": project_names,
            "output_names": output_names,
            "frame_starts": frame_starts,
            "frame_ends": frame_ends,
            "frame_steps": frame_steps,
            "nexrender_job_ids": nexrender_job_ids,
            "nexrender_configs": None
            if nexrender_configs is None
            else _JsonbList(nexrender_configs),
            "priorities": priorities,
            "estimates_s": estimates_s,
            "idempotency_keys": idempotency_keys,
            "labels": labels,
            "label_lists": None if label_lists is None else _Jsonb(label_lists),
            "max_failures": max_failures,
            "backoff_s": backoff_s,
            "due_at": due_at,
            "auto_cancel_at": auto_cancel_at,
            "user_id": user_id,
        },
        Submitted,
    )


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Job:
    """The acting user's render job with this id."""
    return await _one(conn, _sql["get"], {"id": id}, Job)


async def find_by_id(conn: _AsyncConnection[object], *, id: UUID) -> Job | None:
    """The render job with this id alone, whoever owns it, for who sees every row."""
    return await _optional(conn, _sql["find_by_id"], {"id": id}, Job)


async def list(
    conn: _AsyncConnection[object],
    *,
    status: RenderStatus | None = None,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedJob]:
    """A page of the acting user's render jobs, newest first, before the one with this
    id (null for the first page); of one status where it is named (rendering, which
    is the queue's running).
    """
    return await _many(
        conn,
        _sql["list"],
        {"status": status, "before_id": before_id, "page_size": page_size},
        ListedJob,
    )


async def list_by_project(
    conn: _AsyncConnection[object],
    *,
    project_path: str,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedJob]:
    """A page of the acting user's render jobs of a project, newest first."""
    return await _many(
        conn,
        _sql["list_by_project"],
        {"project_path": project_path, "before_id": before_id, "page_size": page_size},
        ListedJob,
    )


async def list_by_output(
    conn: _AsyncConnection[object],
    *,
    output_path: str,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedJob]:
    """A page of the acting user's render jobs that write to this output, newest first."""
    return await _many(
        conn,
        _sql["list_by_output"],
        {"output_path": output_path, "before_id": before_id, "page_size": page_size},
        ListedJob,
    )


async def set_names(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    project_name: str | None = None,
    output_name: str | None = None,
) -> int:
    """Gives a render job's project and output other names; null for none."""
    return await _affected(
        conn,
        _sql["set_names"],
        {"id": id, "project_name": project_name, "output_name": output_name},
    )


async def claim(
    conn: _AsyncConnection[object], *, limit: int, lease: timedelta | None = None
) -> builtins.list[ClaimRow]:
    """Up to limit render jobs for the acting worker, with what each is to do. The
    attempt is the token to report with.
    """
    return await _claimed(
        conn, _sql["claim"], {"limit": limit, "lease": lease}, ClaimRow
    )


async def finish(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    paths: builtins.list[str] | None = None,
    sizes_bytes: builtins.list[int] | None = None,
    media_types: builtins.list[str] | None = None,
) -> int:
    """Completes a render job and keeps the files that it made. Refused without the
    current lease.
    """
    return await _affected(
        conn,
        _sql["finish"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "paths": paths,
            "sizes_bytes": sizes_bytes,
            "media_types": media_types,
        },
    )


async def list_outputs(
    conn: _AsyncConnection[object], *, job_id: UUID
) -> builtins.list[ListOutputsRow]:
    """The files that a job made, in the order in which they were reported."""
    return await _many(conn, _sql["list_outputs"], {"job_id": job_id}, ListOutputsRow)


async def get_nexrender_problem(
    conn: _AsyncConnection[object], *, config: Json
) -> str | None:
    """What a nexrender server would refuse in a configuration, as a sentence that
    names the path in it; null where nothing.
    """
    value: str | None = await _value(
        conn, _sql["get_nexrender_problem"], {"config": _Jsonb(config)}
    )
    return value
