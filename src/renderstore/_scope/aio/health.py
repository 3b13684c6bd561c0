"""How a store measures its database's health: on a connection of its own, so that a full pool is seen and not waited for."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor

from renderstore import migrations
from renderstore.errors import Error
from renderstore.health import Health, unreached, worst


class _Store(Protocol):
    """What this needs of a store, which itself asks it."""

    @property
    def is_pooled(self) -> bool: ...

    def readonly(self) -> Any: ...

    def admin(self, *, reason: str) -> Any: ...

    def worker(self, name: str) -> Any: ...

    def user(self, user_id: UUID) -> Any: ...

    async def borrow(self) -> tuple[Any, Any]: ...

    async def give_back(self, pool: Any, conn: Any, failed: bool) -> None: ...


_ROLE = """
select wanted.name
from unnest(%s::text[]) with ordinality as wanted (name, place)
join pg_catalog.pg_roles on rolname = wanted.name
where pg_has_role(session_user, pg_roles.oid, 'member')
order by wanted.place
limit 1
"""
# A schema, a table or a function that is not there, or is another one.
_OF_A_LATER_VERSION = {"3F000", "42P01", "42883"}
_TRIPS = 3


async def measure(store: _Store, *, pool_used_percent: float, waiting: int) -> Health:
    """What this store's login sees of its database's health, beside what is known of another store's pool."""
    from renderstore.aio.ops import health

    # Who sees the most first.
    scopes: dict[str, Callable[[], Any]] = {
        "renderstore_readonly": store.readonly,
        "renderstore_admin": lambda: store.admin(reason="health"),
        "renderstore_worker": lambda: store.worker("health"),
        "renderstore_app": lambda: store.user(UUID(int=0)),
    }
    try:
        role = await _best_role(store, [*scopes])
        if role is None:
            return unreached(
                "This login may enter no scope: `renderstore login` makes one that may."
            )
        async with scopes[role]() as conn:
            callers = {
                "round_trip_ms": await _round_trip(conn) * 1000,
                "migrations_pending": _pending(await health.applied_migrations(conn)),
                "pool_used_percent": pool_used_percent,
                "pool_waiting": waiting,
            }
            measures = await health.measure(conn, callers=callers)
            return Health(
                verdict=worst(measures),
                measures=measures,
                slowest=await health.slowest_statements(conn),
                server_version=conn.info.parameter_status("server_version"),
                database=conn.info.dbname,
                login=conn.info.user,
                role=role,
                is_pooled=store.is_pooled,
            )
    except Error as error:
        if error.sqlstate in _OF_A_LATER_VERSION:
            return unreached(
                "The database lacks what this version asks for: `renderstore migrate`"
                " applies what is pending."
            )
        return unreached(error.sentence)


async def _best_role(store: _Store, roles: list[str]) -> str | None:
    pool, conn = await store.borrow()
    try:
        conn.start_lend(None, single=False)
        said = await (await AsyncCursor(conn).execute(_ROLE, [roles])).fetchone()
        return None if said is None else str(said[0])
    finally:
        await store.give_back(pool, conn, failed=True)


async def _round_trip(conn: AsyncConnection[object]) -> float:
    """The median of a few, in seconds."""
    found: list[float] = []
    for _ in range(_TRIPS):
        started = monotonic()
        await conn.execute("select 1")
        found.append(monotonic() - started)
    return sorted(found)[_TRIPS // 2]


def _pending(applied: list[str] | None) -> int | str:
    if applied is None:
        return "unknown"
    return len(set(migrations.names()) - set(applied))
