"""sql/queries/identity/accounts.sql: accounts at sign-in providers."""

from __future__ import annotations

import pytest
from tests.factories import accounts, users

from renderstore.errors import NotAllowed, Taken, UserNotActive
from renderstore.identity import accounts as linked
from renderstore.store import SyncStore
from renderstore.testing import Database

GOOGLE = {"type": "oidc", "provider": "google", "provider_account_id": "subject-1"}


def test_a_subject_at_google_leads_to_its_user(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with store.auth() as conn:
        made = linked.link(conn, user_id=user_id, **GOOGLE)
        found = linked.find(conn, provider="google", provider_account_id="subject-1")
        assert found is not None
        assert found == made
        assert found.user_id == user_id
        assert (
            linked.find(conn, provider="plex", provider_account_id="subject-1") is None
        )


def test_an_account_belongs_to_one_user(database: Database, store: SyncStore) -> None:
    accounts.make(database, provider="google", provider_account_id="subject-1")
    other = users.make(database)
    with pytest.raises(Taken):
        store.auth().run(linked.link, user_id=other, **GOOGLE)


@pytest.mark.parametrize("status", ["suspended", "deactivated"])
def test_a_user_who_is_not_active_gets_no_account(
    database: Database, store: SyncStore, status: str
) -> None:
    user_id = users.make(database, status=status)
    with pytest.raises(UserNotActive, match="an administrator can reactivate"):
        store.auth().run(linked.link, user_id=user_id, **GOOGLE)


def test_an_account_is_unlinked_once(database: Database, store: SyncStore) -> None:
    accounts.make(database, provider="google", provider_account_id="subject-1")
    with store.auth() as conn:
        for expected in (1, 0):
            count = linked.unlink(
                conn, provider="google", provider_account_id="subject-1"
            )
            assert count == expected


def test_a_user_sees_their_accounts_in_pages_and_links_none(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = [accounts.make(database, user_id=user_id) for _ in range(3)]
    accounts.make(database)
    with store.user(user_id) as conn:
        first = linked.list_for_user(conn, user_id=user_id, page_size=2)
        rest = linked.list_for_user(
            conn, user_id=user_id, after_id=first[-1].id, page_size=2
        )
        assert [each.id for each in first + rest] == sorted(mine)
    with pytest.raises(NotAllowed):
        store.user(user_id).run(linked.link, user_id=user_id, **GOOGLE)
    with pytest.raises(NotAllowed):
        store.user(user_id).run(
            linked.unlink, provider="google", provider_account_id="subject-1"
        )
