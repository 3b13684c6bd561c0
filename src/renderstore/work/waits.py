# ruff: noqa: A001 (a query is named for what it does)

"""Workers that wait for jobs.

Generated from sql/queries/work/waits.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime, timedelta

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import value as _value
from renderstore.work.enums import JobKind

_sql = _load("work", "waits")


@_row
class ListRow:
    """What list gives."""

    worker: str
    kinds: builtins.list[JobKind]
    labels: builtins.list[str]
    expires_at: datetime


def begin(
    conn: _Connection[object],
    *,
    kinds: builtins.list[JobKind] | None = None,
    patience: timedelta | None = None,
) -> int:
    """Says that the acting worker waits, for its registered kinds or for fewer that
    are named.
    """
    return _affected(conn, _sql["begin"], {"kinds": kinds, "patience": patience})


def get_channel(conn: _Connection[object]) -> str:
    """The channel on which the acting worker listens."""
    value: str = _value(conn, _sql["get_channel"], {})
    return value


def get_horizon(conn: _Connection[object]) -> str:
    """The transaction number that comes next: whoever missed that a worker waits has a
    lower one.
    """
    value: str = _value(conn, _sql["get_horizon"], {})
    return value


def is_settled(conn: _Connection[object], *, horizon: str) -> bool:
    """Whether every transaction below the horizon has ended, so that a claim from here
    on sees its jobs.
    """
    value: bool = _value(conn, _sql["is_settled"], {"horizon": horizon})
    return value


def is_anything_in_line(conn: _Connection[object]) -> bool:
    """Whether a job stands in a lane that the acting worker may take from, or is to
    come into one that is not open yet: one too that
    a claim passes over, since somebody has locked it or it stands below where
    claims look.
    """
    value: bool = _value(conn, _sql["is_anything_in_line"], {})
    return value


def list(
    conn: _Connection[object], *, after_worker: str | None = None, page_size: int
) -> builtins.list[ListRow]:
    """A page of the workers that wait at this moment."""
    return _many(
        conn,
        _sql["list"],
        {"after_worker": after_worker, "page_size": page_size},
        ListRow,
    )


def pass_on(conn: _Connection[object]) -> int:
    """Wakes a waiting worker for each lane in which jobs stand."""
    return _affected(conn, _sql["pass_on"], {})


def end(conn: _Connection[object]) -> int:
    """Says that the acting worker has found something to do."""
    return _affected(conn, _sql["end"], {})
