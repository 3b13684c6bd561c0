"""The steps of a video, the third kind of job. Their life is work.jobs':
work.jobs.finish completes one, work.jobs.fail fails it.

Generated from sql/queries/studio/steps.sql by `just generate`; do not edit.
"""

from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection as _Connection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore.studio.enums import AssetKind, StepKind
from renderstore.work.enums import DependencyRule, JobStatus

_sql = _load("studio", "steps")


@_row
class SubmittedStep:
    """What submit gives."""

    id: UUID
    is_new: bool
    queued_at: datetime


@_row
class ClaimedStep:
    """What claim gives."""

    user_id: UUID
    id: UUID
    attempt: int
    lease_expires_at: datetime
    project_id: UUID | None
    scene_id: UUID | None
    step: StepKind
    provider: str | None
    provider_task_id: str | None
    config: Json
    last_completed_step: str | None


@_row
class ReservedOutput:
    """What begin_output gives."""

    id: UUID
    uri: str


@_row
class Step:
    """What get gives."""

    id: UUID
    status: JobStatus
    project_id: UUID | None
    scene_id: UUID | None
    step: StepKind
    provider: str | None
    provider_task_id: str | None
    config: Json
    last_completed_step: str | None
    tokens_in: int
    tokens_out: int
    cost_micros: int


@_row
class ProjectCost:
    """What get_cost gives."""

    steps: int
    tokens_in: int
    tokens_out: int
    cost_micros: int


def submit(
    conn: _Connection[object],
    *,
    project_id: UUID,
    step: StepKind,
    config: Json | None = None,
    provider: str | None = None,
    scene_id: UUID | None = None,
    input_asset_ids: list[UUID] | None = None,
    priority: int | None = None,
    labels: list[str] | None = None,
    max_failures: int | None = None,
    backoff_s: int | None = None,
    estimated_s: int | None = None,
    due_at: datetime | None = None,
    auto_cancel_at: datetime | None = None,
    idempotency_key: str | None = None,
    needs_job_ids: list[UUID] | None = None,
    on_failure: DependencyRule | None = None,
    user_id: UUID | None = None,
) -> SubmittedStep:
    """The step of a project just submitted by the acting user, or for the one that an
    administrator names; a repeat of an idempotency key gives the job that is there.
    """
    return _one(
        conn,
        _sql["submit"],
        {
            "project_id": project_id,
            "step": step,
            "config": None if config is None else _Jsonb(config),
            "provider": provider,
            "scene_id": scene_id,
            "input_asset_ids": input_asset_ids,
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
            "user_id": user_id,
        },
        SubmittedStep,
    )


def claim(
    conn: _Connection[object], *, limit: int, lease: timedelta | None = None
) -> list[ClaimedStep]:
    """Up to limit steps for the acting worker, with what each is to do and how far it
    came. The attempt is the token to report with.
    """
    return _many(conn, _sql["claim"], {"limit": limit, "lease": lease}, ClaimedStep)


def report(
    conn: _Connection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    provider_task_id: str | None = None,
    completed_step: str | None = None,
    tokens_in: int | None = None,
    tokens_out: int | None = None,
    cost_micros: int | None = None,
) -> int:
    """How far a step came, and what that cost beside what was said before; a completed
    part that is said again changes nothing. Refused without the current lease.
    """
    return _affected(
        conn,
        _sql["report"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "provider_task_id": provider_task_id,
            "completed_step": completed_step,
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "cost_micros": cost_micros,
        },
    )


def begin_output(
    conn: _Connection[object],
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
    return _one(
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


def keep_output(
    conn: _Connection[object],
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
    return _affected(
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


def get(conn: _Connection[object], *, job_id: UUID) -> Step:
    """The acting user's step with this id: what it is to do, how far it came, what it
    cost.
    """
    return _one(conn, _sql["get"], {"job_id": job_id}, Step)


def get_cost(conn: _Connection[object], *, project_id: UUID) -> ProjectCost:
    """What the steps of a project cost so far."""
    return _one(conn, _sql["get_cost"], {"project_id": project_id}, ProjectCost)
