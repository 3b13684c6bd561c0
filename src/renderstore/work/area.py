"""What concerns the queue as a whole.

Generated from sql/queries/work/area.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import value as _value

_sql = _load("work", "area")


@_row
class SweepRow:
    """What sweep gives."""

    what: str
    jobs: int
    problem: str | None


@_row
class ListProblemsRow:
    """What list_problems gives."""

    user_id: UUID | None
    job_id: UUID | None
    problem: str


@_row
class MendRow:
    """What mend gives."""

    what: str
    jobs: int


def sweep(conn: _Connection[object], *, max_rows: int | None = None) -> list[SweepRow]:
    """What was done of what the queue waits for, at most max_rows of each part; a part
    that failed says its problem. Any worker runs it, as often as it likes.
    """
    return _many(conn, _sql["sweep"], {"max_rows": max_rows}, SweepRow)


def list_problems(
    conn: _Connection[object], *, page_size: int
) -> list[ListProblemsRow]:
    """Whatever disagrees between jobs, line, leases, counts and events: nothing, or a
    defect. Reads everything.
    """
    return _many(conn, _sql["list_problems"], {"page_size": page_size}, ListProblemsRow)


def mend(conn: _Connection[object]) -> list[MendRow]:
    """Makes line, counts and events agree with the jobs again, after somebody changed
    rows as their owner; what was done.
    """
    return _many(conn, _sql["mend"], {}, MendRow)


def clear_ended_jobs(conn: _Connection[object], *, max_rows: int | None = None) -> int:
    """How many jobs were deleted that ended longer ago than their owner's plan keeps
    them; call it until it gives 0.
    """
    value: int = _value(conn, _sql["clear_ended_jobs"], {"max_rows": max_rows})
    return value
