# ruff: noqa: A001 (a query is named for what it does)

"""Workers that wait for jobs.

Generated from sql/queries/work/waits.sql by `just generate`; do not edit.
"""

import builtins
from datetime import timedelta

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.work.enums import JobKind
from renderstore.work.waits import ListRow

_sql = _load("work", "waits")


async def begin(
    conn: _AsyncConnection[object],
    *,
    kinds: builtins.list[JobKind] | None = None,
    patience: timedelta | None = None,
) -> int:
    """Says that the acting worker waits, for its registered kinds or for fewer that
    are named.
    """
    return await _affected(conn, _sql["begin"], {"kinds": kinds, "patience": patience})


async def get_channel(conn: _AsyncConnection[object]) -> str:
    """The channel on which the acting worker listens."""
    value: str = await _value(conn, _sql["get_channel"], {})
    return value


async def get_horizon(conn: _AsyncConnection[object]) -> str:
    """The transaction number that comes next: whoever missed that a worker waits has a
    lower one.
    """
    value: str = await _value(conn, _sql["get_horizon"], {})
    return value


async def is_settled(conn: _AsyncConnection[object], *, horizon: str) -> bool:
    """Whether every transaction below the horizon has ended, so that a claim from here
    on sees its jobs.
    """
    value: bool = await _value(conn, _sql["is_settled"], {"horizon": horizon})
    return value


async def is_anything_in_line(conn: _AsyncConnection[object]) -> bool:
    """Whether a job stands in a lane that the acting worker may take from, or is to
    come into one that is not open yet: one too that
    a claim passes over, since somebody has locked it or it stands below where
    claims look.
    """
    value: bool = await _value(conn, _sql["is_anything_in_line"], {})
    return value


async def list(
    conn: _AsyncConnection[object], *, after_worker: str | None = None, page_size: int
) -> builtins.list[ListRow]:
    """A page of the workers that wait at this moment."""
    return await _many(
        conn,
        _sql["list"],
        {"after_worker": after_worker, "page_size": page_size},
        ListRow,
    )


async def pass_on(conn: _AsyncConnection[object]) -> int:
    """Wakes a waiting worker for each lane in which jobs stand."""
    return await _affected(conn, _sql["pass_on"], {})


async def end(conn: _AsyncConnection[object]) -> int:
    """Says that the acting worker has found something to do."""
    return await _affected(conn, _sql["end"], {})
