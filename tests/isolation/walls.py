"""What the catalog must say for the doors to stay shut. Each function says where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import LiteralString

from psycopg import sql

from .catalog import OURS, OWNER, ROLES, Relation
from .doors import Door
from .expectations import CALLERS, COMMANDS, LONE_REFERENCES, ORACLES, SCHEMA_USERS
from .world import World

FILE = "tests/isolation/expectations.py"


def written_down(world: World) -> Iterator[str]:
    """Who may see a table or view stands in the expectations."""
    for relation in world.targets:
        if relation.path not in world.expected:
            yield f"{relation.path}: write who may see and change it into {FILE}"
    for path in world.expected.keys() - world.relations.keys():
        yield f"{path}: is not there any more, strike it out of {FILE}"


def as_granted(world: World) -> Iterator[str]:
    """Each role's rights are those in the expectations, and nobody else has any."""
    for relation, role in product(world.targets, ROLES):
        whole = frozenset(relation.columns)
        rights = world.maker.walls(relation.path).rights(role, whole)
        for command in COMMANDS:
            if command == "delete":
                continue
            granted = frozenset(world.open(relation, role, command))
            wanted = rights.get(command, frozenset())
            for name in sorted(granted - wanted):
                yield f"{relation.path}: {role} may {command} {name}, which {FILE} does not say"
            for name in sorted(wanted - granted):
                yield f"{relation.path}: {role} may not {command} {name}, which {FILE} says"
    for path, role, command in _table_rights(world):
        relation = world.relations[path]
        if relation not in world.targets and not relation.is_partition:
            continue
        if relation.is_partition:
            yield f"{path}: a partition is reached past its table's policies ({role} {command})"
        elif role not in ROLES:
            yield f"{path}: {role} may {command}; nobody but our roles may"
        elif command not in COMMANDS:
            yield f"{path}: {role} may {command}; only the owner may"
        elif command == "delete":
            rights = world.maker.walls(path).rights(role, frozenset())
            if "delete" not in rights:
                yield f"{path}: {role} may delete, which {FILE} does not say"
    deleters = {
        (path, role)
        for path, role, command in _table_rights(world)
        if command == "delete"
    }
    for relation, role in product(world.targets, ROLES):
        rights = world.maker.walls(relation.path).rights(role, frozenset())
        if "delete" in rights and (relation.path, role) not in deleters:
            yield f"{relation.path}: {role} may not delete, which {FILE} says"


def own_columns(world: World) -> Iterator[str]:
    """A table with a user in it belongs to that user."""
    for relation in world.targets:
        owner = world.owner(relation)
        if owner is None and "user_id" in relation.columns:
            yield f"{relation.path}: has user_id, so it has an owner"
        if owner is not None and owner not in relation.columns:
            yield f"{relation.path}: has no column {owner}, which {FILE} calls its owner"


def policies(world: World) -> Iterator[str]:
    """A table with an owner enables and forces its policies, and none of them is for everybody."""
    for relation in [*world.owned, *_partitions(world)]:
        if relation.is_view:
            continue
        if not relation.is_walled:
            yield f"{relation.path}: row-level security is not enabled"
        if not relation.is_forced:
            yield f"{relation.path}: row-level security is not forced"
    known = {*(f"renderstore_{role}" for role in ROLES), OWNER}
    for path, policy, roles, conditions in _policies(world):
        for role in set(roles) - known:
            yield f"{path}: policy {policy} is for {role}"
        if "renderstore_app" in roles and not all(
            "current_user_id" in condition for condition in conditions
        ):
            yield f"{path}: policy {policy} binds renderstore_app to no user"


def views(world: World) -> Iterator[str]:
    """A view reads with the rights of who asks."""
    for relation in world.targets:
        if relation.is_view and not relation.is_invoker:
            yield f"{relation.path}: is not security_invoker, so it reads past the policies"


def owner_in_references(world: World) -> Iterator[str]:
    """A foreign key between users' tables holds the owner, so a row hangs under the own parent."""
    for relation in world.owned:
        own = world.owner(relation)
        for reference in relation.references:
            theirs = world.maker.owner(reference.target)
            if theirs is None or reference.name in LONE_REFERENCES:
                continue
            pairs = zip(reference.columns, reference.target_columns, strict=True)
            if not any((mine, other) == (own, theirs) for mine, other in pairs):
                yield f"{relation.path}: {reference.name} points at others' rows too"


def oracles(world: World) -> Iterator[str]:
    """A unique key that a user may write begins with the owner, or tells of others' values."""
    for relation in world.owned:
        may = {
            *world.open(relation, "app", "insert"),
            *world.open(relation, "app", "update"),
        }
        for index, columns in relation.uniques.items():
            spans = world.owner(relation) not in columns and may & {*columns}
            if spans and index not in ORACLES:
                yield f"{relation.path}: {index} tells a user that another has the value"


def function_rights(world: World) -> Iterator[str]:
    """Each function is executed by whom the expectations say, and no other."""
    for function in world.functions:
        wanted = frozenset(CALLERS.get(function.path, "").split())
        if function.callers != wanted:
            yield (
                f"{function.path}: {sorted(function.callers)} may execute it;"
                f" CALLERS in {FILE} says {sorted(wanted)}"
            )
        if function.is_definer and not function.has_fixed_path:
            yield (
                f"{function.path}: a security definer needs"
                " set search_path = pg_catalog, pg_temp"
            )
    for path in CALLERS.keys() - {function.path for function in world.functions}:
        yield f"{path}: is not there any more, strike it out of CALLERS, {FILE}"


SURROUNDINGS: Mapping[str, LiteralString] = {
    # Only roles that every database knows: others of the cluster come and go with other tests, and
    # a login that migrates another database inherits the owner of this one's schemas.
    "a schema's rights": """
        select n.nspname || ' ' || x.privilege_type || ' '
            || coalesce(replace(r.rolname, 'renderstore_', ''), 'public')
        from pg_catalog.pg_namespace as n
        cross join aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as x
        left join pg_catalog.pg_roles as r on r.oid = x.grantee
        where n.oid in {ours} and x.grantee <> n.nspowner
    """,
    "a schema where somebody may create": """
        select n.nspname || ' ' || r.rolname
        from pg_catalog.pg_namespace as n, pg_catalog.pg_roles as r
        where (r.rolname in {roles} or r.rolname = {login})
            and has_schema_privilege(r.rolname, n.oid, 'create')
    """,
    "a right in the database": """
        select r.rolname
        from pg_catalog.pg_roles as r
        where r.rolname in {roles} and (
            has_database_privilege(r.oid, current_database(), 'temporary')
            or has_database_privilege(r.oid, current_database(), 'create')
        )
    """,
    "a power of a role": """
        select r.rolname
        from pg_catalog.pg_roles as r
        where (r.rolname in {roles} or r.rolname = 'renderstore_owner') and (
            r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb
            or r.rolreplication or r.rolcanlogin
        )
    """,
    "a membership between roles": """
        select m.rolname || ' in ' || g.rolname
        from pg_catalog.pg_auth_members as a
        join pg_catalog.pg_roles as m on m.oid = a.member
        join pg_catalog.pg_roles as g on g.oid = a.roleid
        where m.rolname in {roles}
            -- Whoever is on call sees what others run; it opens no table.
            and (m.rolname, g.rolname) <> ('renderstore_readonly', 'pg_read_all_stats')
    """,
    "a default right on what comes later": """
        select d.defaclobjtype::text || ' ' || x.privilege_type
        from pg_catalog.pg_default_acl as d
        cross join aclexplode(d.defaclacl) as x
        where x.grantee <> d.defaclrole
    """,
    "a right on a sequence": """
        select c.oid::regclass || ' ' || r.rolname
        from pg_catalog.pg_class as c, pg_catalog.pg_roles as r
        where c.relkind = 'S' and c.relnamespace in {ours} and r.rolname in {roles}
            and has_sequence_privilege(r.oid, c.oid, 'usage, select, update')
    """,
    "a readable table elsewhere": """
        select c.oid::regclass || ' ' || r.rolname
        from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        cross join pg_catalog.pg_roles as r
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and r.rolname in {roles}
            and n.oid not in {ours}
            and n.nspname not in ('pg_catalog', 'information_schema')
            and c.relname <> 'pg_stat_statements' and c.relname <> 'pg_stat_statements_info'
            and has_any_column_privilege(r.oid, c.oid, 'select, insert, update, references')
    """,
    "a function of another owner": """
        select p.oid::regprocedure::text
        from pg_catalog.pg_proc as p
        where p.pronamespace in {ours} and p.proowner <> 'renderstore_owner'::regrole
    """,
    "a table of another owner": """
        select c.oid::regclass::text
        from pg_catalog.pg_class as c
        where c.relnamespace in {ours} and c.relowner <> 'renderstore_owner'::regrole
            and c.relkind <> 'i'
    """,
}

ALLOWED: Mapping[str, frozenset[str]] = {
    "a schema's rights": frozenset(
        f"{schema} USAGE {role}"
        for schema, roles in SCHEMA_USERS.items()
        for role in roles.split()
    )
}


def surroundings(world: World) -> Iterator[str]:
    """Nothing around the tables opens a way in."""
    for name, query in SURROUNDINGS.items():
        found = {str(row[0]) for row in world.own.execute(_filled_in(world, query))}
        for extra in sorted(found - ALLOWED.get(name, frozenset())):
            yield f"{name}: {extra}"


def _filled_in(world: World, query: LiteralString) -> sql.Composed:
    roles = sql.SQL(", ").join(f"renderstore_{role}" for role in ROLES)
    return sql.SQL(query).format(
        ours=sql.SQL(OURS),
        roles=sql.SQL("({})").format(roles),
        login=sql.Literal(world.work.info.user),
    )


def _partitions(world: World) -> list[Relation]:
    return [each for each in world.relations.values() if each.is_partition]


def _table_rights(world: World) -> list[tuple[str, str, str]]:
    """Table, role and right; a right on a column is one of these only for other grantees."""
    query = """
        select distinct
            n.nspname || '.' || c.relname,
            coalesce(regexp_replace(r.rolname, '^renderstore_', ''), 'public'),
            lower(x.privilege_type)
        from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        cross join lateral (
            select * from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner)))
            union all
            select x.* from pg_catalog.pg_attribute as a, aclexplode(a.attacl) as x
            where a.attrelid = c.oid and not a.attisdropped
        ) as x
        left join pg_catalog.pg_roles as r on r.oid = x.grantee
        where n.oid in {ours} and c.relkind in ('r', 'p', 'v', 'm', 'f') and x.grantee <> c.relowner
        order by 1, 2, 3
    """
    return [
        (str(path), str(role), str(right))
        for path, role, right in world.own.execute(_filled_in(world, query))
    ]


def _policies(world: World) -> list[tuple[str, str, list[str], list[str]]]:
    paths = [relation.path for relation in world.targets]
    found = world.own.execute(
        "select schemaname || '.' || tablename, policyname::text, roles::text[],"
        " array_remove(array[qual, with_check], null) from pg_catalog.pg_policies"
        " where schemaname || '.' || tablename = any (%s)",
        [paths],
    )
    return [
        (str(path), str(policy), list(roles), list(conditions))
        for path, policy, roles, conditions in found
    ]


WALLS: tuple[Door, ...] = (
    written_down,
    as_granted,
    own_columns,
    policies,
    views,
    owner_in_references,
    oracles,
    function_rights,
    surroundings,
)
