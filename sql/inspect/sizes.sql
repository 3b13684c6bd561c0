-- What takes up space: the fifty largest tables, and the whole database above them.
select
    coalesce(left(namespace.nspname || '.' || class.relname, 30), '(the whole database)') as name,
    pg_size_pretty(total.bytes) as total,
    pg_size_pretty(pg_relation_size(class.oid)) as rows,
    pg_size_pretty(pg_indexes_size(class.oid)) as indexes,
    round(100.0 * total.bytes / pg_database_size(current_database()), 1) as percent
from (
    select
        relid as oid,
        pg_total_relation_size(relid) as bytes
    from pg_stat_user_tables
    union all
    select
        null as oid,
        pg_database_size(current_database()) as bytes
) as total
left join pg_class as class on class.oid = total.oid
left join pg_namespace as namespace on namespace.oid = class.relnamespace
order by total.oid is not null, total.bytes desc, name
limit 51;
