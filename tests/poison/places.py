"""Where a tenant's words come in, as the catalog says: parameters of doors, columns of tables and views."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg
from psycopg import sql

from renderstore import errors

DOORS = """
select p.pronamespace::regnamespace || '.' || p.proname, given.name, format_type(given.type, null)
from pg_catalog.pg_proc as p
cross join unnest(p.proargnames, p.proargtypes::oid[]) with ordinality as given (name, type, nth)
where p.pronamespace::regnamespace::text = any(%s)
    and p.provolatile = 'v'
    and has_function_privilege('renderstore_app', p.oid, 'execute')
    and given.type is not null
order by 1, given.nth
"""
COLUMNS = """
select a.attrelid::regclass::text, a.attname,
    format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null)
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
join pg_catalog.pg_type as t on t.oid = a.atttypid
where c.relnamespace::regnamespace::text = any(%s)
    and has_column_privilege('renderstore_app', c.oid, a.attnum, %s)
order by 1, 2
"""

How = Literal["call", "insert", "update"]


@dataclass(frozen=True, slots=True)
class Place:
    """A parameter of a door, or a column."""

    door: str
    name: str
    type: str
    how: How
    plain: Mapping[str, str] = field(hash=False, compare=False)
    """What goes with it."""

    def statement(self, value: sql.Composable | None) -> sql.Composed:
        """The statement with this value, or with none but plain ones."""
        row: dict[str, sql.Composable] = {
            name: sql.SQL(text)  # pyright: ignore[reportArgumentType]
            for name, text in self.plain.items()
        }
        if value is not None:
            row[self.name] = value
        door = sql.Identifier(*self.door.split("."))
        names = [sql.Identifier(name) for name in row]
        match self.how:
            case "call":
                given = sql.SQL(", ").join(
                    sql.SQL("{} => {}").format(name, each)
                    for name, each in zip(names, row.values(), strict=True)
                )
                return sql.SQL("select {}({})").format(door, given)
            case "insert":
                return sql.SQL("insert into {} ({}) values ({})").format(
                    door,
                    sql.SQL(", ").join(names),
                    sql.SQL(", ").join(row.values()),
                )
            case "update":
                return sql.SQL(
                    "update {0} set {1} = {2}"
                    " where id = (select id from {0} order by id limit 1)"
                ).format(door, names[0], row[self.name])

    def sent(self, text: str) -> sql.Composed:
        """A literal of the place's type; a list of one where it takes a list."""
        kind = sql.SQL(self.type.removesuffix("[]"))  # pyright: ignore[reportArgumentType]
        cast = sql.SQL("cast({} as {})").format(sql.Literal(text), kind)
        if self.type.endswith("[]"):
            return sql.SQL("array[{}]").format(cast)
        return sql.SQL("{}").format(cast)


def parameters(
    conn: psycopg.Connection[Any], schemas: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Each door's, in their order, with their types."""
    return conn.execute(DOORS.encode(), [schemas]).fetchall()


def columns(
    conn: psycopg.Connection[Any], schemas: Sequence[str], how: How
) -> list[tuple[str, str, str]]:
    """What a tenant may insert or update, with its type."""
    return conn.execute(COLUMNS.encode(), [schemas, how]).fetchall()


def is_taken(
    conn: psycopg.Connection[Any],
    place: Place,
    text: str,
    walled: Collection[str] = (),
) -> bool:
    """Whether a value was taken, or refused in a sentence; by a policy at these doors in PostgreSQL's own words."""
    refused: psycopg.Error | None = None
    try:
        with conn.transaction():
            conn.execute(place.statement(place.sent(text)))
    except psycopg.Error as error:
        refused = error
    if refused is None:
        return True
    said = errors.translate(refused)
    assert isinstance(said, errors.Error), (place, text[:200], refused)
    assert not isinstance(said, errors.TimedOut | errors.NotMigrated), (place, said)
    is_walled = place.door in walled and isinstance(said, errors.NotAllowed)
    assert is_walled or said.sentence.endswith("."), (place, text[:200], said)
    return False
