# ruff: noqa: A001 (a query is named for what it does)

"""Steps: jobs that make a part of a project or a scene, with what they used and cost.

Generated from sql/queries/studio/steps.sql by `just generate`; do not edit.
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
from renderstore.studio.enums import AssetKind, StepKind
from renderstore.studio.steps import (
    ClaimRow,
    Cost,
    CostOfKind,
    ListedStep,
    ReservedOutput,
    ResumedStep,
    Step,
    Submitted,
)
from renderstore.work.enums import DependencyRule

_sql = _load("studio", "steps")


async def submit(
    conn: _AsyncConnection[object],
    *,
    step: StepKind,
    project_id: UUID,
    scene_id: UUID | None = None,
    provider: str | None = None,
    config: Json | None = None,
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
    """The step just submitted by the acting user, or for the one that an administrator
    names; a repeat of an idempotency key gives the job that is there.
    validate_first: a worker looks at it before it is queued.
    """
    return await _one(
        conn,
        _sql["submit"],
        {
            "step": step,
            "project_id": project_id,
            "scene_id": scene_id,
            "provider": provider,
            "config": None if config is None else _Jsonb(config),
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
    steps: builtins.list[StepKind],
    project_id: UUID,
    scene_ids: builtins.list[UUID] | None = None,
    providers: builtins.list[str] | None = None,
    configs: builtins.list[Json] | None = None,
    priorities: builtins.list[int] | None = None,
    estimates_s: builtins.list[int] | None = None,
    idempotency_keys: builtins.list[str] | None = None,
    labels: builtins.list[str] | None = None,
    label_lists: Json | None = None,
    max_failures: int | None = None,
    backoff_s: int | None = None,
    due_at: datetime | None = None,
    auto_cancel_at: datetime | None = None,
    in_order: bool | None = None,
    needs_job_ids: builtins.list[UUID] | None = None,
    on_failure: DependencyRule | None = None,
    user_id: UUID | None = None,
) -> builtins.list[Submitted]:
    """The acting user's steps just submitted, in the order given, all of them or none;
    a repeat of an idempotency key gives the job that is there. in_order: each waits
    for the one before it of its scene, the first of each scene for needs_job_ids. A
    list that is null says nothing of any step.
    """
    return await _many(
        conn,
        _sql["submit_many"],
        {
            "steps": steps,
            "project_id": project_id,
            "scene_ids": scene_ids,
            "providers": providers,
            "configs": None if configs is None else _JsonbList(configs),
            "priorities": priorities,
            "estimates_s": estimates_s,
            "idempotency_keys": idempotency_keys,
            "labels": labels,
            "label_lists": None if label_lists is None else _Jsonb(label_lists),
            "max_failures": max_failures,
            "backoff_s": backoff_s,
            "due_at": due_at,
            "auto_cancel_at": auto_cancel_at,
            "in_order": in_order,
            "needs_job_ids": needs_job_ids,
            "on_failure": on_failure,
            "user_id": user_id,
        },
        Submitted,
    )


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Step:
    """The acting user's step with this id."""
    return await _one(conn, _sql["get"], {"id": id}, Step)


async def find_by_id(conn: _AsyncConnection[object], *, id: UUID) -> Step | None:
    """The step with this id alone, whoever owns it, for who sees every row."""
    return await _optional(conn, _sql["find_by_id"], {"id": id}, Step)


async def find_last_completed(
    conn: _AsyncConnection[object], *, project_id: UUID, scene_id: UUID | None = None
) -> ListedStep | None:
    """The last completed step of the acting user's project, or of one of its scenes."""
    return await _optional(
        conn,
        _sql["find_last_completed"],
        {"project_id": project_id, "scene_id": scene_id},
        ListedStep,
    )


async def list(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedStep]:
    """A page of the steps of the acting user's project, newest first, before the one
    with this id (null for the first page).
    """
    return await _many(
        conn,
        _sql["list"],
        {"project_id": project_id, "before_id": before_id, "page_size": page_size},
        ListedStep,
    )


async def list_by_scene(
    conn: _AsyncConnection[object],
    *,
    scene_id: UUID,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedStep]:
    """A page of the steps of a scene of the acting user's, newest first, before the
    one with this id (null for the first page).
    """
    return await _many(
        conn,
        _sql["list_by_scene"],
        {"scene_id": scene_id, "before_id": before_id, "page_size": page_size},
        ListedStep,
    )


async def get_cost(conn: _AsyncConnection[object], *, project_id: UUID) -> Cost:
    """What all steps of the acting user's project used and cost, cleared ones too."""
    return await _one(conn, _sql["get_cost"], {"project_id": project_id}, Cost)


async def list_costs(
    conn: _AsyncConnection[object], *, project_id: UUID
) -> builtins.list[CostOfKind]:
    """The same for each kind of step and provider, the dearest first."""
    return await _many(conn, _sql["list_costs"], {"project_id": project_id}, CostOfKind)


async def claim(
    conn: _AsyncConnection[object], *, limit: int, lease: timedelta | None = None
) -> builtins.list[ClaimRow]:
    """Up to limit steps for the acting worker, with what each is to do and how far it
    is. The attempt is the token to report with.
    """
    return await _claimed(
        conn, _sql["claim"], {"limit": limit, "lease": lease}, ClaimRow
    )


async def report(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    provider_task_id: str | None = None,
    last_completed_part: int | None = None,
    tokens_in: int | None = None,
    tokens_out: int | None = None,
    cost_micros: int | None = None,
    result: Json | None = None,
    provider: str | None = None,
) -> int:
    """Keeps the provider's task, the last part that is done, what this attempt has
    used and cost so far, and what was made. What is null stays as it was, and no
    number falls. Refused without the current lease.
    """
    return await _affected(
        conn,
        _sql["report"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "provider_task_id": provider_task_id,
            "last_completed_part": last_completed_part,
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "cost_micros": cost_micros,
            "result": None if result is None else _Jsonb(result),
            "provider": provider,
        },
    )


async def finish(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    provider_task_id: str | None = None,
    last_completed_part: int | None = None,
    tokens_in: int | None = None,
    tokens_out: int | None = None,
    cost_micros: int | None = None,
    result: Json | None = None,
    provider: str | None = None,
) -> int:
    """Completes a step, with a last report. Refused without the current lease."""
    return await _affected(
        conn,
        _sql["finish"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "provider_task_id": provider_task_id,
            "last_completed_part": last_completed_part,
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "cost_micros": cost_micros,
            "result": None if result is None else _Jsonb(result),
            "provider": provider,
        },
    )


async def resume(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    scene_id: UUID | None = None,
    user_id: UUID | None = None,
) -> builtins.list[ResumedStep]:
    """The steps of a project, or of one of its scenes, that failed or were cancelled
    and wait anew, in their order; what is completed stays.
    """
    return await _many(
        conn,
        _sql["resume"],
        {"project_id": project_id, "scene_id": scene_id, "user_id": user_id},
        ResumedStep,
    )


async def begin_output(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    job_id: UUID,
    attempt: int,
    kind: AssetKind,
    size_bytes: int,
    suffix: str | None = None,
    name: str | None = None,
    media_type: str | None = None,
    provenance: Json | None = None,
    expires_at: datetime | None = None,
) -> ReservedOutput:
    """The asset just reserved for what a job makes, for its owner, and where the file
    is to lie. Refused without the current lease.
    """
    return await _one(
        conn,
        _sql["begin_output"],
        {
            "user_id": user_id,
            "job_id": job_id,
            "attempt": attempt,
            "kind": kind,
            "size_bytes": size_bytes,
            "suffix": suffix,
            "name": name,
            "media_type": media_type,
            "provenance": None if provenance is None else _Jsonb(provenance),
            "expires_at": expires_at,
        },
        ReservedOutput,
    )


async def keep_output(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    job_id: UUID,
    attempt: int,
    id: UUID,
    size_bytes: int,
    sha256: bytes | None = None,
    media_type: str | None = None,
    width: int | None = None,
    height: int | None = None,
    duration_ms: int | None = None,
) -> int:
    """The file that a job made is there. Refused without the current lease."""
    return await _affected(
        conn,
        _sql["keep_output"],
        {
            "user_id": user_id,
            "job_id": job_id,
            "attempt": attempt,
            "id": id,
            "size_bytes": size_bytes,
            "sha256": sha256,
            "media_type": media_type,
            "width": width,
            "height": height,
            "duration_ms": duration_ms,
        },
    )


async def finish_with_outputs(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    uris: builtins.list[str],
    sizes_bytes: builtins.list[int] | None = None,
    media_types: builtins.list[str] | None = None,
) -> int:
    """Completes a job and keeps the files that it began, by their URIs. A size that is
    null is what was reserved; one that was kept before stays as it is. Refused
    without the current lease.
    """
    return await _affected(
        conn,
        _sql["finish_with_outputs"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "uris": uris,
            "sizes_bytes": sizes_bytes,
            "media_types": media_types,
        },
    )
