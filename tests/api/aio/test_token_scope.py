"""store.token(secret): an API token is checked and enters what it may, both ways."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection
from tests.api.aio.test_store import trips
from tests.colours.aio import opened
from tests.factories import ago, ahead, api_tokens, look, users

from renderstore._scope.aio.bound import cursor
from renderstore.aio.identity import plans
from renderstore.aio.identity import users as people
from renderstore.errors import (
    NotAllowed,
    NotAnAdministrator,
    ScopeNotGranted,
    TokenRefused,
    UserNotActive,
)
from renderstore.identity import TokenRole, UserRole
from renderstore.secrets import Secret, hash_token
from renderstore.settings import parse, write_url
from renderstore.store import AsyncScope, AsyncStore, aconnect
from renderstore.testing import Database

DBA = "the tests' DBA"
SECRET = "rs_00000000_secret-of-a-test"
WHO = b"""select
    current_setting('role'),
    identity.current_user_id(),
    identity.current_actor(),
    current_setting('search_path')"""


@pytest.fixture(params=["fast", "plain"])
def either(request: pytest.FixtureRequest, database: Database) -> Generator[AsyncStore]:
    """A store of either way of sending the binding, on one connection."""
    plain = request.param == "plain"
    with opened(aconnect(database.url, size=1, plain=plain)) as store:
        yield store


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


async def ask(conn: AsyncConnection[Any]) -> Any:
    return await (await cursor(conn).execute(WHO)).fetchone()


async def who(scope: AsyncScope) -> tuple[Any, ...]:
    """As whom a scope acts, whichever way one asks."""
    found: tuple[Any, ...] = await scope.run(ask)
    async with scope as conn:
        assert await (await conn.execute(WHO)).fetchone() == found
    return found


def last_used(database: Database) -> object:
    [(found,)] = look(database, "select last_used_at from identity.api_tokens")
    return found


# What it may


async def test_a_users_token_acts_as_that_user(
    database: Database, either: AsyncStore
) -> None:
    user_id = users.make(database)
    users.make(database)
    token_id = own_token(database, user_id)
    scope = either.token(SECRET)
    assert await who(scope) == ("renderstore_app", user_id, f"token:{token_id}", "")
    assert [u.id for u in await scope.run(people.list, page_size=9)] == [user_id]


async def test_a_secret_object_does_as_well(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database))
    await either.token(Secret(SECRET)).run(plans.list, page_size=1)


@pytest.mark.parametrize("role", ["worker", "readonly", "admin"])
async def test_a_services_token_acts_as_its_only_role(
    database: Database, either: AsyncStore, role: str
) -> None:
    token_id = token(database, roles=[role])
    expected = (f"renderstore_{role}", None, f"token:{token_id}", "")
    assert await who(either.token(SECRET)) == expected
    assert await who(either.token(SECRET, role=TokenRole(role))) == expected


async def test_a_token_for_any_user_acts_for_the_one_that_is_named(
    database: Database, either: AsyncStore
) -> None:
    user_id = users.make(database)
    token_id = token(database, roles=["user"])
    expected = ("renderstore_app", user_id, f"token:{token_id}", "")
    assert await who(either.token(SECRET, user_id=user_id)) == expected
    with pytest.raises(TokenRefused, match="act for any user: name one"):
        await who(either.token(SECRET))


async def test_a_token_for_one_user_acts_for_no_other(
    database: Database, either: AsyncStore
) -> None:
    user_id, other = users.make(database), users.make(database)
    token(database, roles=["user"], for_user_id=user_id)
    assert (await who(either.token(SECRET)))[1] == user_id
    assert (await who(either.token(SECRET, user_id=user_id)))[1] == user_id
    with pytest.raises(TokenRefused, match="may not act for that user"):
        await who(either.token(SECRET, user_id=other))


async def test_of_several_roles_one_must_be_named(
    database: Database, either: AsyncStore
) -> None:
    token(database, roles=["worker", "readonly"])
    with pytest.raises(TokenRefused, match=r"several roles \(worker, readonly\)"):
        await who(either.token(SECRET))
    named = either.token(SECRET, role=TokenRole.READONLY)
    assert (await who(named))[0] == "renderstore_readonly"


async def test_a_token_acts_in_no_role_that_it_lacks(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database, role="admin"))
    for role in (TokenRole.ADMIN, TokenRole.WORKER, TokenRole.READONLY):
        with pytest.raises(TokenRefused, match=f"may not act as {role}"):
            await who(either.token(SECRET, role=role))


async def test_an_administrators_token_ends_with_the_office(
    database: Database, either: AsyncStore
) -> None:
    boss = users.make(database, role="admin")
    own_token(database, boss, roles=["admin"])
    assert (await who(either.token(SECRET)))[0] == "renderstore_admin"
    async with either.admin(reason=DBA) as conn:
        await people.set_role(conn, id=boss, role=UserRole.USER)
    with pytest.raises(NotAnAdministrator):
        await who(either.token(SECRET))


async def test_a_tokens_scope_has_its_roles_walls(
    database: Database, either: AsyncStore
) -> None:
    user_id = users.make(database)
    own_token(database, user_id)
    scope = either.token(SECRET)
    with pytest.raises(NotAllowed):
        await scope.run(people.set_plan, id=user_id, plan_id="premium")
    with pytest.raises(NotAllowed):
        async with scope as conn:
            await conn.execute("select token_hash from identity.api_tokens")


async def test_a_tokens_scope_leaves_nothing_on_its_connection(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database))
    await who(either.token(SECRET))
    role, user_id, actor, _ = await who(either.readonly())
    assert (role, user_id, actor) == ("renderstore_readonly", None, "readonly")


# What is refused


async def test_an_unknown_token_is_refused(either: AsyncStore) -> None:
    for secret in ("", SECRET, "\x00", "ü" * 1000):
        with pytest.raises(TokenRefused, match="not known"):
            await who(either.token(secret))


async def test_a_token_with_one_character_changed_is_refused(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database))
    for at in (0, len(SECRET) // 2, len(SECRET) - 1):
        with pytest.raises(TokenRefused, match="not known"):
            await who(either.token(SECRET[:at] + "X" + SECRET[at + 1 :]))


async def test_a_hash_is_no_token(database: Database, either: AsyncStore) -> None:
    own_token(database, users.make(database))
    with pytest.raises(TokenRefused):
        await who(either.token(hash_token(SECRET).hex()))


async def test_an_expired_token_is_refused(
    database: Database, either: AsyncStore
) -> None:
    own_token(
        database,
        users.make(database),
        created_at=ago(hours=2),
        expires_at=ago(seconds=1),
    )
    with pytest.raises(TokenRefused, match="has expired"):
        await who(either.token(SECRET))


async def test_a_token_that_expires_later_still_works(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database), expires_at=ahead(hours=1))
    await who(either.token(SECRET))


async def test_a_revoked_token_is_refused(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database), revoked_at=ago(seconds=1))
    with pytest.raises(TokenRefused, match="was revoked"):
        await who(either.token(SECRET))


async def test_a_token_is_refused_at_its_next_check_once_its_user_is_suspended(
    database: Database, either: AsyncStore
) -> None:
    user_id = users.make(database)
    own_token(database, user_id)
    await who(either.token(SECRET))
    async with either.admin(reason=DBA) as conn:
        await people.suspend(conn, id=user_id)
    with pytest.raises(UserNotActive):
        await who(either.token(SECRET))
    async with either.admin(reason=DBA) as conn:
        await people.reactivate(conn, id=user_id)
    await who(either.token(SECRET))


@pytest.mark.parametrize("status", ["suspended", "deactivated"])
async def test_a_services_token_does_not_act_for_a_user_who_is_not_active(
    database: Database, either: AsyncStore, status: str
) -> None:
    user_id = users.make(database, status=status)
    token(database, roles=["user"])
    with pytest.raises(UserNotActive, match="for whom this token acts"):
        await who(either.token(SECRET, user_id=user_id))


async def test_neither_error_nor_repr_shows_a_token(
    database: Database, either: AsyncStore
) -> None:
    scope = either.token(SECRET)
    with pytest.raises(TokenRefused) as refused:
        await who(scope)
    cause = refused.value.__cause__
    told = repr(scope) + repr(refused.value) + str(refused.value) + repr(cause)
    assert SECRET not in told
    assert hash_token(SECRET).hex() not in told


async def test_a_login_that_lacks_the_tokens_role_is_told_which(
    database: Database,
) -> None:
    token(database, roles=["worker"])
    login = "renderstore_test_" + database.name[-10:]
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(f"create role {login} login noinherit password 'x'".encode())
        conn.execute(f"grant renderstore_app, renderstore_auth to {login}".encode())
    try:
        url = write_url(parse(database.url).conninfo | {"user": login, "password": "x"})
        async with aconnect(url) as web:
            with pytest.raises(ScopeNotGranted, match="renderstore_worker"):
                await who(web.token(SECRET))
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute(f"drop role {login}".encode())


# What it costs


async def test_last_use_is_written_at_most_once_a_minute(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database))
    assert last_used(database) is None
    await who(either.token(SECRET))
    first = last_used(database)
    assert first is not None
    await who(either.token(SECRET))
    assert last_used(database) == first
    look(
        database,
        "update identity.api_tokens set last_used_at = %(ago)s returning id",
        ago=ago(minutes=2),
    )
    await who(either.token(SECRET))
    assert last_used(database) > first  # type: ignore[operator]


async def test_a_note_of_use_waits_for_nobody(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database))
    with psycopg.connect(database.admin_url) as other:
        other.execute("select from identity.api_tokens for update")
        await who(either.token(SECRET))
    assert last_used(database) is None
    await who(either.token(SECRET))
    assert last_used(database) is not None


async def test_a_tokens_scope_writes_nothing_itself(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database))
    with psycopg.connect(database.admin_url) as other:
        other.execute("lock table identity.api_tokens in share mode")
        async with either.token(SECRET, role=TokenRole.USER) as conn:
            row = await (await conn.execute("select pg_backend_pid()")).fetchone()
            assert row is not None
            held = other.execute(
                "select mode from pg_catalog.pg_locks where pid = %s"
                " and relation = 'identity.api_tokens'::regclass",
                row,
            ).fetchall()
            assert held == [("AccessShareLock",)]
            other.rollback()


async def test_where_only_reading_is_possible_no_use_is_noted(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    own_token(database, users.make(database))
    reading = {"options": "-c default_transaction_read_only=on"}
    for plain in (False, True):
        url = write_url(parse(database.url).conninfo | reading)
        async with aconnect(url, size=1, plain=plain) as store:
            await who(store.token(SECRET))
    assert last_used(database) is None
    assert caplog.messages == []


async def test_a_note_that_fails_fails_nobody(
    database: Database, either: AsyncStore, caplog: pytest.LogCaptureFixture
) -> None:
    own_token(database, users.make(database))
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("set local role renderstore_owner")
        conn.execute("drop function identity.note_token_use(bytea)")
    await who(either.token(SECRET))
    assert any("was not noted" in said for said in caplog.messages)
    assert all(hash_token(SECRET).hex() not in said for said in caplog.messages)


# Who may enter is asked at the door


@pytest.mark.parametrize("case", ["made up", "expired", "revoked", "deactivated"])
async def test_nothing_runs_for_a_token_that_is_refused(
    database: Database, either: AsyncStore, case: str
) -> None:
    changed: dict[str, dict[str, object]] = {
        "expired": {"created_at": ago(hours=2), "expires_at": ago(seconds=1)},
        "revoked": {"revoked_at": ago(seconds=1)},
    }
    if case != "made up":
        own_token(database, users.make(database), **changed.get(case, {}))
    if case == "deactivated":
        with psycopg.connect(database.admin_url) as admin:
            admin.execute("update identity.users set status = 'deactivated'")
    ran: list[object] = []

    async def silent(conn: AsyncConnection[Any]) -> None:
        ran.append(conn)

    for scope in (either.token(SECRET), either.token(SECRET).serializable()):
        with pytest.raises((TokenRefused, UserNotActive)):
            async with scope as conn:
                ran.append(conn)
        with pytest.raises((TokenRefused, UserNotActive)):
            await scope.run(silent)
        with pytest.raises((TokenRefused, UserNotActive)):
            await scope.run(plans.list, page_size=1)
    assert ran == []


async def test_a_body_without_sql_runs_for_a_token_that_is_not_refused(
    database: Database, either: AsyncStore
) -> None:
    own_token(database, users.make(database))
    ran: list[object] = []

    async def silent(conn: AsyncConnection[Any]) -> None:
        ran.append(conn)

    async with either.token(SECRET) as conn:
        ran.append(conn)
    await either.token(SECRET).run(silent)
    assert len(ran) == 2
    assert last_used(database) is not None


@pytest.mark.parametrize(
    ("secret", "trips_taken"), [(SECRET, [1, 3, 2]), (None, [1, 2, 0])]
)
async def test_a_tokens_scope_takes_one_round_trip_more_than_a_users(
    database: Database, tmp_path: Path, secret: str | None, trips_taken: list[int]
) -> None:
    user_id = users.make(database)
    own_token(database, user_id)

    def scope(store: AsyncStore) -> AsyncScope:
        return store.user(user_id) if secret is None else store.token(secret)

    async with aconnect(database.url, size=1) as store:
        for _ in range(8):  # until every statement is prepared
            await scope(store).run(plans.list, page_size=1)

        async def run() -> None:
            await scope(store).run(plans.list, page_size=1)

        async def enter() -> None:
            async with scope(store) as conn:
                await plans.list(conn, page_size=1)

        async def leave_unused() -> None:
            async with scope(store):
                pass

        counted = [
            await trips(store, tmp_path / f"{act.__name__}", act)
            for act in (run, enter, leave_unused)
        ]
    assert counted == trips_taken
