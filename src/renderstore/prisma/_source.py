"""The other database, read in one transaction that can only read and sees one moment."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.rows import TupleRow

from renderstore import settings
from renderstore._unreached import why
from renderstore.errors import Error


class NoSource(Error):  # noqa: N818  (named after the rule broken)
    """The database to import from is not what it is said to be."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the other system: what it becomes, and how it is read, a row a JSON object with its id."""

    name: str
    becomes: str
    reads: LiteralString
    is_optional: bool = False


def _as_it_is(
    name: LiteralString,
    becomes: str,
    order: LiteralString,
    *,
    is_optional: bool = False,
) -> Table:
    """A table whose rows come with the columns that they have."""
    reads = f'select to_jsonb(t)::text from "{name}" as t order by {order}'
    return Table(name, becomes, reads, is_optional)


@dataclass(frozen=True, slots=True)
class Kind:
    """A system that people come from."""

    name: str
    """What people call it, with its article."""
    needs: Mapping[str, frozenset[str]]
    """By what it is known: tables, and columns in them."""
    tables: tuple[Table, ...]
    """In the order in which they come: a row after those that it names."""


# Auth.js's own tables have the same names in every Prisma schema; newer ones have no id.
_SIGN_IN = (
    Table(
        "Account",
        "identity.accounts",
        """
        select (
            to_jsonb(t) || jsonb_build_object(
                'id',
                coalesce(
                    to_jsonb(t) ->> 'id',
                    md5(t.provider || '/' || t."providerAccountId")
                )
            )
        )::text
        from "Account" as t
        order by t.provider, t."providerAccountId"
        """,
        is_optional=True,
    ),
    Table(
        "Session",
        "identity.web_sessions",
        """
        select (
            to_jsonb(t) || jsonb_build_object(
                'id',
                coalesce(to_jsonb(t) ->> 'id', md5(t."sessionToken"))
            )
        )::text
        from "Session" as t
        order by t.expires, t."sessionToken"
        """,
        is_optional=True,
    ),
    Table(
        "VerificationToken",
        "identity.verification_tokens",
        """
        select (
            to_jsonb(t) || jsonb_build_object('id', md5(t.identifier || '/' || t.token))
        )::text
        from "VerificationToken" as t
        order by t.expires, t.identifier, t.token
        """,
        is_optional=True,
    ),
)

KINDS: Mapping[str, Kind] = {
    "render-manager": Kind(
        "a render manager",
        {
            "User": frozenset({"id", "email", "createdAt"}),
            "Job": frozenset({"id", "userId", "outputPath", "status", "createdAt"}),
        },
        (
            _as_it_is("User", "identity.users", 't."createdAt", t.id'),
            *_SIGN_IN,
            # The token itself never leaves the other database.
            Table(
                "ApiToken",
                "identity.api_tokens",
                """
                select (
                    to_jsonb(t) || jsonb_build_object(
                        'token',
                        jsonb_build_object(
                            'sha256',
                            encode(sha256(convert_to(t.token, 'UTF8')), 'hex'),
                            'characters',
                            length(t.token)
                        )
                    )
                )::text
                from "ApiToken" as t
                order by t."createdAt", t.id
                """,
                is_optional=True,
            ),
            _as_it_is("Job", "work.jobs, render.specs", 't."createdAt", t.id'),
        ),
    ),
    "media-portal": Kind(
        "a media portal",
        {
            "users": frozenset({"id", "plex_id", "role", "created_at"}),
            "media_requests": frozenset({"id", "user_id", "title", "status"}),
            "youtube_downloads": frozenset({"id", "user_id", "playlist_url"}),
        },
        (
            _as_it_is("users", "identity.users", "t.created_at, t.id"),
            *_SIGN_IN,
            _as_it_is(
                "session_tokens",
                "identity.session_tokens",
                "t.created_at, t.id",
                is_optional=True,
            ),
            _as_it_is("service_config", "ops.services", "t.id", is_optional=True),
            _as_it_is("service_status", "ops.service_states", "t.id", is_optional=True),
            _as_it_is("rate_limits", "ops.rate_limits", "t.id", is_optional=True),
            _as_it_is("media_requests", "media.requests", "t.created_at, t.id"),
            _as_it_is(
                "youtube_downloads",
                "work.jobs, media.download_specs",
                "t.created_at, t.id",
            ),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Source:
    """The other database, open."""

    conn: psycopg.Connection[TupleRow]
    tables: tuple[Table, ...]
    """Those of its kind that it has."""

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        row = self.conn.execute(
            sql.SQL("select count(*) from {}").format(sql.Identifier(table.name))
        ).fetchone()
        assert row is not None
        return int(row[0])

    def batches(
        self, table: Table, size: int, most_bytes: int = 16 << 20
    ) -> Generator[tuple[int, str]]:
        """The rows of a table in their order, each batch with its number of rows as one JSON list."""
        with self.conn.cursor(name="import") as cursor:
            cursor.itersize = size
            held: list[str] = []
            weight = 0
            for row in cursor.execute(table.reads):
                text = str(row[0])
                # A log may be a thousand times as long as a row without one.
                if held and (len(held) >= size or weight + len(text) > most_bytes):
                    yield len(held), f"[{','.join(held)}]"
                    held, weight = [], 0
                held.append(text)
                weight += len(text)
            if held:
                yield len(held), f"[{','.join(held)}]"


@contextmanager
def open_source(url: str, kind: str) -> Generator[Source]:
    """Open a database that must hold a system of this kind, for reading."""
    wanted = KINDS[kind]
    target = settings.parse(url)
    schema = (parse_qs(urlsplit(url.strip()).query).get("schema") or ["public"])[0]
    try:
        conn = psycopg.connect(target.url, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise NoSource(
            f"The database to import from ({target.safe_url}) cannot be reached: {why(error)}"
        ) from error
    with conn:
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        # Prisma writes UTC without saying so, and a long import is no forgotten one.
        conn.execute(
            "select set_config('search_path', %s, true),"
            " set_config('timezone', 'UTC', true),"
            " set_config('statement_timeout', '0', true),"
            " set_config('idle_in_transaction_session_timeout', '0', true)",
            [sql.Identifier(schema).as_string(conn)],
        )
        there = _columns(conn, schema)
        if not _is(wanted, there):
            raise NoSource(_why_not(wanted, there, target.dbname, schema))
        yield Source(
            conn,
            tuple(
                table
                for table in wanted.tables
                if table.name in there or not table.is_optional
            ),
        )


def _columns(conn: psycopg.Connection[TupleRow], schema: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in conn.execute(
        "select c.relname::text, a.attname::text from pg_class as c"
        " join pg_namespace as n on n.oid = c.relnamespace"
        " join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where n.nspname = %s and c.relkind in ('r', 'p', 'v', 'm')",
        [schema],
    ):
        found.setdefault(table, set()).add(column)
    return found


def _is(kind: Kind, there: Mapping[str, set[str]]) -> bool:
    return all(
        columns <= there.get(name, set()) for name, columns in kind.needs.items()
    )


def _why_not(
    kind: Kind, there: Mapping[str, set[str]], dbname: str, schema: str
) -> str:
    missing = [
        f'table "{name}"'
        if name not in there
        else f'column "{name}"."{min(columns - there[name])}"'
        for name, columns in kind.needs.items()
        if not columns <= there.get(name, set())
    ]
    other = [
        f" It looks like {each.name}: --kind {name}."
        for name, each in KINDS.items()
        if _is(each, there)
    ]
    return (
        f"The schema {schema} of the database {dbname} holds no Prisma tables of {kind.name}: there is no"
        f" {', no '.join(missing)}."
        + "".join(other)
        + (
            ""
            if other or there
            else " It holds no table at all: is it the right database?"
        )
    )
