-- Dead rows, last vacuums, distance to the wraparound (autovacuum forces it at 200 million by default).
select
    left(statistics.schemaname || '.' || statistics.relname, 30) as name,
    statistics.n_live_tup as live,
    statistics.n_dead_tup as dead,
    round(
        100.0 * statistics.n_dead_tup
        / nullif(statistics.n_live_tup + statistics.n_dead_tup, 0),
        1
    ) as percent,
    to_char(greatest(statistics.last_vacuum, statistics.last_autovacuum), 'MM-DD HH24:MI') as vacuumed,
    age(class.relfrozenxid) as age
from pg_stat_user_tables as statistics
join pg_class as class on class.oid = statistics.relid
where class.relkind in ('r', 'm')
order by statistics.n_dead_tup desc, age(class.relfrozenxid) desc, 1
limit 50;
-- An open snapshot keeps every dead row behind it.
select
    pid,
    left(usename, 24) as login,
    state,
    age(backend_xmin) as holds_back,
    regexp_replace(date_trunc('seconds', clock_timestamp() - xact_start)::text, ' days?', 'd') as open_for
from pg_stat_activity
where backend_xmin is not null
    and pid <> pg_backend_pid()
order by age(backend_xmin) desc, pid
limit 5;
