"""What came from another system, and what could not. `renderstore import prisma`
brings it; administrators and readers see it.

Generated from sql/queries/ops/imported.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import optional as _optional
from renderstore.ops.imported import ImportCount, Imported, ImportRefusal

_sql = _load("ops", "imported")


async def import_rows(
    conn: _AsyncConnection[object],
    *,
    kind: str,
    source: str,
    old_rows: str,
    plan_id: str,
) -> list[ImportCount]:
    """How many of a batch of rows of one table of another system, a JSON array, came,
    with which changes, were refused and why, or were here already; an
    administrator's.
    """
    return await _many(
        conn,
        _sql["import_rows"],
        {"kind": kind, "source": source, "old_rows": old_rows, "plan_id": plan_id},
        ImportCount,
    )


async def find_new(
    conn: _AsyncConnection[object], *, kind: str, source: str, old_id: str
) -> Imported | None:
    """Which row of ours came from this row of another system."""
    return await _optional(
        conn,
        _sql["find_new"],
        {"kind": kind, "source": source, "old_id": old_id},
        Imported,
    )


async def find_old(
    conn: _AsyncConnection[object], *, table_name: str, row_key: str
) -> list[Imported]:
    """From which rows of another system a row of ours came: several where they were
    merged.
    """
    return await _many(
        conn, _sql["find_old"], {"table_name": table_name, "row_key": row_key}, Imported
    )


async def list_refusals(
    conn: _AsyncConnection[object],
    *,
    kind: str,
    after_source: str | None = None,
    after_old_id: str | None = None,
    page_size: int,
) -> list[ImportRefusal]:
    """A page of the rows of another system that could not come, table by table (null
    for the first page).
    """
    return await _many(
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
