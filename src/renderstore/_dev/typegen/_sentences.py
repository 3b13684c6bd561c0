"""Collects the sentences that people read when they break a rule."""

from renderstore._dev.typegen._catalog import AREAS, Catalog
from renderstore._dev.typegen._emit import header
from renderstore._dev.typegen._refused import Refused

STILL_REFERENCED = "; still referenced:"

# Partitions speak with their parent's voice, so they are left out.
_CONSTRAINTS = """
    select n.nspname, c.relname, k.conname, k.contype::text,
        obj_description(k.oid, 'pg_constraint')
    from pg_catalog.pg_constraint as k
    join pg_catalog.pg_class as c on c.oid = k.conrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = any(%(areas)s) and k.contype in ('c', 'f', 'p', 'u', 'x')
        and not c.relispartition
    union all
    select n.nspname, t.typname, k.conname, 'd', obj_description(k.oid, 'pg_constraint')
    from pg_catalog.pg_constraint as k
    join pg_catalog.pg_type as t on t.oid = k.contypid
    join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
    where n.nspname = any(%(areas)s) and k.contype = 'c'
    union all
    select n.nspname, c.relname, i.relname, 'i', obj_description(i.oid, 'pg_class')
    from pg_catalog.pg_index as x
    join pg_catalog.pg_class as i on i.oid = x.indexrelid
    join pg_catalog.pg_class as c on c.oid = x.indrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = any(%(areas)s) and x.indisunique and not c.relispartition
        and not exists (
            select from pg_catalog.pg_constraint as k where k.conindid = i.oid
                and k.contype in ('p', 'u', 'x')
        )
    order by 1, 2, 3
"""
_COLUMNS = """
    select n.nspname, c.relname, a.attname, a.attnotnull,
        col_description(c.oid, a.attnum)
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid = a.attrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = any(%(areas)s) and c.relkind in ('r', 'p') and a.attnum > 0
        and not a.attisdropped and not c.relispartition
    order by 1, 2, 3
"""
_COMMENT_ON = {"i": "comment on index", "d": "comment on constraint … on domain"}


def sentences(catalog: Catalog) -> str:
    """The module that holds them, or Refused where one is missing."""
    areas = {"areas": list(AREAS)}
    constraints: dict[tuple[object, ...], str] = {}
    for schema, table, name, kind, comment in catalog.conn.execute(_CONSTRAINTS, areas):
        where = f"{schema}.{table}: {'index' if kind == 'i' else 'constraint'} {name}"
        if not comment:
            say = _COMMENT_ON.get(str(kind), "comment on constraint")
            raise Refused(
                f"{where} has no comment; add `{say}` with the sentence that people"
                " read when they break it to its migration."
            )
        if kind == "f" and STILL_REFERENCED not in str(comment):
            raise Refused(
                f"{where} has a comment for a missing parent alone; add"
                f" `{STILL_REFERENCED} …` with the sentence for the other direction."
            )
        constraints[schema, table, name] = str(comment)
    columns: dict[tuple[object, ...], str] = {}
    for schema, table, name, not_null, comment in catalog.conn.execute(_COLUMNS, areas):
        if not comment:
            raise Refused(
                f"{schema}.{table}: column {name} has no comment; add"
                " `comment on column` to its migration."
            )
        if not_null:
            columns[schema, table, name] = str(comment)
    kind = "Final[dict[tuple[str, str, str], str]]"
    return (
        header(
            "The sentence for each rule, by schema, table and name.",
            "the catalog's comments",
        )
        + "from typing import Final\n\n"
        + f"CONSTRAINTS: {kind} = {_dict(constraints)}\n\n"
        + "# What a column holds, for the columns that must not be null.\n"
        + f"COLUMNS: {kind} = {_dict(columns)}\n"
    )


def _dict(found: dict[tuple[object, ...], str]) -> str:
    return (
        "{\n"
        + "".join(f"    {key!r}: {text!r},\n" for key, text in found.items())
        + "}"
    )
