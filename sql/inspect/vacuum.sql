-- Dead rows, last vacuums, distance to the wraparound (autovacuum forces it at 200 million by default).
select
    statistics.schemaname || '.' || statistics.relname as name,
    statistics.n_live_tup as live_rows,
    statistics.n_dead_tup as dead_rows,
    round(
        100.0 * statistics.n_dead_tup
        / nullif(statistics.n_live_tup + statistics.n_dead_tup, 0),
        1
    ) as dead_percent,
    greatest(statistics.last_vacuum, statistics.last_autovacuum) as last_vacuum,
    greatest(statistics.last_analyze, statistics.last_autoanalyze) as last_analyze,
    age(class.relfrozenxid) as transactions_since_freeze
from pg_stat_user_tables as statistics
join pg_class as class on class.oid = statistics.relid
where class.relkind in ('r', 'm')
order by statistics.n_dead_tup desc, age(class.relfrozenxid) desc, 1
limit 50;
-- An open snapshot keeps every dead row behind it.
select
    pid,
    usename as login,
    state,
    age(backend_xmin) as holds_back_transactions,
    date_trunc('seconds', clock_timestamp() - xact_start) as transaction_age
from pg_stat_activity
where backend_xmin is not null
    and pid <> pg_backend_pid()
order by age(backend_xmin) desc, pid
limit 5;
