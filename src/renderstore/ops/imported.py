"""What came from another system, and what could not. `renderstore import prisma`
brings it; administrators and readers see it.

Generated from sql/queries/ops/imported.sql by `just generate`; do not edit.
"""

from datetime import datetime

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import optional as _optional

_sql = _load("ops", "imported")


@_row
class ImportCount:
    """What import_rows gives."""

    outcome: str
    what: str | None
    rows: int


@_row
class Imported:
    """What find_new and find_old give."""

    kind: str
    source: str
    old_id: str
    table_name: str
    row_key: str
    changes: list[str]
    imported_at: datetime


@_row
class ImportRefusal:
    """What list_refusals gives."""

    kind: str
    source: str
    old_id: str
    reason: str
    old_row: Json
    refused_at: datetime


def import_rows(
    conn: _Connection[object], *, kind: str, source: str, old_rows: str, plan_id: str
) -> list[ImportCount]:
    """How many of a batch of rows of one table of another system, a JSON array, came,
    with which changes, were refused and why, or were here already; an
    administrator's.
    """
    return _many(
        conn,
        _sql["import_rows"],
        {"kind": kind, "source": source, "old_rows": old_rows, "plan_id": plan_id},
        ImportCount,
    )


def find_new(
    conn: _Connection[object], *, kind: str, source: str, old_id: str
) -> Imported | None:
    """Which row of ours came from this row of another system."""
    return _optional(
        conn,
        _sql["find_new"],
        {"kind": kind, "source": source, "old_id": old_id},
        Imported,
    )


def find_old(
    conn: _Connection[object], *, table_name: str, row_key: str
) -> list[Imported]:
    """From which rows of another system a row of ours came: several where they were
    merged.
    """
    return _many(
        conn, _sql["find_old"], {"table_name": table_name, "row_key": row_key}, Imported
    )


def list_refusals(
    conn: _Connection[object],
    *,
    kind: str,
    after_source: str | None = None,
    after_old_id: str | None = None,
    page_size: int,
) -> list[ImportRefusal]:
    """A page of the rows of another system that could not come, table by table (null
    for the first page).
    """
    return _many(
        conn,
        _sql["list_refusals"],
        {
            "kind": kind,
            "after_source": after_source,
            "after_old_id": after_old_id,
            "page_size": page_size,
        },
        ImportRefusal,
    )
