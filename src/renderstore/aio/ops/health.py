"""The house's health. Store.health() measures what a caller alone can, and asks this.

Generated from sql/queries/ops/health.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.ops.health import HealthMeasure, SlowStatement

_sql = _load("ops", "health")


async def measure(
    conn: _AsyncConnection[object], *, callers: Json | None = None
) -> list[HealthMeasure]:
    """Every measure with its verdict, in the order of ops.health_rules; what the role
    may not see is unknown.
    """
    return await _many(
        conn,
        _sql["measure"],
        {"callers": None if callers is None else _Jsonb(callers)},
        HealthMeasure,
    )


async def applied_migrations(conn: _AsyncConnection[object]) -> list[str] | None:
    """The migrations that yoyo applied to this database; null where the role may not
    see them.
    """
    value: list[str] | None = await _value(conn, _sql["applied_migrations"], {})
    return value


async def slowest_statements(
    conn: _AsyncConnection[object],
    *,
    max_rows: int | None = None,
    with_inner: bool | None = None,
) -> list[SlowStatement]:
    """The statements that cost the most time in all, ours by their queries' names, 20
    if not said otherwise; none where the server does not count or the role may not
    see.
    """
    return await _many(
        conn,
        _sql["slowest_statements"],
        {"max_rows": max_rows, "with_inner": with_inner},
        SlowStatement,
    )


async def uncounted_because(conn: _AsyncConnection[object]) -> str | None:
    """Why the role does not know which statements cost the most; null where it does."""
    value: str | None = await _value(conn, _sql["uncounted_because"], {})
    return value
