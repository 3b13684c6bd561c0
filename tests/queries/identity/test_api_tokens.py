"""sql/queries/identity/api_tokens.sql: tokens of services and of users' own programs."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.factories import ago, ahead, api_tokens, look, users

from renderstore.errors import (
    Error,
    Invalid,
    NotAllowed,
    NotFound,
    TokenRefused,
    UserNotActive,
)
from renderstore.identity import TokenRole
from renderstore.identity import api_tokens as tokens
from renderstore.secrets import hash_token
from renderstore.store import SyncStore
from renderstore.testing import Database

DBA = "the tests' DBA"


def own_token(store: SyncStore, user_id: UUID) -> tokens.IssueRow:
    return store.user(user_id).run(
        tokens.issue, name="my script", roles=[TokenRole.USER], user_id=user_id
    )


def test_a_service_is_issued_a_token_for_any_user(store: SyncStore) -> None:
    with store.admin(reason=DBA) as conn:
        made = tokens.issue(
            conn,
            name="Bravo",
            service="bravo",
            roles=[TokenRole.USER, TokenRole.WORKER],
        )
        found = tokens.get(conn, id=made.id)
    assert (found.service, found.user_id, found.for_user_id) == ("bravo", None, None)
    assert found.roles == [TokenRole.USER, TokenRole.WORKER]
    assert (found.expires_at, found.last_used_at, found.revoked_at) == (None,) * 3


def test_a_tokens_secret_is_shown_once_and_not_kept(
    database: Database, store: SyncStore
) -> None:
    made = own_token(store, users.make(database))
    [(kept, prefix)] = look(
        database, "select api_tokens::text, prefix from identity.api_tokens"
    )
    assert made.secret.startswith(f"{prefix}_")
    assert len(made.secret) == len(prefix) + 1 + 43
    assert made.secret not in kept
    assert hash_token(made.secret).hex() in kept
    assert made.secret not in repr(made)


def test_a_user_issues_lists_renames_and_revokes_their_own(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    api_tokens.make(database)
    ids = [own_token(store, user_id).id for _ in range(3)]
    with store.user(user_id) as conn:
        first = tokens.list(conn, page_size=2)
        rest = tokens.list(conn, after_id=first[-1].id, page_size=2)
        assert [each.id for each in first + rest] == sorted(ids)
        assert tokens.list_for_user(conn, user_id=user_id, page_size=2) == first
        assert tokens.rename(conn, id=ids[0], name="other").name == "other"
        assert tokens.revoke(conn, id=ids[0]).revoked_at is not None
        assert {each.for_user_id for each in first} == {user_id}


@pytest.mark.parametrize(
    "roles",
    [
        [TokenRole.ADMIN],
        [TokenRole.WORKER],
        [TokenRole.READONLY],
        [TokenRole.USER, TokenRole.ADMIN],
    ],
)
def test_a_user_issues_no_token_that_is_more_than_a_user(
    database: Database, store: SyncStore, roles: list[TokenRole]
) -> None:
    user_id = users.make(database, role="admin")
    with pytest.raises(NotAllowed):
        store.user(user_id).run(tokens.issue, name="more", roles=roles, user_id=user_id)


def test_a_user_issues_no_token_for_another_or_for_a_service(
    database: Database, store: SyncStore
) -> None:
    user_id, other = users.make(database), users.make(database)
    own = store.user(user_id)
    with pytest.raises(NotAllowed):
        own.run(tokens.issue, name="x", roles=[TokenRole.USER], user_id=other)
    with pytest.raises(NotAllowed):
        own.run(tokens.issue, name="x", roles=[TokenRole.USER], service="bravo")
    made = own.run(
        tokens.issue,
        name="x",
        roles=[TokenRole.USER],
        user_id=user_id,
        for_user_id=other,
    )
    assert own.run(tokens.get, id=made.id).for_user_id == user_id


def test_a_user_reaches_nobody_elses_token(
    database: Database, store: SyncStore
) -> None:
    user_id, other = users.make(database), users.make(database)
    theirs = own_token(store, other).id
    own = store.user(user_id)
    for act in (tokens.get, tokens.revoke):
        with pytest.raises(NotFound):
            own.run(act, id=theirs)
    with pytest.raises(TokenRefused, match="no active API token with this id"):
        own.run(tokens.rotate, id=theirs)
    assert own.run(tokens.list, page_size=9) == []


def test_a_user_does_not_widen_their_token(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    made = own_token(store, user_id)
    with (
        pytest.raises(NotAllowed),
        store.user(user_id) as conn,
    ):
        conn.execute(
            "update identity.api_tokens set roles = '{admin}' where id = %s", [made.id]
        )


def test_a_revoked_token_stays_revoked(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    made = own_token(store, user_id)
    with store.user(user_id) as conn:
        first = tokens.revoke(conn, id=made.id)
        assert tokens.revoke(conn, id=made.id).revoked_at == first.revoked_at
    with (
        pytest.raises(Error, match="stays revoked"),
        store.user(user_id) as conn,
    ):
        conn.execute(
            "update identity.api_tokens set revoked_at = null where id = %s", [made.id]
        )
    with pytest.raises(TokenRefused):
        store.user(user_id).run(tokens.rotate, id=made.id)


def test_rotation_makes_the_old_secret_fail(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    old = own_token(store, user_id)
    store.token(old.secret).run(tokens.list, page_size=1)
    new = store.user(user_id).run(tokens.rotate, id=old.id)
    with pytest.raises(TokenRefused, match="not known"):
        store.token(old.secret).run(tokens.list, page_size=1)
    [found] = store.token(new.secret).run(tokens.list, page_size=1)
    assert found.id == old.id
    assert new.secret.startswith(f"{found.prefix}_")
    assert new.secret not in repr(new)


def test_a_token_has_one_owner(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    boss = store.admin(reason=DBA)
    with pytest.raises(Invalid, match="belongs to a user or to a service"):
        boss.run(
            tokens.issue,
            name="x",
            roles=[TokenRole.USER],
            user_id=user_id,
            service="bravo",
        )
    with pytest.raises(Invalid, match="belongs to a user or to a service"):
        boss.run(tokens.issue, name="x", roles=[TokenRole.USER])


def test_a_token_acts_as_something_and_ends_in_the_future(store: SyncStore) -> None:
    boss = store.admin(reason=DBA)
    with pytest.raises(Invalid, match="one role or more"):
        boss.run(tokens.issue, name="x", roles=[], service="bravo")
    with pytest.raises(Invalid, match="expires after it was issued"):
        boss.run(
            tokens.issue,
            name="x",
            roles=[TokenRole.WORKER],
            service="bravo",
            expires_at=ago(hours=1),
        )
    boss.run(
        tokens.issue,
        name="x",
        roles=[TokenRole.WORKER],
        service="bravo",
        expires_at=ahead(hours=1),
    )


@pytest.mark.parametrize("status", ["suspended", "deactivated"])
def test_a_user_who_is_not_active_is_issued_no_token(
    database: Database, store: SyncStore, status: str
) -> None:
    user_id = users.make(database, status=status)
    with pytest.raises(UserNotActive):
        store.admin(reason=DBA).run(
            tokens.issue, name="x", roles=[TokenRole.USER], user_id=user_id
        )


def test_neither_sign_in_nor_worker_nor_readonly_issues_a_token(
    store: SyncStore,
) -> None:
    for scope in (store.auth(), store.worker("mac-1"), store.readonly()):
        with pytest.raises(NotAllowed):
            scope.run(tokens.issue, name="x", roles=[TokenRole.WORKER], service="bravo")


def test_readonly_lists_tokens_without_their_hashes(
    database: Database, store: SyncStore
) -> None:
    token_id = api_tokens.make(database)
    [found] = store.readonly().run(tokens.list, page_size=9)
    assert found.id == token_id
    with pytest.raises(NotAllowed):
        store.readonly().run(tokens.revoke, id=token_id)
