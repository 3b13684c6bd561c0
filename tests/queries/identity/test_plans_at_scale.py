"""Hot queries touch a handful of rows however many there are, as the role that runs them, on a generic plan.

What is asked is not the plan's text but what it did: how many rows of identity it read.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from renderstore import identity
from renderstore.identity import (
    accounts,
    api_tokens,
    macos_accounts,
    session_tokens,
    sign_in,
    users,
    web_sessions,
)
from renderstore.secrets import hash_token
from renderstore.store import SyncScope, SyncStore, connect
from renderstore.testing import Database

Conn = Connection[Any]

SOMEBODY = 7

HANDFUL = 20

READ = """
select
    relname::text,
    seq_scan,
    seq_tup_read + coalesce(idx_tup_fetch, 0)
from pg_catalog.pg_stat_xact_all_tables
where schemaname = 'identity'
    and relname not in ('plans', 'bootstraps')
"""


@pytest.fixture
def store(large_database: Database) -> Generator[SyncStore]:
    with connect(large_database.url, size=1) as opened:
        yield opened


@pytest.fixture
def somebody(large_database: Database) -> UUID:
    """The user in the middle of it all."""
    with psycopg.connect(large_database.admin_url) as conn:
        row = conn.execute(
            "select id from identity.users where plex_id = %s", [SOMEBODY]
        ).fetchone()
    assert row is not None
    found = row[0]
    assert isinstance(found, UUID)
    return found


class _RollBack(Exception):  # noqa: N818
    """The large database is shared: nothing stays."""


def read(scope: SyncScope, act: Callable[[Conn], object]) -> tuple[int, set[str]]:
    """How many rows something read, and which tables it read from end to end."""
    counted: tuple[int, set[str]] = (0, set())
    try:
        with scope as conn:
            conn.execute("set local plan_cache_mode = force_generic_plan")
            # Counts that the server has not collected yet may be an earlier transaction's.
            before = counts(conn)
            act(conn)
            after = counts(conn)
            rows = sum(n for _, n in after.values()) - sum(
                n for _, n in before.values()
            )
            counted = (
                rows,
                {name for name in after if after[name][0] > before[name][0]},
            )
            raise _RollBack
    except _RollBack:
        return counted


def counts(conn: Conn) -> dict[str, tuple[int, int]]:
    return {name: (scans, rows) for name, scans, rows in conn.execute(READ)}


def found(value: object) -> None:
    assert value, "the query found nothing, so it says nothing about its plan"


SIGN_IN: dict[str, Callable[[Conn], object]] = {
    "users.find_by_email": lambda conn: found(
        users.find_by_email(conn, email=f"USER{SOMEBODY}@example.org")
    ),
    "users.find_by_plex_id": lambda conn: found(
        users.find_by_plex_id(conn, plex_id=SOMEBODY)
    ),
    "users.find_by_slack_id": lambda conn: found(
        users.find_by_slack_id(conn, slack_id=f"U{SOMEBODY:09}")
    ),
    "users.find_by_macos_name": lambda conn: found(
        users.find_by_macos_name(conn, name=f"Mac{SOMEBODY}")
    ),
    "accounts.find": lambda conn: found(
        accounts.find(
            conn, provider="google", provider_account_id=f"subject-{SOMEBODY}"
        )
    ),
    "session_tokens.check": lambda conn: found(
        session_tokens.check(conn, token_hash=hash_token(f"session-{SOMEBODY}"))
    ),
    "session_tokens.extend": lambda conn: found(
        session_tokens.extend(
            conn,
            token_hash=hash_token(f"session-{SOMEBODY}"),
            lifetime=timedelta(days=1),
        )
    ),
    "session_tokens.delete_by_hash": lambda conn: found(
        session_tokens.delete_by_hash(
            conn, token_hash=hash_token(f"session-{SOMEBODY}")
        )
    ),
    "sign_in.sign_in_with_plex": lambda conn: found(
        sign_in.sign_in_with_plex(conn, plex_id=SOMEBODY)
    ),
    "sign_in.list_plex_tokens": lambda conn: found(
        sign_in.list_plex_tokens(conn, page_size=10)
    ),
}


@pytest.mark.parametrize("name", sorted(SIGN_IN))
def test_sign_in_reads_a_handful_of_rows(store: SyncStore, name: str) -> None:
    rows, whole = read(store.auth(), SIGN_IN[name])
    assert whole == set(), name
    assert rows <= HANDFUL, name


def test_a_tokens_check_reads_a_handful_of_rows(store: SyncStore) -> None:
    def act(conn: Conn) -> None:
        conn.execute(
            "select identity.bind_token(%s, null, null)",
            [hash_token(f"api-{SOMEBODY}")],
        )
        found(users.list(conn, page_size=1))

    rows, whole = read(store.auth(), act)
    assert whole == set()
    assert rows <= HANDFUL


OWN: dict[str, Callable[[Conn, UUID], object]] = {
    "users.get": lambda conn, user_id: users.get(conn, id=user_id),
    "users.list": lambda conn, user_id: users.list(conn, page_size=10),
    "accounts.list_for_user": lambda conn, user_id: accounts.list_for_user(
        conn, user_id=user_id, page_size=10
    ),
    "macos_accounts.list_for_user": lambda conn, user_id: macos_accounts.list_for_user(
        conn, user_id=user_id, page_size=10
    ),
    "web_sessions.list_for_user": lambda conn, user_id: web_sessions.list_for_user(
        conn, user_id=user_id, page_size=10
    ),
    "web_sessions.delete_for_user": lambda conn, user_id: web_sessions.delete_for_user(
        conn, user_id=user_id
    ),
    "session_tokens.list_for_user": lambda conn, user_id: session_tokens.list_for_user(
        conn, user_id=user_id, page_size=10
    ),
    "session_tokens.delete_for_user": lambda conn, user_id: (
        session_tokens.delete_for_user(conn, user_id=user_id)
    ),
    "api_tokens.list": lambda conn, user_id: api_tokens.list(conn, page_size=10),
    "api_tokens.list_for_user": lambda conn, user_id: api_tokens.list_for_user(
        conn, user_id=user_id, page_size=10
    ),
}


@pytest.mark.parametrize("name", sorted(OWN))
def test_a_user_reads_their_own_rows_and_no_more(
    store: SyncStore, somebody: UUID, name: str
) -> None:
    def act(conn: Conn) -> None:
        found(OWN[name](conn, somebody))

    rows, whole = read(store.user(somebody), act)
    assert whole == set(), name
    assert rows <= HANDFUL, name


OFFICE: dict[str, Callable[[Conn, UUID], object]] = {
    "users.list": lambda conn, user_id: users.list(
        conn, after_id=user_id, page_size=10
    ),
    "users.list_admins": lambda conn, user_id: users.list_admins(conn, page_size=10),
    "users.search": lambda conn, user_id: users.search(
        conn, prefix="user42", page_size=10
    ),
    "users.search, a later page": lambda conn, user_id: users.search(
        conn, prefix="user4", after_email="user42@example.org", page_size=10
    ),
    "users.update_profile": lambda conn, user_id: users.update_profile(
        conn, id=user_id, name="X", image=None
    ),
    "users.set_role": lambda conn, user_id: users.set_role(
        conn, id=user_id, role=identity.UserRole.ADMIN
    ),
    "users.suspend": lambda conn, user_id: users.suspend(conn, id=user_id),
    "users.deactivate": lambda conn, user_id: users.deactivate(conn, id=user_id),
    "users.erase": lambda conn, user_id: users.erase(conn, id=user_id),
}


@pytest.mark.parametrize("name", sorted(OFFICE))
def test_an_administrator_reads_a_page_and_no_more(
    store: SyncStore, somebody: UUID, name: str
) -> None:
    def act(conn: Conn) -> None:
        found(OFFICE[name](conn, somebody))

    rows, whole = read(store.admin(reason="the tests' DBA"), act)
    assert whole == set(), name
    assert rows <= 40, name


def test_a_sweep_reads_a_batch_through_the_indexes_on_expiry(
    store: SyncStore, large_database: Database
) -> None:
    with psycopg.connect(large_database.owner_url) as conn:
        conn.execute("set local role renderstore_owner")
        row = conn.execute("select count(*) from identity.users").fetchone()
    assert row is not None

    def act(conn: Conn) -> None:
        swept = identity.sweep(conn, max_rows=100)
        assert swept.web_sessions == swept.session_tokens == 100
        assert swept.api_tokens == swept.verification_tokens == 100

    rows, whole = read(store.auth(), act)
    # Who owns rows and is no user any more: the keys of both, once.
    assert whole == set()
    assert rows <= 4 * 100 * 4 + 2 * row[0]
