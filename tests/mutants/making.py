"""The mutants of a schema: everything that it holds, made missing one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from renderstore.testing import Server

QUERY = Path(__file__).with_name("schema.sql")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One thing of the schema, and what makes it missing."""

    room: str
    kind: str
    name: str
    statements: str

    def apply(self, conn: psycopg.Connection) -> None:
        """Make it, as the owner of the schema would."""
        conn.execute("set local role renderstore_owner")
        conn.execute(self.statements.encode())


def mutants(conn: psycopg.Connection) -> list[Mutant]:
    """Every mutant of this database's schema."""
    return [Mutant(*row) for row in conn.execute(QUERY.read_bytes())]


class Bench:
    """A run's server whose template is another mutant's each time."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._sound = f"{server.worker}_sound"
        with server.admin() as conn:
            _copy(conn, server.template, self._sound)

    def lay(self, mutant: Mutant | None) -> None:
        """Clear what the last one left, and make the template this one's, or sound again."""
        server = self.server
        with server.admin() as conn:
            for (name,) in conn.execute(
                "select datname::text from pg_database"
                " where starts_with(datname, %s) and datname <> %s",
                [server.worker, self._sound],
            ).fetchall():
                conn.execute(
                    sql.SQL("drop database {} with (force)").format(
                        sql.Identifier(name)
                    )
                )
            _copy(conn, self._sound, server.template, owner=server.migrator)
        if mutant is not None:
            with psycopg.connect(server.database(server.template).owner_url) as conn:
                mutant.apply(conn)


def _copy(
    conn: psycopg.Connection, source: str, name: str, owner: str | None = None
) -> None:
    made = sql.SQL("create database {} template {} strategy file_copy").format(
        sql.Identifier(name), sql.Identifier(source)
    )
    if owner is not None:
        made += sql.SQL(" owner {}").format(sql.Identifier(owner))
    conn.execute(made)
