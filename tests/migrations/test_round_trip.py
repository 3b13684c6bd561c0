"""Each migration goes up, down and up again, and the database cannot tell.

Rows for a table lie in data/, named after the migration that makes it, and are put in there
and then: every later migration meets them.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import psycopg
import pytest

from renderstore.settings import Settings

from .support import NAMES, OwnServer, down, up

DATA = Path(__file__).parent / "data"


@pytest.fixture
def target(own_server: OwnServer) -> Settings:
    return own_server.database("farm", own_server.migrating_login("migrator"))


def test_no_migration_leaves_a_trace_when_rolled_back(
    own_server: OwnServer, target: Settings
) -> None:
    empty = lower = own_server.dump("farm")
    traces: list[str] = []
    before = ""
    # One after the other: to climb to each from the ground takes the square of the time.
    for name in NAMES:
        try:
            up(target, name)
            upper = own_server.dump("farm")
            load(own_server, name)
            down(target, name)
            # What stands now was made by the one before when it ran again, so that one dump
            # tells of both.
            culprits = f"{name}.rollback.sql{before}"
            traces += trace(lower, own_server.dump("farm"), culprits)
            up(target, name)
            load(own_server, name)
        except psycopg.Error as error:
            error.add_note(
                f"in sql/migrations/{name}.sql or its rollback, or in {rows(name)}"
            )
            raise
        lower, before = upper, f", or {name}.sql run again,"
    traces += trace(lower, own_server.dump("farm"), before.removeprefix(", or "))
    down(target, NAMES[0])
    traces += trace(empty, own_server.dump("farm"), "all rollbacks together")
    assert not traces, "\n".join(traces)


def test_every_table_holds_rows_while_migrations_are_rolled_back(
    own_server: OwnServer, target: Settings
) -> None:
    for name in NAMES:
        if rows(name).exists():
            up(target, name)
            load(own_server, name)
    up(target, NAMES[-1])
    with own_server.admin("farm") as conn:
        conn.execute("analyze")
        empty = conn.execute(
            "select oid::regclass::text from pg_class"
            " where relkind in ('r', 'p') and not relispartition and reltuples = 0"
            " and relowner = 'renderstore_owner'::regrole"
        ).fetchall()
    assert not empty, f"{DATA}: give {empty} a row at its migration"


def test_a_trace_is_found(own_server: OwnServer, target: Settings) -> None:
    before = own_server.dump("farm")
    for left in (
        "create table left_behind ()",
        "grant create on schema public to public",
        "revoke temporary on database farm from public",
        "alter default privileges revoke execute on functions from public",
        "create role renderstore_left",
        "comment on database farm is 'Left.'",
    ):
        with psycopg.connect(target.url) as conn:
            conn.execute(left.encode())
        after = own_server.dump("farm")
        assert trace(before, after, ""), left
        before = after


def load(server: OwnServer, name: str) -> None:
    """Put in the rows that belong to a migration, if it has any."""
    if rows(name).exists():
        with server.admin("farm") as conn:
            conn.execute(rows(name).read_bytes())


def rows(name: str) -> Path:
    return DATA / f"{name.partition('.')[2]}.sql"


def trace(expected: str, found: str, file: str) -> list[str]:
    # To compare what is the same line by line takes as long as the dump.
    if expected == found:
        return []
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
    return [f"{file} leaves a trace:", *changed]
