"""What the tests of leaks share, whichever colour they have."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Self
from uuid import UUID

import psycopg

from renderstore import errors
from renderstore.testing.servers import Database


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


def fill(statement: str, place: Place) -> bytes:
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


@dataclass(frozen=True, slots=True)
class Hears:
    """What the caller hears in a scope, and from `run`."""

    scope: Heard
    run: Heard


def both(heard: Heard) -> Hears:
    return Hears(heard, heard)


def kill(place: Place, which: str, value: object) -> None:
    with psycopg.connect(place.database.admin_url, autocommit=True) as admin:
        admin.execute(
            b"select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            b" where datname = current_database() and pid <> pg_backend_pid() "
            + which.encode(),
            (value,),
        )
