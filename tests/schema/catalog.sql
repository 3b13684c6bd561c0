-- The catalog in the words of the style guide, so that a rule is a few lines. Made in the test's
-- own database, never in a real one.
create schema style;

create view style.areas as
select
    pg_namespace.oid,
    nspname as area
from pg_namespace
where nspname in ('identity', 'work', 'render', 'studio', 'media', 'ops', 'audit', 'authjs');

-- Tables, partitions included.
create view style.stored as
select
    class.oid,
    area,
    class.relname as name,
    format('%s.%s', area, class.relname) as violator,
    class.relispartition as is_partition,
    class.relrowsecurity as has_row_security,
    class.relforcerowsecurity as forces_row_security,
    -- Rule 1: where every row that belongs to a user has user_id, and leads its key with it.
    area in ('work', 'render', 'studio', 'media', 'audit')
    or class.relname ^@ 'rate_limit' as is_in_owner_room,
    exists (
        select
        from pg_attribute
        where attrelid = class.oid and attname = 'user_id' and not attisdropped
    )
    or class.oid = to_regclass('identity.users') as has_owner
from pg_class as class
join style.areas on areas.oid = class.relnamespace
where class.relkind in ('r', 'p');

create view style.tables as
select *
from style.stored
where not is_partition;

create view style.views as
select
    class.oid,
    area,
    class.relname as name,
    format('%s.%s', area, class.relname) as violator,
    class.relkind = 'm' as is_materialized,
    class.reloptions
from pg_class as class
join style.areas on areas.oid = class.relnamespace
where class.relkind in ('v', 'm');

create view style.columns as
select
    class.oid as table_oid,
    attribute.attnum,
    area,
    class.relname as table_name,
    attribute.attname as name,
    format('%s.%s.%s', area, class.relname, attribute.attname) as violator,
    class.relkind in ('r', 'p') as is_stored,
    attribute.atttypid as type_oid,
    coalesce(nullif(type.typelem, 0), type.oid) as element_oid,
    format_type(attribute.atttypid, attribute.atttypmod) as type,
    attribute.attnotnull as is_not_null,
    attribute.attidentity <> '' as is_identity,
    attribute.attgenerated <> '' as is_generated,
    pg_get_expr(pg_attrdef.adbin, pg_attrdef.adrelid) as default_value
from pg_attribute as attribute
join pg_class as class on class.oid = attribute.attrelid
join style.areas on areas.oid = class.relnamespace
join pg_type as type on type.oid = attribute.atttypid
left join pg_attrdef
    on pg_attrdef.adrelid = attribute.attrelid and pg_attrdef.adnum = attribute.attnum
where class.relkind in ('r', 'p', 'v', 'm', 'c')
    and not class.relispartition
    and attribute.attnum > 0
    and not attribute.attisdropped;

create view style.constraints as
select
    pg_constraint.oid,
    tables.oid as table_oid,
    tables.area,
    tables.name as table_name,
    pg_constraint.conname as name,
    format('%s.%s.%s', tables.area, tables.name, pg_constraint.conname) as violator,
    pg_constraint.contype as kind,
    pg_get_constraintdef(pg_constraint.oid) as definition,
    pg_constraint.conkey as column_numbers,
    (
        select array_agg(attname order by position)
        from unnest(pg_constraint.conkey) with ordinality as key (attnum, position)
        join pg_attribute on attrelid = pg_constraint.conrelid and pg_attribute.attnum = key.attnum
    ) as column_names,
    pg_constraint.confrelid as referenced_oid,
    (
        select array_agg(attname order by position)
        from unnest(pg_constraint.confkey) with ordinality as key (attnum, position)
        join pg_attribute on attrelid = pg_constraint.confrelid and pg_attribute.attnum = key.attnum
    ) as referenced_names,
    pg_constraint.confdeltype as on_delete,
    pg_constraint.confupdtype as on_update
from pg_constraint
join style.tables on tables.oid = pg_constraint.conrelid
-- From 18 on NOT NULL is a constraint too: it takes its column's comment and name.
-- A constraint trigger is a trigger.
where pg_constraint.contype not in ('n', 't')
    and pg_constraint.conparentid = 0;

create view style.indexes as
select
    pg_index.indexrelid as oid,
    tables.oid as table_oid,
    tables.area,
    tables.name as table_name,
    class.relname as name,
    format('%s.%s', tables.area, class.relname) as violator,
    pg_index.indisprimary as is_primary,
    pg_index.indisunique as is_unique,
    pg_index.indisvalid as is_valid,
    exists (
        select
        from pg_constraint
        where conindid = pg_index.indexrelid and contype in ('p', 'u', 'x')
    ) as is_constraint,
    pg_get_expr(pg_index.indpred, pg_index.indrelid) as predicate,
    (
        select array_agg(attname order by position)
        from unnest(pg_index.indkey::smallint[]) with ordinality as key (attnum, position)
        join pg_attribute on attrelid = pg_index.indrelid and pg_attribute.attnum = key.attnum
        where position <= pg_index.indnkeyatts
    ) as column_names
from pg_index
join pg_class as class on class.oid = pg_index.indexrelid
join style.tables on tables.oid = pg_index.indrelid;

create view style.foreign_keys as
select
    constraints.*,
    exists (
        select
        from style.indexes
        where indexes.table_oid = constraints.table_oid
            and indexes.is_valid
            and (
                indexes.predicate is null
                or indexes.predicate ~ '^\(\w+ IS NOT NULL\)$'
            )
            and indexes.column_names[1:cardinality(constraints.column_names)]
            @> constraints.column_names
    ) as has_index
from style.constraints
where constraints.kind = 'f';

create view style.functions as
select
    pg_proc.oid,
    area,
    pg_proc.proname as name,
    format('%s.%s', area, pg_proc.proname) as violator,
    pg_proc.proowner as owner,
    pg_proc.prosecdef as is_definer,
    pg_proc.proconfig as settings,
    coalesce(pg_proc.proacl, acldefault('f', pg_proc.proowner)) as rights
from pg_proc
join style.areas on areas.oid = pg_proc.pronamespace;

-- Enums, domains, composite types and ranges of their own; not the row type of a table.
create view style.types as
select
    type.oid,
    area,
    type.typname as name,
    format('%s.%s', area, type.typname) as violator,
    type.typtype as kind,
    type.typowner as owner
from pg_type as type
join style.areas on areas.oid = type.typnamespace
left join pg_class as class on class.oid = type.typrelid
where type.typtype in ('e', 'd', 'c', 'r')
    and (type.typtype <> 'c' or class.relkind = 'c');

create view style.policies as
select
    stored.oid as table_oid,
    policy.polname as name,
    stored.name as table_name,
    format('%s.%s', stored.violator, policy.polname) as violator,
    policy.polcmd as command,
    policy.polpermissive as is_permissive,
    policy.polroles as role_oids,
    concat_ws(
        ' ; ',
        pg_get_expr(policy.polqual, policy.polrelid),
        pg_get_expr(policy.polwithcheck, policy.polrelid)
    ) as expression
from pg_policy as policy
join style.stored on stored.oid = policy.polrelid;

-- Who may do what with tables, views and single columns, the owner's own rights left out.
-- A grantee of 0 is PUBLIC.
create view style.grants as
select
    class.oid as table_oid,
    format('%s.%s', area, class.relname) as violator,
    class.relkind in ('r', 'p') as is_stored,
    null::name as column_name,
    acl.grantee,
    case
        when acl.grantee = 0 then 'public'
        else pg_get_userbyid(acl.grantee)
    end as role,
    acl.privilege_type as privilege,
    acl.is_grantable
from pg_class as class
join style.areas on areas.oid = class.relnamespace
cross join lateral aclexplode(class.relacl) as acl
where class.relkind in ('r', 'p', 'v', 'm', 'S')
    and acl.grantee <> class.relowner
union all
select
    class.oid as table_oid,
    format('%s.%s.%s', area, class.relname, attribute.attname) as violator,
    class.relkind in ('r', 'p') as is_stored,
    attribute.attname as column_name,
    acl.grantee,
    case
        when acl.grantee = 0 then 'public'
        else pg_get_userbyid(acl.grantee)
    end as role,
    acl.privilege_type as privilege,
    acl.is_grantable
from pg_attribute as attribute
join pg_class as class on class.oid = attribute.attrelid
join style.areas on areas.oid = class.relnamespace
cross join lateral aclexplode(attribute.attacl) as acl
where not attribute.attisdropped
    and acl.grantee <> class.relowner;
