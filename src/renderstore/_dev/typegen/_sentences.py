"""Collects the sentences that people read when they break a rule."""

import json
from dataclasses import dataclass

from renderstore._dev.typegen._catalog import AREAS, Catalog
from renderstore._dev.typegen._emit import header
from renderstore._dev.typegen._refused import Refused
from renderstore.errors import directions, missing

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


_Found = dict[tuple[str, str, str], str]


@dataclass(frozen=True, slots=True)
class Sentences:
    """The comments, and the column's words for what must not be null."""

    constraints: _Found
    columns: _Found

    def module(self) -> str:
        """For Python, as the comments have them."""
        kind = "Final[dict[tuple[str, str, str], str]]"
        return (
            header(
                "The sentence for each rule, by schema, table and name.",
                "the catalog's comments",
            )
            + "from typing import Final\n\n"
            + f"CONSTRAINTS: {kind} = {_dict(self.constraints)}\n\n"
            + "# What a column holds, for the columns that must not be null.\n"
            + f"COLUMNS: {kind} = {_dict(self.columns)}\n"
        )

    def json(self) -> str:
        """For other languages, as people read them."""
        constraints: dict[str, dict[str, str]] = {}
        for key, comment in self.constraints.items():
            sentence, referenced = directions(comment)
            constraints[".".join(key)] = {"sentence": sentence} | (
                {"still_referenced": referenced} if referenced else {}
            )
        columns = {
            ".".join(key): {"sentence": missing(comment)}
            for key, comment in self.columns.items()
        }
        found = {"constraints": constraints, "columns": columns}
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def sentences(catalog: Catalog) -> Sentences:
    """Every sentence, or Refused where one is missing."""
    areas = {"areas": list(AREAS)}
    constraints: _Found = {}
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
        constraints[str(schema), str(table), str(name)] = str(comment)
    columns: _Found = {}
    for schema, table, name, not_null, comment in catalog.conn.execute(_COLUMNS, areas):
        if not comment:
            raise Refused(
                f"{schema}.{table}: column {name} has no comment; add"
                " `comment on column` to its migration."
            )
        if not_null:
            columns[str(schema), str(table), str(name)] = str(comment)
    return Sentences(constraints, columns)


def _dict(found: _Found) -> str:
    return (
        "{\n"
        + "".join(f"    {key!r}: {text!r},\n" for key, text in found.items())
        + "}"
    )
