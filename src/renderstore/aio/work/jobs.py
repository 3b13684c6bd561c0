# ruff: noqa: A001 (a query is named for what it does)

"""Jobs of every kind: looked up, asked about, claimed and reported on. What a kind has
beside them is in its own room.

Generated from sql/queries/work/jobs.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import claimed as _claimed
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import optional as _optional
from renderstore._scope.aio.run import value as _value
from renderstore.work.enums import DependencyRule, JobKind, JobStatus
from renderstore.work.jobs import (
    ChangedJob,
    Claim,
    CountByStatusRow,
    FinishAndClaimRow,
    FinishManyRow,
    HeartbeatManyRow,
    Job,
    ListedJob,
    ListEventsRow,
)

_sql = _load("work", "jobs")


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Job:
    """The job of the acting user with this id."""
    return await _one(conn, _sql["get"], {"id": id}, Job)


async def find_by_id(conn: _AsyncConnection[object], *, id: UUID) -> Job | None:
    """The job with this id alone, whoever owns it, for who sees every row."""
    return await _optional(conn, _sql["find_by_id"], {"id": id}, Job)


async def find_by_idempotency_key(
    conn: _AsyncConnection[object], *, idempotency_key: str
) -> Job | None:
    """The acting user's job with this idempotency key."""
    return await _optional(
        conn, _sql["find_by_idempotency_key"], {"idempotency_key": idempotency_key}, Job
    )


async def list(
    conn: _AsyncConnection[object],
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
    return await _many(
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


async def count_by_status(
    conn: _AsyncConnection[object],
) -> builtins.list[CountByStatusRow]:
    """How many jobs the acting user has in each status."""
    return await _many(conn, _sql["count_by_status"], {}, CountByStatusRow)


async def list_all_by_status(
    conn: _AsyncConnection[object],
    *,
    status: JobStatus,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedJob]:
    """A page of everybody's jobs in this status, newest first, for an administrator.
    In the order of its index, status included: behind a policy the planner does not
    see that all have one status.
    """
    return await _many(
        conn,
        _sql["list_all_by_status"],
        {"status": status, "before_id": before_id, "page_size": page_size},
        ListedJob,
    )


async def list_held(
    conn: _AsyncConnection[object], *, worker: str
) -> builtins.list[ListedJob]:
    """The jobs that a worker holds: a worker sees its own."""
    return await _many(conn, _sql["list_held"], {"worker": worker}, ListedJob)


async def cancel(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    reason: str | None = None,
    user_id: UUID | None = None,
) -> ChangedJob:
    """The job and its status by now: cancelled if it waited; a running one keeps its
    status until its worker stops. Asked again, it says the same.
    """
    return await _one(
        conn,
        _sql["cancel"],
        {"id": id, "reason": reason, "user_id": user_id},
        ChangedJob,
    )


async def try_again(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> ChangedJob:
    """The job that had failed or was cancelled, waiting anew."""
    return await _one(
        conn, _sql["try_again"], {"id": id, "user_id": user_id}, ChangedJob
    )


async def set_priority(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    priority: int,
    user_id: UUID | None = None,
) -> ChangedJob:
    """The waiting job at its new priority, within the plan."""
    return await _one(
        conn,
        _sql["set_priority"],
        {"id": id, "priority": priority, "user_id": user_id},
        ChangedJob,
    )


async def set_due(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    due_at: datetime | None = None,
    user_id: UUID | None = None,
) -> ChangedJob:
    """The waiting job, which starts no earlier than this; null for at once."""
    return await _one(
        conn,
        _sql["set_due"],
        {"id": id, "due_at": due_at, "user_id": user_id},
        ChangedJob,
    )


async def set_auto_cancel(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    auto_cancel_at: datetime | None = None,
    user_id: UUID | None = None,
) -> ChangedJob:
    """The job, which is cancelled by itself unless it has ended by then; null for
    never.
    """
    return await _one(
        conn,
        _sql["set_auto_cancel"],
        {"id": id, "auto_cancel_at": auto_cancel_at, "user_id": user_id},
        ChangedJob,
    )


async def watch(conn: _AsyncConnection[object], *, id: UUID) -> ChangedJob:
    """The job, which will announce its end on the channel that work.end_channel names,
    unless it has ended.
    """
    return await _one(conn, _sql["watch"], {"id": id}, ChangedJob)


async def link(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    needs_job_ids: builtins.list[UUID],
    on_failure: DependencyRule | None = None,
) -> int:
    """How many links were made: the waiting job waits for those earlier ones too."""
    value: int = await _value(
        conn,
        _sql["link"],
        {"id": id, "needs_job_ids": needs_job_ids, "on_failure": on_failure},
    )
    return value


async def unlink(
    conn: _AsyncConnection[object], *, id: UUID, needs_job_ids: builtins.list[UUID]
) -> int:
    """How many links were taken away: the job waits for those no more."""
    value: int = await _value(
        conn, _sql["unlink"], {"id": id, "needs_job_ids": needs_job_ids}
    )
    return value


async def claim(
    conn: _AsyncConnection[object],
    *,
    limit: int,
    kinds: builtins.list[JobKind] | None = None,
    lease: timedelta | None = None,
) -> builtins.list[Claim]:
    """Up to limit jobs for the acting worker, of its registered kinds or of fewer that
    are named. The attempt is the token to report with.
    """
    return await _claimed(
        conn, _sql["claim"], {"limit": limit, "kinds": kinds, "lease": lease}, Claim
    )


async def claim_and_stop_waiting(
    conn: _AsyncConnection[object],
    *,
    limit: int,
    kinds: builtins.list[JobKind] | None = None,
    lease: timedelta | None = None,
) -> builtins.list[Claim]:
    """The same, and the acting worker waits for none any more where there was one."""
    return await _claimed(
        conn,
        _sql["claim_and_stop_waiting"],
        {"limit": limit, "kinds": kinds, "lease": lease},
        Claim,
    )


async def validate(
    conn: _AsyncConnection[object],
    *,
    limit: int,
    kinds: builtins.list[JobKind] | None = None,
    lease: timedelta | None = None,
) -> builtins.list[Claim]:
    """Up to limit jobs that a worker must look at before they are queued; each is
    accepted, or fails.
    """
    return await _claimed(
        conn, _sql["validate"], {"limit": limit, "kinds": kinds, "lease": lease}, Claim
    )


async def accept(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID, attempt: int
) -> JobStatus:
    """What became of a job that the acting worker looked at and found valid. Refused
    without the current lease.
    """
    value: JobStatus = await _value(
        conn, _sql["accept"], {"user_id": user_id, "id": id, "attempt": attempt}
    )
    return value


async def heartbeat(
    conn: _AsyncConnection[object],
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
    value: bool = await _value(
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


async def heartbeat_many(
    conn: _AsyncConnection[object],
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
    return await _many(
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


async def finish(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID, attempt: int
) -> int:
    """Completes a job. Refused without the current lease."""
    return await _affected(
        conn, _sql["finish"], {"user_id": user_id, "id": id, "attempt": attempt}
    )


async def finish_many(
    conn: _AsyncConnection[object],
    *,
    user_ids: builtins.list[UUID],
    ids: builtins.list[UUID],
    attempts: builtins.list[int],
) -> builtins.list[FinishManyRow]:
    """Completes jobs, and gives those that were refused because their leases were
    lost.
    """
    return await _many(
        conn,
        _sql["finish_many"],
        {"user_ids": user_ids, "ids": ids, "attempts": attempts},
        FinishManyRow,
    )


async def finish_and_claim(
    conn: _AsyncConnection[object],
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
    return await _claimed(
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


async def fail(
    conn: _AsyncConnection[object],
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
    value: JobStatus = await _value(
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


async def stop(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID, attempt: int
) -> int:
    """Says that a job was stopped because somebody asked to cancel it. Refused without
    the current lease.
    """
    return await _affected(
        conn, _sql["stop"], {"user_id": user_id, "id": id, "attempt": attempt}
    )


async def release(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID, attempt: int
) -> int:
    """Gives a job back unfinished; it goes to the head of its line. Refused without
    the current lease.
    """
    return await _affected(
        conn, _sql["release"], {"user_id": user_id, "id": id, "attempt": attempt}
    )


async def list_events(
    conn: _AsyncConnection[object], *, id: UUID
) -> builtins.list[ListEventsRow]:
    """Everything that happened to a job, in order."""
    return await _many(conn, _sql["list_events"], {"id": id}, ListEventsRow)


async def delete(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> int:
    """Deletes a job with all that hangs on it; a running one is cancelled first."""
    return await _affected(conn, _sql["delete"], {"id": id, "user_id": user_id})
