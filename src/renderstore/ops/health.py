"""The house's health. Store.health() measures what a caller alone can, and asks this.

Generated from sql/queries/ops/health.sql by `just generate`; do not edit.
"""

from psycopg import Connection as _Connection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import value as _value
from renderstore.ops.enums import HealthUnit, Verdict

_sql = _load("ops", "health")


@_row
class HealthMeasure:
    """What measure gives."""

    name: str
    verdict: Verdict
    value: float | None
    unit: HealthUnit
    sentence: str
    remedy: str


@_row
class SlowStatement:
    """What slowest_statements gives."""

    name: str | None
    text: str
    calls: int
    total_ms: float
    mean_ms: float
    rows: int
    share: float
    is_inner: bool


def measure(
    conn: _Connection[object], *, callers: Json | None = None
) -> list[HealthMeasure]:
    """Every measure with its verdict, in the order of ops.health_rules; what the role
    may not see is unknown.
    """
    return _many(
        conn,
        _sql["measure"],
        {"callers": None if callers is None else _Jsonb(callers)},
        HealthMeasure,
    )


def applied_migrations(conn: _Connection[object]) -> list[str] | None:
    """The migrations that yoyo applied to this database; null where the role may not
    see them.
    """
    value: list[str] | None = _value(conn, _sql["applied_migrations"], {})
    return value


def slowest_statements(
    conn: _Connection[object],
    *,
    max_rows: int | None = None,
    with_inner: bool | None = None,
) -> list[SlowStatement]:
    """The statements that cost the most time in all, ours by their queries' names, 20
    if not said otherwise; none where the server does not count or the role may not
    see.
    """
    return _many(
        conn,
        _sql["slowest_statements"],
        {"max_rows": max_rows, "with_inner": with_inner},
        SlowStatement,
    )


def uncounted_because(conn: _Connection[object]) -> str | None:
    """Why the role does not know which statements cost the most; null where it does."""
    value: str | None = _value(conn, _sql["uncounted_because"], {})
    return value
