# ruff: noqa: A001 (a query is named for what it does)

"""Who did what to which row. Nobody writes it: the tables that audit.columns lists do.

Generated from sql/queries/audit/entries.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore.audit.enums import Operation

_sql = _load("audit", "entries")


@_row
class Entry:
    """What list, list_by_user, list_by_row, list_by_actor and list_by_time give."""

    user_id: UUID
    id: int
    happened_at: datetime
    transaction_id: str
    actor: str
    bound_user_id: UUID | None
    login: str
    table_name: str
    row_key: str
    operation: Operation
    changed: builtins.list[str]
    before: Json | None
    after: Json | None


@_row
class HistoryLine:
    """What history gives."""

    happened_at: datetime
    actor: str
    who: str
    what: str


def list(
    conn: _Connection[object], *, before_id: int | None = None, page_size: int
) -> builtins.list[Entry]:
    """A page of what happened to the acting user's rows, newest first, before the
    entry with this id (null for the first page).
    """
    return _many(
        conn, _sql["list"], {"before_id": before_id, "page_size": page_size}, Entry
    )


def list_by_user(
    conn: _Connection[object],
    *,
    user_id: UUID,
    before_id: int | None = None,
    page_size: int,
) -> builtins.list[Entry]:
    """The same of one user's rows, or of nobody's (the nil UUID), for who sees every
    row.
    """
    return _many(
        conn,
        _sql["list_by_user"],
        {"user_id": user_id, "before_id": before_id, "page_size": page_size},
        Entry,
    )


def list_by_row(
    conn: _Connection[object],
    *,
    table_name: str,
    row_key: str,
    before_id: int | None = None,
    page_size: int,
) -> builtins.list[Entry]:
    """A page of one row's life, newest first: the table with its schema, the key
    without its owner.
    """
    return _many(
        conn,
        _sql["list_by_row"],
        {
            "table_name": table_name,
            "row_key": row_key,
            "before_id": before_id,
            "page_size": page_size,
        },
        Entry,
    )


def list_by_actor(
    conn: _Connection[object],
    *,
    actor: str,
    before_id: int | None = None,
    page_size: int,
) -> builtins.list[Entry]:
    """A page of what somebody did, newest first, for who sees every row."""
    return _many(
        conn,
        _sql["list_by_actor"],
        {"actor": actor, "before_id": before_id, "page_size": page_size},
        Entry,
    )


def list_by_time(
    conn: _Connection[object],
    *,
    since: datetime | None = None,
    before_at: datetime | None = None,
    before_id: int | None = None,
    page_size: int,
) -> builtins.list[Entry]:
    """A page of what happened since a time, newest first, before the entry of this
    time and id (null for the first page), for who sees every row.
    """
    return _many(
        conn,
        _sql["list_by_time"],
        {
            "since": since,
            "before_at": before_at,
            "before_id": before_id,
            "page_size": page_size,
        },
        Entry,
    )


def history(
    conn: _Connection[object],
    *,
    table_name: str,
    row_key: str,
    max_rows: int | None = None,
) -> builtins.list[HistoryLine]:
    """One row's life as a person reads it, the oldest first: of its latest entries at
    most this many (null for 100).
    """
    return _many(
        conn,
        _sql["history"],
        {"table_name": table_name, "row_key": row_key, "max_rows": max_rows},
        HistoryLine,
    )
