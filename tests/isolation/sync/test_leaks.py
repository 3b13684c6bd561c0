"""Whatever a caller does in a scope, the next borrower of its connection finds nothing of it.

Each situation runs on a pool of one connection, ended normally or by the caller's exception, and says
what its caller hears; then another user borrows. Both ways of sending the binding, directly and behind
PgBouncer.

Generated from tests/isolation/aio/test_leaks.py by `just generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from typing import Any, cast

import psycopg
import pytest
from psycopg import Connection
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
from renderstore._scope.sync.bound import cursor
from renderstore.store import SyncStore, connect


def own_one(conn: Connection[Any], statement: str) -> Any:
    return cursor(conn).execute(statement.encode()).fetchone()


def check(store: SyncStore, place: Place) -> None:
    """The next borrower, another user, sees a fresh session; nobody bound sees nothing."""
    other = place.users[1]
    login = store.settings.user

    def look(conn: Connection[Any]) -> Any:
        return own_one(conn, LOOK)

    assert store.user(other).run(look) == expected(other, login)
    with store.user(other) as conn:
        assert look(conn) == expected(other, login)
    with store.user(other) as conn:
        assert conn.execute(LOOK).fetchone() == expected(other, login)
    pool, borrowed = store.borrow()
    try:
        borrowed.start_lend(None, single=False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            psycopg.Cursor(borrowed).execute("select count(*) from identity.users")
    finally:
        store.give_back(pool, borrowed, failed=True)


def test_nothing_is_left_of_a_statement(place: Place, is_plain: bool) -> None:
    wrong: list[str] = []
    for name in STATEMENTS:
        with connect(place.url, size=1, plain=is_plain) as store:
            for way in WAYS:
                with noting(wrong, f"{name}, {way}"):
                    with Ear() as ear:
                        send(store, place, name, way)
                    assert ear.heard is way.hears(name)
                    check(store, place)
    assert not wrong, "\n".join(wrong)


def send(store: SyncStore, place: Place, name: str, way: Way) -> None:
    def act(conn: Connection[Any]) -> None:
        if way.after_the_vocabulary:
            own_one(conn, "select 1")
        for statement in STATEMENTS[name]:
            with suppress(*way.swallowed):
                conn.execute(fill(statement, place))
        if way.raises:
            raise CallersError

    if way.runs:
        store.user(place.users[0]).run(act)
    else:
        with store.user(place.users[0]) as conn:
            act(conn)


def _commits(conn: Connection[Any]) -> None:
    conn.commit()


def _rolls_back(conn: Connection[Any]) -> None:
    conn.rollback()


def _closes(conn: Connection[Any]) -> None:
    conn.close()


def _executes_and_closes(conn: Connection[Any]) -> None:
    conn.execute("select 1")
    conn.close()


def _changes_the_row_factory(conn: Connection[Any]) -> None:
    conn.row_factory = dict_row
    conn.execute("select 1 as one")


def _changes_autocommit(conn: Connection[Any]) -> None:
    conn.set_autocommit(False)
    conn.execute("select 1")


def _changes_the_threshold(conn: Connection[Any]) -> None:
    conn.prepare_threshold = 0
    conn.execute("select 1")


def _registers_a_loader(conn: Connection[Any]) -> None:
    class Wrong(TextLoader):
        def load(self, data: object) -> str:
            return "wrong"

    for name in ("text", "uuid", "int8", "name"):
        conn.adapters.register_loader(name, Wrong)
    conn.execute("select 1")


def _copies_out(conn: Connection[Any]) -> None:
    with conn.cursor().copy(
        "copy (select email from identity.users) to stdout"
    ) as copy:
        rows = 0
        for _ in copy:
            rows += 1
        assert rows == 1


def _copies_half_out(conn: Connection[Any]) -> None:
    with conn.cursor().copy(
        "copy (select generate_series(1, 100000)) to stdout"
    ) as copy:
        copy.read()
        raise CallersError


def _copies_in(conn: Connection[Any]) -> None:
    with conn.cursor().copy("copy identity.users (email) from stdin") as copy:
        copy.write(b"three@example.org\n")


def _streams_half(conn: Connection[Any]) -> None:
    # More than fits into a socket: the rest is cancelled.
    rows = cast(
        "Generator[Any]",
        conn.cursor().stream("select generate_series(1, 10000000)"),
    )
    with closing(rows) as rows_left:
        for _ in rows_left:
            break


def _uses_a_server_side_cursor(conn: Connection[Any]) -> None:
    with conn.cursor("kept") as named:
        named.execute("select generate_series(1, 1000)")
        named.fetchmany(10)


def _leaves_a_server_side_cursor_open(conn: Connection[Any]) -> None:
    named = conn.cursor("kept", withhold=True)
    named.execute("select generate_series(1, 1000)")
    named.fetchmany(10)
    conn.execute("select 1")


def _executes_many(conn: Connection[Any]) -> None:
    conn.cursor().executemany(
        "update identity.api_tokens set name = name where id::text = %s",
        [("a",), ("b",)],
    )


def _executes_many_of_which_one_fails(conn: Connection[Any]) -> None:
    conn.cursor().executemany("select 1 / %s", [(1,), (0,), (1,)])


def _pipelines(conn: Connection[Any]) -> None:
    with conn.pipeline():
        conn.execute("select 1")
        conn.execute("set role renderstore_admin")


def _pipelines_an_error(conn: Connection[Any]) -> None:
    with conn.pipeline():
        conn.execute("select 1 / 0")
        conn.execute("select 1")


def _nests_a_transaction(conn: Connection[Any]) -> None:
    with conn.transaction():
        conn.execute("set local role renderstore_admin")


def _rolls_a_nested_transaction_back(conn: Connection[Any]) -> None:
    with conn.transaction(force_rollback=True):
        conn.execute("update identity.api_tokens set name = name")


def _fails_in_a_nested_transaction(conn: Connection[Any]) -> None:
    with suppress(psycopg.Error):
        with conn.transaction():
            conn.execute("select 1 / 0")
    conn.execute("select 1")


def _keeps_handlers(conn: Connection[Any]) -> None:
    conn.add_notice_handler(lambda _: None)
    conn.add_notify_handler(lambda _: None)
    conn.execute("select 1")


def _calls_a_function_twice(conn: Connection[Any]) -> None:
    own_one(conn, "select 1")
    own_one(conn, "select 1")


def _fails_in_the_vocabulary(conn: Connection[Any]) -> None:
    own_one(conn, "select 1 / 0")


def _prepares_by_hand(conn: Connection[Any]) -> None:
    for _ in range(8):
        conn.execute("select %s::text", ("a",), prepare=None)
    conn.execute("deallocate all")


FUNCTIONS: Mapping[Callable[[Connection[Any]], None], Hears] = {
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
PLAIN: Mapping[Callable[[Connection[Any]], None], Hears] = {
    _closes: Hears(scope=errors.Unreachable, run=None),
    _executes_and_closes: Hears(scope=errors.Unreachable, run=None),
    _changes_autocommit: both(psycopg.ProgrammingError),
}


def test_nothing_is_left_of_what_a_function_does(place: Place, is_plain: bool) -> None:
    wrong: list[str] = []
    for function, hears in {**FUNCTIONS, **(PLAIN if is_plain else {})}.items():
        with connect(place.url, size=1, plain=is_plain) as store:
            with noting(wrong, f"{function.__name__} in a scope"):
                with Ear() as ear:
                    with store.user(place.users[0]) as conn:
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
    place: Place, is_plain: bool
) -> None:
    with connect(place.url, size=1, plain=is_plain) as store:

        def situation() -> None:
            with store.user(place.users[0]) as conn:
                found = conn.execute("select pg_backend_pid()").fetchone()
                assert found is not None
                kill(place, "and pid = %s", found[0])

        with pytest.raises(errors.Unreachable):
            situation()
        check(store, place)


def test_nothing_is_left_when_idle_backends_are_killed(
    place: Place, is_plain: bool
) -> None:
    def ask(conn: Connection[Any]) -> Any:
        return own_one(conn, "select 1")

    with connect(place.url, size=1, plain=is_plain) as store:
        with store.user(place.users[0]) as conn:
            conn.execute("select 1")
        kill(place, "and usename = %s", store.settings.user)
        if store.settings.pooler:
            # The pooler finds out by itself, and may hand the error on once.
            with Ear() as ear:
                store.user(place.users[0]).run(ask)
            assert ear.heard is None or issubclass(
                ear.heard, errors.Unreachable | psycopg.OperationalError
            )
        check(store, place)


def test_a_connection_kept_past_its_scope_is_refused(
    place: Place, is_plain: bool
) -> None:
    with connect(place.url, size=1, plain=is_plain) as store:
        with store.user(place.users[0]) as conn:
            conn.execute("select 1")
        with pytest.raises(errors.ScopeBroken, match="has ended"):
            conn.execute("select 1")
        check(store, place)
