-- Transactions and statements that run now, the oldest first. Other people's statements show to
-- members of pg_read_all_stats only.
select
    pid,
    format(
        E'%s\n%s\n%s%s',
        left(usename, 24),
        left(application_name, 24),
        coalesce(state, '(hidden)'),
        coalesce(E'\non ' || left(wait_event_type || ' ' || wait_event, 21), '')
    ) as login_program_state,
    regexp_replace(date_trunc('seconds', clock_timestamp() - xact_start)::text, ' days?', 'd') as open_for,
    rtrim(regexp_replace(left(regexp_replace(query, '\s+', ' ', 'g'), 160), '\s*(.{1,31})(\s+|$)', E'\\1\n', 'g'), E'\n') as query
from pg_stat_activity
where datname = current_database()
    and pid <> pg_backend_pid()
    and state is distinct from 'idle'
    and backend_type = 'client backend'
order by xact_start nulls last, pid
limit 50;
\ir empty.psql
\if :is_empty
    \echo 'Nothing else runs in this database.'
\endif
\unset is_empty
\ir blind.psql
