-- Every single thing of the schema that could be missing: its room, its kind, its name, and the
-- statements that make it missing. A room is a schema; what a partition has comes from its table.
with rooms as (
    select oid, nspname::text as room
    from pg_catalog.pg_namespace
    where nspowner = 'renderstore_owner'::regrole
),

relations as (
    select
        pg_class.oid,
        pg_class.relkind,
        pg_class.relrowsecurity,
        pg_class.relforcerowsecurity,
        pg_class.reloptions,
        pg_class.relacl,
        rooms.room,
        pg_class.relname::text as name,
        format('%I.%I', rooms.room, pg_class.relname) as path
    from pg_catalog.pg_class
    join rooms on rooms.oid = pg_class.relnamespace
    where pg_class.relkind in ('r', 'p', 'v', 'S') and not pg_class.relispartition
),

columns as (
    select
        relations.*,
        pg_attribute.attnum,
        pg_attribute.attnotnull,
        pg_attribute.attidentity,
        pg_attribute.attgenerated,
        pg_attribute.attacl,
        pg_attribute.atthasdef,
        pg_attribute.attname::text as attname
    from relations
    join pg_catalog.pg_attribute on pg_attribute.attrelid = relations.oid
    where pg_attribute.attnum > 0 and not pg_attribute.attisdropped
),

functions as (
    select
        pg_proc.oid,
        pg_proc.prosecdef,
        pg_proc.proconfig,
        pg_proc.proacl,
        pg_proc.proowner,
        rooms.room,
        pg_proc.proname::text as name,
        format(
            '%I.%I(%s)',
            rooms.room,
            pg_proc.proname,
            pg_catalog.pg_get_function_identity_arguments(pg_proc.oid)
        ) as path
    from pg_catalog.pg_proc
    join rooms on rooms.oid = pg_proc.pronamespace
    where pg_proc.prokind in ('f', 'p')
),

types as (
    select
        pg_type.oid,
        pg_type.typtype,
        pg_type.typnotnull,
        pg_type.typdefault,
        pg_type.typacl,
        pg_type.typowner,
        rooms.room,
        pg_type.typname::text as name,
        format('%I.%I', rooms.room, pg_type.typname) as path
    from pg_catalog.pg_type
    join rooms on rooms.oid = pg_type.typnamespace
    where pg_type.typtype in ('e', 'd')
),

keys as (
    select
        pg_constraint.*,
        relations.room,
        relations.path,
        pg_catalog.pg_get_constraintdef(pg_constraint.oid) as definition,
        pg_catalog.obj_description(pg_constraint.oid, 'pg_constraint') as comment
    from pg_catalog.pg_constraint
    join relations on relations.oid = pg_constraint.conrelid
    where pg_constraint.contype in ('c', 'u', 'p', 'x', 'f') and pg_constraint.conparentid = 0
),

rights as (
    select
        relations.room,
        relations.path,
        case relations.relkind when 'S' then 'sequence ' else 'table ' end || relations.path as target,
        '' as columns,
        acl.grantee,
        acl.privilege_type
    from relations
    cross join aclexplode(relations.relacl) as acl
    where acl.grantee <> 'renderstore_owner'::regrole
    union all
    select
        columns.room,
        columns.path || '.' || columns.attname,
        'table ' || columns.path,
        format(' (%I)', columns.attname),
        acl.grantee,
        acl.privilege_type
    from columns
    cross join aclexplode(columns.attacl) as acl
    union all
    select
        functions.room,
        functions.path,
        'routine ' || functions.path,
        '',
        acl.grantee,
        acl.privilege_type
    from functions
    cross join aclexplode(coalesce(functions.proacl, acldefault('f', functions.proowner))) as acl
    where acl.grantee <> functions.proowner
    union all
    select
        types.room,
        types.path,
        'type ' || types.path,
        '',
        acl.grantee,
        acl.privilege_type
    from types
    cross join aclexplode(coalesce(types.typacl, acldefault('T', types.typowner))) as acl
    -- PostgreSQL gives a type to everybody, for tables and functions of their own. Nobody here makes any.
    where acl.grantee not in (types.typowner, 0)
    union all
    select
        rooms.room,
        rooms.room,
        'schema ' || rooms.room,
        '',
        acl.grantee,
        acl.privilege_type
    from rooms
    join pg_catalog.pg_namespace on pg_namespace.oid = rooms.oid
    cross join aclexplode(pg_namespace.nspacl) as acl
    where acl.grantee <> pg_namespace.nspowner
),

grantees as (
    select
        rights.*,
        case rights.grantee when 0 then 'public' else rights.grantee::regrole::text end as role
    from rights
)

select room, 'constraint' as kind, path || ' ' || conname as name,
    format('alter table %s drop constraint %I cascade', path, conname) as statements
from keys

union all
select types.room, 'constraint', types.path || ' ' || pg_constraint.conname,
    format('alter domain %s drop constraint %I', types.path, pg_constraint.conname)
from types
join pg_catalog.pg_constraint on pg_constraint.contypid = types.oid
where pg_constraint.contype = 'c'

-- The comment returns with the key, or a rule about comments would notice.
union all
select keys.room, 'delete action', keys.path || ' ' || keys.conname,
    format(
        'alter table %1$s drop constraint %2$I, add constraint %2$I %3$s;'
        ' comment on constraint %2$I on %1$s is %4$L',
        keys.path,
        keys.conname,
        case
            when keys.confdeltype in ('a', 'r')
                then
                    regexp_replace(
                        regexp_replace(keys.definition, ' ON DELETE RESTRICT', ''),
                        '( NOT VALID| DEFERRABLE.*|)$',
                        ' ON DELETE CASCADE\1'
                    )
            else regexp_replace(keys.definition, ' ON DELETE (CASCADE|SET NULL|SET DEFAULT)( \([^)]*\))?', '')
        end,
        keys.comment
    )
from keys
where keys.contype = 'f'

union all
select columns.room, 'not null', columns.path || '.' || columns.attname,
    format('alter table %s alter column %I drop not null', columns.path, columns.attname)
from columns
where columns.relkind in ('r', 'p')
    and columns.attnotnull
    and columns.attidentity = ''
    and not exists (
        select from keys
        where keys.conrelid = columns.oid and keys.contype = 'p' and columns.attnum = any(keys.conkey)
    )

union all
select types.room, 'not null', types.path, format('alter domain %s drop not null', types.path)
from types
where types.typnotnull

union all
select columns.room, 'default', columns.path || '.' || columns.attname,
    format(
        'alter table %s alter column %I drop %s',
        columns.path,
        columns.attname,
        case
            when columns.attidentity <> '' then 'identity'
            when columns.attgenerated <> '' then 'expression'
            else 'default'
        end
    )
from columns
where columns.atthasdef or columns.attidentity <> ''

union all
select types.room, 'default', types.path, format('alter domain %s drop default', types.path)
from types
where types.typdefault is not null

union all
select relations.room, made.kind, relations.path || ' ' || pg_trigger.tgname, made.statements
from relations
join pg_catalog.pg_trigger on pg_trigger.tgrelid = relations.oid
cross join lateral (
    values
    ('trigger', format('drop trigger %I on %s', pg_trigger.tgname, relations.path)),
    (
        'disabled trigger',
        format('alter table %s disable trigger %I', relations.path, pg_trigger.tgname)
    ),
    (
        'trigger in replication',
        case
            when pg_trigger.tgenabled in ('A', 'R')
                then format('alter table %s enable trigger %I', relations.path, pg_trigger.tgname)
        end
    )
) as made (kind, statements)
where not pg_trigger.tgisinternal
    and made.statements is not null
    and (relations.relkind <> 'v' or made.kind = 'trigger')

union all
select relations.room, 'index', relations.room || '.' || held.relname,
    format('drop index %I.%I', relations.room, held.relname)
from relations
join pg_catalog.pg_index on pg_index.indrelid = relations.oid
join pg_catalog.pg_class as held on held.oid = pg_index.indexrelid
where not exists (select from pg_catalog.pg_constraint where conindid = pg_index.indexrelid)

union all
select grantees.room, 'grant', concat_ws(' ', grantees.path, lower(grantees.privilege_type), grantees.role),
    format(
        'revoke %s%s on %s from %s',
        lower(grantees.privilege_type),
        grantees.columns,
        grantees.target,
        grantees.role
    )
from grantees

-- What migrations take from everybody.
union all
select functions.room, 'revoke', functions.path,
    format('grant execute on routine %s to public', functions.path)
from functions
where not exists (
    select from aclexplode(coalesce(functions.proacl, acldefault('f', functions.proowner))) as acl
    where acl.grantee = 0
)

union all
select relations.room, 'policy', relations.path || ' ' || pg_policy.polname,
    format('drop policy %I on %s', pg_policy.polname, relations.path)
from relations
join pg_catalog.pg_policy on pg_policy.polrelid = relations.oid

union all
select relations.room, made.kind, relations.path || ' ' || pg_policy.polname, made.statements
from relations
join pg_catalog.pg_policy on pg_policy.polrelid = relations.oid
cross join lateral (
    values
    (
        'policy lets read all',
        pg_policy.polqual,
        format('alter policy %I on %s using (true)', pg_policy.polname, relations.path)
        -- Without a check of its own a policy checks what it reads.
        || case
            when pg_policy.polcmd in ('*', 'w') and pg_policy.polwithcheck is null
                then
                    format(
                        ' with check (%s)',
                        pg_catalog.pg_get_expr(pg_policy.polqual, pg_policy.polrelid)
                    )
            else ''
        end
    ),
    (
        'policy lets write all',
        pg_policy.polwithcheck,
        format('alter policy %I on %s with check (true)', pg_policy.polname, relations.path)
    )
) as made (kind, expression, statements)
where pg_catalog.pg_get_expr(made.expression, pg_policy.polrelid) <> 'true'

-- A policy for two roles, without one of them.
union all
select relations.room, 'policy role', concat_ws(' ', relations.path, pg_policy.polname, gone.role),
    format(
        'alter policy %I on %s to %s',
        pg_policy.polname,
        relations.path,
        (
            select string_agg(each::regrole::text, ', ')
            from unnest(pg_policy.polroles) as each
            where each <> gone.role
        )
    )
from relations
join pg_catalog.pg_policy on pg_policy.polrelid = relations.oid
cross join lateral (select each::regrole as role from unnest(pg_policy.polroles) as each) as gone
where cardinality(pg_policy.polroles) > 1

union all
select relations.room, 'row security', relations.path || ' ' || made.change,
    format('alter table %s %s row level security', relations.path, made.change)
from relations
cross join lateral (
    values ('disable', relations.relrowsecurity), ('no force', relations.relforcerowsecurity)
) as made (change, is_on)
where made.is_on

union all
select functions.room, 'definer', functions.path,
    format('alter routine %s security invoker', functions.path)
from functions
where functions.prosecdef

union all
select functions.room, 'setting', functions.path || ' ' || setting.name,
    format('alter routine %s reset %s', functions.path, setting.name)
from functions
cross join lateral (
    select split_part(each, '=', 1) as name
    from unnest(functions.proconfig) as each
) as setting

union all
select relations.room, 'view option', relations.path || ' ' || setting.name,
    format('alter view %s reset (%s)', relations.path, setting.name)
from relations
cross join lateral (
    select split_part(each, '=', 1) as name
    from unnest(relations.reloptions) as each
) as setting
where relations.relkind = 'v'

union all
select types.room, 'enum', types.path, format('alter type %s add value ''mutant''', types.path)
from types
where types.typtype = 'e'

order by room, kind, name
