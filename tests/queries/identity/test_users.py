"""sql/queries/identity/users.sql: people, and who may see and change what of them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from tests.factories import (
    accounts as made_accounts,
)
from tests.factories import (
    api_tokens,
    look,
    macos_accounts,
    unique,
    user_secrets,
    users,
    web_sessions,
)
from tests.factories import session_tokens as made_session_tokens

from renderstore import identity
from renderstore.errors import (
    EmailTaken,
    Invalid,
    NotAllowed,
    NotFound,
    Taken,
    UserNotActive,
)
from renderstore.identity import (
    UserRole,
    UserStatus,
    accounts,
    session_tokens,
)
from renderstore.identity import users as people
from renderstore.identity.area import SweepRow
from renderstore.store import SyncStore
from renderstore.testing import Database

DBA = "the tests' DBA"


def count_of(database: Database, table: str, **of: object) -> int:
    """How many rows a table of identity holds for this user."""
    queries = {
        "web_sessions": "select count(*) from identity.web_sessions where user_id = %(user)s",
        "session_tokens": "select count(*) from identity.session_tokens where user_id = %(user)s",
        "macos_accounts": "select count(*) from identity.macos_accounts where user_id = %(user)s",
        "accounts": "select count(*) from identity.accounts where user_id = %(user)s",
        "api_tokens": "select count(*) from identity.api_tokens"
        " where %(user)s in (user_id, for_user_id)",
        "live api_tokens": "select count(*) from identity.api_tokens"
        " where %(user)s in (user_id, for_user_id) and revoked_at is null",
    }
    [(found,)] = look(database, queries[table], **of)
    return int(found)


def sign_in(store: SyncStore, user_id: UUID) -> None:
    """What a sign-in ends in."""
    store.auth().run(session_tokens.issue, user_id=user_id, lifetime=timedelta(hours=1))


# Made and found


def test_an_administrator_makes_a_plain_user_on_the_free_plan(store: SyncStore) -> None:
    made = store.admin(reason=DBA).run(people.create, email="Ada@Example.org")
    assert made.email == "ada@example.org"
    assert (made.role, made.status) == (UserRole.USER, UserStatus.ACTIVE)
    assert (made.plan_id, made.is_bootstrap) == ("free", False)


def test_a_user_may_have_no_email(store: SyncStore) -> None:
    assert store.admin(reason=DBA).run(people.create).email is None
    assert store.admin(reason=DBA).run(people.create).email is None


def test_an_email_is_taken_once_in_whatever_case(store: SyncStore) -> None:
    store.admin(reason=DBA).run(people.create, email="ada@example.org")
    for again in ("ada@example.org", "ADA@example.ORG"):
        with pytest.raises(EmailTaken, match="already has this e-mail address"):
            store.admin(reason=DBA).run(people.create, email=again)


def test_an_email_must_look_like_one(store: SyncStore) -> None:
    with pytest.raises(Invalid, match="one @ with something on both sides"):
        store.admin(reason=DBA).run(people.create, email="ada at example.org")


def test_a_plan_that_is_not_there_is_refused(store: SyncStore) -> None:
    with pytest.raises(NotFound, match="There is no plan with this id"):
        store.admin(reason=DBA).run(people.create, plan_id="gold")


def test_a_plex_id_is_taken_once(database: Database) -> None:
    plex_id = unique()
    users.make(database, plex_id=plex_id)
    with pytest.raises(Exception, match="users_plex_id_key"):
        users.make(database, plex_id=plex_id)


def test_a_slack_id_is_taken_once(database: Database, store: SyncStore) -> None:
    users.make(database, slack_id="U024BE7LH")
    other = users.make(database)
    with pytest.raises(Taken, match="already has this Slack id"):
        store.admin(reason=DBA).run(
            people.set_contact, id=other, email=None, slack_id="U024BE7LH"
        )


def test_sign_in_finds_a_user_by_each_name(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(
        database, email="ada@example.org", plex_id=7, slack_id="U024BE7LH"
    )
    macos_accounts.make(database, user_id=user_id, name="ada")
    with store.auth() as conn:
        found = [
            people.get(conn, id=user_id),
            people.find_by_email(conn, email="ADA@example.org"),
            people.find_by_plex_id(conn, plex_id=7),
            people.find_by_slack_id(conn, slack_id="U024BE7LH"),
            people.find_by_macos_name(conn, name="Ada"),
        ]
    assert [each and each.id for each in found] == [user_id] * 5


def test_nobody_is_found_by_a_name_that_nobody_has(store: SyncStore) -> None:
    with store.auth() as conn:
        assert people.find_by_email(conn, email="no@example.org") is None
        assert people.find_by_plex_id(conn, plex_id=1) is None
        assert people.find_by_slack_id(conn, slack_id="U000") is None
        assert people.find_by_macos_name(conn, name="nobody") is None
        with pytest.raises(NotFound):
            people.get(conn, id=uuid4())


def test_users_come_in_pages(database: Database, store: SyncStore) -> None:
    ids = [users.make(database) for _ in range(5)]
    with store.admin(reason=DBA) as conn:
        first = people.list(conn, page_size=2)
        rest = people.list(conn, after_id=first[-1].id, page_size=10)
        assert [each.id for each in first + rest] == sorted(ids)
        assert people.count(conn) == 5


def test_administrators_are_listed_apart(database: Database, store: SyncStore) -> None:
    users.make(database)
    boss = users.make(database, role="admin")
    found = store.admin(reason=DBA).run(people.list_admins, page_size=10)
    assert [each.id for each in found] == [boss]


def test_a_search_finds_addresses_by_their_beginning(
    database: Database, store: SyncStore
) -> None:
    for email in ("grace@example.org", "ada@example.org", "adam@example.org", "a%@b.c"):
        users.make(database, email=email)
    users.make(database, email=None)
    with store.admin(reason=DBA) as conn:
        found = people.search(conn, prefix="ADA", page_size=10)
        assert [each.email for each in found] == ["ada@example.org", "adam@example.org"]
        assert [e.email for e in people.search(conn, prefix="a%", page_size=10)] == [
            "a%@b.c"
        ]
        assert len(people.search(conn, prefix="", page_size=10)) == 4


def test_a_search_comes_in_pages_though_addresses_repeat(
    database: Database, store: SyncStore
) -> None:
    for status in ("deactivated", "deactivated", "active"):
        users.make(database, email="ada@example.org", status=status)
    with store.admin(reason=DBA) as conn:
        first = people.search(conn, prefix="ada", page_size=2)
        rest = people.search(
            conn,
            prefix="ada",
            after_email=first[-1].email,
            after_id=first[-1].id,
            page_size=2,
        )
    assert len(first) == 2
    assert len({each.id for each in first + rest}) == 3


# Changed


def test_sign_in_changes_a_users_name_and_picture(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with store.auth() as conn:
        before = people.get(conn, id=user_id)
        after = people.update_profile(conn, id=user_id, name="Ada", image=None)
    assert (before.name, after.name) == (None, "Ada")
    assert after.updated_at > before.updated_at


def test_a_new_email_is_not_verified(database: Database, store: SyncStore) -> None:
    user_id = users.make(
        database, email="ada@example.org", email_verified_at="2026-01-01"
    )
    with store.admin(reason=DBA) as conn:
        same = people.set_contact(
            conn, id=user_id, email="Ada@example.org", slack_id="U01"
        )
        assert same.email_verified_at is not None
        other = people.set_contact(
            conn, id=user_id, email="ada@example.com", slack_id=None
        )
        assert other.email_verified_at is None


def test_an_administrator_sets_role_and_plan(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with store.admin(reason=DBA) as conn:
        people.set_role(conn, id=user_id, role=UserRole.ADMIN)
        found = people.set_plan(conn, id=user_id, plan_id="premium")
    assert (found.role, found.plan_id) == (UserRole.ADMIN, "premium")
    with pytest.raises(NotFound, match="There is no plan with this id"):
        store.admin(reason=DBA).run(people.set_plan, id=user_id, plan_id="gold")


# Walls


def test_a_user_does_not_change_their_own_role_plan_or_status(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    own = store.user(user_id)
    with pytest.raises(NotAllowed):
        own.run(people.set_role, id=user_id, role=UserRole.ADMIN)
    with pytest.raises(NotAllowed):
        own.run(people.set_plan, id=user_id, plan_id="premium")
    for change in (people.suspend, people.deactivate, people.reactivate):
        with pytest.raises(NotAllowed):
            own.run(change, id=user_id)
    with pytest.raises(NotAllowed):
        own.run(people.update_profile, id=user_id, name="Mine", image=None)
    with pytest.raises(NotAllowed):
        own.run(people.set_contact, id=user_id, email="x@y.z", slack_id=None)
    with pytest.raises(NotAllowed):
        own.run(people.create, email="x@y.z")
    with pytest.raises(NotAllowed):
        own.run(people.erase, id=user_id)
    assert look(
        database,
        "select role::text, plan_id, status::text from identity.users where id = %(id)s",
        id=user_id,
    ) == [("user", "free", "active")]


def test_a_user_sees_themselves_alone(database: Database, store: SyncStore) -> None:
    user_id, other = users.make(database), users.make(database, email="b@example.org")
    with store.user(user_id) as conn:
        assert [each.id for each in people.list(conn, page_size=10)] == [user_id]
        assert people.find_by_email(conn, email="b@example.org") is None
        with pytest.raises(NotFound):
            people.get(conn, id=other)


@pytest.mark.parametrize("column", ["password_hash", "plex_token_encrypted"])
def test_only_sign_in_reads_a_users_secrets(
    database: Database, store: SyncStore, column: str
) -> None:
    user_id = users.make(database, role="admin")
    user_secrets.make(database, user_id=user_id)
    query = f"select {column} from identity.user_secrets".encode()
    with store.auth() as conn:
        assert conn.execute(query).fetchall() == [(None,)]
    for scope in (
        store.user(user_id),
        store.admin(user_id),
        store.admin(reason=DBA),
        store.worker("mac-1"),
        store.readonly(),
    ):
        with pytest.raises(Exception, match="permission denied"), scope as conn:
            conn.execute(query)


@pytest.mark.parametrize(
    "table",
    [
        "users",
        "user_secrets",
        "owners",
        "accounts",
        "account_secrets",
        "web_sessions",
        "session_tokens",
        "api_tokens",
        "macos_accounts",
        "verification_tokens",
        "bootstraps",
    ],
)
def test_a_worker_reads_nothing_of_identity(
    database: Database, store: SyncStore, table: str
) -> None:
    with (
        pytest.raises(Exception, match="permission denied"),
        store.worker("mac-1") as conn,
    ):
        conn.execute(f"select count(*) from identity.{table}".encode())


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("account_secrets", "access_token"),
        ("account_secrets", "refresh_token"),
        ("account_secrets", "id_token"),
        ("account_secrets", "session_state"),
        ("web_sessions", "session_token"),
        ("session_tokens", "token_hash"),
        ("api_tokens", "token_hash"),
        ("verification_tokens", "token"),
    ],
)
def test_neither_an_administrator_nor_readonly_reads_a_token(
    database: Database, store: SyncStore, table: str, columns: str
) -> None:
    boss = users.make(database, role="admin")
    query = f"select {columns} from identity.{table}".encode()
    for scope in (store.admin(boss), store.admin(reason=DBA), store.readonly()):
        with pytest.raises(Exception, match="permission denied"), scope as conn:
            conn.execute(query)
    with store.auth() as conn:
        assert conn.execute(query).fetchall() == []


def test_readonly_reads_everybody_and_changes_nobody(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with store.readonly() as conn:
        assert [each.id for each in people.list(conn, page_size=10)] == [user_id]
    with pytest.raises(NotAllowed):
        store.readonly().run(people.update_profile, id=user_id, name="X", image=None)
    with pytest.raises(NotAllowed):
        store.readonly().run(people.erase, id=user_id)


def test_sign_in_may_not_make_an_administrator(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with pytest.raises(NotAllowed):
        store.auth().run(people.set_role, id=user_id, role=UserRole.ADMIN)
    with pytest.raises(NotAllowed):
        store.auth().run(people.reactivate, id=user_id)


def test_sign_in_sees_no_other_area(database: Database, store: SyncStore) -> None:
    for area in ("work", "render", "studio", "media", "audit"):
        found = look(
            database,
            "select has_schema_privilege('renderstore_auth', %(area)s, 'usage')",
            area=area,
        )
        assert found == [(False,)]


# Ended


def test_a_suspended_user_gets_no_session_and_no_account(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    store.admin(reason=DBA).run(people.suspend, id=user_id)
    with pytest.raises(UserNotActive, match="suspended; an administrator can"):
        sign_in(store, user_id)
    with pytest.raises(UserNotActive, match="suspended"):
        store.auth().run(
            accounts.link,
            user_id=user_id,
            type="oidc",
            provider="google",
            provider_account_id="1",
        )
    store.admin(reason=DBA).run(people.reactivate, id=user_id)
    sign_in(store, user_id)


def test_deactivation_voids_what_lets_a_user_in(
    database: Database, store: SyncStore
) -> None:
    user_id, other = users.make(database), users.make(database)
    for each in (user_id, other):
        web_sessions.make(database, user_id=each)
        made_session_tokens.make(database, user_id=each)
        macos_accounts.make(database, user_id=each)
        made_accounts.make(database, user_id=each)
        api_tokens.make(
            database, service=None, user_id=each, for_user_id=each, roles=["user"]
        )
        api_tokens.make(database, for_user_id=each, roles=["user"])
    store.admin(reason=DBA).run(people.deactivate, id=user_id)
    swept = store.admin(reason=DBA).run(identity.sweep, max_rows=10)
    assert swept == SweepRow(
        web_sessions=1,
        session_tokens=1,
        api_tokens=2,
        verification_tokens=0,
        macos_accounts=1,
        owners=0,
    )
    tables = ("web_sessions", "session_tokens", "macos_accounts", "live api_tokens")
    assert [count_of(database, each, user=user_id) for each in tables] == [0] * 4
    assert [count_of(database, each, user=other) for each in tables] == [1, 1, 1, 2]
    # So that a sign-in hears why it is refused.
    assert count_of(database, "accounts", user=user_id) == 1


def test_deactivation_frees_the_unique_names(
    database: Database, store: SyncStore
) -> None:
    names = {"email": "ada@example.org", "plex_id": 7, "slack_id": "U024BE7LH"}
    old = users.make(database, **names)
    macos_accounts.make(database, user_id=old, name="ada")
    store.admin(reason=DBA).run(people.deactivate, id=old)
    new = users.make(database, **names)
    with store.admin(reason=DBA) as conn:
        assert people.find_by_macos_name(conn, name="ada") is None
        taken = identity.macos_accounts.create(conn, user_id=new, name="Ada")
        assert (taken.user_id, taken.name) == (new, "ada")
        with pytest.raises(Taken), conn.transaction():
            identity.macos_accounts.create(conn, user_id=old, name="ada")
    with store.auth() as conn:
        found = people.find_by_email(conn, email="ada@example.org")
        assert found is not None
        assert found.id == new


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("email", "ada@example.org", "this e-mail address"),
        ("plex_id", 7, "this Plex id"),
        ("slack_id", "U024BE7LH", "this Slack id"),
    ],
)
def test_reactivation_is_refused_where_a_name_was_taken_since(
    database: Database, store: SyncStore, name: str, value: object, sentence: str
) -> None:
    old = users.make(database, **{name: value})
    store.admin(reason=DBA).run(people.deactivate, id=old)
    users.make(database, **{name: value})
    with pytest.raises(Taken, match=sentence):
        store.admin(reason=DBA).run(people.reactivate, id=old)


def test_reactivation_brings_a_user_back_but_no_token(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    api_tokens.make(
        database, service=None, user_id=user_id, for_user_id=user_id, roles=["user"]
    )
    with store.admin(reason=DBA) as conn:
        people.deactivate(conn, id=user_id)
        assert people.reactivate(conn, id=user_id).status == UserStatus.ACTIVE
    assert count_of(database, "live api_tokens", user=user_id) == 0


def test_erasing_a_user_takes_all_that_is_theirs(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    web_sessions.make(database, user_id=user_id)
    made_session_tokens.make(database, user_id=user_id)
    macos_accounts.make(database, user_id=user_id)
    made_accounts.make(database, user_id=user_id)
    api_tokens.make(
        database, service=None, user_id=user_id, for_user_id=user_id, roles=["user"]
    )
    with store.admin(reason=DBA) as conn:
        assert people.erase(conn, id=user_id) == 1
        assert people.erase(conn, id=user_id) == 0
    for table in (
        "web_sessions",
        "session_tokens",
        "macos_accounts",
        "accounts",
        "api_tokens",
    ):
        assert count_of(database, table, user=user_id) == 0, table
