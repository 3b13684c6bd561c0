-- Who waits for whom: one row a waiting session and each session that it waits for, the ends of the chains first.
with waits as materialized (
    select
        wanted.pid,
        wanted.relation,
        wanted.locktype,
        wanted.mode,
        blocker.pid as blocking_pid
    from (
        select distinct on (pid) *
        from pg_locks
        where not granted
        order by pid, locktype
    ) as wanted
    -- Once each: a parallel query's workers stand there several times.
    cross join lateral (
        select distinct pid
        from unnest(pg_blocking_pids(wanted.pid)) as each (pid)
    ) as blocker
),

told as (
    select
        waits.pid,
        waits.blocking_pid,
        waiting.state_change,
        exists (
            select
            from waits as further
            where further.pid = waits.blocking_pid
        ) as waits_too,
        format(
            E'%s %s\nfor %s\nwants %s\n%s',
            waits.pid,
            case when length(waiting.usename) > 26 then left(waiting.usename, 25) || '…' else waiting.usename end,
            coalesce(regexp_replace(date_trunc('seconds', clock_timestamp() - waiting.state_change)::text, ' days?', 'd'), '(hidden)'),
            left(replace(waits.mode, 'Lock', '') || ' on ' || coalesce(waits.relation::regclass::text, waits.locktype), 29),
            rtrim(regexp_replace(left(regexp_replace(coalesce(waiting.query, ''), '\s+', ' ', 'g'), 140), '\s*(.{1,35})', E'\\1\n', 'g'), E'\n')
        ) as waiting,
        format(
            E'%s %s\n%s\n',
            waits.blocking_pid,
            case when length(blocking.usename) > 26 then left(blocking.usename, 25) || '…' else blocking.usename end,
            coalesce(blocking.state, '(hidden)')
        )
        || coalesce(
            format(E'in a transaction for %s\n', regexp_replace(date_trunc('seconds', clock_timestamp() - blocking.xact_start)::text, ' days?', 'd')),
            ''
        ) as blocking,
        rtrim(regexp_replace(left(regexp_replace(coalesce(blocking.query, ''), '\s+', ' ', 'g'), 140), '\s*(.{1,37})', E'\\1\n', 'g'), E'\n') as blocking_query
    from waits
    left join pg_stat_activity as waiting on waiting.pid = waits.pid
    left join pg_stat_activity as blocking on blocking.pid = waits.blocking_pid
)

select
    told.waiting as waiting_pid,
    told.blocking || case
        when told.waits_too then 'waits itself, see its own row'
        else format(E'waits for nobody. To end it:\nselect pg_terminate_backend(%s);', told.blocking_pid)
    end || E'\n' || told.blocking_query as blocking_pid
from told
order by told.waits_too, told.state_change, told.pid, told.blocking_pid
limit 100;
\ir empty.psql
\if :is_empty
    \echo 'Nobody waits for a lock.'
\endif
\unset is_empty
\ir blind.psql
