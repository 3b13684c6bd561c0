"""What the generator asks the database's catalog."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from psycopg import Connection

from renderstore._dev.typegen._tree import Node, parse

AREAS = ("identity", "work", "render", "studio", "media", "ops", "audit")


class Type(NamedTuple):
    """A row of pg_type, as much as matters."""

    schema: str
    name: str
    kind: str
    element: int
    base: int
    array: int
    written: str


class Function(NamedTuple):
    """A row of pg_proc, as much as matters."""

    builtin: bool
    name: str
    takes_json: bool


class Enum(NamedTuple):
    """An enumerated type of ours."""

    schema: str
    name: str
    comment: str | None
    labels: list[str]


@dataclass
class Catalog:
    """The catalog of one migrated database, read when first asked."""

    conn: Connection[tuple[object, ...]]

    @cached_property
    def types(self) -> dict[int, Type]:
        """Every type by its number."""
        rows = self.conn.execute(
            "select t.oid, n.nspname, t.typname, t.typtype::text,"
            " case when t.typcategory = 'A' then t.typelem else 0 end,"
            " t.typbasetype, t.typarray, format_type(t.oid, null)"
            " from pg_catalog.pg_type as t"
            " join pg_catalog.pg_namespace as n on n.oid = t.typnamespace"
        )
        found: dict[int, Type] = {}
        for oid, *rest in rows:
            assert isinstance(oid, int)
            found[oid] = Type._make(rest)
        return found

    @cached_property
    def enums(self) -> dict[int, Enum]:
        """The enumerated types of our areas by their number, sorted by name."""
        rows = self.conn.execute(
            "select t.oid, n.nspname, t.typname, obj_description(t.oid, 'pg_type'),"
            " (select array_agg(e.enumlabel::text order by e.enumsortorder)"
            " from pg_catalog.pg_enum as e where e.enumtypid = t.oid)"
            " from pg_catalog.pg_type as t"
            " join pg_catalog.pg_namespace as n on n.oid = t.typnamespace"
            " where t.typtype = 'e' and n.nspname = any(%s)"
            " order by n.nspname, t.typname",
            [list(AREAS)],
        )
        found: dict[int, Enum] = {}
        for oid, *rest in rows:
            assert isinstance(oid, int)
            found[oid] = Enum._make(rest)
        return found

    @cached_property
    def not_null(self) -> set[tuple[int, int]]:
        """Columns of tables (by table and position) in which no null can be."""
        rows = self.conn.execute(
            "select a.attrelid, a.attnum from pg_catalog.pg_attribute as a"
            " join pg_catalog.pg_class as c on c.oid = a.attrelid"
            " join pg_catalog.pg_type as t on t.oid = a.atttypid"
            " where c.relkind in ('r', 'p') and (a.attnotnull or t.typnotnull)"
            # A constraint that was never validated lets old nulls be.
            " and not exists (select from pg_catalog.pg_constraint as k"
            " where k.conrelid = a.attrelid and k.contype = 'n'"
            " and k.conkey = array[a.attnum] and not k.convalidated)"
        )
        return {(int(str(table)), int(str(column))) for table, column in rows}

    @cached_property
    def functions(self) -> dict[int, Function]:
        """Every function by its number."""
        rows = self.conn.execute(
            "select p.oid, p.pronamespace = 'pg_catalog'::regnamespace, p.proname,"
            " p.proargtypes::oid[] && '{json,jsonb}'::regtype[]::oid[]"
            " from pg_catalog.pg_proc as p"
        )
        found: dict[int, Function] = {}
        for oid, *rest in rows:
            assert isinstance(oid, int)
            found[oid] = Function._make(rest)
        return found

    @cached_property
    def plain_operators(self) -> set[int]:
        """Built-in operators that give null for a null alone.

        Those of JSON look for what may be absent, those of geometry for a crossing.
        """
        rows = self.conn.execute(
            "select o.oid from pg_catalog.pg_operator as o"
            " left join pg_catalog.pg_type as l on l.oid = o.oprleft"
            " where o.oprnamespace = 'pg_catalog'::regnamespace"
            " and coalesce(l.typname, '') not in ('json', 'jsonb')"
            " and coalesce(l.typcategory, '') <> 'G'"
        )
        return {int(str(oid)) for (oid,) in rows}

    def view(self, relation: int) -> Node | None:
        """The analysed query of a view that PostgreSQL itself computes."""
        if relation not in self._views:
            found = self.conn.execute(
                "select r.ev_action::text from pg_catalog.pg_rewrite as r"
                " join pg_catalog.pg_class as c on c.oid = r.ev_class"
                " where r.ev_class = %s and c.relkind = 'v' and r.ev_type = '1'",
                [relation],
            ).fetchone()
            self._views[relation] = parse(str(found[0]))[0] if found else None
        return self._views[relation]

    @cached_property
    def _views(self) -> dict[int, Node | None]:
        return {}

    @cached_property
    def views_with_triggers(self) -> set[int]:
        """Views whose triggers may return any row."""
        rows = self.conn.execute(
            "select distinct t.tgrelid from pg_catalog.pg_trigger as t"
            " join pg_catalog.pg_class as c on c.oid = t.tgrelid where c.relkind = 'v'"
        )
        return {int(str(oid)) for (oid,) in rows}
