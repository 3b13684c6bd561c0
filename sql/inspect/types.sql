-- The enums with their values in order.
select
    namespace.nspname || '.' || type.typname as name,
    (
        select string_agg(enumlabel, ', ' order by enumsortorder)
        from pg_enum
        where enumtypid = type.oid
    ) as values,
    obj_description(type.oid, 'pg_type') as comment
from pg_type as type
join pg_namespace as namespace on namespace.oid = type.typnamespace
where type.typtype = 'e'
order by 1
\g (format=wrapped)
