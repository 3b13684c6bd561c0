"""Whoever removes a user waits for nothing of theirs: what they hold is cleared by the next sweep."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from tests.factories import (
    accounts,
    api_tokens,
    look,
    macos_accounts,
    plans,
    registered,
    session_tokens,
    users,
    web_sessions,
)

from renderstore import identity, render, work
from renderstore.errors import NotFound, UserNotActive
from renderstore.identity import TokenRole
from renderstore.identity import users as people
from renderstore.secrets import hash_token
from renderstore.store import SyncStore
from renderstore.testing import Database

DBA = "the tests' DBA"

OWNED: LiteralString = """
    select
        (select count(*) from identity.owners where user_id = %(user)s),
        (select count(*) from work.jobs where user_id = %(user)s),
        (select count(*) from render.specs where user_id = %(user)s),
        (select count(*) from work.usages where user_id = %(user)s),
        (select count(*) from identity.api_tokens where user_id = %(user)s),
        (select count(*) from identity.web_sessions where user_id = %(user)s),
        (select count(*) from identity.session_tokens where user_id = %(user)s)"""


def submit(conn: Any) -> None:
    render.jobs.submit(conn, template_path="/spot.aep", output_path="/spot.mov")


def lockable(conn: psycopg.Connection[Any]) -> list[str]:
    """The tables in which this role may lock rows."""
    rows = conn.execute(
        "select c.oid::regclass::text from pg_class as c"
        " where c.relkind in ('r', 'p') and not c.relispartition"
        " and c.relnamespace::regnamespace::text in ('identity', 'work', 'render', 'ops')"
        " and has_any_column_privilege(current_user, c.oid, 'select')"
        " and (has_any_column_privilege(current_user, c.oid, 'update')"
        " or has_table_privilege(current_user, c.oid, 'delete'))"
        " order by 1"
    ).fetchall()
    return [str(row[0]) for row in rows]


@contextmanager
def holding_everything(
    database: Database, store: SyncStore, user_id: UUID
) -> Generator[psycopg.Connection[Any]]:
    """An open transaction of the user's that holds all that the user can lock."""
    for make in (accounts, web_sessions, session_tokens, macos_accounts):
        make.make(database, user_id=user_id)
    token = {"service": None, "user_id": user_id, "for_user_id": user_id}
    api_tokens.make(database, **token, roles=["user"])
    with store.user(user_id) as conn:
        submit(conn)
    with store.user(user_id) as conn:
        submit(conn)
        work.jobs.cancel(conn, id=first_job(conn), reason="Never mind.")
        identity.api_tokens.issue(
            conn, name="mine", roles=[TokenRole.USER], user_id=user_id
        )
        tables = lockable(conn)
        assert "identity.api_tokens" in tables
        # Its calls hold jobs, and nothing else does.
        assert not [each for each in tables if each.startswith(("work.", "render."))]
        assert "identity.users" not in tables
        assert "identity.owners" not in tables
        for table in tables:
            conn.execute(f"select user_id from {table} for update".encode())
        # What a function deletes is held as well.
        for sessions in (identity.web_sessions, identity.session_tokens):
            assert sessions.delete_for_user(conn, user_id=user_id) == 1
        yield conn


def first_job(conn: psycopg.Connection[Any]) -> UUID:
    row = conn.execute("select id from work.jobs order by id limit 1").fetchone()
    assert row is not None
    found: UUID = row[0]
    return found


@contextmanager
def hurried(store: SyncStore) -> Generator[psycopg.Connection[Any]]:
    """An administrator who does not wait at all."""
    with store.admin(reason=DBA) as conn:
        conn.execute("set local lock_timeout = '1ms'")
        yield conn


def test_nobody_waits_for_whom_they_remove(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with holding_everything(database, store, user_id) as conn:
        with hurried(store) as admin:
            assert people.suspend(admin, id=user_id).status == "suspended"
        with hurried(store) as admin:
            assert people.deactivate(admin, id=user_id).status == "deactivated"
        # Refused at once, in the very transaction that is open.
        with pytest.raises(UserNotActive), conn.transaction():
            submit(conn)
        # A sweep passes over what is held.
        with store.auth() as auth:
            auth.execute("set local lock_timeout = '1ms'")
            identity.sweep(auth, max_rows=100)
        with store.worker("mac-1") as worker:
            worker.execute("set local lock_timeout = '1ms'")
            work.sweep(worker, max_rows=100)
        with hurried(store) as admin:
            assert people.erase(admin, id=user_id) == 1
        assert look(database, OWNED, user=user_id)[0][0] == 1
        with pytest.raises(UserNotActive), conn.transaction():
            submit(conn)
        with store.auth() as auth:
            auth.execute("set local lock_timeout = '1ms'")
            assert identity.sweep(auth, max_rows=100).owners == 0
    with pytest.raises(UserNotActive), store.user(user_id) as conn:
        submit(conn)
    with store.auth() as auth:
        assert identity.sweep(auth, max_rows=100).owners == 1
    assert look(database, OWNED, user=user_id) == [(0,) * 7]
    assert store.readonly().run(work.list_problems, page_size=10) == []


def test_what_nobody_holds_ends_with_its_user(
    database: Database, store: SyncStore
) -> None:
    user_id, other = users.make(database), users.make(database)
    for each in (user_id, other):
        with store.user(each) as conn:
            submit(conn)
    # A stranger's open transaction is no reason to wait or to leave anything.
    with store.user(other) as conn:
        submit(conn)
        with hurried(store) as admin:
            assert people.erase(admin, id=user_id) == 1
        assert look(database, OWNED, user=user_id) == [(0,) * 7]
    assert look(database, OWNED, user=other)[0][:3] == (1, 2, 2)


def test_a_user_who_comes_back_before_a_sweep_has_no_session_left(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    web_sessions.make(database, user_id=user_id)
    session_tokens.make(database, user_id=user_id)
    with store.admin(reason=DBA) as conn:
        people.deactivate(conn, id=user_id)
    assert look(database, OWNED, user=user_id)[0][5:] == (1, 1)
    with store.admin(reason=DBA) as conn:
        people.reactivate(conn, id=user_id)
    assert look(database, OWNED, user=user_id)[0][5:] == (0, 0)


def test_a_token_of_an_erased_user_opens_nothing_before_the_sweep(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database, role="admin")
    with store.user(user_id) as conn:
        own = identity.api_tokens.issue(
            conn, name="own", roles=[TokenRole.USER], user_id=user_id
        )
    with store.admin(reason=DBA) as conn:
        acting = identity.api_tokens.issue(
            conn,
            name="acting",
            roles=[TokenRole.USER],
            service="bravo",
            for_user_id=user_id,
        )
        wide = identity.api_tokens.issue(
            conn, name="wide", roles=[TokenRole.ADMIN], user_id=user_id
        )
    with store.auth() as conn:
        session = identity.session_tokens.issue(
            conn, user_id=user_id, lifetime=timedelta(hours=1)
        )
    with store.user(user_id) as conn:
        submit(conn)
        store.admin(reason=DBA).run(people.erase, id=user_id)
        for token in (own, acting, wide):
            scope = store.token(token.secret)
            with pytest.raises(UserNotActive), scope as opened:
                opened.execute("select 1")
        with pytest.raises(NotFound):
            store.auth().run(
                identity.session_tokens.check, token_hash=hash_token(session.secret)
            )


def test_a_missing_usage_is_no_freedom(database: Database, store: SyncStore) -> None:
    plan = plans.make(database, max_active_jobs=2)
    user_id = users.make(database, plan_id=plan)
    assert look(database, OWNED, user=user_id)[0][3] == 0
    with store.user(user_id) as conn:
        submit(conn)
        assert work.usages.get(conn, user_id=user_id).active_jobs == 1
        submit(conn)
        with pytest.raises(Exception, match="allows 2 jobs"), conn.transaction():
            submit(conn)
    look(
        database, "delete from work.usages where user_id = %(u)s returning 1", u=user_id
    )
    problems = store.readonly().run(work.list_problems, page_size=10)
    assert {each.problem for each in problems} == {"active, but never charged"}
    with pytest.raises(Exception, match="allows 2 jobs"), store.user(user_id) as conn:
        submit(conn)
    with registered(store, "mac-1") as conn:
        assert len(render.jobs.claim(conn, limit=10)) == 2
