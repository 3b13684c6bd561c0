"""What a database is asked before its dump and after its restoration: tables, rows, walls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from renderstore.backup._manifest import BackupFailed, Place
from renderstore.migrations import SCOPE_ROLES
from renderstore.schema import AREAS, OWNER

Conn = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A table whose rows a dump holds."""

    schema: str
    name: str
    oid: int

    @property
    def path(self) -> str:
        """Its name for people and manifests."""
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


# pg_dump leaves an extension's own tables to the extension.
_TABLES = """
select nspname::text, relname::text, pg_class.oid::bigint
from pg_catalog.pg_class
join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
where relkind = 'r'
    and relpersistence in ('p', 'u')
    and nspname !~ '^pg_'
    and nspname <> 'information_schema'
    and not nspname = any (%s)
    and not exists (
        select from pg_catalog.pg_depend
        where classid = 'pg_catalog.pg_class'::regclass
            and objid = pg_class.oid
            and deptype = 'e'
    )
order by 1, 2
"""


def tables(conn: Conn, without: Sequence[str] = ()) -> list[Table]:
    """Every table of the database that a dump takes along."""
    return [Table(*row) for row in conn.execute(_TABLES, [list(without)]).fetchall()]


# Who is bound by policies sees every row only if one lets everything through and none hides any.
_HIDDEN = """
with binding as (
    select
        polrelid, polname, polpermissive,
        pg_catalog.pg_get_expr(polqual, polrelid) is not distinct from 'true' as is_for_all
    from pg_catalog.pg_policy
    where polcmd in ('*', 'r')
        and exists (
            select from unnest(polroles) as bound
            where bound = 0 or pg_has_role(bound, 'usage')
        )
), asked as (
    select
        nspname || '.' || relname as path,
        has_schema_privilege(pg_namespace.oid, 'usage')
            and has_table_privilege(pg_class.oid, 'select') as is_readable,
        row_security_active(pg_class.oid) as is_bound,
        exists (
            select from binding
            where polrelid = pg_class.oid and polpermissive and is_for_all
        ) as is_seen,
        (
            select min(polname::text) from binding
            where polrelid = pg_class.oid and not polpermissive and not is_for_all
        ) as hides
    from pg_catalog.pg_class
    join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = any (%s::oid[])
)
select path, is_readable, hides
from asked
where not is_readable or is_bound and (not is_seen or hides is not null)
order by path
"""


def refuse_hidden_rows(conn: Conn, found: Sequence[Table]) -> None:
    """Refuse where this login does not see every row: its dump would be short without an error."""
    rows = conn.execute(_HIDDEN, [[table.oid for table in found]]).fetchall()
    for path, is_readable, hides in rows:
        who = conn.info.user
        if not is_readable:
            raise BackupFailed(
                f"{who} may not read {path}, so the backup would lack it. Grant it to {who}, or leave"
                f" that schema out with --without {str(path).partition('.')[0]}."
            )
        if hides is not None:
            raise BackupFailed(
                f"The restrictive policy {hides} hides rows of {path} from {who}: the backup would be"
                " short. Drop that policy, or let a superuser take the backup."
            )
        raise BackupFailed(
            f"No policy lets {who} read every row of {path}: the backup would be short. Give"
            f" {OWNER} its policy `using (true)` again, or let a superuser take the backup."
        )


def count(
    conn: Conn, found: Sequence[Table], tell: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """The rows of each table, as this transaction sees them."""
    counted: dict[str, int] = {}
    for table in found:
        row = conn.execute(
            sql.SQL("select count(*) from {}").format(table.sql)
        ).fetchone()
        assert row is not None
        counted[table.path] = int(row[0])
        tell(table.path)
    return counted


# What a copy must have as the original has it. The last column is written otherwise by other versions
# of PostgreSQL. An owner's own rights differ between versions, and nothing takes them away.
_WALLS = """
with ours as (
    select oid, nspname, nspowner, nspacl
    from pg_catalog.pg_namespace
    where nspname = any (%s)
),
relations as (
    select pg_class.*, ours.nspname || '.' || relname as path
    from pg_catalog.pg_class
    join ours on ours.oid = relnamespace
),
functions as (
    select
        pg_proc.*,
        ours.nspname || '.' || proname || '(' || pg_catalog.oidvectortypes(proargtypes) || ')' as path
    from pg_catalog.pg_proc
    join ours on ours.oid = pronamespace
),
rights (what, name, owner, acl) as (
    select 'schema', nspname::text, nspowner, coalesce(nspacl, acldefault('n', nspowner))
    from ours
    union all
    select
        'relation', path, relowner,
        coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))
    from relations
    where relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select 'column', path || '.' || attname, relowner, attacl
    from relations
    join pg_catalog.pg_attribute on attrelid = relations.oid
    where attacl is not null and not attisdropped
    union all
    select 'function', path, proowner, coalesce(proacl, acldefault('f', proowner))
    from functions
    union all
    select 'type', ours.nspname || '.' || typname, typowner, coalesce(typacl, acldefault('T', typowner))
    from pg_catalog.pg_type
    join ours on ours.oid = typnamespace
    where typtype in ('e', 'd', 'r')
    union all
    select
        'default', defaclrole::regrole::text || ' ' || defaclobjtype::text
            || coalesce(' ' || ours.nspname, ''),
        defaclrole, defaclacl
    from pg_catalog.pg_default_acl
    left join ours on ours.oid = defaclnamespace
    where defaclrole = to_regrole('renderstore_owner')
)
select
    case relkind when 'v' then 'view' when 'm' then 'view' when 'S' then 'sequence' else 'table' end,
    path,
    format(
        'owner %%s, row-level security %%s, forced %%s, %%s',
        relowner::regrole, relrowsecurity, relforcerowsecurity, coalesce(reloptions::text, '{}')
    ),
    ''
from relations
where relkind in ('r', 'p', 'v', 'm', 'S')
union all
select
    'policy', path || ' ' || polname,
    format(
        '%%s %%s to %%s%%s%%s',
        case when polpermissive then 'permissive' else 'restrictive' end, polcmd,
        array(
            select coalesce(rolname, 'public')
            from unnest(polroles) as bound
            left join pg_catalog.pg_roles on pg_roles.oid = bound
            order by 1
        ),
        case when polqual is not null then ' using' end,
        case when polwithcheck is not null then ' with check' end
    ),
    concat_ws(' / ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
from pg_catalog.pg_policy
join relations on relations.oid = polrelid
union all
select
    'function', path,
    format(
        'owner %%s, security definer %%s, leakproof %%s, %%s',
        proowner::regrole, prosecdef, proleakproof, coalesce(proconfig::text, '{}')
    ),
    ''
from functions
union all
select 'trigger', path || ' ' || tgname, 'enabled ' || tgenabled::text, pg_get_triggerdef(pg_trigger.oid)
from pg_catalog.pg_trigger
join relations on relations.oid = tgrelid
where not tgisinternal
union all
select
    'constraint', coalesce(path, contypid::regtype::text) || ' ' || conname,
    format('%%s, validated %%s', contype, convalidated),
    pg_get_constraintdef(pg_constraint.oid)
from pg_catalog.pg_constraint
join ours on ours.oid = connamespace
left join relations on relations.oid = conrelid
where contype <> 'n'
union all
select
    'index', relations.path || ' ' || own.relname,
    format('unique %%s, valid %%s', indisunique, indisvalid),
    pg_get_indexdef(indexrelid)
from pg_catalog.pg_index
join relations on relations.oid = indrelid
join pg_catalog.pg_class as own on own.oid = indexrelid
union all
select
    'right', rights.what || ' ' || rights.name,
    format('%%s to %%s', lower(privilege_type), coalesce(rolname, 'public')),
    ''
from rights
cross join lateral aclexplode(acl)
left join pg_catalog.pg_roles on pg_roles.oid = grantee
where grantee <> rights.owner
union all
select distinct 'default rights', name, 'said', '' from rights where what = 'default'
order by 1, 2, 3, 4
"""


def walls(conn: Conn) -> list[tuple[str, str, str, str]]:
    """Who may do what, and what keeps a row right: kind, name, what is true in every version, and in this one."""
    rows = conn.execute(_WALLS, [list(AREAS)]).fetchall()
    return [(str(a), str(b), str(c), str(d)) for a, b, c, d in rows]


def roles(conn: Conn) -> list[str]:
    """The roles that something in this database belongs or is granted to."""
    rows = conn.execute(
        "select distinct rolname::text from pg_catalog.pg_shdepend"
        " join pg_catalog.pg_roles on pg_roles.oid = refobjid"
        " where refclassid = 'pg_catalog.pg_authid'::regclass"
        " and dbid = (select oid from pg_catalog.pg_database where datname = current_database())"
        " order by 1"
    ).fetchall()
    return [str(row[0]) for row in rows]


def place(conn: Conn) -> Place:
    """What a dump does not hold of the database itself."""
    # The column's name changed twice.
    version = conn.info.server_version
    locale: LiteralString = "datlocale" if version >= 170000 else "daticulocale"
    row = conn.execute(
        sql.SQL(
            "select pg_encoding_to_char(encoding), datlocprovider::text, datcollate::text,"
            " datctype::text, {}::text"
            " from pg_catalog.pg_database where datname = current_database()"
        ).format(sql.Identifier(locale))
    ).fetchone()
    assert row is not None
    encoding, provider, collate, ctype, name = row
    statements = conn.execute(
        """
        select format(
            'grant %s on database %%I to %s%s;',
            lower(privilege_type), quote_ident(rolname),
            case when is_grantable then ' with grant option' end
        )
        from pg_catalog.pg_database
        cross join lateral aclexplode(datacl)
        join pg_catalog.pg_roles on pg_roles.oid = grantee
        where datname = current_database() and grantee <> datdba
        union all
        select 'revoke connect on database %I from public;'
        where not has_database_privilege('public', current_database(), 'connect')
        union all
        select format(
            'alter %sdatabase %%I set %s = %L;',
            case when setrole <> 0 then format('role %I in ', setrole::regrole) end,
            split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
        )
        from pg_catalog.pg_db_role_setting
        cross join unnest(setconfig) as setting
        where setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
        order by 1
        """
    ).fetchall()
    return Place(
        encoding=encoding,
        provider=provider,
        collate=collate,
        ctype=ctype,
        locale=name,
        statements=[str(row[0]) for row in statements],
    )


def mighty_roles(conn: Conn) -> list[str]:
    """The group roles of this cluster that may do more than a group role may."""
    rows = conn.execute(
        "select rolname::text from pg_catalog.pg_roles where rolname = any (%s)"
        " and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin)"
        " order by 1",
        [[OWNER, *SCOPE_ROLES]],
    ).fetchall()
    return [str(row[0]) for row in rows]
