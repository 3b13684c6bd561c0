"""store.token(secret): an API token is checked and enters what it may, both ways.

Generated from tests/api/aio/test_token_scope.py by `just generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from tests.api.sync.test_store import trips
from tests.colours.sync import opened
from tests.factories import ago, ahead, api_tokens, look, users

from renderstore._scope.sync.bound import cursor
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
from renderstore.store import SyncScope, SyncStore, connect
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
    plain = request.param == "plain"
    with opened(connect(database.url, size=1, plain=plain)) as store:
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


def ask(conn: Connection[Any]) -> Any:
    return cursor(conn).execute(WHO).fetchone()


def who(scope: SyncScope) -> tuple[Any, ...]:
    """As whom a scope acts, whichever way one asks."""
    found: tuple[Any, ...] = scope.run(ask)
    with scope as conn:
        assert conn.execute(WHO).fetchone() == found
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
    with pytest.raises(NotAllowed):
        with scope as conn:
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
    database: Database,
) -> None:
    token(database, roles=["worker"])
    login = "renderstore_test_" + database.name[-10:]
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(f"create role {login} login noinherit password 'x'".encode())
        conn.execute(f"grant renderstore_app, renderstore_auth to {login}".encode())
    try:
        url = write_url(parse(database.url).conninfo | {"user": login, "password": "x"})
        with connect(url) as web:
            with pytest.raises(ScopeNotGranted, match="renderstore_worker"):
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


def test_a_note_of_use_waits_for_nobody(database: Database, either: SyncStore) -> None:
    own_token(database, users.make(database))
    with psycopg.connect(database.admin_url) as other:
        other.execute("select from identity.api_tokens for update")
        who(either.token(SECRET))
    assert last_used(database) is None
    who(either.token(SECRET))
    assert last_used(database) is not None


def test_a_tokens_scope_writes_nothing_itself(
    database: Database, either: SyncStore
) -> None:
    own_token(database, users.make(database))
    with psycopg.connect(database.admin_url) as other:
        other.execute("lock table identity.api_tokens in share mode")
        with either.token(SECRET, role=TokenRole.USER) as conn:
            row = conn.execute("select pg_backend_pid()").fetchone()
            assert row is not None
            held = other.execute(
                "select mode from pg_catalog.pg_locks where pid = %s"
                " and relation = 'identity.api_tokens'::regclass",
                row,
            ).fetchall()
            assert held == [("AccessShareLock",)]
            other.rollback()


def test_where_only_reading_is_possible_no_use_is_noted(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    own_token(database, users.make(database))
    reading = {"options": "-c default_transaction_read_only=on"}
    for plain in (False, True):
        url = write_url(parse(database.url).conninfo | reading)
        with connect(url, size=1, plain=plain) as store:
            who(store.token(SECRET))
    assert last_used(database) is None
    assert caplog.messages == []


def test_a_note_that_fails_fails_nobody(
    database: Database, either: SyncStore, caplog: pytest.LogCaptureFixture
) -> None:
    own_token(database, users.make(database))
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("set local role renderstore_owner")
        conn.execute("drop function identity.note_token_use(bytea)")
    who(either.token(SECRET))
    assert any("was not noted" in said for said in caplog.messages)
    assert all(hash_token(SECRET).hex() not in said for said in caplog.messages)


# Who may enter is asked at the door


@pytest.mark.parametrize("case", ["made up", "expired", "revoked", "deactivated"])
def test_nothing_runs_for_a_token_that_is_refused(
    database: Database, either: SyncStore, case: str
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

    def silent(conn: Connection[Any]) -> None:
        ran.append(conn)

    for scope in (either.token(SECRET), either.token(SECRET).serializable()):
        with pytest.raises((TokenRefused, UserNotActive)):
            with scope as conn:
                ran.append(conn)
        with pytest.raises((TokenRefused, UserNotActive)):
            scope.run(silent)
        with pytest.raises((TokenRefused, UserNotActive)):
            scope.run(plans.list, page_size=1)
    assert ran == []


def test_a_body_without_sql_runs_for_a_token_that_is_not_refused(
    database: Database, either: SyncStore
) -> None:
    own_token(database, users.make(database))
    ran: list[object] = []

    def silent(conn: Connection[Any]) -> None:
        ran.append(conn)

    with either.token(SECRET) as conn:
        ran.append(conn)
    either.token(SECRET).run(silent)
    assert len(ran) == 2
    assert last_used(database) is not None


@pytest.mark.parametrize(
    ("secret", "trips_taken"), [(SECRET, [1, 3, 2]), (None, [1, 2, 0])]
)
def test_a_tokens_scope_takes_one_round_trip_more_than_a_users(
    database: Database, tmp_path: Path, secret: str | None, trips_taken: list[int]
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
    assert counted == trips_taken
