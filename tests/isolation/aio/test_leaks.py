"""Whatever a caller does in a scope, the next borrower of its connection finds nothing of it.

Each situation runs on a pool of one connection, ended normally or by the caller's exception, and says
what its caller hears; then another user borrows. Both ways of sending the binding, directly and behind
PgBouncer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any, cast

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader
from tests.isolation.leaks import (
    LOOK,
    STATEMENTS,
    WAYS,
    CallersError,
    Ear,
    Hears,
    Place,
    Way,
    both,
    expected,
    fill,
    kill,
    noting,
)

from renderstore import errors
from renderstore._scope.aio.bound import cursor
from renderstore.store import AsyncStore, aconnect


async def own_one(conn: AsyncConnection[Any], statement: str) -> Any:
    return await (await cursor(conn).execute(statement.encode())).fetchone()


async def check(store: AsyncStore, place: Place) -> None:
    """The next borrower, another user, sees a fresh session; nobody bound sees nothing."""
    other = place.users[1]
    login = store.settings.user

    async def look(conn: AsyncConnection[Any]) -> Any:
        return await own_one(conn, LOOK)

    assert await store.user(other).run(look) == expected(other, login)
    async with store.user(other) as conn:
        assert await look(conn) == expected(other, login)
    async with store.user(other) as conn:
        assert await (await conn.execute(LOOK)).fetchone() == expected(other, login)
    pool, borrowed = await store.borrow()
    try:
        borrowed.start_lend(None, single=False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await psycopg.AsyncCursor(borrowed).execute(
                "select count(*) from identity.users"
            )
    finally:
        await store.give_back(pool, borrowed, failed=True)


async def test_nothing_is_left_of_a_statement(place: Place, is_plain: bool) -> None:
    wrong: list[str] = []
    for name in STATEMENTS:
        async with aconnect(place.url, size=1, plain=is_plain) as store:
            for way in WAYS:
                with noting(wrong, f"{name}, {way}"):
                    with Ear() as ear:
                        await send(store, place, name, way)
                    assert ear.heard is way.hears(name)
                    await check(store, place)
    assert not wrong, "\n".join(wrong)


async def send(store: AsyncStore, place: Place, name: str, way: Way) -> None:
    async def act(conn: AsyncConnection[Any]) -> None:
        if way.after_the_vocabulary:
            await own_one(conn, "select 1")
        for statement in STATEMENTS[name]:
            with suppress(*way.swallowed):
                await conn.execute(fill(statement, place))
        if way.raises:
            raise CallersError

    if way.runs:
        await store.user(place.users[0]).run(act)
    else:
        async with store.user(place.users[0]) as conn:
            await act(conn)


async def _commits(conn: AsyncConnection[Any]) -> None:
    await conn.commit()


async def _rolls_back(conn: AsyncConnection[Any]) -> None:
    await conn.rollback()


async def _closes(conn: AsyncConnection[Any]) -> None:
    await conn.close()


async def _executes_and_closes(conn: AsyncConnection[Any]) -> None:
    await conn.execute("select 1")
    await conn.close()


async def _changes_the_row_factory(conn: AsyncConnection[Any]) -> None:
    conn.row_factory = dict_row
    await conn.execute("select 1 as one")


async def _changes_autocommit(conn: AsyncConnection[Any]) -> None:
    await conn.set_autocommit(False)
    await conn.execute("select 1")


async def _changes_the_threshold(conn: AsyncConnection[Any]) -> None:
    conn.prepare_threshold = 0
    await conn.execute("select 1")


async def _registers_a_loader(conn: AsyncConnection[Any]) -> None:
    class Wrong(TextLoader):
        def load(self, data: object) -> str:
            return "wrong"

    for name in ("text", "uuid", "int8", "name"):
        conn.adapters.register_loader(name, Wrong)
    await conn.execute("select 1")


async def _copies_out(conn: AsyncConnection[Any]) -> None:
    async with conn.cursor().copy(
        "copy (select email from identity.users) to stdout"
    ) as copy:
        rows = 0
        async for _ in copy:
            rows += 1
        assert rows == 1


async def _copies_half_out(conn: AsyncConnection[Any]) -> None:
    async with conn.cursor().copy(
        "copy (select generate_series(1, 100000)) to stdout"
    ) as copy:
        await copy.read()
        raise CallersError


async def _copies_in(conn: AsyncConnection[Any]) -> None:
    async with conn.cursor().copy("copy identity.users (email) from stdin") as copy:
        await copy.write(b"three@example.org\n")


async def _streams_half(conn: AsyncConnection[Any]) -> None:
    # More than fits into a socket: the rest is cancelled.
    rows = cast(
        "AsyncGenerator[Any]",
        conn.cursor().stream("select generate_series(1, 10000000)"),
    )
    async with aclosing(rows) as rows_left:
        async for _ in rows_left:
            break


async def _uses_a_server_side_cursor(conn: AsyncConnection[Any]) -> None:
    async with conn.cursor("kept") as named:
        await named.execute("select generate_series(1, 1000)")
        await named.fetchmany(10)


async def _leaves_a_server_side_cursor_open(conn: AsyncConnection[Any]) -> None:
    named = conn.cursor("kept", withhold=True)
    await named.execute("select generate_series(1, 1000)")
    await named.fetchmany(10)
    await conn.execute("select 1")


async def _executes_many(conn: AsyncConnection[Any]) -> None:
    await conn.cursor().executemany(
        "update identity.api_tokens set name = name where id::text = %s",
        [("a",), ("b",)],
    )


async def _executes_many_of_which_one_fails(conn: AsyncConnection[Any]) -> None:
    await conn.cursor().executemany("select 1 / %s", [(1,), (0,), (1,)])


async def _pipelines(conn: AsyncConnection[Any]) -> None:
    async with conn.pipeline():
        await conn.execute("select 1")
        await conn.execute("set role renderstore_admin")


async def _pipelines_an_error(conn: AsyncConnection[Any]) -> None:
    async with conn.pipeline():
        await conn.execute("select 1 / 0")
        await conn.execute("select 1")


async def _nests_a_transaction(conn: AsyncConnection[Any]) -> None:
    async with conn.transaction():
        await conn.execute("set local role renderstore_admin")


async def _rolls_a_nested_transaction_back(conn: AsyncConnection[Any]) -> None:
    async with conn.transaction(force_rollback=True):
        await conn.execute("update identity.api_tokens set name = name")


async def _fails_in_a_nested_transaction(conn: AsyncConnection[Any]) -> None:
    with suppress(psycopg.Error):
        async with conn.transaction():
            await conn.execute("select 1 / 0")
    await conn.execute("select 1")


async def _keeps_handlers(conn: AsyncConnection[Any]) -> None:
    conn.add_notice_handler(lambda _: None)
    conn.add_notify_handler(lambda _: None)
    await conn.execute("select 1")


async def _calls_a_function_twice(conn: AsyncConnection[Any]) -> None:
    await own_one(conn, "select 1")
    await own_one(conn, "select 1")


async def _fails_in_the_vocabulary(conn: AsyncConnection[Any]) -> None:
    await own_one(conn, "select 1 / 0")


async def _prepares_by_hand(conn: AsyncConnection[Any]) -> None:
    for _ in range(8):
        await conn.execute("select %s::text", ("a",), prepare=None)
    await conn.execute("deallocate all")


FUNCTIONS: Mapping[Callable[[AsyncConnection[Any]], Awaitable[None]], Hears] = {
    _commits: both(errors.ScopeBroken),
    _rolls_back: both(errors.ScopeBroken),
    _closes: both(None),
    _executes_and_closes: both(errors.Unreachable),
    _changes_the_row_factory: both(None),
    _changes_autocommit: both(None),
    _changes_the_threshold: both(None),
    _registers_a_loader: both(None),
    _copies_out: both(None),
    _copies_half_out: both(CallersError),
    _copies_in: both(psycopg.errors.InsufficientPrivilege),
    _streams_half: both(errors.ScopeBroken),
    _uses_a_server_side_cursor: both(None),
    _leaves_a_server_side_cursor_open: both(None),
    _executes_many: both(None),
    _executes_many_of_which_one_fails: both(psycopg.errors.DivisionByZero),
    _pipelines: both(None),
    _pipelines_an_error: both(psycopg.errors.DivisionByZero),
    _nests_a_transaction: both(None),
    _rolls_a_nested_transaction_back: both(None),
    _fails_in_a_nested_transaction: both(None),
    _keeps_handlers: both(None),
    # `run` is for one function.
    _calls_a_function_twice: Hears(scope=None, run=errors.ScopeBroken),
    _fails_in_the_vocabulary: both(psycopg.errors.DivisionByZero),
    _prepares_by_hand: both(None),
}
# Where the binding is sent before the caller's first statement, a transaction is open already.
PLAIN: Mapping[Callable[[AsyncConnection[Any]], Awaitable[None]], Hears] = {
    _closes: Hears(scope=errors.Unreachable, run=None),
    _executes_and_closes: Hears(scope=errors.Unreachable, run=None),
    _changes_autocommit: both(psycopg.ProgrammingError),
}


async def test_nothing_is_left_of_what_a_function_does(
    place: Place, is_plain: bool
) -> None:
    wrong: list[str] = []
    for function, hears in {**FUNCTIONS, **(PLAIN if is_plain else {})}.items():
        async with aconnect(place.url, size=1, plain=is_plain) as store:
            with noting(wrong, f"{function.__name__} in a scope"):
                with Ear() as ear:
                    async with store.user(place.users[0]) as conn:
                        await function(conn)
                assert ear.heard is hears.scope
                await check(store, place)
            with noting(wrong, f"{function.__name__} in run"):
                with Ear() as ear:
                    await store.user(place.users[0]).run(function)
                assert ear.heard is hears.run
                await check(store, place)
    assert not wrong, "\n".join(wrong)


async def test_nothing_is_left_when_the_backend_is_killed_inside(
    place: Place, is_plain: bool
) -> None:
    async with aconnect(place.url, size=1, plain=is_plain) as store:

        async def situation() -> None:
            async with store.user(place.users[0]) as conn:
                found = await (await conn.execute("select pg_backend_pid()")).fetchone()
                assert found is not None
                kill(place, "and pid = %s", found[0])

        with pytest.raises(errors.Unreachable):
            await situation()
        await check(store, place)


async def test_nothing_is_left_when_idle_backends_are_killed(
    place: Place, is_plain: bool
) -> None:
    async def ask(conn: AsyncConnection[Any]) -> Any:
        return await own_one(conn, "select 1")

    async with aconnect(place.url, size=1, plain=is_plain) as store:
        async with store.user(place.users[0]) as conn:
            await conn.execute("select 1")
        kill(place, "and usename = %s", store.settings.user)
        if store.settings.pooler:
            # The pooler finds out by itself, and may hand the error on once.
            with Ear() as ear:
                await store.user(place.users[0]).run(ask)
            assert ear.heard is None or issubclass(
                ear.heard, errors.Unreachable | psycopg.OperationalError
            )
        await check(store, place)


async def test_a_connection_kept_past_its_scope_is_refused(
    place: Place, is_plain: bool
) -> None:
    async with aconnect(place.url, size=1, plain=is_plain) as store:
        async with store.user(place.users[0]) as conn:
            await conn.execute("select 1")
        with pytest.raises(errors.ScopeBroken, match="has ended"):
            await conn.execute("select 1")
        await check(store, place)
