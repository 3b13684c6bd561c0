"""What the tests of the import share: how it is run, and what is compared."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from renderstore import connect
from renderstore.prisma import Came, import_all, open_source
from renderstore.testing import Database

HERE = Path(__file__).parent


def fill(source: Database, *names: str, rows: int) -> None:
    """Lay what Prisma makes of these designs, with so many rows in their large tables."""
    with psycopg.connect(source.owner_url, autocommit=True) as conn:
        conn.execute("create schema if not exists prisma")
        conn.execute("set search_path = prisma")
        conn.execute("select set_config('fixture.rows', %s, false)", [str(rows)])
        for name in names:
            conn.execute((HERE / f"{name}.sql").read_bytes())


def address(source: Database) -> str:
    """A source as its .env has it."""
    mark = "&" if "?" in source.owner_url else "?"
    return f"{source.owner_url}{mark}schema=prisma&connection_limit=20&pool_timeout=30"


def bring(
    source: Database,
    target: Database,
    kind: str,
    *,
    dry: bool = False,
    batch: int = 1000,
) -> list[Came]:
    with open_source(address(source), kind) as other, connect(target.url) as store:
        return import_all(other, store, kind=kind, dry=dry, batch=batch)


def said(done: list[Came]) -> list[tuple[object, ...]]:
    """What a person is told of it."""
    return [
        (
            each.table.name,
            each.entered,
            each.changed,
            each.refused,
            each.known,
            sorted(each.changes.items()),
            sorted(each.refusals.items()),
        )
        for each in done
    ]


def ask(database: Database, question: str, *values: object) -> list[tuple[object, ...]]:
    """What a superuser sees, past every policy."""
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("set search_path = prisma, public")
        conn.execute("set timezone = 'UTC'")
        return conn.execute(question.encode(), values or None).fetchall()


def one(database: Database, question: str, *values: object) -> object:
    rows = ask(database, question, *values)
    assert len(rows) == 1, rows
    return rows[0][0]


def row(database: Database, question: str, *values: object) -> dict[str, object]:
    with (
        psycopg.connect(database.admin_url) as conn,
        conn.cursor(row_factory=dict_row) as cursor,
    ):
        cursor.execute("set search_path = prisma, public")
        cursor.execute("set timezone = 'UTC'")
        found = cursor.execute(question.encode(), values or None).fetchall()
    assert len(found) == 1, found
    return found[0]


def digest(database: Database) -> str:
    """All that is in a database, a hash a table."""
    parts: list[str] = []
    for (name,) in ask(
        database,
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname !~ '^(pg_|information_schema$)' order by 1",
    ):
        parts.append(
            f"{name}: "
            + str(
                one(
                    database,
                    f"select md5(coalesce(string_agg(t::text, e'\\n' order by t::text), '')) from {name} as t",
                )
            )
        )
    return "\n".join(parts)
