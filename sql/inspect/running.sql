-- Transactions and statements that run now, the oldest first. Other people's statements show to
-- members of pg_read_all_stats only.
select
    pid,
    usename as login,
    application_name as program,
    state,
    date_trunc('milliseconds', clock_timestamp() - xact_start) as transaction_age,
    date_trunc('milliseconds', clock_timestamp() - query_start) as statement_age,
    wait_event_type || ': ' || wait_event as waits_for,
    rtrim(regexp_replace(left(regexp_replace(query, '\s+', ' ', 'g'), 300), '(.{1,44})(\s+|$)', E'\\1\n', 'g'), E'\n') as query
from pg_stat_activity
where datname = current_database()
    and pid <> pg_backend_pid()
    and state is distinct from 'idle'
    and backend_type = 'client backend'
order by xact_start nulls last, pid
limit 50;
\ir blind.psql
