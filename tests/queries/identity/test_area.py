"""sql/queries/identity/area.sql: what expired is cleared away, in batches."""

from __future__ import annotations

import pytest
from tests.factories import (
    ago,
    api_tokens,
    look,
    session_tokens,
    users,
    verification_tokens,
    web_sessions,
)

from renderstore import identity
from renderstore.errors import NotAllowed
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
    look(database, "delete from identity.verification_tokens returning identifier")
    with store.auth() as conn:
        first = identity.sweep(conn, max_rows=2)
        # The first is not yet committed: a wait for it would never end.
        assert swept(store, 2) == (1, 1, 1, 0)
    assert first.web_sessions == 2


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
