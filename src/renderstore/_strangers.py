"""What a database holds that the migrations did not make: `reset` must not touch its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterable

import psycopg

from renderstore import migrations
from renderstore._paths import MIGRATIONS
from renderstore.schema import AREAS, OWNER
from renderstore.schema._catalog import expected
from renderstore.settings import Settings

_MADE = re.compile(
    r"^\s*create (?:or replace )?(?:unlogged )?(?:table|view|function|procedure|type|domain|sequence)"
    r"(?: if not exists)? (\w+\.\w+)",
    re.MULTILINE,
)

# What belongs to an extension, to a table (its row type, its sequence) or to yoyo is nobody's own.
_OBJECTS = """
with found (class, oid, schema_name, name, owner, kind) as (
    select 'pg_class'::regclass, oid, relnamespace, relname, relowner,
        case relkind
            when 'v' then 'view' when 'm' then 'view' when 'S' then 'sequence' else 'table'
        end
    from pg_class
    where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and not relispartition
    union all
    select 'pg_proc'::regclass, oid, pronamespace, proname, proowner, 'function'
    from pg_proc
    union all
    select 'pg_type'::regclass, oid, typnamespace, typname, typowner, 'type'
    from pg_type
    where typtype in ('e', 'd', 'r')
        or typtype = 'c' and (select relkind from pg_class where oid = typrelid) = 'c'
)
select distinct found.kind, nspname || '.' || found.name,
    nspname = any(%(areas)s) and found.owner = to_regrole(%(owner)s)
from found
join pg_namespace on pg_namespace.oid = found.schema_name
where nspname !~ '^pg_' and nspname <> 'information_schema'
    and not (nspname = 'public' and found.name ~ '^(_yoyo_|yoyo_)')
    and not exists (
        select from pg_depend
        where pg_depend.classid = found.class and pg_depend.objid = found.oid
            and pg_depend.deptype in ('e', 'i', 'a')
    )
union all
select 'schema', nspname, nspname = any(%(areas)s)
from pg_namespace
where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
    and not exists (
        select from pg_depend
        where classid = 'pg_namespace'::regclass and objid = pg_namespace.oid and deptype = 'e'
    )
order by 2
"""


def find(target: Settings, *, by_name: bool) -> list[str]:
    """What others made in this database, in words; with by_name also inside our own schemas."""
    with psycopg.connect(target.url, connect_timeout=10) as conn:
        rows = conn.execute(_OBJECTS, {"areas": list(AREAS), "owner": OWNER}).fetchall()
    made = _made() if by_name else set[str]()
    found = [
        f"the {kind} {name}"
        for kind, name, is_ours in rows
        if not is_ours or (by_name and kind != "schema" and name not in made)
    ]
    if by_name:
        known = set(migrations.names())
        found += [
            f"the migration {name}"
            for name in migrations.applied(target)
            if name not in known
        ]
    return found


def databases(target: Settings) -> list[str]:
    """The databases of this server beside the given one; those of test runs come and go."""
    with psycopg.connect(target.url, connect_timeout=10) as conn:
        rows = conn.execute(
            "select datname from pg_database where not datistemplate"
            " and datname not in ('postgres', current_database())"
            " and not starts_with(datname, 'renderstore_test_') order by 1"
        ).fetchall()
    return [f"the database {row[0]}" for row in rows]


def listed(found: Iterable[str], most: int = 5) -> str:
    """The first few in a sentence."""
    names = list(found)
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def _made() -> set[str]:
    """The names that the migrations give to what they make, at any of them, and what they make by a function."""
    written = {
        name
        for path in MIGRATIONS.glob("*.sql")
        for name in _MADE.findall(path.read_text(encoding="utf-8"))
    }
    return written | {name.partition("(")[0] for name in expected(())["function"]}
