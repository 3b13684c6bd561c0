"""How the farm stands at this moment, for whoever is on call. For readers. Each query
reads a bounded part of the farm, however long the line is: a status at a time and
in the order of an index, since behind a policy the planner takes a status for a
sixth of the table. A heartbeat that met a locked row stands in work.reports, and
holds its job as well. What a paused user has queued stands in no lane. The history
has no index by time: the newest job of each status has one of the last transitions,
what followed it is found in leaps, and so is where the hour begins.

Generated from sql/queries/ops/watch.sql by `just generate`; do not edit.
"""

from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore.ops.enums import ServiceState
from renderstore.work.enums import JobStatus

_sql = _load("ops", "watch")


@_row
class Farm:
    """What count_farm gives."""

    read_at: datetime
    pending: int
    validating: int
    running: int
    came: int
    is_more: bool
    oldest_queued_at: datetime | None
    is_long: bool
    percent: float
    paused_users: int
    pauses: int


@_row
class WatchedWorker:
    """What list_workers gives."""

    name: str
    seen_at: datetime | None
    stopped_at: datetime | None
    is_silent: bool
    holds: int
    expired: int
    progress: int | None
    job_id: UUID | None
    began_at: datetime | None
    lease_expires_at: datetime | None
    all_workers: int
    all_fine: int
    all_silent: int
    all_silent_holding: int
    all_stopped: int
    all_expired: int


@_row
class WatchedUser:
    """What list_users gives."""

    user_id: UUID
    email: str | None
    name: str | None
    plan: str | None
    share: int | None
    waits: int
    runs: int
    is_paused: bool
    is_estimated: bool
    all_users: int
    all_waits: int
    all_runs: int


@_row
class Outcomes:
    """What list_outcomes gives."""

    minutes_ago: int
    after: JobStatus
    error_class: str | None
    is_retried: bool
    jobs: int
    last_at: datetime
    since_at: datetime


@_row
class WatchedService:
    """What list_services gives."""

    id: str
    state: ServiceState
    since_at: datetime | None
    message: str | None
    all_services: int
    all_down: int


@_row
class LockWait:
    """What list_lock_waits gives."""

    pid: int
    login: str | None
    waits_s: float | None
    wants: str
    blocking_pid: int | None
    blocking_login: str | None
    all_waits: int


def count_farm(conn: _Connection[object]) -> Farm:
    """What waits, runs and came in the last ten minutes: pending and pauses up to
    10,000, what came up to 3,000 a status; and how much of a line of 10,000 jobs or
    more is 300 pages.
    """
    return _one(conn, _sql["count_farm"], {}, Farm)


def list_workers(
    conn: _Connection[object], *, max_rows: int | None = None
) -> list[WatchedWorker]:
    """Workers, the worst first: silent ones that hold jobs, then those whose lease is
    over, that were stopped or are not registered and hold some, then those that
    fell silent in the last day; with how many there are of each.
    """
    return _many(conn, _sql["list_workers"], {"max_rows": max_rows}, WatchedWorker)


def list_users(
    conn: _Connection[object],
    *,
    is_long: bool,
    percent: float,
    max_rows: int | None = None,
) -> list[WatchedUser]:
    """Who waits and who runs, the longest part of the line first, with how much there
    is of all. A long line is estimated, from so many percent of its pages.
    """
    return _many(
        conn,
        _sql["list_users"],
        {"is_long": is_long, "percent": percent, "max_rows": max_rows},
        WatchedUser,
    )


def list_outcomes(conn: _Connection[object]) -> list[Outcomes]:
    """What became of jobs in the last hour, counted a minute and a class of failure,
    from since_at on: of the last 64,000 transitions. Classes beyond the twenty most
    frequent have none.
    """
    return _many(conn, _sql["list_outcomes"], {}, Outcomes)


def list_services(
    conn: _Connection[object], *, max_rows: int | None = None
) -> list[WatchedService]:
    """The services that are watched, those that are down first, with how many there
    are.
    """
    return _many(conn, _sql["list_services"], {"max_rows": max_rows}, WatchedService)


def list_lock_waits(
    conn: _Connection[object], *, max_rows: int | None = None
) -> list[LockWait]:
    """The sessions of this database that wait for a lock, the longest first, and one
    that each waits for; with how many there are.
    """
    return _many(conn, _sql["list_lock_waits"], {"max_rows": max_rows}, LockWait)
