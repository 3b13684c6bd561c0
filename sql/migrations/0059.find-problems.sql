-- Whatever disagrees between jobs, line, leases, counts and events. Nothing, unless somebody repaired rows as their owner; then
-- work.mend makes the rest agree with the jobs again.
-- depends: 0058.clear-ended-jobs

set local role renderstore_owner;

-- Rooms that have a kind replace it; a kind without a room has no specification to lack.
create function work.lacks_specification(user_id uuid, id uuid, kind work.job_kind)
returns boolean
language sql
stable
return false;
comment on function work.lacks_specification(uuid, uuid, work.job_kind) is
    'Whether a job lacks what its kind needs beside it.';

create function work.problems()
returns table (user_id uuid, job_id uuid, problem text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select j.user_id, j.id, 'queued, but not in line'
    from work.jobs as j
    where j.status = 'queued'
        and not exists (
            select
            from work.user_pauses as p
            where p.user_id = j.user_id
        )
        and not exists (
            select
            from work.ready as q
            where q.user_id = j.user_id and q.job_id = j.id
        )
        and not exists (
            select
            from work.arrivals as a
            where a.user_id = j.user_id and a.job_id = j.id
        )
    union all
    select q.user_id, q.job_id, 'in line, but not queued'
    from (
        select r.user_id, r.job_id
        from work.ready as r
        union all
        select a.user_id, a.job_id
        from work.arrivals as a
    ) as q
    left join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
    where j.status is distinct from 'queued'
    union all
    select q.user_id, q.job_id, 'in line, but its user is paused'
    from work.ready as q
    join work.user_pauses as p on p.user_id = q.user_id
    union all
    select null, null, 'a lane that does not follow the pauses'
    from work.lanes as l
    where l.is_paused <> work.is_lane_paused(l.labels)
    union all
    select q.user_id, q.job_id, 'in the wrong lane'
    from work.ready as q
    join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
    left join work.lanes as l on l.id = q.lane_id
    where (l.kind, l.labels, l.priority) is distinct from (j.kind, j.labels, j.priority)
    union all
    select null, null, format('the worker %s does not see a lane', w.name)
    from work.workers as w
    join work.lanes as l
        on l.kind = any(w.kinds) and l.labels <@ w.labels and not l.is_closing
    where not exists (
        select
        from work.worker_lanes as m
        where m.worker = w.name and m.lane_id = l.id
    )
    union all
    select j.user_id, j.id, 'needs_left is wrong'
    from work.jobs as j
    where j.needs_left <> work.count_needs(j.user_id, j.id)
        and j.status in ('pending', 'queued')
    union all
    select j.user_id, j.id, 'queued, but held back'
    from work.jobs as j
    where j.status = 'queued' and (j.needs_left > 0 or j.is_unchecked)
    union all
    select j.user_id, j.id, 'pending without a reason'
    from work.jobs as j
    where j.status = 'pending'
        and j.needs_left = 0
        and j.due_at is null
        and not j.is_unchecked
    union all
    select j.user_id, j.id, 'waits for a job that failed or was cancelled'
    from work.jobs as j
    where j.status in ('pending', 'queued') and work.is_lost(j.user_id, j.id)
    union all
    select
        j.user_id,
        null,
        case
            when u.user_id is null then 'active, but never charged'
            else 'more active jobs than were charged'
        end
    from (
        select k.user_id, count(*) as active_jobs
        from work.jobs as k
        where k.completed_at is null
        group by k.user_id
    ) as j
    left join work.usages as u on u.user_id = j.user_id
    where coalesce(u.active_jobs, 0) < j.active_jobs
    union all
    select j.user_id, j.id, 'without the event of its end'
    from work.jobs as j
    where j.completed_at is not null
        and not exists (
            select
            from work.events as e
            where e.user_id = j.user_id and e.job_id = j.id and e.after = j.status
        )
    union all
    select e.user_id, e.job_id, 'an event that is no transition'
    from work.events as e
    where not work.may_become(e.before, e.after)
    union all
    select j.user_id, j.id, 'without its specification'
    from work.jobs as j
    where work.lacks_specification(j.user_id, j.id, j.kind)
$$;
comment on function work.problems() is
    'Whatever disagrees between jobs, line, leases, counts and events: nothing, or a defect. Reads everything. What work.sweep has not caught up with yet may show.';

create function work.mend()
returns table (what text, jobs bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    stray record;
begin
    perform work.check_administrator();
    delete from work.ready as q
    where not exists (
        select
        from work.jobs as j
        join work.lanes as l
            on l.id = q.lane_id
            and (l.kind, l.labels, l.priority) = (j.kind, j.labels::text[], j.priority)
        where j.user_id = q.user_id
            and j.id = q.job_id
            and j.status = 'queued'
            and not exists (
                select
                from work.user_pauses as p
                where p.user_id = j.user_id
            )
    );
    get diagnostics jobs = row_count;
    what := 'taken out of line';
    return next;
    delete from work.arrivals as a
    where not exists (
        select
        from work.jobs as j
        where j.user_id = a.user_id and j.id = a.job_id and j.status = 'queued'
    );

    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from work.jobs as j
    where j.status in ('pending', 'queued');
    perform work.renew(stray.users, stray.ids, true, 1000000);
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from work.jobs as j
    where j.status = 'queued'
        and not exists (
            select
            from work.ready as r
            where r.user_id = j.user_id and r.job_id = j.id
        )
        and not exists (
            select
            from work.arrivals as a
            where a.user_id = j.user_id and a.job_id = j.id
        );
    perform work.enter_line(stray.users, stray.ids, false, true);
    perform work.open_lanes(1000000);
    what := 'put in line';
    jobs := coalesce(cardinality(stray.ids), 0);
    return next;

    insert into work.usages as u (user_id, active_jobs)
    select j.user_id, count(*)
    from work.jobs as j
    where j.completed_at is null
    group by j.user_id
    on conflict on constraint usages_pkey do update
    set active_jobs = excluded.active_jobs
    where u.active_jobs < excluded.active_jobs;
    get diagnostics jobs = row_count;
    what := 'counted anew';
    return next;

    insert into work.events (user_id, job_id, attempt, before, after, actor, reason)
    select
        j.user_id,
        j.id,
        j.attempt,
        case j.status when 'completed' then 'running'::work.job_status else 'queued' end,
        j.status,
        identity.current_actor(),
        'Mended: how it came to this was not kept.'
    from work.jobs as j
    where j.completed_at is not null
        and not exists (
            select
            from work.events as e
            where e.user_id = j.user_id and e.job_id = j.id and e.after = j.status
        );
    get diagnostics jobs = row_count;
    what := 'given the event of their end';
    return next;
    perform work.follow_pauses();
    insert into work.worker_lanes (worker, lane_id)
    select w.name, l.id
    from work.workers as w
    join work.lanes as l
        on l.kind = any(w.kinds) and l.labels <@ w.labels and not l.is_closing
    on conflict do nothing;
end
$$;
comment on function work.mend() is
    'Makes line, counts and events agree with the jobs again, after somebody changed rows as their owner; an event that is no transition stays, as all history. What was done, for an administrator; stop the workers first.';

grant execute on function work.problems()
    to renderstore_admin, renderstore_readonly;
grant execute on function work.lacks_specification(uuid, uuid, work.job_kind)
    to renderstore_admin, renderstore_readonly;
grant execute on function work.mend() to renderstore_admin;
