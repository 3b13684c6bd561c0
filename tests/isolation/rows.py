"""Makes a row for each user in each table of the catalog.

A column without a default gets a value by its type. Where a check refuses that, a nullable
column is left null; for any other column, write a value into HINTS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from .catalog import Column, Conn, Reference, Relation, Type
from .expectations import Walls, unwritten

Row = dict[str, Any]


class NoRows(AssertionError):  # noqa: N818  (named after what is missing)
    """A table whose rows nobody has described."""


_numbers: Iterator[int] = count(1)


@dataclass(slots=True)
class Person:
    """One of the two users, or nobody, whose rows are shared."""

    mark: str
    """Stands in every text of theirs, so that a leak is seen wherever it comes out."""
    id: UUID | None = None
    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    number: int = 0

    def text(self) -> str:
        return f"{self.mark}-{self.number}"


Hint = Callable[[Person], Any]

_LETTERS = str.maketrans("0123456789", "ghijklmnop")

HINTS: Mapping[str, Mapping[str, Hint]] = {
    "identity.plans": {"id": lambda who: f"{who.mark}{who.number}"},
    "identity.users": {
        "email": lambda who: f"{who.text()}@example.org",
        "slack_id": lambda who: f"U{who.mark.upper()}{who.number}",
    },
    "identity.user_secrets": {"password_hash": lambda _: None},
    "identity.api_tokens": {
        "service": lambda _: None,
        "prefix": lambda _: f"rs_{uuid4().hex[:8]}",
        "revoked_at": lambda _: None,
    },
    "work.jobs": {
        # A job that waits in line: nothing holds it back, and nothing of a run or an end.
        "error_class": lambda who: f"{who.mark}{who.number}",
        "due_at": lambda _: None,
        "held_by": lambda _: None,
        "lease_expires_at": lambda _: None,
        "started_at": lambda _: None,
        "completed_at": lambda _: None,
        "cancel_requested_at": lambda _: None,
    },
    "work.dependencies": {
        # The row's later job waits for the first job too, which makes another row.
        "job_id": lambda who: who.rows["work.dependencies"]["job_id"],
        "needs_job_id": lambda who: who.rows["work.jobs"]["id"],
    },
    "work.lanes": {"priority": lambda _: 1},
    "work.error_classes": {"name": lambda who: f"{who.mark}{who.number}"},
    "work.reports": {
        "error_class": lambda who: f"{who.mark}{who.number}",
        # It has an outcome, or a lease.
        "lease_expires_at": lambda _: None,
    },
    "ops.sweep_parts": {
        "position": lambda who: 1_000_000 + who.number,
        "function_name": lambda _: "work.nothing",
    },
    "render.specs": {
        "project_path": lambda _: None,
        "template_path": lambda who: f"/templates/{who.text()}.aep",
        "data_path": lambda who: f"/data/{who.text()}.json",
        "output_path": lambda who: f"/renders/{who.text()}.mov",
        "nexrender_config": lambda who: Jsonb(
            {
                "template": {"src": "file:///spot.aep", "composition": who.text()},
                "assets": [],
            }
        ),
    },
    "render.outputs": {
        "path": lambda who: f"/renders/{who.text()}.mov",
        "media_type": lambda _: "video/mp4",
    },
    # What lives: under a deleted project nothing is seen.
    "studio.projects": {"deleted_at": lambda _: None, "purge_at": lambda _: None},
    "studio.scenes": {"deleted_at": lambda _: None},
    "studio.assets": {
        "uri": lambda who: f"{who.id}/{who.text()}.png",
        "media_type": lambda _: "image/png",
        "kept_at": lambda _: None,
        "deleted_at": lambda _: None,
        "missing_at": lambda _: None,
    },
    "studio.characters": {"deleted_at": lambda _: None},
    "studio.animations": {"deleted_at": lambda _: None},
    "studio.tags": {
        "first_position": lambda _: 1,
        "last_position": lambda _: 1,
    },
    "studio.presets": {"deleted_at": lambda _: None, "purge_at": lambda _: None},
    "studio.standard_presets": {"id": lambda who: f"{who.mark}{who.number}"},
    "media.requests": {
        # One that nobody has decided.
        "media_type": lambda _: "tv",
        "decided_by": lambda _: None,
        "decision_reason": lambda _: None,
        "decided_at": lambda _: None,
        "completed_at": lambda _: None,
    },
    "media.download_specs": {
        "playlist_url": lambda who: f"https://example.org/{who.text()}",
    },
    "media.download_files": {
        # One that was found.
        "path": lambda _: None,
        "size_bytes": lambda _: None,
        "kept_at": lambda _: None,
        "error_class": lambda _: None,
    },
    "media.transitions": {
        "subject": lambda _: "file",
        "before": lambda who: f"{who.mark}{who.number}",
    },
    "ops.notices": {
        "topic": lambda who: f"{who.mark}{who.number}",
        "sent_at": lambda _: None,
    },
    "ops.services": {
        "id": lambda who: f"{who.mark}{who.number}",
        "url": lambda who: f"http://{who.mark}.example.org",
        "check_path": lambda who: f"/{who.mark}",
    },
    "ops.service_states": {
        "state": lambda _: "unknown",
        "span_began_at": lambda _: None,
        "failures": lambda _: 0,
        "failed_at": lambda _: None,
    },
    "ops.service_spans": {
        "state": lambda _: "up",
        "began_at": lambda _: "2000-01-01 00:00+00",
    },
    "ops.retentions": {
        "name": lambda who: f"{who.mark}{who.number}",
        "days": lambda _: 10,
        "least_days": lambda _: 1,
    },
    "ops.imported": {"kind": lambda who: f"{who.mark}{who.number}"},
    "ops.import_refusals": {"kind": lambda who: f"{who.mark}{who.number}"},
    "ops.farms": {"id": lambda who: 1_000 + who.number},
    # Where they arrive: who leaves writes nothing.
    "ops.moves": {"to_farm_id": lambda _: 1},
    "ops.placements": {
        "table_name": lambda who: f"ops.{who.mark.translate(_LETTERS)}",
        "placed": lambda _: "node",
        "is_published": lambda _: False,
    },
    "ops.limits": {"endpoint": lambda who: f"{who.mark}{who.number}"},
    "ops.rate_limits": {"earlier": lambda _: [0] * 12},
    "ops.health_rules": {
        "name": lambda who: f"{who.mark}{who.number}",
        "position": lambda who: 1_000_000 + who.number,
        "sentence": lambda _: "%s.",
        "warn_above": lambda _: 1,
        "fail_above": lambda _: 2,
    },
    "ops.removals": {
        "uri": lambda who: f"{who.id}/{who.text()}.png",
        "reason": lambda _: "deleted",
    },
    "studio.transitions": {
        "subject": lambda _: "scene",
        "before": lambda who: f"{who.mark}{who.number}",
    },
}
"""By table and column, where the type alone does not say what a row may hold."""

OTHERWISE: Mapping[str, LiteralString] = {
    "identity.owners": "select * from identity.owners where user_id = %(user)s",
    "ops.here": "select * from ops.here",
    "work.dependencies": """
        with made as (
            insert into work.jobs (user_id, kind)
            values (%(user)s, 'render'), (%(user)s, 'render')
            returning user_id, id
        ),

        specified as (
            insert into render.specs (user_id, job_id, project_path, output_path)
            select user_id, id, '/spot.aep', '/spot.mov'
            from made
        )

        insert into work.dependencies (user_id, job_id, needs_job_id)
        select later.user_id, later.id, earlier.id
        from made as later
        join made as earlier on later.id > earlier.id
        returning *
    """,
}
"""By table, the statement that gives a person's row where triggers make it, no commit leaves one,
or its parents must differ. The person's job is there before."""

COMES_WITH: Mapping[str, str] = {
    "identity.owners": "identity.users",
    "ops.here": "ops.farms",
}
"""What in OTHERWISE is there before any job, and with which row."""


class Maker:
    """Makes rows as the owner of the tables."""

    def __init__(
        self,
        conn: Conn,
        relations: Mapping[str, Relation],
        expected: Mapping[str, Walls],
    ) -> None:
        self._conn = conn
        self._relations = relations
        self._expected = expected
        self._making: list[str] = []

    def owner(self, path: str) -> str | None:
        """The column that names the row's user."""
        return self.walls(path).owner

    def walls(self, path: str) -> Walls:
        """What is expected of a table or view."""
        return self._expected.get(path) or unwritten(self._relations[path].columns)

    def fill(self, who: Person, nobody: Person, paths: Sequence[str]) -> None:
        """One row of this person in each of these tables, and in what they hang under."""
        for path in ("identity.users", *paths):
            if not self._relations[path].is_view:
                self.row(path, who if self.owner(path) else nobody, nobody)

    def row(self, path: str, who: Person, nobody: Person) -> Row:
        """This person's row, made if there is none yet."""
        if path not in who.rows and path in OTHERWISE:
            self.row(COMES_WITH.get(path, "work.jobs"), who, nobody)
            who.rows[path] = self._found(OTHERWISE[path], who)
        elif path not in who.rows:
            self._making.append(path)
            values = self.values(path, who, nobody)
            who.rows[path] = self._insert(self._relations[path], values)
            if path == "identity.users":
                who.id = who.rows[path]["id"]
            self._making.pop()
        return who.rows[path]

    def values(self, path: str, who: Person, nobody: Person) -> Row:
        """What a new row of this person would hold."""
        relation = self._relations[path]
        who.number = next(_numbers)
        hints = HINTS.get(path, {})
        values: Row = {}
        for reference in relation.references:
            values |= self._parent(path, reference, who, nobody)
        for column in relation.columns.values():
            if column.name in hints:
                values[column.name] = hints[column.name](who)
            elif column.name == self.owner(path) and who.id is not None:
                values[column.name] = who.id
            elif column.name not in values and not (
                column.has_default or column.is_generated
            ):
                values[column.name] = self._guess(relation, column, who)
        return values

    def _found(self, statement: LiteralString, who: Person) -> Row:
        with self._conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, {"user": who.id}).fetchone() or {}

    def _parent(
        self, path: str, reference: Reference, who: Person, nobody: Person
    ) -> Row:
        columns = [self._relations[path].columns[name] for name in reference.columns]
        own = self.owner(path)
        is_optional = any(c.is_nullable for c in columns if c.name != own)
        if any(c.has_default for c in columns):
            return {}
        if reference.target in self._making:
            if is_optional:
                return {
                    c.name: None for c in columns if c.is_nullable and c.name != own
                }
            raise NoRows(
                f"{path}: {reference.name} points in a circle."
                " Give its columns a value in tests/isolation/rows.py."
            )
        holder = who if self.owner(reference.target) else nobody
        parent = self.row(reference.target, holder, nobody)
        pairs = zip(reference.columns, reference.target_columns, strict=True)
        return {mine: parent[theirs] for mine, theirs in pairs}

    def _guess(self, relation: Relation, column: Column, who: Person) -> Any:
        try:
            return guess(column.type, who)
        except KeyError:
            if column.is_nullable:
                return None
            raise NoRows(
                f"{relation.path}: no value is known for {column.name},"
                f" of type {column.type.schema}.{column.type.name}."
                " Give it one in tests/isolation/rows.py."
            ) from None

    def _insert(self, relation: Relation, values: Row) -> Row:
        kept = set(HINTS.get(relation.path, {})) | {self.owner(relation.path)}
        while True:
            try:
                return self.insert(relation, values)
            except psycopg.Error as error:
                columns = relation.checks.get(error.diag.constraint_name or "", values)
                loose = {
                    name
                    for name in columns
                    if values.get(name) is not None
                    and relation.columns[name].is_nullable
                    and name not in kept
                }
                if not loose:
                    raise NoRows(
                        f"{relation.path}: cannot make a row: {error.diag.message_primary}."
                        " Give its columns a value in tests/isolation/rows.py."
                    ) from error
                values |= dict.fromkeys(loose)

    def insert(self, relation: Relation, values: Row) -> Row:
        """The row as the database keeps it."""
        with (
            self._conn.transaction(),
            self._conn.cursor(row_factory=dict_row) as cursor,
        ):
            cursor.execute(insert(relation, values) + sql.SQL(" returning *"), values)
            made = cursor.fetchone()
        assert made is not None
        return made


def insert(relation: Relation, values: Row) -> sql.Composed:
    """The statement that inserts these values, each cast to its column's type."""
    if not values:
        return sql.SQL("insert into {} default values").format(relation.sql)
    return sql.SQL("insert into {} ({}) values ({})").format(
        relation.sql,
        sql.SQL(", ").join(sql.Identifier(name) for name in values),
        sql.SQL(", ").join(
            sql.Placeholder(name) + relation.columns[name].type.cast for name in values
        ),
    )


def guess(type: Type, who: Person) -> Any:
    """A value of this type that bears the person's mark where it can."""
    tomorrow = datetime.now(UTC) + timedelta(days=1, seconds=who.number)
    known: dict[str, Hint] = {
        "text": lambda who: who.text(),
        "uuid": lambda _: uuid4(),
        "bytea": lambda who: sha256(who.text().encode()).digest(),
        "bool": lambda _: False,
        "int2": lambda _: 1,
        "int4": lambda who: who.number,
        "int8": lambda who: who.number,
        "float4": lambda _: 1.0,
        "float8": lambda _: 1.0,
        "numeric": lambda _: Decimal(1),
        "timestamptz": lambda _: tomorrow,
        "date": lambda _: date(2026, 1, 1),
        "interval": lambda _: timedelta(minutes=1),
        "json": lambda who: Jsonb({"mark": who.text()}),
        "jsonb": lambda who: Jsonb({"mark": who.text()}),
        "inet": lambda _: "192.0.2.1",
    }
    value = type.labels[0] if type.labels else known[type.base](who)
    return [value] if type.is_array else value
