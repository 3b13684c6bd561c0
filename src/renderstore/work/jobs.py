# ruff: noqa: A001 (a query is named for what it does)

"""Jobs of every kind: looked up, asked about, claimed and reported on. What a kind has
beside them is in its own room.

Generated from sql/queries/work/jobs.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import claimed as _claimed
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional as _optional
from renderstore._scope.sync.run import value as _value
from renderstore.work.enums import DependencyRule, JobKind, JobStatus

_sql = _load("work", "jobs")


@_row
class Job:
    """What get, find_by_id and find_by_idempotency_key give."""

    user_id: UUID
    id: UUID
    kind: JobKind
    status: JobStatus
    priority: int
    progress: int
    attempt: int
    failures: int
    max_failures: int
    lost_leases: int
    backoff_s: int
    estimated_s: int | None
    needs_left: int
    is_unchecked: bool
    exit_code: int | None
    held_by: str | None
    lease_expires_at: datetime | None
    due_at: datetime | None
    auto_cancel_at: datetime | None
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancel_requested_at: datetime | None
    labels: builtins.list[str]
    submitted_by: str
    idempotency_key: str | None
    error_class: str | None
    error_message: str | None
    cancel_reason: str | None


@_row
class ListedJob:
    """What list, list_all_by_status and list_held give."""

    user_id: UUID
    id: UUID
    kind: JobKind
    status: JobStatus
    priority: int
    progress: int
    attempt: int
    held_by: str | None
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancel_requested_at: datetime | None
    error_class: str | None


@_row
class CountByStatusRow:
    """What count_by_status gives."""

    status: JobStatus
    jobs: int


@_row
class ChangedJob:
    """What cancel, try_again, set_priority, set_due, set_auto_cancel and watch give."""

    id: UUID
    status: JobStatus


@_row
class Claim:
    """What claim, claim_and_stop_waiting and validate give."""

    user_id: UUID
    id: UUID
    attempt: int
    kind: JobKind
    lease_expires_at: datetime


@_row
class HeartbeatManyRow:
    """What heartbeat_many gives."""

    user_id: UUID
    id: UUID
    is_cancel_requested: bool


@_row
class FinishManyRow:
    """What finish_many gives."""

    user_id: UUID
    id: UUID
    attempt: int


@_row
class FinishAndClaimRow:
    """What finish_and_claim gives."""

    is_refused: bool
    user_id: UUID
    id: UUID
    attempt: int
    kind: JobKind | None
    lease_expires_at: datetime | None


@_row
class ListEventsRow:
    """What list_events gives."""

    happened_at: datetime
    attempt: int
    before: JobStatus
    after: JobStatus
    actor: str
    error_class: str | None
    reason: str | None


def get(conn: _Connection[object], *, id: UUID) -> Job:
    """The job of the acting user with this id."""
    return _one(conn, _sql["get"], {"id": id}, Job)


def find_by_id(conn: _Connection[object], *, id: UUID) -> Job | None:
    """The job with this id alone, whoever owns it, for who sees every row."""
    return _optional(conn, _sql["find_by_id"], {"id": id}, Job)


def find_by_idempotency_key(
    conn: _Connection[object], *, idempotency_key: str
) -> Job | None:
    """The acting user's job with this idempotency key."""
    return _optional(
        conn, _sql["find_by_idempotency_key"], {"idempotency_key": idempotency_key}, Job
    )


def list(
    conn: _Connection[object],
    *,
    status: JobStatus | None = None,
    kind: JobKind | None = None,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedJob]:
    """A page of the acting user's jobs, newest first, before the one with this id
    (null for the first page); of one status (running, where a kind's own room says
    rendering) and one kind where they are named.
    """
    return _many(
        conn,
        _sql["list"],
        {
            "status": status,
            "kind": kind,
            "before_id": before_id,
            "page_size": page_size,
        },
        ListedJob,
    )


def count_by_status(conn: _Connection[object]) -> builtins.list[CountByStatusRow]:
    """How many jobs the acting user has in each status."""
    return _many(conn, _sql["count_by_status"], {}, CountByStatusRow)


def list_all_by_status(
    conn: _Connection[object],
    *,
    status: JobStatus,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedJob]:
    """A page of everybody's jobs in this status, newest first, for an administrator.
    In the order of its index, status included: behind a policy the planner does not
    see that all have one status.
    """
    return _many(
        conn,
        _sql["list_all_by_status"],
        {"status": status, "before_id": before_id, "page_size": page_size},
        ListedJob,
    )


def list_held(conn: _Connection[object], *, worker: str) -> builtins.list[ListedJob]:
    """The jobs that a worker holds: a worker sees its own."""
    return _many(conn, _sql["list_held"], {"worker": worker}, ListedJob)


def cancel(
    conn: _Connection[object],
    *,
    id: UUID,
    reason: str | None = None,
    user_id: UUID | None = None,
) -> ChangedJob:
    """The job and its status by now: cancelled if it waited; a running one keeps its
    status until its worker stops. Asked again, it says the same.
    """
    return _one(
        conn,
        _sql["cancel"],
        {"id": id, "reason": reason, "user_id": user_id},
        ChangedJob,
    )


def try_again(
    conn: _Connection[object], *, id: UUID, user_id: UUID | None = None
) -> ChangedJob:
    """The job that had failed or was cancelled, waiting anew."""
    return _one(conn, _sql["try_again"], {"id": id, "user_id": user_id}, ChangedJob)


def set_priority(
    conn: _Connection[object], *, id: UUID, priority: int, user_id: UUID | None = None
) -> ChangedJob:
    """The waiting job at its new priority, within the plan."""
    return _one(
        conn,
        _sql["set_priority"],
        {"id": id, "priority": priority, "user_id": user_id},
        ChangedJob,
    )


def set_due(
    conn: _Connection[object],
    *,
    id: UUID,
    due_at: datetime | None = None,
    user_id: UUID | None = None,
) -> ChangedJob:
    """The waiting job, which starts no earlier than this; null for at once."""
    return _one(
        conn,
        _sql["set_due"],
        {"id": id, "due_at": due_at, "user_id": user_id},
        ChangedJob,
    )


def set_auto_cancel(
    conn: _Connection[object],
    *,
    id: UUID,
    auto_cancel_at: datetime | None = None,
    user_id: UUID | None = None,
) -> ChangedJob:
    """The job, which is cancelled by itself unless it has ended by then; null for
    never.
    """
    return _one(
        conn,
        _sql["set_auto_cancel"],
        {"id": id, "auto_cancel_at": auto_cancel_at, "user_id": user_id},
        ChangedJob,
    )


def watch(conn: _Connection[object], *, id: UUID) -> ChangedJob:
    """The job, which will announce its end on the channel that work.end_channel names,
    unless it has ended.
    """
    return _one(conn, _sql["watch"], {"id": id}, ChangedJob)


def link(
    conn: _Connection[object],
    *,
    id: UUID,
    needs_job_ids: builtins.list[UUID],
    on_failure: DependencyRule | None = None,
) -> int:
    """How many links were made: the waiting job waits for those earlier ones too."""
    value: int = _value(
        conn,
        _sql["link"],
        {"id": id, "needs_job_ids": needs_job_ids, "on_failure": on_failure},
    )
    return value


def unlink(
    conn: _Connection[object], *, id: UUID, needs_job_ids: builtins.list[UUID]
) -> int:
    """How many links were taken away: the job waits for those no more."""
    value: int = _value(
        conn, _sql["unlink"], {"id": id, "needs_job_ids": needs_job_ids}
    )
    return value


def claim(
    conn: _Connection[object],
    *,
    limit: int,
    kinds: builtins.list[JobKind] | None = None,
    lease: timedelta | None = None,
) -> builtins.list[Claim]:
    """Up to limit jobs for the acting worker, of its registered kinds or of fewer that
    are named. The attempt is the token to report with.
    """
    return _claimed(
        conn, _sql["claim"], {"limit": limit, "kinds": kinds, "lease": lease}, Claim
    )


def claim_and_stop_waiting(
    conn: _Connection[object],
    *,
    limit: int,
    kinds: builtins.list[JobKind] | None = None,
    lease: timedelta | None = None,
) -> builtins.list[Claim]:
    """The same, and the acting worker waits for none any more where there was one."""
    return _claimed(
        conn,
        _sql["claim_and_stop_waiting"],
        {"limit": limit, "kinds": kinds, "lease": lease},
        Claim,
    )


def validate(
    conn: _Connection[object],
    *,
    limit: int,
    kinds: builtins.list[JobKind] | None = None,
    lease: timedelta | None = None,
) -> builtins.list[Claim]:
    """Up to limit jobs that a worker must look at before they are queued; each is
    accepted, or fails.
    """
    return _claimed(
        conn, _sql["validate"], {"limit": limit, "kinds": kinds, "lease": lease}, Claim
    )


def accept(
    conn: _Connection[object], *, user_id: UUID, id: UUID, attempt: int
) -> JobStatus:
    """What became of a job that the acting worker looked at and found valid. Refused
    without the current lease.
    """
    value: JobStatus = _value(
        conn, _sql["accept"], {"user_id": user_id, "id": id, "attempt": attempt}
    )
    return value


def heartbeat(
    conn: _Connection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    progress: int | None = None,
    lease: timedelta | None = None,
) -> bool:
    """Whether the job should stop; extends its lease and reports progress. Refused
    without the current lease.
    """
    value: bool = _value(
        conn,
        _sql["heartbeat"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "progress": progress,
            "lease": lease,
        },
    )
    return value


def heartbeat_many(
    conn: _Connection[object],
    *,
    user_ids: builtins.list[UUID],
    ids: builtins.list[UUID],
    attempts: builtins.list[int],
    progresses: builtins.list[int] | None = None,
    lease: timedelta | None = None,
) -> builtins.list[HeartbeatManyRow]:
    """Each of these jobs that is still held, and whether it should stop; what is
    missing was lost.
    """
    return _many(
        conn,
        _sql["heartbeat_many"],
        {
            "user_ids": user_ids,
            "ids": ids,
            "attempts": attempts,
            "progresses": progresses,
            "lease": lease,
        },
        HeartbeatManyRow,
    )


def finish(conn: _Connection[object], *, user_id: UUID, id: UUID, attempt: int) -> int:
    """Completes a job. Refused without the current lease."""
    return _affected(
        conn, _sql["finish"], {"user_id": user_id, "id": id, "attempt": attempt}
    )


def finish_many(
    conn: _Connection[object],
    *,
    user_ids: builtins.list[UUID],
    ids: builtins.list[UUID],
    attempts: builtins.list[int],
) -> builtins.list[FinishManyRow]:
    """Completes jobs, and gives those that were refused because their leases were
    lost.
    """
    return _many(
        conn,
        _sql["finish_many"],
        {"user_ids": user_ids, "ids": ids, "attempts": attempts},
        FinishManyRow,
    )


def finish_and_claim(
    conn: _Connection[object],
    *,
    user_ids: builtins.list[UUID],
    ids: builtins.list[UUID],
    attempts: builtins.list[int],
    limit: int,
    kinds: builtins.list[JobKind] | None = None,
    lease: timedelta | None = None,
) -> builtins.list[FinishAndClaimRow]:
    """Completes jobs and takes the next ones in one round trip; is_refused marks those
    whose leases were lost.
    """
    return _claimed(
        conn,
        _sql["finish_and_claim"],
        {
            "user_ids": user_ids,
            "ids": ids,
            "attempts": attempts,
            "limit": limit,
            "kinds": kinds,
            "lease": lease,
        },
        FinishAndClaimRow,
    )


def fail(
    conn: _Connection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    error_class: str | None = None,
    error_message: str | None = None,
    exit_code: int | None = None,
) -> JobStatus:
    """What became of the job after a failed attempt: pending, failed or cancelled.
    Refused without the current lease.
    """
    value: JobStatus = _value(
        conn,
        _sql["fail"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "error_class": error_class,
            "error_message": error_message,
            "exit_code": exit_code,
        },
    )
    return value


def stop(conn: _Connection[object], *, user_id: UUID, id: UUID, attempt: int) -> int:
    """Says that a job was stopped because somebody asked to cancel it. Refused without
    the current lease.
    """
    return _affected(
        conn, _sql["stop"], {"user_id": user_id, "id": id, "attempt": attempt}
    )


def release(conn: _Connection[object], *, user_id: UUID, id: UUID, attempt: int) -> int:
    """Gives a job back unfinished; it goes to the head of its line. Refused without
    the current lease.
    """
    return _affected(
        conn, _sql["release"], {"user_id": user_id, "id": id, "attempt": attempt}
    )


def list_events(conn: _Connection[object], *, id: UUID) -> builtins.list[ListEventsRow]:
    """Everything that happened to a job, in order."""
    return _many(conn, _sql["list_events"], {"id": id}, ListEventsRow)


def delete(conn: _Connection[object], *, id: UUID, user_id: UUID | None = None) -> int:
    """Deletes a job with all that hangs on it; a running one is cancelled first."""
    return _affected(conn, _sql["delete"], {"id": id, "user_id": user_id})
