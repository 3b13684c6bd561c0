"""sql/queries/identity/session_tokens.sql: sessions that we issue ourselves."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from tests.factories import ago, ahead, look, session_tokens, users

from renderstore.errors import Error, NotAllowed, NotFound, UserNotActive
from renderstore.identity import session_tokens as sessions
from renderstore.identity import users as people
from renderstore.secrets import hash_token
from renderstore.store import SyncStore
from renderstore.testing import Database

DBA = "the tests' DBA"
HOUR = timedelta(hours=1)


def issued(store: SyncStore, user_id: UUID) -> str:
    return store.auth().run(sessions.issue, user_id=user_id, lifetime=HOUR).secret


def check(store: SyncStore, secret: str) -> sessions.CheckRow:
    return store.auth().run(sessions.check, token_hash=hash_token(secret))


def last_used(database: Database, secret: str) -> object:
    [(found,)] = look(
        database,
        "select last_used_at from identity.session_tokens where token_hash = %(hash)s",
        hash=hash_token(secret),
    )
    return found


def test_a_session_leads_to_its_user(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    found = check(store, issued(store, user_id))
    assert (found.user_id, found.role) == (user_id, "user")


def test_a_sessions_secret_is_shown_once_and_not_kept(
    database: Database, store: SyncStore
) -> None:
    row = store.auth().run(sessions.issue, user_id=users.make(database), lifetime=HOUR)
    assert row.secret.startswith("rs_session_")
    assert len(row.secret) == len("rs_session_") + 43
    assert row.secret not in repr(row)
    [(kept,)] = look(
        database, "select session_tokens::text from identity.session_tokens"
    )
    assert row.secret not in kept
    assert hash_token(row.secret).hex() in kept


def test_no_two_secrets_are_the_same(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    assert len({issued(store, user_id) for _ in range(50)}) == 50


def test_a_secret_with_one_character_changed_is_refused(
    database: Database, store: SyncStore
) -> None:
    secret = issued(store, users.make(database))
    for at in (0, len(secret) // 2, len(secret) - 1):
        other = "A" if secret[at] != "A" else "B"
        with pytest.raises(NotFound):
            check(store, secret[:at] + other + secret[at + 1 :])


def test_an_expired_session_is_refused(database: Database, store: SyncStore) -> None:
    session_tokens.make(
        database,
        token_hash=hash_token("old"),
        created_at=ago(hours=2),
        expires_at=ago(seconds=1),
    )
    with pytest.raises(NotFound):
        check(store, "old")


@pytest.mark.parametrize("end", [people.suspend, people.deactivate])
def test_a_session_is_refused_at_its_next_check_once_its_user_is_not_active(
    database: Database, store: SyncStore, end: object
) -> None:
    assert callable(end)
    user_id = users.make(database)
    secret = issued(store, user_id)
    check(store, secret)
    with store.admin(reason=DBA) as conn:
        end(conn, id=user_id)
    with pytest.raises(NotFound):
        check(store, secret)
    with pytest.raises(NotFound):
        store.auth().run(sessions.extend, token_hash=hash_token(secret), lifetime=HOUR)


@pytest.mark.parametrize("status", ["suspended", "deactivated"])
def test_a_user_who_is_not_active_gets_no_session(
    database: Database, store: SyncStore, status: str
) -> None:
    with pytest.raises(UserNotActive, match="an administrator can reactivate"):
        issued(store, users.make(database, status=status))


def test_last_use_is_written_at_most_once_a_minute(
    database: Database, store: SyncStore
) -> None:
    secret = issued(store, users.make(database))
    assert last_used(database, secret) is None
    check(store, secret)
    first = last_used(database, secret)
    assert first is not None
    check(store, secret)
    assert last_used(database, secret) == first
    look(
        database,
        "update identity.session_tokens set last_used_at = %(ago)s returning id",
        ago=ago(minutes=2),
    )
    check(store, secret)
    assert last_used(database, secret) > first  # type: ignore[operator]


def test_a_check_does_not_wait_for_another(
    database: Database, store: SyncStore
) -> None:
    secret = issued(store, users.make(database))
    with store.auth() as conn:
        sessions.check(conn, token_hash=hash_token(secret))
        # The first has written its use and is not yet committed.
        with store.auth() as other:
            other.execute("set local lock_timeout = '1s'")
            sessions.check(other, token_hash=hash_token(secret))


def test_a_sign_in_is_noted(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    assert store.readonly().run(people.get, id=user_id).last_login_at is None
    issued(store, user_id)
    assert store.readonly().run(people.get, id=user_id).last_login_at is not None


def test_sign_ins_of_one_user_at_once_do_not_deadlock(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    start = Barrier(8)
    failed: list[Error] = []

    def sign_in() -> None:
        start.wait()
        try:
            for _ in range(10):
                issued(store, user_id)
        except Error as error:
            failed.append(error)

    threads = [Thread(target=sign_in) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    assert look(database, "select count(*) from identity.session_tokens") == [(80,)]


def test_a_session_is_extended_from_now(database: Database, store: SyncStore) -> None:
    secret = issued(store, users.make(database))
    found = store.auth().run(
        sessions.extend, token_hash=hash_token(secret), lifetime=timedelta(days=30)
    )
    assert found.expires_at > ahead(days=29)
    assert check(store, secret).expires_at == found.expires_at


def test_an_expired_session_is_not_extended(
    database: Database, store: SyncStore
) -> None:
    session_tokens.make(
        database,
        token_hash=hash_token("old"),
        created_at=ago(hours=2),
        expires_at=ago(seconds=1),
    )
    with pytest.raises(NotFound):
        store.auth().run(sessions.extend, token_hash=hash_token("old"), lifetime=HOUR)


def test_signing_out_ends_the_session(database: Database, store: SyncStore) -> None:
    secret = issued(store, users.make(database))
    for expected in (1, 0):
        count = store.auth().run(sessions.delete_by_hash, token_hash=hash_token(secret))
        assert count == expected
    with pytest.raises(NotFound):
        check(store, secret)


def test_a_user_lists_their_sessions_in_pages_and_ends_one(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = [session_tokens.make(database, user_id=user_id) for _ in range(3)]
    theirs = session_tokens.make(database)
    with store.user(user_id) as conn:
        first = sessions.list_for_user(conn, user_id=user_id, page_size=2)
        rest = sessions.list_for_user(
            conn, user_id=user_id, after_id=first[-1].id, page_size=2
        )
        assert [each.id for each in first + rest] == sorted(mine)
        assert sessions.delete(conn, id=mine[0]) == 1
        assert sessions.delete(conn, id=theirs) == 0


def test_a_user_signs_out_everywhere_else(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    mine = [session_tokens.make(database, user_id=user_id) for _ in range(3)]
    theirs = session_tokens.make(database)
    with store.user(user_id) as conn:
        assert sessions.delete_for_user(conn, user_id=user_id, except_id=mine[1]) == 2
        assert sessions.delete_for_user(conn, user_id=user_id) == 1
    found = look(database, "select id from identity.session_tokens")
    assert found == [(theirs,)]


def test_a_user_issues_and_extends_no_session(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    session_tokens.make(database, user_id=user_id, token_hash=hash_token("mine"))
    own = store.user(user_id)
    with pytest.raises(NotAllowed):
        own.run(sessions.issue, user_id=user_id, lifetime=HOUR)
    with pytest.raises(NotAllowed):
        own.run(sessions.extend, token_hash=hash_token("mine"), lifetime=HOUR)
    with pytest.raises(NotAllowed):
        own.run(sessions.check, token_hash=hash_token("mine"))
