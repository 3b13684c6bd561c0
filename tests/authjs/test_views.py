"""The views in authjs, as PostgreSQL and a login without any scope see them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest

from renderstore.testing import Database, Server

from .support import authjs_login

USERS = {
    "id": "uuid",
    "name": "text",
    "email": "text",
    "emailVerified": "timestamp with time zone",
    "image": "text",
}
SESSIONS = {
    "id": "uuid",
    "userId": "uuid",
    "expires": "timestamp with time zone",
    "sessionToken": "text",
}
ACCOUNTS = {
    "id": "uuid",
    "userId": "uuid",
    "type": "text",
    "provider": "text",
    "providerAccountId": "text",
    "refresh_token": "text",
    "access_token": "text",
    "expires_at": "bigint",
    "id_token": "text",
    "scope": "text",
    "session_state": "text",
    "token_type": "text",
}
VERIFICATION_TOKEN = {
    "identifier": "text",
    "expires": "timestamp with time zone",
    "token": "text",
}
VIEWS = {
    "users": USERS,
    "sessions": SESSIONS,
    "accounts": ACCOUNTS,
    "verification_token": VERIFICATION_TOKEN,
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_the_adapters_columns(authjs: psycopg.Connection, view: str) -> None:
    found = authjs.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 order by attnum",
        [view],
    ).fetchall()
    assert found == list(VIEWS[view].items())


def test_there_is_nothing_else_in_authjs(database: Database) -> None:
    with psycopg.connect(database.owner_url) as conn:
        found = conn.execute(
            "select relname from pg_class where relnamespace = 'authjs'::regnamespace"
        ).fetchall()
    assert {name for (name,) in found} == set(VIEWS)


def test_a_view_reads_with_its_readers_rights(database: Database) -> None:
    with psycopg.connect(database.owner_url) as conn:
        found = conn.execute(
            "select relname, relowner::regrole::text, reloptions from pg_class"
            " where relnamespace = 'authjs'::regnamespace"
        ).fetchall()
    assert found
    for view, owner, options in found:
        assert owner == "renderstore_owner", view
        assert options == ["security_invoker=true"], view


def test_only_sign_in_may_use_a_view(database: Database) -> None:
    with psycopg.connect(database.owner_url) as conn:
        found = conn.execute(
            "select distinct right_.grantee::regrole::text"
            " from pg_class, aclexplode(relacl) as right_"
            " where relnamespace = 'authjs'::regnamespace and right_.grantee <> relowner"
        ).fetchall()
    assert found == [("renderstore_auth",)]


@pytest.mark.parametrize(
    "statement",
    [
        "update users set id = gen_random_uuid()",
        "insert into users (id, name) values (gen_random_uuid(), 'Ada')",
        'update sessions set "userId" = gen_random_uuid()',
        "update sessions set \"sessionToken\" = 'mine'",
        'update accounts set "userId" = gen_random_uuid()',
        "update verification_token set expires = 'infinity'",
        "update identity.users set role = 'admin'",
        "update identity.users set status = 'active'",
        "update identity.users set plan_id = 'premium'",
        "update identity.accounts set user_id = gen_random_uuid()",
        "update identity.web_sessions set user_id = gen_random_uuid()",
        "insert into identity.web_sessions (id, user_id, session_token, expires_at)"
        " values (gen_random_uuid(), gen_random_uuid(), 'mine', now())",
        "truncate identity.users cascade",
        "create table authjs.mine ()",
        "create temporary table mine ()",
    ],
)
def test_what_the_adapter_never_does_is_refused(
    authjs: psycopg.Connection, statement: str
) -> None:
    # A view over two tables takes no update at all, whoever asks.
    refusals = (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.ObjectNotInPrerequisiteState,
    )
    with pytest.raises(refusals):
        authjs.execute(statement.encode())


def test_providers_tokens_can_be_renewed(authjs: psycopg.Connection) -> None:
    user_id = created_user(authjs)
    authjs.execute(
        'insert into accounts ("userId", type, provider, "providerAccountId")'
        " values (%s, 'oidc', 'google', '1')",
        [user_id],
    )
    authjs.execute(
        "update identity.account_secrets set access_token = 'new'"
        " where account_id = (select id from accounts where provider = 'google')"
    )
    authjs.execute(
        "update identity.accounts set expires_at_s = 1893456000"
        " where provider = 'google' and provider_account_id = '1'"
    )
    found = authjs.execute("select access_token, expires_at from accounts").fetchall()
    assert found == [("new", 1893456000)]


def test_a_sign_in_is_noted(authjs: psycopg.Connection) -> None:
    user_id = created_user(authjs)
    assert last_login(authjs, user_id) is None
    sign_in(authjs, user_id, "token")
    assert last_login(authjs, user_id) is not None


def test_a_refused_sign_in_is_not_noted(
    authjs: psycopg.Connection, database: Database
) -> None:
    user_id = created_user(authjs)
    with psycopg.connect(database.url) as conn:
        conn.execute("set local role renderstore_admin")
        conn.execute("update identity.users set status = 'suspended'")
    with pytest.raises(psycopg.Error, match="This user is suspended") as refused:
        sign_in(authjs, user_id, "token")
    assert refused.value.sqlstate == "RS004"
    assert last_login(authjs, user_id) is None


def test_sign_ins_of_one_user_at_once_both_succeed(
    renderstore_server: Server, database: Database, authjs: psycopg.Connection
) -> None:
    user_id = created_user(authjs)
    with (
        authjs_login(renderstore_server, database) as url,
        psycopg.connect(url, autocommit=True) as other,
        psycopg.connect(database.admin_url) as holder,
        ThreadPoolExecutor() as threads,
    ):
        # Whoever shares the row first and writes to it next stops in between, as do both.
        holder.execute("select from identity.users for share")
        both = [
            threads.submit(sign_in, conn, user_id, token)
            for conn, token in ((authjs, "here"), (other, "there"))
        ]
        wait_until_all_wait(database, both)
        holder.rollback()
        for one in both:
            one.result()
    found = authjs.execute('select "sessionToken" from sessions order by 1').fetchall()
    assert found == [("here",), ("there",)]


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("select * from users where email = $1", "users_living_email_idx"),
        ("select * from users where id = $1", "users_pkey"),
        (
            "select u.* from users u join accounts a on u.id = a.\"userId\""
            " where a.provider = $1 and a.\"providerAccountId\" = $2",
            "accounts_provider_provider_account_id_key",
        ),
        (
            'select * from sessions where "sessionToken" = $1',
            "web_sessions_session_token_key",
        ),
        ('update sessions set expires = $2 where "sessionToken" = $1', "web_sessions_session_token_key"),
        ('delete from sessions where "userId" = $1', "web_sessions_user_id_idx"),
        ('delete from accounts where "userId" = $1', "accounts_user_id_idx"),
        ("update users set name = $2 where id = $1", "users_pkey"),
        (
            "delete from verification_token where identifier = $1 and token = $2",
            "verification_tokens_pkey",
        ),
    ],
)  # fmt: skip
def test_a_question_of_the_adapter_uses_its_index(
    filled: psycopg.Connection, question: str, index: str
) -> None:
    filled.execute(b"prepare question as " + question.encode())
    arguments = ", ".join(["null"] * question.count("$"))
    lines = filled.execute(
        f"explain (costs off) execute question({arguments})".encode()
    ).fetchall()
    filled.execute("deallocate question")
    plan = "\n".join(str(line) for (line,) in lines)
    assert f" {index}" in plan, plan
    assert "Seq Scan" not in plan, plan


@pytest.fixture(scope="module")
def filled(renderstore_server: Server) -> Generator[psycopg.Connection]:
    """Auth.js's login where there are many users, as one that plans without the values."""
    database = renderstore_server.clone()
    try:
        fill(database, 5_000)
        with (
            authjs_login(renderstore_server, database) as url,
            psycopg.connect(url, autocommit=True) as conn,
        ):
            conn.execute("set plan_cache_mode = force_generic_plan")
            yield conn
    finally:
        renderstore_server.drop(database)


def created_user(conn: psycopg.Connection) -> object:
    made = conn.execute("insert into users (name) values ('Ada') returning id")
    row = made.fetchone()
    assert row is not None
    return row[0]


def sign_in(conn: psycopg.Connection, user_id: object, token: str) -> None:
    conn.execute(
        'insert into sessions ("userId", expires, "sessionToken")'
        " values (%s, now() + interval '1 day', %s)",
        [user_id, token],
    )


def last_login(conn: psycopg.Connection, user_id: object) -> object:
    found = conn.execute(
        "select last_login_at from identity.users where id = %s", [user_id]
    ).fetchone()
    assert found is not None
    return found[0]


def wait_until_all_wait(database: Database, callers: Sequence[Future[None]]) -> None:
    waiting = None
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        while waiting != (len(callers),):
            assert not any(one.done() for one in callers), "a caller did not wait"
            waiting = conn.execute(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and wait_event_type = 'Lock'"
            ).fetchone()
            conn.execute("select pg_sleep(0.01)")


def fill(database: Database, users: int) -> None:
    """Enough rows that reading a whole table is never the cheapest way."""
    with psycopg.connect(database.owner_url) as conn:
        conn.execute("set local role renderstore_owner")
        conn.execute(
            "with people as ("
            " insert into identity.users (email)"
            " select format('%%s@example.com', n) from generate_series(1, %s) as n"
            " returning id),"
            " linked as ("
            " insert into identity.accounts (user_id, type, provider, provider_account_id)"
            " select id, 'oidc', 'google', id::text from people),"
            " mailed as ("
            " insert into identity.verification_tokens (identifier, token, expires_at)"
            " select id::text, 'token', now() from people)"
            " insert into identity.web_sessions (user_id, session_token, expires_at)"
            " select id, id::text, now() from people",
            [users],
        )
        for table in ("users", "accounts", "verification_tokens", "web_sessions"):
            conn.execute(b"analyze identity." + table.encode())
