-- Every table and view: rows (estimated by the last analyze), size, what it is for.
select format(
    E'%s%s%s',
    rpad(namespace.nspname || '.' || class.relname, 44),
    concat_ws(
        ', ',
        case class.relkind
            when 'v' then 'view'
            when 'm' then 'materialized view'
            when class.relkind then
                case
                    when class.reltuples < 0 then 'never analyzed'
                    else '~' || class.reltuples::bigint || ' rows'
                end
        end,
        case
            when class.relkind <> 'v' then pg_size_pretty(pg_total_relation_size(class.oid))
        end
    ),
    E'\n' || regexp_replace(obj_description(class.oid, 'pg_class'), '\s*(.{1,74})(\s+|$)', E'  \\1\n', 'g')
)
from pg_class as class
join pg_namespace as namespace on namespace.oid = class.relnamespace
where class.relkind in ('r', 'p', 'v', 'm')
    and not class.relispartition
    and namespace.nspname <> 'information_schema'
    and namespace.nspname !~ '^pg_'
order by namespace.nspname, class.relname
\g (format=unaligned tuples_only=on)
