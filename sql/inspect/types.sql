-- The enums with their values in order.
select
    namespace.nspname || '.' || type.typname || E'\n'
    || regexp_replace((
            select string_agg(enumlabel, ', ' order by enumsortorder)
            from pg_enum
            where enumtypid = type.oid
        ), '\s*(.{1,74})(\s+|$)', E'  \\1\n', 'g')
    || coalesce(regexp_replace(obj_description(type.oid, 'pg_type'), '\s*(.{1,74})(\s+|$)', E'  \\1\n', 'g'), '')
from pg_type as type
join pg_namespace as namespace on namespace.oid = type.typnamespace
where type.typtype = 'e'
order by namespace.nspname, type.typname
\g (format=unaligned tuples_only=on)
