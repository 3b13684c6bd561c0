"""sql/queries/identity/web_sessions.sql: Auth.js's sessions, as people see and end them."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from tests.factories import look, session_tokens, users, web_sessions

from renderstore.errors import NotAllowed
from renderstore.identity import users as people
from renderstore.identity import web_sessions as sessions
from renderstore.store import SyncStore
from renderstore.testing import Database


def test_a_user_lists_their_sessions_in_pages_and_ends_one(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = [web_sessions.make(database, user_id=user_id) for _ in range(3)]
    theirs = web_sessions.make(database)
    with store.user(user_id) as conn:
        first = sessions.list_for_user(conn, user_id=user_id, page_size=2)
        rest = sessions.list_for_user(
            conn, user_id=user_id, after_id=first[-1].id, page_size=2
        )
        assert [each.id for each in first + rest] == sorted(mine)
        assert sessions.delete(conn, id=mine[0]) == 1
        assert sessions.delete(conn, id=theirs) == 0


def test_an_administrator_ends_all_sessions_of_a_user(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    boss = users.make(database, role="admin")
    mine = [web_sessions.make(database, user_id=user_id) for _ in range(3)]
    theirs = web_sessions.make(database)
    with store.admin(boss) as conn:
        assert sessions.delete_for_user(conn, user_id=user_id, except_id=mine[1]) == 2
        assert sessions.delete_for_user(conn, user_id=user_id) == 1
    found = look(database, "select id from identity.web_sessions")
    assert found == [(theirs,)]


def test_a_user_ends_nobody_elses_sessions(
    database: Database, store: SyncStore
) -> None:
    user_id, other = users.make(database), users.make(database)
    theirs = web_sessions.make(database, user_id=other)
    own = store.user(user_id)
    assert own.run(sessions.list_for_user, user_id=other, page_size=9) == []
    # Nor is a stranger's row waited for.
    with psycopg.connect(database.admin_url) as holder, own as conn:
        holder.execute("select from identity.web_sessions for update")
        conn.execute("set local statement_timeout = '5s'")
        assert sessions.delete_for_user(conn, user_id=other) == 0
        assert sessions.delete(conn, id=theirs) == 0


def test_sign_in_ends_anybodys_sessions(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    mine = [web_sessions.make(database, user_id=user_id) for _ in range(3)]
    assert store.auth().run(sessions.delete, id=mine[0]) == 1
    assert store.auth().run(sessions.delete_for_user, user_id=user_id) == 2


@pytest.mark.parametrize(
    "call",
    [
        "end_web_session(id) from identity.web_sessions",
        "end_web_sessions(user_id) from identity.web_sessions",
        "end_session_token(id) from identity.session_tokens",
        "end_session_tokens(user_id) from identity.session_tokens",
    ],
)
def test_outside_a_scope_nobody_ends_a_session(
    database: Database, call: LiteralString
) -> None:
    user_id = users.make(database)
    web_sessions.make(database, user_id=user_id)
    session_tokens.make(database, user_id=user_id)
    with (
        psycopg.connect(database.admin_url) as conn,
        pytest.raises(InsufficientPrivilege, match=r"identity\.bind enters one"),
    ):
        conn.execute("select identity." + call)


def test_readonly_ends_no_session(database: Database, store: SyncStore) -> None:
    session_id = web_sessions.make(database)
    with pytest.raises(NotAllowed):
        store.readonly().run(sessions.delete, id=session_id)


def test_a_sign_in_is_noted(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    web_sessions.make(database, user_id=user_id)
    assert store.readonly().run(people.get, id=user_id).last_login_at is not None


def test_a_suspended_user_gets_no_session(database: Database) -> None:
    with pytest.raises(Exception, match="This user is suspended"):
        web_sessions.make(database, user_id=users.make(database, status="suspended"))
