"""The trail at RENDERSTORE_ROWS: each page reads what it gives, as the role that asks, on generic plans."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.factories import acting
from tests.queries.reading import SMALL, read

from renderstore.audit import entries
from renderstore.testing import Database
from renderstore.testing.servers import Server

Conn = psycopg.Connection[Any]

PAGE = 50
USERS = 1000
ONE = UUID(int=7)

# A row has ten entries, an actor those of ten users, and a tenth is older than retention.
FILL = (
    "set session_replication_role = replica",
    """
    insert into audit.entries (
        user_id, happened_at, actor, table_name, row_key, operation, changed, before, after
    )
    select
        lpad(to_hex(n %% %(users)s), 32, '0')::uuid,
        now() - interval '1000 days' * (1 - n / %(rows)s::double precision),
        'user:' || n %% %(users)s / 10,
        'studio.projects',
        (n / 10)::text,
        'update',
        '{title,status}',
        '{"status": "draft"}',
        '{"status": "active"}'
    from generate_series(1, %(rows)s) as n
    """,
)


@pytest.fixture(scope="module")
def large(renderstore_server: Server, rows: int) -> Generator[Database]:
    made = renderstore_server.clone()
    with psycopg.connect(made.admin_url) as conn:
        for statement in FILL:
            conn.execute(statement.encode(), {"rows": rows, "users": USERS})
    with psycopg.connect(made.admin_url, autocommit=True) as conn:
        conn.execute("vacuum (analyze) audit.entries")
    yield made
    renderstore_server.drop(made)


FEW = SMALL | {"ops.retentions"}

# Who asks for what, and how many rows that may read.
ACTS: dict[str, tuple[str, int, Callable[[Conn], object]]] = {
    "a user's own page": (
        "app",
        PAGE,
        lambda conn: entries.list(conn, page_size=PAGE),
    ),
    "a user's page, for an administrator": (
        "admin",
        PAGE,
        lambda conn: entries.list_by_user(conn, user_id=ONE, page_size=PAGE),
    ),
    "a row's life": (
        "readonly",
        10,
        lambda conn: entries.list_by_row(
            conn, table_name="studio.projects", row_key="77", page_size=PAGE
        ),
    ),
    "a row's life as a person reads it": (
        "readonly",
        20,
        lambda conn: entries.history(conn, table_name="studio.projects", row_key="77"),
    ),
    "what somebody did": (
        "admin",
        PAGE,
        lambda conn: entries.list_by_actor(conn, actor="user:7", page_size=PAGE),
    ),
    "what happened a year ago": (
        "readonly",
        PAGE,
        lambda conn: entries.list_by_time(
            conn,
            before_at=datetime.now(UTC) - timedelta(days=365),
            before_id=0,
            page_size=PAGE,
        ),
    ),
    "the latest": (
        "readonly",
        PAGE,
        lambda conn: entries.list_by_time(conn, page_size=PAGE),
    ),
    "what the sweep deletes": (
        "owner",
        2 * PAGE,
        lambda conn: conn.execute(f"select audit.clear_entries({PAGE})".encode()),
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_it_reads_what_it_gives(large: Database, act: str) -> None:
    role, most, call = ACTS[act]
    if role == "owner":
        with psycopg.connect(large.admin_url) as conn:
            conn.execute("set role renderstore_owner")
            _counts(conn, call, most)
            conn.rollback()
    else:
        with acting(large, role, ONE if role == "app" else None, "tests") as conn:
            _counts(conn, call, most)


def _counts(conn: Conn, call: Callable[[Conn], object], most: int) -> None:
    conn.execute("set plan_cache_mode = force_generic_plan")
    found = read(conn, lambda: call(conn), FEW)
    assert 0 < found <= most
