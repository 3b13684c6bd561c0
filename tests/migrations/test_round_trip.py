"""Each migration goes up, down and up again, and the database cannot tell."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from .support import NAMES, OwnServer, down, up

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", NAMES)
def test_a_migration_leaves_no_trace_when_rolled_back(
    own_server: OwnServer, name: str
) -> None:
    target = own_server.database("farm", own_server.migrating_login("migrator"))
    for before in NAMES[: NAMES.index(name)]:
        up(target, before)
        load(own_server, before)
    lower = own_server.dump("farm")
    up(target, name)
    upper = own_server.dump("farm")
    load(own_server, name)

    down(target, name)
    assert_same(lower, own_server.dump("farm"), f"sql/migrations/{name}.rollback.sql")
    up(target, name)
    assert_same(upper, own_server.dump("farm"), f"sql/migrations/{name}.sql")


def test_all_migrations_leave_no_trace_when_rolled_back(own_server: OwnServer) -> None:
    target = own_server.database("farm", own_server.migrating_login("migrator"))
    lower = own_server.dump("farm")
    for name in NAMES:
        up(target, name)
        load(own_server, name)
    down(target, NAMES[0])
    assert_same(lower, own_server.dump("farm"), "sql/migrations/*.rollback.sql")


def test_every_table_held_a_row_while_its_migration_was_rolled_back(
    own_server: OwnServer,
) -> None:
    target = own_server.database("farm", own_server.migrating_login("migrator"))
    for name in NAMES:
        up(target, name)
        load(own_server, name)
    with own_server.admin("farm") as conn:
        conn.execute("analyze")
        empty = conn.execute(
            "select oid::regclass::text from pg_class"
            " where relkind = 'r' and reltuples = 0"
            " and relowner = 'renderstore_owner'::regrole"
        ).fetchall()
    assert not empty, f"tests/migrations/data/: give {empty} a row at its migration"


def load(server: OwnServer, name: str) -> None:
    """Put in the rows that belong to a migration, if it has any."""
    rows = DATA / f"{name.partition('.')[2]}.sql"
    if rows.exists():
        with server.admin("farm") as conn:
            conn.execute(rows.read_bytes())


def assert_same(expected: str, found: str, file: str) -> None:
    changed = list(
        difflib.unified_diff(
            expected.splitlines(),
            found.splitlines(),
            "before",
            "after",
            lineterm="",
            n=1,
        )
    )
    assert not changed, f"{file} leaves a trace:\n" + "\n".join(changed)
