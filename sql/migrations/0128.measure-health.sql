-- The house's health in one call. What whoever asks may not see is unknown, never ok: the statistics of others' sessions belong to
-- pg_read_all_stats, the farm's numbers to workers, administrators and readers.
-- depends: 0127.create-health-rules

set local role renderstore_owner;

-- Numbers alone leave it, of nobody in particular.
create function ops.measure_farm()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set max_parallel_workers_per_gather = 0
set jit = off
as $$
declare
    waiting bigint;
    bound constant bigint := 10000;
begin
    select count(*) into waiting
    from (
        select r.job_id
        from work.ready as r
        union all
        select a.job_id
        from work.arrivals as a
        limit bound
    ) as counted;
    -- A long line is not counted to its end.
    if waiting = bound then
        waiting := greatest(
            bound,
            (
                select pg_stat_get_live_tuples(c.oid)
                from pg_class as c
                where c.oid = 'work.ready'::regclass
            )
        );
    end if;
    return jsonb_build_object(
        'waiting_jobs',
        waiting,
        'oldest_waiting_s',
        (
            select extract(epoch from now() - oldest.queued_at)
            from (
                select
                    j.user_id,
                    j.queued_at
                from work.jobs as j
                where j.status = 'queued'
                -- Of an enum's index the planner sees the order only where all is named.
                order by j.status, j.id
                limit 1000
            ) as oldest
            where not exists (
                select
                from work.user_pauses as p
                where p.user_id = oldest.user_id
            )
            limit 1
        ),
        'expired_leases',
        (
            select count(*)
            from (
                select
                from work.jobs as j
                where j.status = 'running'
                    and j.lease_expires_at < now() - interval '1 minute'
                limit 1000
            ) as expired
        )
        + (
            select count(*)
            from (
                select
                from work.jobs as j
                where j.status = 'validating'
                    and j.lease_expires_at < now() - interval '1 minute'
                limit 1000
            ) as expired
        ),
        'removals_wait_s',
        (
            select extract(epoch from now() - r.due_at)
            from ops.removals as r
            where r.due_at < now()
            order by r.due_at
            limit 1
        )
    )
    || (
        select
            jsonb_build_object(
                'sweep_age_s',
                extract(epoch from now() - min(p.last_run_at)),
                'sweep_parts_never_run',
                count(*) filter (where p.last_run_at is null),
                'sweep_problems',
                count(p.problem)
            )
        from ops.sweep_parts as p
    );
end
$$;
comment on function ops.measure_farm() is
    'What the queue and the sweep say of the house''s health, by name.';

-- The extension may lie in any schema, and be of an older server than this one.
create function ops.uncounted_because()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
select
    case
        when current_setting('pg_stat_statements.max', true) is null then 'not loaded'
        -- A session may give the setting any value; the library's own needs a restart.
        when not exists (
            select
            from pg_settings as s
            where s.name = 'pg_stat_statements.max' and s.context = 'postmaster'
        )
            then 'not loaded'
        when e.oid is null then 'not created'
        when string_to_array(e.extversion, '.')::integer[] < array[1, 9] then 'outdated'
        when (
            has_schema_privilege(e.extnamespace, 'usage')
            and has_table_privilege(c.oid, 'select')
        ) is not true
            then 'not readable'
        when not pg_has_role('pg_read_all_stats', 'usage') then 'not all'
    end
from (select) as always
left join pg_extension as e on e.extname = 'pg_stat_statements'
left join pg_class as c
    on c.relnamespace = e.extnamespace and c.relname = 'pg_stat_statements'
$$;
comment on function ops.uncounted_because() is
    'Why whoever asks does not know which statements cost the most: not loaded, not created, outdated, not readable, not all; null where it does.';

create function ops.slowest_statements(
    max_rows bigint default 20,
    with_inner boolean default false
)
returns table (
    name text,
    text text,
    calls bigint,
    total_ms double precision,
    mean_ms double precision,
    rows bigint,
    share double precision,
    is_inner boolean
)
language plpgsql
stable
rows 20
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
    if ops.uncounted_because() is not null then
        return;
    end if;
    -- A query of ours is one statement whoever runs it and however often its text was
    -- planned anew; so is any other text. One whose text the server has lost has none.
    return query execute format(
        $statement$
        with counted as (
            select
                substring(s.query from '^\W*\w+ /\* ([a-z_]+(?:\.[a-z_]+)+) \*/') as name,
                coalesce(s.query, '') as query,
                s.calls,
                s.total_exec_time,
                s.rows,
                not s.toplevel as is_inner
            from %I.pg_stat_statements as s
            where s.dbid = (
                    select d.oid
                    from pg_database as d
                    where d.datname = current_database()
                )
        ),

        costliest as (
            select
                c.name,
                min(c.query) as query,
                sum(c.calls) as calls,
                sum(c.total_exec_time) as total_ms,
                sum(c.rows) as rows,
                c.is_inner
            from counted as c
            where $2 or not c.is_inner
            group by c.name, coalesce(c.name, c.query), c.is_inner
            order by total_ms desc, coalesce(c.name, min(c.query)), c.is_inner
            limit $1
        )

        select
            c.name,
            btrim(
                regexp_replace(
                    regexp_replace(c.query, '--[^\n]*', '', 'g'), '\s+', ' ', 'g'
                )
            ),
            c.calls::bigint,
            c.total_ms,
            c.total_ms / greatest(c.calls, 1)::double precision,
            c.rows::bigint,
            case
                when c.is_inner then 0
                else coalesce(
                    c.total_ms / nullif(
                        (
                            select sum(every.total_exec_time)
                            from counted as every
                            where not every.is_inner
                        ),
                        0
                    ),
                    0
                )
            end,
            c.is_inner
        from costliest as c
        order by c.total_ms desc, coalesce(c.name, c.query), c.is_inner
        $statement$,
        (
            select n.nspname
            from pg_extension as e
            join pg_namespace as n on n.oid = e.extnamespace
            where e.extname = 'pg_stat_statements'
        )
    )
    using max_rows, with_inner;
end
$$;
comment on function ops.slowest_statements(bigint, boolean) is
    'The statements of this database that cost the most time in all since the counting began, ours by their queries'' names; with_inner, those too that functions ran. None where ops.uncounted_because says why.';

create function ops.measure_server()
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    sees_sessions constant boolean := pg_has_role('pg_read_all_stats', 'usage');
    uncounted constant text := ops.uncounted_because();
    measured jsonb;
begin
    select
        jsonb_build_object(
            'connections_used_percent',
            100.0 * sum(d.numbackends)
            / (
                current_setting('max_connections')::integer
                - current_setting('superuser_reserved_connections')::integer
                - coalesce(current_setting('reserved_connections', true)::integer, 0)
            ),
            'cache_misses_percent',
            -- So few blocks say nothing.
            max(100.0 * d.blks_read / (d.blks_read + d.blks_hit)) filter (
                where d.datname = current_database()
                    and d.blks_read + d.blks_hit > 100000
            ),
            'database_bytes',
            pg_database_size(current_database()),
            'wraparound_percent',
            (
                select 100.0 * max(age(b.datfrozenxid)) / 2000000000
                from pg_database as b
            ),
            'lock_wait_s',
            (
                select extract(epoch from clock_timestamp() - min(l.waitstart))
                from pg_locks as l
                where not l.granted
            ),
            'dead_tuples_percent',
            (
                select
                    max(100.0 * t.n_dead_tup / (t.n_live_tup + t.n_dead_tup))
                from pg_stat_user_tables as t
                where t.n_live_tup + t.n_dead_tup > 10000
            ),
            'invalid_indexes',
            (
                select count(*)
                from pg_index as i
                where not (i.indisvalid and i.indisready)
            ),
            'replication_kept_bytes',
            (
                select
                    max(
                        case
                            when pg_is_in_recovery()
                                then pg_wal_lsn_diff(pg_last_wal_replay_lsn(), s.restart_lsn)
                            else pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)
                        end
                    )
                from pg_replication_slots as s
                where not s.active
            )
        )
    into measured
    from pg_stat_database as d;
    if sees_sessions then
        measured := measured || jsonb_build_object(
            'oldest_transaction_s',
            (
                select extract(epoch from clock_timestamp() - min(t.began_at))
                from (
                    select a.xact_start as began_at
                    from pg_stat_activity as a
                    where a.pid <> pg_backend_pid()
                        and a.backend_type = 'client backend'
                    union all
                    select x.prepared
                    from pg_prepared_xacts as x
                ) as t
            )
        );
    end if;
    -- What nobody counts is nothing; what others' sessions did is not everybody's.
    if uncounted is null then
        measured := measured || jsonb_build_object(
            'slowest_query_ms',
            (
                select max(s.mean_ms)
                from ops.slowest_statements() as s
                where s.name is not null
            )
        );
    elsif uncounted in ('not loaded', 'not created', 'outdated') then
        measured := measured || jsonb_build_object('slowest_query_ms', null);
    end if;
    if pg_is_in_recovery() then
        measured := measured || jsonb_build_object(
            -- One that nobody sends to any more has replayed all that it received.
            'replication_lag_s',
            case
                when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
                    and exists (
                        select
                        from pg_stat_wal_receiver
                    )
                    then 0
                else extract(
                    epoch from clock_timestamp() - coalesce(
                        pg_last_xact_replay_timestamp(),
                        pg_postmaster_start_time()
                    )
                )
            end,
            'replication_behind_bytes',
            pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
        );
    elsif sees_sessions or not exists (
        select
        from pg_stat_replication
    )
    then
        measured := measured || jsonb_build_object(
            'replication_lag_s',
            (
                select extract(epoch from max(r.replay_lag))
                from pg_stat_replication as r
            ),
            -- One that hangs says no lag, or the last that it had.
            'replication_behind_bytes',
            (
                select max(pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn))
                from pg_stat_replication as r
            )
        );
    end if;
    return measured;
end
$$;
comment on function ops.measure_server() is
    'What the server says of the house''s health, by name; what whoever asks may not see is left out.';

create function ops.spoken(value numeric, unit ops.health_unit)
returns text
language sql
immutable
return case unit
    when 's' then (trunc(value) * interval '1 second')::text
    when 'ms' then round(value, 1) || ' ms'
    when 'percent' then round(value, 1) || ' %'
    when 'bytes' then pg_size_pretty(trunc(value))
    else round(value)::text
end;
comment on function ops.spoken(numeric, ops.health_unit) is
    'A value as a person reads it.';

create function ops.health(callers jsonb default '{}')
returns table (
    name text,
    verdict ops.verdict,
    value double precision,
    unit ops.health_unit,
    sentence text,
    remedy text
)
language plpgsql
stable
rows 24
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    measured jsonb := ops.measure_server() || callers;
begin
    if has_function_privilege('ops.measure_farm()', 'execute') then
        measured := measured || ops.measure_farm();
    end if;
    if has_table_privilege('ops.service_status', 'select') then
        measured := measured || jsonb_build_object(
            'services_down',
            (
                select count(*)
                from ops.service_status as s
                where s.status = 'down'
            )
        );
    end if;
    return query
    select
        r.name,
        judged.verdict,
        seen.value::double precision,
        r.unit,
        case
            when judged.verdict = 'unknown'
                then format('%s: %s may not see it.', r.name, current_user)
            when seen.value is null then format('%s: nothing to measure.', r.name)
            else format(r.sentence, ops.spoken(seen.value, r.unit))
        end,
        r.remedy
    from ops.health_rules as r
    cross join lateral (
        select
            -- What is not there is not seen; what is null is nothing.
            jsonb_typeof(measured -> r.name) in ('number', 'null') is not true
            as is_hidden,
            case jsonb_typeof(measured -> r.name)
                when 'number' then (measured ->> r.name)::numeric
            end as value
    ) as seen
    cross join lateral (
        select
            case
                when seen.is_hidden then 'unknown'
                when seen.value > r.fail_above then 'fail'
                when seen.value > r.warn_above then 'warn'
                else 'ok'
            end::ops.verdict as verdict
    ) as judged
    where not r.is_callers or measured ? r.name
    order by r.position;
end
$$;
comment on function ops.health(jsonb) is
    'The house''s health, a row a measure: how it stands, its value, what it means and what to do. The caller adds what only it can measure, such as its round trip.';

grant execute on function ops.measure_farm()
    to renderstore_worker, renderstore_admin, renderstore_readonly;
grant execute on function
    ops.uncounted_because(),
    ops.slowest_statements(bigint, boolean),
    ops.measure_server(),
    ops.spoken(numeric, ops.health_unit),
    ops.health(jsonb)
to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
