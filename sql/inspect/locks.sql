-- Who waits for whom: one row a waiting session and each session that it waits for.
select
    waiting.pid as waiting_pid,
    waiting.usename as waiting_login,
    date_trunc('milliseconds', clock_timestamp() - waiting.state_change) as waiting_for,
    coalesce(wanted.relation::regclass::text, wanted.locktype) as wants,
    wanted.mode as wanted_mode,
    blocking.pid as blocking_pid,
    blocking.usename as blocking_login,
    blocking.state as blocking_state,
    date_trunc('milliseconds', clock_timestamp() - blocking.xact_start) as blocking_transaction_age,
    rtrim(regexp_replace(left(regexp_replace(waiting.query, '\s+', ' ', 'g'), 200), '(.{1,44})(\s+|$)', E'\\1\n', 'g'), E'\n') as waiting_query,
    rtrim(regexp_replace(left(regexp_replace(blocking.query, '\s+', ' ', 'g'), 200), '(.{1,44})(\s+|$)', E'\\1\n', 'g'), E'\n') as blocking_query,
    format('select pg_terminate_backend(%s);', blocking.pid) as to_end_it
from pg_locks as wanted
join pg_stat_activity as waiting on waiting.pid = wanted.pid
cross join lateral unnest(pg_blocking_pids(wanted.pid)) as blocker (pid)
left join pg_stat_activity as blocking on blocking.pid = blocker.pid
where not wanted.granted
order by waiting.state_change, waiting.pid, blocking.pid;
\if :ROW_COUNT
\else
    \echo 'Nobody waits for a lock.'
\endif
\ir blind.psql
