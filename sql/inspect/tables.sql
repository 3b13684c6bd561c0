-- Every table and view: rows (estimated by the last analyze), size, what it is for.
select
    namespace.nspname as area,
    class.relname as name,
    case class.relkind
        when 'v' then 'view'
        when 'm' then 'materialized view'
        else 'table'
    end as kind,
    case
        when class.relkind = 'v' then null
        when class.reltuples < 0 then 'never analyzed'
        else '~' || class.reltuples::bigint
    end as rows,
    case
        when class.relkind <> 'v' then pg_size_pretty(pg_total_relation_size(class.oid))
    end as size,
    obj_description(class.oid, 'pg_class') as comment
from pg_class as class
join pg_namespace as namespace on namespace.oid = class.relnamespace
where class.relkind in ('r', 'p', 'v', 'm')
    and not class.relispartition
    and namespace.nspname <> 'information_schema'
    and namespace.nspname !~ '^pg_'
order by namespace.nspname, class.relname
\g (format=wrapped)
