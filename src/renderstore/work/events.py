"""What happened to jobs, to be read on from a position.

Generated from sql/queries/work/events.sql by `just generate`; do not edit.
"""

from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore.work.enums import JobStatus

_sql = _load("work", "events")


@_row
class ListAfterRow:
    """What list_after gives."""

    user_id: UUID
    id: int
    job_id: UUID
    attempt: int
    before: JobStatus
    after: JobStatus
    happened_at: datetime
    began_at: datetime | None
    held_by: str | None
    actor: str
    error_class: str | None
    reason: str | None


def list_after(
    conn: _Connection[object], *, after_id: int, page_size: int
) -> list[ListAfterRow]:
    """A page of events after this position (0 for the first), only as far as nothing
    earlier can still come.
    """
    return _many(
        conn,
        _sql["list_after"],
        {"after_id": after_id, "page_size": page_size},
        ListAfterRow,
    )
