"""sql/queries/identity/area.sql: what expired is cleared away, in batches."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest
from tests.factories import (
    ago,
    api_tokens,
    look,
    macos_accounts,
    session_tokens,
    users,
    verification_tokens,
    web_sessions,
)

from renderstore import identity
from renderstore.errors import NotAllowed, TimedOut
from renderstore.store import SyncStore
from renderstore.testing import Database

COUNTS = """select
    (select count(*) from identity.web_sessions),
    (select count(*) from identity.session_tokens),
    (select count(*) from identity.api_tokens),
    (select count(*) from identity.verification_tokens)"""


def make(database: Database, count: int, **changes: object) -> None:
    user_id = users.make(database)
    for _ in range(count):
        web_sessions.make(database, user_id=user_id, **changes)
        session_tokens.make(database, user_id=user_id, **changes)
        api_tokens.make(database, **changes)
        verification_tokens.make(database, **changes)


def expired(database: Database, count: int) -> None:
    make(database, count, created_at=ago(hours=2), expires_at=ago(seconds=1))


def swept(store: SyncStore, max_rows: int) -> tuple[int, int, int, int]:
    row = store.auth().run(identity.sweep, max_rows=max_rows)
    return (
        row.web_sessions,
        row.session_tokens,
        row.api_tokens,
        row.verification_tokens,
    )


def test_a_sweep_takes_what_expired_and_leaves_the_rest(
    database: Database, store: SyncStore
) -> None:
    expired(database, 2)
    make(database, 3)
    api_tokens.make(database)  # one that never expires
    assert swept(store, 100) == (2, 2, 2, 2)
    assert look(database, COUNTS) == [(3, 3, 4, 3)]


def test_a_sweep_takes_no_more_than_it_is_told(
    database: Database, store: SyncStore
) -> None:
    expired(database, 5)
    assert [swept(store, 2) for _ in range(4)] == [
        (2, 2, 2, 2),
        (2, 2, 2, 2),
        (1, 1, 1, 1),
        (0, 0, 0, 0),
    ]


def test_two_sweeps_at_once_take_different_rows(
    database: Database, store: SyncStore
) -> None:
    expired(database, 3)
    with store.auth() as conn:
        first = identity.sweep(conn, max_rows=2)
        # The first is not yet committed: a wait for it would never end.
        assert swept(store, 2) == (1, 1, 1, 1)
    assert first.web_sessions == 2


CLEARED: tuple[LiteralString, ...] = (
    "web_sessions",
    "session_tokens",
    "api_tokens",
    "macos_accounts",
    "verification_tokens",
)


def of_the_deactivated(database: Database) -> None:
    """A row of a deactivated user in each table that has users."""
    user_id = users.make(database)
    web_sessions.make(database, user_id=user_id)
    session_tokens.make(database, user_id=user_id)
    macos_accounts.make(database, user_id=user_id)
    api_tokens.make(
        database, service=None, user_id=user_id, for_user_id=user_id, roles=["user"]
    )
    look(
        database,
        "update identity.users set status = 'deactivated' where id = %(id)s returning id",
        id=user_id,
    )


def test_a_sweep_passes_over_rows_that_somebody_holds(
    database: Database, store: SyncStore
) -> None:
    expired(database, 1)
    of_the_deactivated(database)
    with psycopg.connect(database.admin_url) as holder:
        for table in CLEARED:
            holder.execute(f"select from identity.{table} for update")
        expired(database, 2)
        of_the_deactivated(database)
        row = store.auth().run(identity.sweep, max_rows=100)
        assert [getattr(row, each) for each in CLEARED] == [3, 3, 3, 1, 2]
    row = store.auth().run(identity.sweep, max_rows=100)
    assert [getattr(row, each) for each in CLEARED] == [2, 2, 2, 1, 1]


def test_a_sweep_passes_over_a_table_that_somebody_holds(
    database: Database, store: SyncStore
) -> None:
    expired(database, 1)
    of_the_deactivated(database)
    whole = dict(zip(CLEARED, (2, 2, 2, 1, 1), strict=True))
    for table in CLEARED:
        with psycopg.connect(database.admin_url) as holder, store.auth() as conn:
            conn.execute("set local statement_timeout = '10s'")
            holder.execute(f"lock table identity.{table} in access exclusive mode")
            with conn.transaction(force_rollback=True):
                row = identity.sweep(conn, max_rows=100)
            found = {each: getattr(row, each) for each in CLEARED}
            assert found == whole | {table: 0}
    with psycopg.connect(database.admin_url) as holder, store.auth() as conn:
        conn.execute("set local statement_timeout = '10s'")
        holder.execute("lock table identity.owners in access exclusive mode")
        # Whose they are is asked first: that there is no answer is told, and not waited for.
        with pytest.raises(TimedOut), conn.transaction():
            identity.sweep(conn, max_rows=100)


@pytest.mark.parametrize("name", ["user", "readonly"])
def test_who_may_not_end_sessions_may_not_sweep(
    database: Database, store: SyncStore, name: str
) -> None:
    scope = {
        "user": store.user(users.make(database)),
        "readonly": store.readonly(),
    }[name]
    with pytest.raises(NotAllowed):
        scope.run(identity.sweep, max_rows=1)
