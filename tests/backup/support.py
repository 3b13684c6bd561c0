"""What the tests of backups share: databases to restore into, and what lies in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from renderstore import backup, settings
from renderstore.settings import Settings
from renderstore.testing import Database

Scripts = Callable[..., None]


def migrating(database: Database) -> Settings:
    """The login that takes backups: no superuser, and bound by every policy."""
    return settings.parse(database.owner_url)


def take(database: Database, folder: Path) -> backup.Manifest:
    return backup.take(migrating(database), folder, jobs=2)


def restore(database: Database, folder: Path, into: str) -> backup.Restored:
    return backup.restore(migrating(database), folder, into=into, jobs=2)


def rows(database: Database) -> Mapping[str, int]:
    """Every table's rows as a superuser counts them, past every policy."""
    with psycopg.connect(database.admin_url) as conn:
        assert conn.execute("show is_superuser").fetchone() == ("on",)
        names = conn.execute(
            "select schemaname::text, tablename::text from pg_tables"
            " where schemaname !~ '^(pg_|information_schema$)' order by 1, 2"
        ).fetchall()
        found: dict[str, int] = {}
        for schema, name in names:
            row = conn.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
            ).fetchone()
            assert row is not None
            found[f"{schema}.{name}"] = row[0]
    return found


def may_connect(database: Database) -> bool:
    """Whether the working login gets in."""
    try:
        psycopg.connect(database.url).close()
    except psycopg.OperationalError as error:
        if "CONNECT" in str(error):
            return False
        raise
    return True


def note_on(database: Database) -> str | None:
    """The comment on a database."""
    with psycopg.connect(database.admin_url) as conn:
        row = conn.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
        ).fetchone()
    assert row is not None
    note: str | None = row[0]
    return note


def names(database: Database) -> list[str]:
    """What is in a database that a new one has not."""
    with psycopg.connect(database.admin_url) as conn:
        found = conn.execute(
            "select nspname::text from pg_namespace"
            " where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')"
            " union all select relname::text from pg_class"
            " where relnamespace = 'public'::regnamespace order by 1"
        ).fetchall()
    return [str(row[0]) for row in found]


def change(database: Database, *statements: str) -> None:
    """What only a superuser may do to set a scene."""
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())
