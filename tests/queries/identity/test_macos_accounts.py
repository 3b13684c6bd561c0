"""sql/queries/identity/macos_accounts.sql: the names under which people log into their Macs."""

from __future__ import annotations

from uuid import uuid4

import pytest
from tests.factories import macos_accounts, users

from renderstore.errors import Invalid, NotAllowed, NotFound, Taken
from renderstore.identity import macos_accounts as names
from renderstore.store import SyncStore
from renderstore.testing import Database

DBA = "the tests' DBA"


def test_an_administrator_adds_any_number_of_names(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with store.admin(reason=DBA) as conn:
        made = [names.create(conn, user_id=user_id, name=n) for n in ("Ada", "ada.l")]
        first = names.list_for_user(conn, user_id=user_id, page_size=1)
        rest = names.list_for_user(
            conn, user_id=user_id, after_id=first[-1].id, page_size=10
        )
    assert [each.name for each in made] == ["ada", "ada.l"]
    assert first + rest == made


def test_a_name_belongs_to_one_user_in_whatever_case(
    database: Database, store: SyncStore
) -> None:
    macos_accounts.make(database, name="render")
    other = users.make(database)
    for again in ("render", "RENDER"):
        with pytest.raises(Taken, match="already belongs to a user"):
            store.admin(reason=DBA).run(names.create, user_id=other, name=again)


def test_a_name_must_be_one(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    for bad in ("", "a b", "-a", "a/b", "x" * 256):
        with pytest.raises(Invalid, match="macOS account name has"):
            store.admin(reason=DBA).run(names.create, user_id=user_id, name=bad)


def test_a_name_is_removed_in_whatever_case(
    database: Database, store: SyncStore
) -> None:
    macos_accounts.make(database, name="ada")
    with store.admin(reason=DBA) as conn:
        assert names.delete(conn, name="ADA") == 1
        assert names.delete(conn, name="ada") == 0


def test_a_user_sees_their_names_and_changes_none(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    macos_accounts.make(database, user_id=user_id, name="ada")
    theirs = macos_accounts.make(database, name="grace")
    with store.user(user_id) as conn:
        found = names.list_for_user(conn, user_id=user_id, page_size=10)
        assert [each.name for each in found] == ["ada"]
        [count] = conn.execute(
            "select count(*) from identity.macos_accounts"
        ).fetchall()
        assert count == (1,), theirs
    with pytest.raises(NotAllowed):
        store.user(user_id).run(names.create, user_id=user_id, name="admin")
    with pytest.raises(NotAllowed):
        store.user(user_id).run(names.delete, name="ada")


def test_sign_in_finds_by_names_but_adds_none(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with pytest.raises(NotAllowed):
        store.auth().run(names.create, user_id=user_id, name="admin")


def test_a_name_of_nobody_is_refused(store: SyncStore) -> None:
    with pytest.raises(NotFound, match="There is no user with this id"):
        store.admin(reason=DBA).run(names.create, user_id=uuid4(), name="ada")
