"""What the catalog says about our schemas: the suite asks it, so a table added later is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import Connection, sql
from psycopg.rows import dict_row

Conn = Connection[Any]

OWNER = "renderstore_owner"
ROLES = ("app", "auth", "worker", "admin", "readonly")

# Whatever the owner role owns is ours, in whichever schema.
OURS: LiteralString = (
    "(select s.oid from pg_catalog.pg_namespace as s"
    " where s.nspowner = 'renderstore_owner'::regrole)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """A column's or an argument's type."""

    schema: str
    name: str
    base: str
    """Without domain and array."""
    is_array: bool
    labels: Sequence[str]
    """An enum's values."""

    @property
    def cast(self) -> sql.Composable:
        return sql.SQL("::") + sql.Identifier(self.schema, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column."""

    name: str
    type: Type
    is_nullable: bool
    has_default: bool
    is_generated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key."""

    name: str
    columns: Sequence[str]
    target: str
    target_columns: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table or a view."""

    schema: str
    name: str
    is_view: bool
    is_invoker: bool
    is_partition: bool
    is_walled: bool
    """Row-level security is enabled."""
    is_forced: bool
    columns: Mapping[str, Column]
    key: Sequence[str]
    references: Sequence[Reference]
    uniques: Mapping[str, Sequence[str]]
    checks: Mapping[str, Sequence[str]]

    @property
    def path(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function or procedure that can be called by name."""

    path: str
    """With its argument types, as `comment on function` takes it."""
    schema: str
    name: str
    arguments: Sequence[Type]
    is_definer: bool
    has_fixed_path: bool
    is_trigger: bool
    is_procedure: bool
    callers: frozenset[str]
    """Our roles that may execute it, or `public`."""


_TYPE: LiteralString = """
    select
        n.nspname as schema,
        t.typname as name,
        b.typname as base,
        d.typelem <> 0 and d.typcategory = 'A' as is_array,
        coalesce(
            (select array_agg(e.enumlabel::text order by e.enumsortorder)
            from pg_catalog.pg_enum as e where e.enumtypid = b.oid),
            '{{}}'
        ) as labels
    from pg_catalog.pg_type as t
    join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
    join pg_catalog.pg_type as d on d.oid = case t.typtype when 'd' then t.typbasetype else t.oid end
    join pg_catalog.pg_type as b
        on b.oid = case when d.typelem <> 0 and d.typcategory = 'A' then d.typelem else d.oid end
    where t.oid = {oid}
"""

_RELATIONS: LiteralString = """
    select
        n.nspname as schema,
        c.relname as name,
        c.relkind in ('v', 'm') as is_view,
        coalesce(c.reloptions @> '{{security_invoker=true}}', false)
            or coalesce(c.reloptions @> '{{security_invoker=on}}', false) as is_invoker,
        c.relispartition as is_partition,
        c.relrowsecurity as is_walled,
        c.relforcerowsecurity as is_forced,
        (
            select jsonb_agg(jsonb_build_object(
                'name', a.attname,
                'type', (select to_jsonb(t) from ({type}) as t),
                'is_nullable', not a.attnotnull,
                'has_default', a.atthasdef or a.attidentity <> '',
                'is_generated', a.attgenerated <> '' or a.attidentity <> ''
            ) order by a.attnum)
            from pg_catalog.pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ) as columns,
        (
            select jsonb_agg(jsonb_build_object(
                'name', k.conname,
                'kind', k.contype,
                'target', tn.nspname || '.' || tc.relname,
                'columns', {columns},
                'target_columns', {target_columns}
            ) order by k.conname)
            from pg_catalog.pg_constraint as k
            left join pg_catalog.pg_class as tc on tc.oid = k.confrelid
            left join pg_catalog.pg_namespace as tn on tn.oid = tc.relnamespace
            where k.conrelid = c.oid
        ) as constraints,
        (
            select jsonb_object_agg(ic.relname, (
                select jsonb_agg(a.attname order by a.attnum)
                from pg_catalog.pg_attribute as a where a.attrelid = i.indexrelid
                    and a.attnum <= i.indnkeyatts
            ))
            from pg_catalog.pg_index as i
            join pg_catalog.pg_class as ic on ic.oid = i.indexrelid
            where i.indrelid = c.oid and i.indisunique
        ) as uniques
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.oid in {ours} and c.relkind in ('r', 'p', 'v', 'm', 'f')
    order by n.nspname, c.relname
"""

_NAMES: LiteralString = """coalesce((
    select jsonb_agg(a.attname order by u.place)
    from unnest(k.{key}) with ordinality as u (attnum, place)
    join pg_catalog.pg_attribute as a on a.attrelid = k.{relation} and a.attnum = u.attnum
), '[]')"""

_FUNCTIONS: LiteralString = """
    select
        n.nspname as schema,
        p.proname as name,
        p.oid::regprocedure::text as path,
        coalesce(
            (
                select jsonb_agg(
                    (select to_jsonb(t) from ({type}) as t) order by u.place
                )
                from unnest(p.proargtypes::oid[]) with ordinality as u (oid, place)
            ),
            '[]'
        ) as arguments,
        p.prosecdef as is_definer,
        coalesce(
            p.proconfig @> array['search_path=pg_catalog, pg_temp'], false
        ) as has_fixed_path,
        p.prorettype = 'pg_catalog.trigger'::regtype as is_trigger,
        p.prokind = 'p' as is_procedure,
        coalesce(
            (
                select array_agg(coalesce(r.rolname, 'public')::text)
                from aclexplode(
                    coalesce(p.proacl, acldefault('f', p.proowner))
                ) as x
                left join pg_catalog.pg_roles as r on r.oid = x.grantee
                where x.grantee <> p.proowner
            ),
            '{{}}'
        ) as callers
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.oid in {ours}
    order by p.oid::regprocedure::text
"""


def relations(conn: Conn) -> dict[str, Relation]:
    """Every table and view of our schemas."""
    query = sql.SQL(_RELATIONS).format(
        type=sql.SQL(_TYPE).format(oid=sql.SQL("a.atttypid")),
        columns=sql.SQL(_NAMES).format(
            key=sql.SQL("conkey"), relation=sql.SQL("conrelid")
        ),
        target_columns=sql.SQL(_NAMES).format(
            key=sql.SQL("confkey"), relation=sql.SQL("confrelid")
        ),
        ours=sql.SQL(OURS),
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        found = [_relation(row) for row in cursor.execute(query)]
    return {each.path: each for each in found}


def _relation(row: dict[str, Any]) -> Relation:
    constraints: list[dict[str, Any]] = row.pop("constraints") or []
    found: list[dict[str, Any]] = row.pop("columns") or []
    columns = [_column(column) for column in found]
    keys: list[list[str]] = [c["columns"] for c in constraints if c["kind"] == "p"]
    uniques: dict[str, list[str]] = row.pop("uniques") or {}
    return Relation(
        **row,
        uniques=uniques,
        columns={column.name: column for column in columns},
        key=keys[0] if keys else [],
        references=[
            Reference(
                name=c["name"],
                columns=c["columns"],
                target=c["target"],
                target_columns=c["target_columns"],
            )
            for c in constraints
            if c["kind"] == "f"
        ],
        checks={c["name"]: c["columns"] for c in constraints if c["kind"] == "c"},
    )


def _column(column: dict[str, Any]) -> Column:
    made = Type(**column.pop("type"))
    return Column(**column, type=made)


def functions(conn: Conn) -> list[Function]:
    """Every function of our schemas."""
    query = sql.SQL(_FUNCTIONS).format(
        type=sql.SQL(_TYPE).format(oid=sql.SQL("u.oid")), ours=sql.SQL(OURS)
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return [_function(row) for row in cursor.execute(query)]


def _function(row: dict[str, Any]) -> Function:
    arguments = [Type(**each) for each in row.pop("arguments")]
    callers: list[str] = row.pop("callers")
    return Function(
        **row,
        arguments=arguments,
        callers=frozenset(name.removeprefix("renderstore_") for name in callers),
    )


def open_columns(conn: Conn, relation: Relation, role: str, command: str) -> list[str]:
    """The columns in which a role may do this, by a grant on the column or on the table."""
    found = conn.execute(
        "select a.attname from pg_catalog.pg_attribute as a"
        " where a.attrelid = %(path)s::regclass and a.attnum > 0 and not a.attisdropped"
        " and has_column_privilege(%(role)s, a.attrelid, a.attnum, %(command)s)"
        " order by a.attnum",
        {
            "path": relation.sql.as_string(conn),
            "role": f"renderstore_{role}",
            "command": command,
        },
    )
    return [str(name) for (name,) in found]
