"""Whatever a caller does in a scope, the next borrower of its connection finds nothing of it.

Each situation runs on a pool of one connection, ended normally or by the caller's exception, and says
what its caller hears; then another user borrows. Both ways of sending the binding, sync and asyncio,
directly and behind PgBouncer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from typing import Any, Self
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection, Connection
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader

from renderstore import errors
from renderstore._scope.aio.bound import cursor as acursor
from renderstore._scope.sync.bound import cursor
from renderstore.store import AsyncStore, SyncStore, aconnect, connect
from renderstore.testing.servers import Database, Server

from .poolers import pgbouncer

Conn = Connection[Any]
AConn = AsyncConnection[Any]


class CallersError(Exception):
    """What a caller's own code raises."""


Heard = type[Exception] | None
"""The class of the error that reaches the caller, if one does."""


class Ear:
    """Hears what reaches a caller: PostgreSQL's own error where a sentence of ours stands before it."""

    heard: Heard = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, traceback: object
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and cause.sqlstate is not None:
            error = cause
        self.heard = type(error)
        return True


@contextmanager
def noting(wrong: list[str], situation: str) -> Generator[None]:
    """Writes down what a situation broke, so that one test tells of all."""
    try:
        yield
    except (AssertionError, psycopg.Error, errors.Error) as error:
        wrong.append(f"{situation}: {error}")


@dataclass(frozen=True, slots=True)
class Place:
    """A database with two users and the way to it."""

    database: Database
    url: str
    users: tuple[UUID, UUID]


@pytest.fixture(scope="module")
def filled(renderstore_server: Server) -> Generator[tuple[Database, tuple[UUID, UUID]]]:
    database = renderstore_server.clone()
    with psycopg.connect(database.admin_url) as conn:
        made = conn.execute(
            "insert into identity.users (email) values ('one@example.org'), ('two@example.org')"
            " returning id"
        ).fetchall()
    yield database, (made[0][0], made[1][0])
    renderstore_server.drop(database)


@pytest.fixture(scope="module", params=["direct", "pgbouncer"])
def place(
    request: pytest.FixtureRequest, filled: tuple[Database, tuple[UUID, UUID]]
) -> Generator[Place]:
    database, users = filled
    if request.param == "direct":
        yield Place(database, database.url, users)
    else:
        with pgbouncer(database.url) as url:
            yield Place(database, url, users)


@pytest.fixture(params=["fast", "plain"])
def is_plain(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "plain")


@pytest.fixture
def store(place: Place, is_plain: bool) -> Generator[SyncStore]:
    with connect(place.url, size=1, plain=is_plain) as opened:
        yield opened


# What of a session could tell the next borrower something, or act in their name.
LOOK = """
select
    current_setting('role'),
    current_setting('renderstore.user_id'),
    current_setting('renderstore.actor'),
    current_user::text,
    session_user::text,
    array(
        select name || '=' || setting
        from pg_catalog.pg_settings
        where source = 'session' and name !~ '^(role|search_path|transaction_.*)$'
            -- Bound, as those are.
            and (name, setting) not in (('DateStyle', 'ISO, MDY'), ('IntervalStyle', 'postgres'))
        order by name
    ),
    current_setting('search_path'),
    array(select pg_catalog.pg_listening_channels()),
    array(select name from pg_catalog.pg_cursors where is_holdable),
    (
        select count(*)
        from pg_catalog.pg_locks
        where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid()
    ),
    (
        select count(*)
        from pg_catalog.pg_class
        where relnamespace = pg_catalog.pg_my_temp_schema()
    ),
    array(select email from identity.users order by email),
    current_setting('transaction_isolation'),
    current_setting('transaction_read_only')
"""


def expected(user_id: UUID, login: str) -> tuple[object, ...]:
    return (
        "renderstore_app",
        str(user_id),
        f"user:{user_id}",
        "renderstore_app",
        login,
        [],
        "",
        [],
        [],
        0,
        0,
        ["two@example.org"],
        "read committed",
        "off",
    )


def check(store: SyncStore, place: Place) -> None:
    """The next borrower, another user, sees a fresh session; nobody bound sees nothing."""
    other = place.users[1]
    login = store.settings.user
    seen = store.user(other).run(lambda conn: _own_one(conn, LOOK))
    assert seen == expected(other, login)
    with store.user(other) as conn:
        assert cursor(conn).execute(LOOK).fetchone() == expected(other, login)
    with store.user(other) as conn:
        assert conn.execute(LOOK).fetchone() == expected(other, login)
    pool, borrowed = store.borrow()
    try:
        borrowed.start_lend(None, single=False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            psycopg.Cursor(borrowed).execute("select count(*) from identity.users")
    finally:
        store.give_back(pool, borrowed, failed=True)


async def acheck(store: AsyncStore, place: Place) -> None:
    other = place.users[1]
    login = store.settings.user

    async def look(conn: AConn) -> Any:
        return await (await acursor(conn).execute(LOOK)).fetchone()

    assert await store.user(other).run(look) == expected(other, login)
    async with store.user(other) as conn:
        assert await look(conn) == expected(other, login)
    async with store.user(other) as conn:
        assert await (await conn.execute(LOOK)).fetchone() == expected(other, login)


def _own_one(conn: Conn, statement: str) -> Any:
    return cursor(conn).execute(statement.encode()).fetchone()


STATEMENTS: Mapping[str, Sequence[str]] = {
    "nothing": [],
    "a query": ["select 1"],
    "an error": ["select 1 / 0"],
    "an error and more": ["select 1 / 0", "select 1"],
    "a refused statement": ["truncate identity.users"],
    "set role admin": ["set role renderstore_admin"],
    "set local role admin": ["set local role renderstore_admin"],
    "set role none": ["set role none"],
    "reset role": ["reset role"],
    "set session role by function": [
        "select set_config('role', 'renderstore_admin', false)"
    ],
    "set session user id": [
        "select set_config('renderstore.user_id', '{other}', false)"
    ],
    "set session actor": ["select set_config('renderstore.actor', 'admin:me', false)"],
    "bind another": ["select identity.bind('renderstore_admin', null, 'dba:me')"],
    "set session authorization": ["set session authorization default"],
    "set search_path": ["set search_path = identity, public"],
    "set statement_timeout": ["set statement_timeout = '1h'"],
    "set timezone": ["set timezone = 'Asia/Tokyo'"],
    "set row_security off": ["set row_security = off"],
    "set read only": ["set default_transaction_read_only = on"],
    "set isolation": ["set default_transaction_isolation = 'serializable'"],
    "set this transaction read only": ["set transaction read only"],
    "reset all": ["reset all"],
    "discard plans": ["discard plans"],
    "commit": ["commit"],
    "commit and begin": ["commit", "begin"],
    "commit and set role": ["commit", "set role renderstore_admin"],
    "commit, begin and set role": ["commit", "begin", "set role renderstore_admin"],
    "rollback": ["rollback"],
    "rollback and begin": ["rollback", "begin"],
    "rollback and set user": [
        "rollback",
        "select set_config('renderstore.user_id', '{other}', false)",
    ],
    "begin again": ["begin"],
    "a savepoint": ["savepoint here", "select 1"],
    "a savepoint rolled back": [
        "savepoint here",
        "select 1",
        "rollback to savepoint here",
    ],
    "commit and chain": ["commit and chain"],
    "a transaction-level lock": ["select pg_advisory_xact_lock(7)"],
    "a session-level lock": ["select pg_advisory_lock(7)"],
    "listen": ["listen gossip"],
    "listen and notify": ["listen gossip", "notify gossip, 'secret'"],
    "a temporary table": ["create temporary table kept (secret text)"],
    "a cursor": ["declare kept cursor for select * from pg_catalog.pg_class"],
    "a cursor with hold": ["declare kept cursor with hold for select 1"],
    "deallocate all": ["deallocate all"],
    "discard all": ["discard all"],
    "a cancelled statement": ["set local statement_timeout = 1", "select pg_sleep(10)"],
    "several in one string": ["select 1; select 2"],
    "several with a commit": ["select 1; commit; set role renderstore_admin"],
}
# What the caller of these hears; of all others, nothing.
STATEMENTS_HEARD: Mapping[str, type[Exception]] = {
    "an error": psycopg.errors.DivisionByZero,
    "an error and more": psycopg.errors.DivisionByZero,
    "a refused statement": psycopg.errors.InsufficientPrivilege,
    "commit": errors.ScopeBroken,
    "commit and set role": errors.ScopeBroken,
    "rollback": errors.ScopeBroken,
    "rollback and set user": errors.ScopeBroken,
    "a temporary table": psycopg.errors.InsufficientPrivilege,
    "discard all": psycopg.errors.ActiveSqlTransaction,
    "a cancelled statement": psycopg.errors.QueryCanceled,
    "several with a commit": errors.ScopeBroken,
}


def _fill(statement: str, place: Place) -> bytes:
    return statement.replace("{other}", str(place.users[1])).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a caller sends statements."""

    after_the_vocabulary: bool = False
    swallowed: tuple[type[Exception], ...] = ()
    raises: bool = False
    runs: bool = False

    def hears(self, name: str) -> Heard:
        """What becomes of a situation's outcome on this way."""
        said = STATEMENTS_HEARD.get(name)
        # What the database refused leaves at once, or spoils the scope of who swallows it.
        if said is not None and issubclass(said, psycopg.Error):
            if not self.swallowed:
                return said
            said = errors.ScopeBroken
        return CallersError if self.raises else said


YES_NO = (False, True)
WAYS = (
    *(
        Way(after_the_vocabulary=after, raises=raises)
        for after, raises in product(YES_NO, YES_NO)
    ),
    *(Way(swallowed=(psycopg.Error,), raises=raises) for raises in YES_NO),
    Way(runs=True),
)


def test_nothing_is_left_of_a_statement(place: Place, is_plain: bool) -> None:
    wrong: list[str] = []
    for name in STATEMENTS:
        with connect(place.url, size=1, plain=is_plain) as store:
            for way in WAYS:
                with noting(wrong, f"{name}, {way}"):
                    with Ear() as ear:
                        _send(store, place, name, way)
                    assert ear.heard is way.hears(name)
                    check(store, place)
    assert not wrong, "\n".join(wrong)


def _send(store: SyncStore, place: Place, name: str, way: Way) -> None:
    def send(conn: Conn) -> None:
        if way.after_the_vocabulary:
            _own_one(conn, "select 1")
        for statement in STATEMENTS[name]:
            with suppress(*way.swallowed):
                conn.execute(_fill(statement, place))
        if way.raises:
            raise CallersError

    if way.runs:
        store.user(place.users[0]).run(send)
    else:
        with store.user(place.users[0]) as conn:
            send(conn)


def test_nothing_is_left_of_a_statement_in_asyncio(
    place: Place, is_plain: bool
) -> None:
    wrong: list[str] = []

    async def situations(name: str) -> None:
        async with aconnect(place.url, size=1, plain=is_plain) as store:
            for way in WAYS:
                with noting(wrong, f"{name}, {way}"):
                    with Ear() as ear:
                        await _asend(store, place, name, way)
                    assert ear.heard is way.hears(name)
                    await acheck(store, place)

    for name in STATEMENTS:
        asyncio.run(situations(name))
    assert not wrong, "\n".join(wrong)


async def _asend(store: AsyncStore, place: Place, name: str, way: Way) -> None:
    async def send(conn: AConn) -> None:
        if way.after_the_vocabulary:
            await acursor(conn).execute(b"select 1")
        for statement in STATEMENTS[name]:
            with suppress(*way.swallowed):
                await conn.execute(_fill(statement, place))
        if way.raises:
            raise CallersError

    if way.runs:
        await store.user(place.users[0]).run(send)
    else:
        async with store.user(place.users[0]) as conn:
            await send(conn)


def _commits(conn: Conn) -> None:
    conn.commit()


def _rolls_back(conn: Conn) -> None:
    conn.rollback()


def _closes(conn: Conn) -> None:
    conn.close()


def _executes_and_closes(conn: Conn) -> None:
    conn.execute("select 1")
    conn.close()


def _changes_the_row_factory(conn: Conn) -> None:
    conn.row_factory = dict_row
    conn.execute("select 1 as one")


def _changes_autocommit(conn: Conn) -> None:
    conn.autocommit = False
    conn.execute("select 1")


def _changes_the_threshold(conn: Conn) -> None:
    conn.prepare_threshold = 0
    conn.execute("select 1")


def _registers_a_loader(conn: Conn) -> None:
    class Wrong(TextLoader):
        def load(self, data: object) -> str:
            return "wrong"

    for name in ("text", "uuid", "int8", "name"):
        conn.adapters.register_loader(name, Wrong)
    conn.execute("select 1")


def _copies_out(conn: Conn) -> None:
    with conn.cursor().copy(
        "copy (select email from identity.users) to stdout"
    ) as copy:
        assert len(list(copy)) == 1


def _copies_half_out(conn: Conn) -> None:
    with conn.cursor().copy(
        "copy (select generate_series(1, 100000)) to stdout"
    ) as copy:
        copy.read()
        raise CallersError


def _copies_in(conn: Conn) -> None:
    with conn.cursor().copy("copy identity.users (email) from stdin") as copy:
        copy.write(b"three@example.org\n")


def _streams_half(conn: Conn) -> None:
    for _ in conn.cursor().stream("select generate_series(1, 1000)"):
        break


def _uses_a_server_side_cursor(conn: Conn) -> None:
    with conn.cursor("kept") as named:
        named.execute("select generate_series(1, 1000)")
        named.fetchmany(10)


def _leaves_a_server_side_cursor_open(conn: Conn) -> None:
    named = conn.cursor("kept", withhold=True)
    named.execute("select generate_series(1, 1000)")
    named.fetchmany(10)
    conn.execute("select 1")


def _executes_many(conn: Conn) -> None:
    conn.cursor().executemany(
        "delete from identity.web_sessions where id::text = %s", [("a",), ("b",)]
    )


def _executes_many_of_which_one_fails(conn: Conn) -> None:
    conn.cursor().executemany("select 1 / %s", [(1,), (0,), (1,)])


def _pipelines(conn: Conn) -> None:
    with conn.pipeline():
        conn.execute("select 1")
        conn.execute("set role renderstore_admin")


def _pipelines_an_error(conn: Conn) -> None:
    with conn.pipeline():
        conn.execute("select 1 / 0")
        conn.execute("select 1")


def _nests_a_transaction(conn: Conn) -> None:
    with conn.transaction():
        conn.execute("set local role renderstore_admin")


def _rolls_a_nested_transaction_back(conn: Conn) -> None:
    with conn.transaction(force_rollback=True):
        conn.execute("delete from identity.web_sessions")


def _fails_in_a_nested_transaction(conn: Conn) -> None:
    with suppress(psycopg.Error), conn.transaction():
        conn.execute("select 1 / 0")
    conn.execute("select 1")


def _keeps_handlers(conn: Conn) -> None:
    conn.add_notice_handler(lambda _: None)
    conn.add_notify_handler(lambda _: None)
    conn.execute("select 1")


def _calls_a_function_twice(conn: Conn) -> None:
    _own_one(conn, "select 1")
    _own_one(conn, "select 1")


def _fails_in_the_vocabulary(conn: Conn) -> None:
    _own_one(conn, "select 1 / 0")


def _prepares_by_hand(conn: Conn) -> None:
    for _ in range(8):
        conn.execute("select %s::text", ("a",), prepare=None)
    conn.execute("deallocate all")


@dataclass(frozen=True, slots=True)
class Hears:
    """What the caller hears in a scope, and from `run`."""

    scope: Heard
    run: Heard


def both(heard: Heard) -> Hears:
    return Hears(heard, heard)


FUNCTIONS: Mapping[Callable[[Conn], None], Hears] = {
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
    _streams_half: both(None),
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
PLAIN: Mapping[Callable[[Conn], None], Hears] = {
    _closes: Hears(scope=errors.Unreachable, run=None),
    _executes_and_closes: Hears(scope=errors.Unreachable, run=None),
    _changes_autocommit: both(psycopg.ProgrammingError),
}


def test_nothing_is_left_of_what_a_function_does(place: Place, is_plain: bool) -> None:
    wrong: list[str] = []
    for function, hears in {**FUNCTIONS, **(PLAIN if is_plain else {})}.items():
        with connect(place.url, size=1, plain=is_plain) as store:
            with noting(wrong, f"{function.__name__} in a scope"):
                with Ear() as ear, store.user(place.users[0]) as conn:
                    function(conn)
                assert ear.heard is hears.scope
                check(store, place)
            with noting(wrong, f"{function.__name__} in run"):
                with Ear() as ear:
                    store.user(place.users[0]).run(function)
                assert ear.heard is hears.run
                check(store, place)
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_when_the_backend_is_killed_inside(
    place: Place, store: SyncStore
) -> None:
    def situation() -> None:
        with store.user(place.users[0]) as conn:
            found = conn.execute("select pg_backend_pid()").fetchone()
            assert found is not None
            _kill(place, "and pid = %s", found[0])

    with pytest.raises(errors.Unreachable):
        situation()
    check(store, place)


def test_nothing_is_left_when_idle_backends_are_killed(
    place: Place, store: SyncStore
) -> None:
    with store.user(place.users[0]) as conn:
        conn.execute("select 1")
    _kill(place, "and usename = %s", store.settings.user)
    if store.settings.pooler:
        # The pooler finds out by itself, and may hand the error on once.
        with Ear() as ear:
            store.user(place.users[0]).run(lambda conn: _own_one(conn, "select 1"))
        assert ear.heard is None or issubclass(
            ear.heard, errors.Unreachable | psycopg.OperationalError
        )
    check(store, place)


def _kill(place: Place, which: str, value: object) -> None:
    with psycopg.connect(place.database.admin_url, autocommit=True) as admin:
        admin.execute(
            b"select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            b" where datname = current_database() and pid <> pg_backend_pid() "
            + which.encode(),
            (value,),
        )


async def _sleeps(conn: AConn) -> None:
    await conn.execute("select pg_sleep(30)")


async def _sleeps_in_the_vocabulary(conn: AConn) -> None:
    await acursor(conn).execute("select pg_sleep(30)")


async def _sets_and_sleeps(conn: AConn) -> None:
    await conn.execute("set role renderstore_admin")
    await conn.execute("select pg_sleep(30)")


async def _sleeps_in_a_transaction(conn: AConn) -> None:
    async with conn.transaction():
        await conn.execute("select pg_sleep(30)")


async def _sleeps_in_a_pipeline(conn: AConn) -> None:
    async with conn.pipeline():
        await conn.execute("select 1")
        await conn.execute("select pg_sleep(30)")


async def _sleeps_in_a_copy(conn: AConn) -> None:
    async with conn.cursor().copy(
        "copy (select pg_sleep(0.01) from generate_series(1, 100000)) to stdout"
    ) as copy:
        async for _ in copy:
            pass


async def _sleeps_in_python(conn: AConn) -> None:
    await conn.execute("select set_config('role', 'renderstore_admin', false)")
    await asyncio.sleep(30)


async def _sleeps_in_a_stream(conn: AConn) -> None:
    async for _ in conn.cursor().stream(
        "select pg_sleep(0.01) from generate_series(1, 100000)"
    ):
        pass


SLEEPERS: Sequence[Callable[[AConn], Coroutine[None, None, None]]] = (
    _sleeps,
    _sleeps_in_the_vocabulary,
    _sets_and_sleeps,
    _sleeps_in_a_transaction,
    _sleeps_in_a_pipeline,
    _sleeps_in_a_copy,
    _sleeps_in_python,
    _sleeps_in_a_stream,
)


def test_nothing_is_left_of_a_cancelled_task(place: Place, is_plain: bool) -> None:
    wrong: list[str] = []

    async def in_a_scope(
        store: AsyncStore, function: Callable[[AConn], Awaitable[None]]
    ) -> None:
        async with store.user(place.users[0]) as conn:
            await function(conn)

    async def situation(
        function: Callable[[AConn], Coroutine[None, None, None]], *, runs: bool
    ) -> None:
        async with aconnect(place.url, size=1, plain=is_plain) as store:
            for _ in range(2):
                task = asyncio.create_task(
                    store.user(place.users[0]).run(function)
                    if runs
                    else in_a_scope(store, function)
                )
                await asyncio.sleep(0.1)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                assert task.cancelled()
                await acheck(store, place)

    for function, runs in product(SLEEPERS, YES_NO):
        with noting(wrong, f"{function.__name__}, run: {runs}"):
            asyncio.run(situation(function, runs=runs))
    assert not wrong, "\n".join(wrong)


def test_a_connection_kept_past_its_scope_is_refused(
    place: Place, store: SyncStore
) -> None:
    with store.user(place.users[0]) as conn:
        conn.execute("select 1")
    with pytest.raises(errors.ScopeBroken, match="has ended"):
        conn.execute("select 1")
    check(store, place)
