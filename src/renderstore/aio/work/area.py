"""What concerns the queue as a whole.

Generated from sql/queries/work/area.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.work.area import ListProblemsRow, MendRow, SweepRow

_sql = _load("work", "area")


async def sweep(
    conn: _AsyncConnection[object], *, max_rows: int | None = None
) -> list[SweepRow]:
    """What was done of what the queue waits for, at most max_rows of each part; a part
    that failed says its problem. Any worker runs it, as often as it likes.
    """
    return await _many(conn, _sql["sweep"], {"max_rows": max_rows}, SweepRow)


async def list_problems(
    conn: _AsyncConnection[object], *, page_size: int
) -> list[ListProblemsRow]:
    """Whatever disagrees between jobs, line, leases, counts and events: nothing, or a
    defect. Reads everything.
    """
    return await _many(
        conn, _sql["list_problems"], {"page_size": page_size}, ListProblemsRow
    )


async def mend(conn: _AsyncConnection[object]) -> list[MendRow]:
    """Makes line, counts and events agree with the jobs again, after somebody changed
    rows as their owner; what was done.
    """
    return await _many(conn, _sql["mend"], {}, MendRow)


async def clear_ended_jobs(
    conn: _AsyncConnection[object], *, max_rows: int | None = None
) -> int:
    """How many jobs were deleted that ended longer ago than their owner's plan keeps
    them; call it until it gives 0.
    """
    value: int = await _value(conn, _sql["clear_ended_jobs"], {"max_rows": max_rows})
    return value
