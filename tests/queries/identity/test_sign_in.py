"""sql/queries/identity/sign_in.sql: what happens before the user is known."""

from __future__ import annotations

from threading import Barrier, Thread
from uuid import UUID

import pytest
from tests.factories import look, unique, user_secrets, users

from renderstore.errors import (
    BootstrapDone,
    EmailTaken,
    Invalid,
    NotAllowed,
)
from renderstore.identity import sign_in
from renderstore.identity import users as people
from renderstore.store import SyncStore, connect
from renderstore.testing import Database

DBA = "the tests' DBA"
HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0"
    "$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
)


# The first administrator


def bootstrap(store: SyncStore, email: str = "root@example.org") -> UUID:
    return store.auth().run(
        sign_in.create_bootstrap_admin, email=email, name="Root", password_hash=HASH
    )


def test_the_first_administrator_must_change_the_password(store: SyncStore) -> None:
    made = bootstrap(store, "Root@example.org")
    found = store.auth().run(sign_in.find_password, email="ROOT@example.org")
    assert found is not None
    assert (found.id, found.password_hash) == (made, HASH)
    assert found.is_password_change_due
    user = store.admin(made).run(people.get, id=made)
    assert (user.role, user.is_bootstrap, user.plan_id) == ("admin", True, "free")


def test_one_of_twenty_callers_makes_the_first_administrator(
    database: Database,
) -> None:
    start = Barrier(20)
    made: list[UUID] = []
    refused: list[BootstrapDone] = []

    with connect(database.url, size=20) as store:

        def call(number: int) -> None:
            start.wait()
            try:
                made.append(bootstrap(store, f"root{number}@example.org"))
            except BootstrapDone as error:
                refused.append(error)

        threads = [Thread(target=call, args=(number,)) for number in range(20)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert (len(made), len(refused)) == (1, 19)
    found = look(database, "select id from identity.users where role = 'admin'")
    assert found == [(made[0],)]


def test_the_first_administrator_is_made_once_though_erased(store: SyncStore) -> None:
    made = bootstrap(store)
    assert store.admin(reason=DBA).run(people.erase, id=made) == 1
    with pytest.raises(BootstrapDone, match="made only once"):
        bootstrap(store)


def test_no_first_administrator_is_made_beside_another_one(
    database: Database, store: SyncStore
) -> None:
    boss = users.make(database, role="admin")
    with pytest.raises(BootstrapDone):
        bootstrap(store)
    # What was refused left nothing: without administrators, the path is open.
    store.admin(reason=DBA).run(people.erase, id=boss)
    bootstrap(store)


def test_a_first_administrator_that_was_refused_leaves_the_path_open(
    database: Database, store: SyncStore
) -> None:
    users.make(database, email="root@example.org")
    with pytest.raises(EmailTaken):
        bootstrap(store)
    bootstrap(store, "other@example.org")


def test_only_sign_in_makes_the_first_administrator(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    for scope in (
        store.user(user_id),
        store.worker("mac-1"),
        store.admin(reason=DBA),
        store.readonly(),
    ):
        with pytest.raises(NotAllowed):
            scope.run(sign_in.create_bootstrap_admin)


# Passwords


def test_a_changed_password_need_not_be_changed_again(store: SyncStore) -> None:
    made = bootstrap(store)
    other = HASH.replace("c2Fsd", "c2FsZ")
    with store.auth() as conn:
        assert sign_in.change_password(conn, id=made, password_hash=other) == 1
        found = sign_in.find_password(conn, email="root@example.org")
    assert found is not None
    assert (found.password_hash, found.is_password_change_due) == (other, False)


def test_whoever_has_no_password_is_given_none(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database, email="ada@example.org")
    with store.auth() as conn:
        assert sign_in.change_password(conn, id=user_id, password_hash=HASH) == 0
        assert sign_in.find_password(conn, email="ada@example.org") is None
    with pytest.raises(Exception, match="Only the first administrator has a password"):
        user_secrets.make(database, user_id=user_id, password_hash=HASH)


def test_a_suspended_administrators_password_is_not_found(
    database: Database, store: SyncStore
) -> None:
    made = bootstrap(store)
    store.admin(reason=DBA).run(people.suspend, id=made)
    assert store.auth().run(sign_in.find_password, email="root@example.org") is None


def test_a_password_in_the_clear_is_refused(store: SyncStore) -> None:
    made = bootstrap(store)
    for bad in ("correct horse", HASH.replace("argon2id", "argon2i"), HASH[:-30]):
        with pytest.raises(Invalid, match="argon2id hash in PHC form"):
            store.auth().run(sign_in.change_password, id=made, password_hash=bad)


# Plex


def with_plex_token(database: Database, token: bytes) -> UUID:
    user_id = users.make(database, plex_id=unique())
    user_secrets.make(database, user_id=user_id, plex_token_encrypted=token)
    return user_id


def test_a_plex_user_is_made_at_the_first_sign_in_and_found_at_the_next(
    store: SyncStore,
) -> None:
    with store.auth() as conn:
        first = sign_in.sign_in_with_plex(conn, plex_id=7, plex_username="ada")
        again = sign_in.sign_in_with_plex(conn, plex_id=7, plex_username="ada.l")
        assert first == again
        user = people.get(conn, id=first.id)
    assert (user.plex_username, user.email, user.plan_id) == ("ada.l", None, "free")


def test_a_suspended_plex_user_is_told_apart(
    database: Database, store: SyncStore
) -> None:
    users.make(database, plex_id=7, status="suspended")
    found = store.auth().run(sign_in.sign_in_with_plex, plex_id=7)
    assert found.status == "suspended"


def test_a_deactivated_plex_users_id_makes_a_new_user(
    database: Database, store: SyncStore
) -> None:
    old = users.make(database, plex_id=7, status="deactivated")
    found = store.auth().run(sign_in.sign_in_with_plex, plex_id=7)
    assert (found.id != old, found.status) == (True, "active")


def test_a_plex_sign_in_takes_nobody_elses_email(
    database: Database, store: SyncStore
) -> None:
    users.make(database, email="ada@example.org")
    with pytest.raises(EmailTaken):
        store.auth().run(sign_in.sign_in_with_plex, plex_id=7, email="Ada@example.org")


def test_a_plex_token_is_stored_read_and_taken_away(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database, plex_id=unique())
    with store.auth() as conn:
        for token in (b"sealed", None):
            count = sign_in.set_plex_token(conn, id=user_id, plex_token_encrypted=token)
            assert count == 1
            row = sign_in.get_plex_token(conn, id=user_id)
            assert row.plex_token_encrypted == token
            assert "sealed" not in repr(row)


def test_a_plex_token_belongs_to_a_plex_id(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with pytest.raises(Invalid, match="belongs to a Plex id"):
        store.auth().run(
            sign_in.set_plex_token, id=user_id, plex_token_encrypted=b"sealed"
        )


def test_a_plex_token_is_replaced_only_as_it_was_read(
    database: Database, store: SyncStore
) -> None:
    user_id = with_plex_token(database, b"one")
    with store.auth() as conn:
        for expected in (1, 0):
            count = sign_in.replace_plex_token(conn, id=user_id, old=b"one", new=b"two")
            assert count == expected


def test_plex_tokens_come_in_pages(database: Database, store: SyncStore) -> None:
    ids = [with_plex_token(database, b"sealed") for _ in range(3)]
    users.make(database, plex_id=unique())
    with store.auth() as conn:
        first = sign_in.list_plex_tokens(conn, page_size=2)
        rest = sign_in.list_plex_tokens(conn, after_id=first[-1].id, page_size=2)
    assert [each.id for each in first + rest] == sorted(ids)


@pytest.mark.parametrize("name", ["user", "admin", "dba", "worker", "readonly"])
def test_only_sign_in_reads_passwords_and_plex_tokens(
    database: Database, store: SyncStore, name: str
) -> None:
    boss = users.make(database, role="admin", plex_id=unique())
    scope = {
        "user": store.user(boss),
        "admin": store.admin(boss),
        "dba": store.admin(reason=DBA),
        "worker": store.worker("mac-1"),
        "readonly": store.readonly(),
    }[name]
    with pytest.raises(NotAllowed):
        scope.run(sign_in.find_password, email="a@b.c")
    with pytest.raises(NotAllowed):
        scope.run(sign_in.get_plex_token, id=boss)
    with pytest.raises(NotAllowed):
        scope.run(sign_in.set_plex_token, id=boss, plex_token_encrypted=b"x")
