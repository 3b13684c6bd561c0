"""How the farm stands at this moment, for whoever is on call. For readers. Each query
reads a bounded part of the farm, however long the line is: a status at a time and
in the order of an index, since behind a policy the planner takes a status for a
sixth of the table. A heartbeat that met a locked row stands in work.reports, and
holds its job as well. What a paused user has queued stands in no lane. The history
has no index by time: the newest job of each status has one of the last transitions,
what followed it is found in leaps, and so is where the hour begins.

Generated from sql/queries/ops/watch.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.ops.watch import (
    Farm,
    LockWait,
    Outcomes,
    WatchedService,
    WatchedUser,
    WatchedWorker,
)

_sql = _load("ops", "watch")


async def count_farm(conn: _AsyncConnection[object]) -> Farm:
    """What waits, runs and came in the last ten minutes: pending and pauses up to
    10,000, what came up to 3,000 a status; and how much of a line of 10,000 jobs or
    more is 300 pages.
    """
    return await _one(conn, _sql["count_farm"], {}, Farm)


async def list_workers(
    conn: _AsyncConnection[object], *, max_rows: int | None = None
) -> list[WatchedWorker]:
    """Workers, the worst first: silent ones that hold jobs, then those whose lease is
    over, that were stopped or are not registered and hold some, then those that
    fell silent in the last day; with how many there are of each.
    """
    return await _many(
        conn, _sql["list_workers"], {"max_rows": max_rows}, WatchedWorker
    )


async def list_users(
    conn: _AsyncConnection[object],
    *,
    is_long: bool,
    percent: float,
    max_rows: int | None = None,
) -> list[WatchedUser]:
    """Who waits and who runs, the longest part of the line first, with how much there
    is of all. A long line is estimated, from so many percent of its pages.
    """
    return await _many(
        conn,
        _sql["list_users"],
        {"is_long": is_long, "percent": percent, "max_rows": max_rows},
        WatchedUser,
    )


async def list_outcomes(conn: _AsyncConnection[object]) -> list[Outcomes]:
    """What became of jobs in the last hour, counted a minute and a class of failure,
    from since_at on: of the last 64,000 transitions. Classes beyond the twenty most
    frequent have none.
    """
    return await _many(conn, _sql["list_outcomes"], {}, Outcomes)


async def list_services(
    conn: _AsyncConnection[object], *, max_rows: int | None = None
) -> list[WatchedService]:
    """The services that are watched, those that are down first, with how many there
    are.
    """
    return await _many(
        conn, _sql["list_services"], {"max_rows": max_rows}, WatchedService
    )


async def list_lock_waits(
    conn: _AsyncConnection[object], *, max_rows: int | None = None
) -> list[LockWait]:
    """The sessions of this database that wait for a lock, the longest first, and one
    that each waits for; with how many there are.
    """
    return await _many(conn, _sql["list_lock_waits"], {"max_rows": max_rows}, LockWait)
