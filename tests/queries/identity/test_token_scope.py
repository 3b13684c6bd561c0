"""store.token(secret): an API token is checked and enters what it may, sync and async, both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.api.test_store import trips
from tests.factories import ago, ahead, api_tokens, look, users

from renderstore._scope.sync.bound import cursor
from renderstore.aio.identity import plans as async_plans
from renderstore.aio.identity import users as async_people
from renderstore.errors import (
    NotAllowed,
    NotAnAdministrator,
    ScopeNotGranted,
    TokenRefused,
    UserNotActive,
)
from renderstore.identity import TokenRole, UserRole, plans
from renderstore.identity import users as people
from renderstore.secrets import Secret, hash_token
from renderstore.settings import parse, write_url
from renderstore.store import SyncScope, SyncStore, aconnect, connect
from renderstore.testing import Database

DBA = "the tests' DBA"
SECRET = "rs_00000000_secret-of-a-test"
WHO = b"""select
    current_setting('role'),
    identity.current_user_id(),
    identity.current_actor(),
    current_setting('search_path')"""


@pytest.fixture(params=["fast", "plain"])
def either(request: pytest.FixtureRequest, database: Database) -> Generator[SyncStore]:
    """A store of either way of sending the binding, on one connection."""
    with connect(database.url, size=1, plain=request.param == "plain") as opened:
        yield opened


def token(database: Database, **changes: object) -> UUID:
    return api_tokens.make(database, token_hash=hash_token(SECRET), **changes)


def own_token(database: Database, user_id: UUID, **changes: object) -> UUID:
    return token(
        database,
        **{
            "service": None,
            "user_id": user_id,
            "for_user_id": user_id,
            "roles": ["user"],
            **changes,
        },
    )


def who(scope: SyncScope) -> tuple[Any, ...]:
    """As whom a scope acts, whichever way one asks."""
    found = scope.run(lambda conn: cursor(conn).execute(WHO).fetchone())
    with scope as conn:
        assert conn.execute(WHO).fetchone() == found
    assert found is not None
    return found


def last_used(database: Database) -> object:
    [(found,)] = look(database, "select last_used_at from identity.api_tokens")
    return found


# What it may


def test_a_users_token_acts_as_that_user(database: Database, either: SyncStore) -> None:
    user_id = users.make(database)
    users.make(database)
    token_id = own_token(database, user_id)
    scope = either.token(SECRET)
    assert who(scope) == ("renderstore_app", user_id, f"token:{token_id}", "")
    assert [u.id for u in scope.run(people.list, page_size=9)] == [user_id]


def test_a_secret_object_does_as_well(database: Database, either: SyncStore) -> None:
    own_token(database, users.make(database))
    either.token(Secret(SECRET)).run(plans.list, page_size=1)


@pytest.mark.parametrize("role", ["worker", "readonly", "admin"])
def test_a_services_token_acts_as_its_only_role(
    database: Database, either: SyncStore, role: str
) -> None:
    token_id = token(database, roles=[role])
    expected = (f"renderstore_{role}", None, f"token:{token_id}", "")
    assert who(either.token(SECRET)) == expected
    assert who(either.token(SECRET, role=TokenRole(role))) == expected


def test_a_token_for_any_user_acts_for_the_one_that_is_named(
    database: Database, either: SyncStore
) -> None:
    user_id = users.make(database)
    token_id = token(database, roles=["user"])
    expected = ("renderstore_app", user_id, f"token:{token_id}", "")
    assert who(either.token(SECRET, user_id=user_id)) == expected
    with pytest.raises(TokenRefused, match="act for any user: name one"):
        who(either.token(SECRET))


def test_a_token_for_one_user_acts_for_no_other(
    database: Database, either: SyncStore
) -> None:
    user_id, other = users.make(database), users.make(database)
    token(database, roles=["user"], for_user_id=user_id)
    assert who(either.token(SECRET))[1] == user_id
    assert who(either.token(SECRET, user_id=user_id))[1] == user_id
    with pytest.raises(TokenRefused, match="may not act for that user"):
        who(either.token(SECRET, user_id=other))


def test_of_several_roles_one_must_be_named(
    database: Database, either: SyncStore
) -> None:
    token(database, roles=["worker", "readonly"])
    with pytest.raises(TokenRefused, match=r"several roles \(worker, readonly\)"):
        who(either.token(SECRET))
    named = either.token(SECRET, role=TokenRole.READONLY)
    assert who(named)[0] == "renderstore_readonly"


def test_a_token_acts_in_no_role_that_it_lacks(
    database: Database, either: SyncStore
) -> None:
    own_token(database, users.make(database, role="admin"))
    for role in (TokenRole.ADMIN, TokenRole.WORKER, TokenRole.READONLY):
        with pytest.raises(TokenRefused, match=f"may not act as {role}"):
            who(either.token(SECRET, role=role))


def test_an_administrators_token_ends_with_the_office(
    database: Database, either: SyncStore
) -> None:
    boss = users.make(database, role="admin")
    own_token(database, boss, roles=["admin"])
    assert who(either.token(SECRET))[0] == "renderstore_admin"
    with either.admin(reason=DBA) as conn:
        people.set_role(conn, id=boss, role=UserRole.USER)
    with pytest.raises(NotAnAdministrator):
        who(either.token(SECRET))


def test_a_tokens_scope_has_its_roles_walls(
    database: Database, either: SyncStore
) -> None:
    user_id = users.make(database)
    own_token(database, user_id)
    scope = either.token(SECRET)
    with pytest.raises(NotAllowed):
        scope.run(people.set_plan, id=user_id, plan_id="premium")
    with pytest.raises(NotAllowed), scope as conn:
        conn.execute("select token_hash from identity.api_tokens")


def test_a_tokens_scope_leaves_nothing_on_its_connection(
    database: Database, either: SyncStore
) -> None:
    own_token(database, users.make(database))
    who(either.token(SECRET))
    role, user_id, actor, _ = who(either.readonly())
    assert (role, user_id, actor) == ("renderstore_readonly", None, "readonly")


# What is refused


def test_an_unknown_token_is_refused(either: SyncStore) -> None:
    for secret in ("", SECRET, "\x00", "ü" * 1000):
        with pytest.raises(TokenRefused, match="not known"):
            who(either.token(secret))


def test_a_token_with_one_character_changed_is_refused(
    database: Database, either: SyncStore
) -> None:
    own_token(database, users.make(database))
    for at in (0, len(SECRET) // 2, len(SECRET) - 1):
        with pytest.raises(TokenRefused, match="not known"):
            who(either.token(SECRET[:at] + "X" + SECRET[at + 1 :]))


def test_a_hash_is_no_token(database: Database, either: SyncStore) -> None:
    own_token(database, users.make(database))
    with pytest.raises(TokenRefused):
        who(either.token(hash_token(SECRET).hex()))


def test_an_expired_token_is_refused(database: Database, either: SyncStore) -> None:
    own_token(
        database,
        users.make(database),
        created_at=ago(hours=2),
        expires_at=ago(seconds=1),
    )
    with pytest.raises(TokenRefused, match="has expired"):
        who(either.token(SECRET))


def test_a_token_that_expires_later_still_works(
    database: Database, either: SyncStore
) -> None:
    own_token(database, users.make(database), expires_at=ahead(hours=1))
    who(either.token(SECRET))


def test_a_revoked_token_is_refused(database: Database, either: SyncStore) -> None:
    own_token(database, users.make(database), revoked_at=ago(seconds=1))
    with pytest.raises(TokenRefused, match="was revoked"):
        who(either.token(SECRET))


def test_a_token_is_refused_at_its_next_check_once_its_user_is_suspended(
    database: Database, either: SyncStore
) -> None:
    user_id = users.make(database)
    own_token(database, user_id)
    who(either.token(SECRET))
    with either.admin(reason=DBA) as conn:
        people.suspend(conn, id=user_id)
    with pytest.raises(UserNotActive):
        who(either.token(SECRET))
    with either.admin(reason=DBA) as conn:
        people.reactivate(conn, id=user_id)
    who(either.token(SECRET))


@pytest.mark.parametrize("status", ["suspended", "deactivated"])
def test_a_services_token_does_not_act_for_a_user_who_is_not_active(
    database: Database, either: SyncStore, status: str
) -> None:
    user_id = users.make(database, status=status)
    token(database, roles=["user"])
    with pytest.raises(UserNotActive, match="for whom this token acts"):
        who(either.token(SECRET, user_id=user_id))


def test_neither_error_nor_repr_shows_a_token(
    database: Database, either: SyncStore
) -> None:
    scope = either.token(SECRET)
    with pytest.raises(TokenRefused) as refused:
        who(scope)
    cause = refused.value.__cause__
    told = repr(scope) + repr(refused.value) + str(refused.value) + repr(cause)
    assert SECRET not in told
    assert hash_token(SECRET).hex() not in told


def test_a_login_that_lacks_the_tokens_role_is_told_which(
    database: Database, store: SyncStore
) -> None:
    token(database, roles=["worker"])
    login = "renderstore_test_" + database.name[-10:]
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(f"create role {login} login noinherit password 'x'".encode())
        conn.execute(f"grant renderstore_app, renderstore_auth to {login}".encode())
    try:
        url = write_url(parse(database.url).conninfo | {"user": login, "password": "x"})
        with (
            connect(url) as web,
            pytest.raises(ScopeNotGranted, match="renderstore_worker"),
        ):
            who(web.token(SECRET))
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute(f"drop role {login}".encode())


# What it costs


def test_last_use_is_written_at_most_once_a_minute(
    database: Database, either: SyncStore
) -> None:
    own_token(database, users.make(database))
    assert last_used(database) is None
    who(either.token(SECRET))
    first = last_used(database)
    assert first is not None
    who(either.token(SECRET))
    assert last_used(database) == first
    look(
        database,
        "update identity.api_tokens set last_used_at = %(ago)s returning id",
        ago=ago(minutes=2),
    )
    who(either.token(SECRET))
    assert last_used(database) > first  # type: ignore[operator]


def test_a_tokens_scope_does_not_wait_for_another(
    database: Database, store: SyncStore
) -> None:
    own_token(database, users.make(database))
    with store.token(SECRET) as conn:
        plans.list(conn, page_size=1)
        # The first has written its use and is not yet committed: a wait would never end.
        store.token(SECRET).run(plans.list, page_size=1)


@pytest.mark.parametrize("secret", [SECRET, None])
def test_a_tokens_scope_takes_as_few_round_trips_as_a_users(
    database: Database, tmp_path: Path, secret: str | None
) -> None:
    user_id = users.make(database)
    own_token(database, user_id)

    def scope(store: SyncStore) -> SyncScope:
        return store.user(user_id) if secret is None else store.token(secret)

    with connect(database.url, size=1) as store:
        for _ in range(8):  # until every statement is prepared
            scope(store).run(plans.list, page_size=1)

        def run() -> None:
            scope(store).run(plans.list, page_size=1)

        def enter() -> None:
            with scope(store) as conn:
                plans.list(conn, page_size=1)

        def leave_unused() -> None:
            with scope(store):
                pass

        counted = [
            trips(store, tmp_path / f"{act.__name__}", act)
            for act in (run, enter, leave_unused)
        ]
    assert counted == [1, 2, 0]


def test_a_token_works_from_asyncio(database: Database) -> None:
    user_id = users.make(database)
    token_id = own_token(database, user_id)

    async def act() -> None:
        async with aconnect(database.url) as store:
            scope = store.token(SECRET)
            found = await scope.run(async_people.list, page_size=9)
            assert [each.id for each in found] == [user_id]
            async with scope as conn:
                row = await (await conn.execute(WHO)).fetchone()
                assert row == ("renderstore_app", user_id, f"token:{token_id}", "")
            with pytest.raises(TokenRefused, match="not known"):
                await store.token("nobody's").run(async_plans.list, page_size=1)

    asyncio.run(act())
