-- Quotas: every job that begins to wait is charged to its owner under the lock of the owner's row in work.usages, so a limit is
-- exact. An end charges nothing back: the count is taken anew when it meets the limit.
-- depends: 0044.settle-jobs

set local role renderstore_owner;

create function work.check_active(status identity.user_status)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if status is distinct from 'active' then
        raise exception using
            errcode = 'RS004',
            message = coalesce(
                format(
                    'This user is %s; an administrator can reactivate the account.',
                    status
                ),
                'There is no such user any more.'
            );
    end if;
end
$$;
comment on function work.check_active(identity.user_status) is
    'Refuses who is not active, or, where it is null, is no user any more.';

create function ops.check_limit(
    plan text,
    limit_name text,
    sentence text,
    used bigint,
    asked bigint,
    allowed bigint
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if asked > 0 and used > allowed then
        raise exception using
            errcode = 'RS007',
            constraint = limit_name,
            message = format(sentence, plan, allowed, used - asked, asked);
    end if;
end
$$;
comment on function ops.check_limit(text, text, text, bigint, bigint, bigint) is
    'Refuses what was asked for where it takes the use above the plan''s limit.';

create function work.check_plan_priority(
    plan text,
    priority integer,
    max_priority integer
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if priority > max_priority then
        raise exception using
            errcode = 'RS007',
            constraint = 'plans_max_priority',
            message = format(
                'The plan %s allows priorities up to %s; %s was asked for.',
                plan,
                max_priority,
                priority
            );
    end if;
end
$$;
comment on function work.check_plan_priority(text, integer, integer) is
    'Refuses a priority above the plan''s.';

create function work.charge_jobs(
    user_id uuid,
    new_jobs bigint,
    top_priority integer,
    is_submission boolean,
    out is_paused boolean,
    out step bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    today constant date := (now() at time zone 'utc')::date;
    used record;
begin
    -- An administrator never queues for what a user may hold.
    if user_id is distinct from identity.current_user_id() then
        perform work.lock_owner(user_id);
    end if;
    for attempt in 1 .. 2 loop
        update work.usages as u
        set
            active_jobs = u.active_jobs + new_jobs,
            -- A transaction that began before midnight does not bring yesterday back.
            daily_jobs = case when u.counted_on >= today then u.daily_jobs else 0 end
                + case when is_submission then new_jobs else 0 end,
            counted_on = greatest(u.counted_on, today)
        from identity.users as o
        join identity.plans as p on p.id = o.plan_id
        where u.user_id = user_id and o.id = user_id
        returning
            u.active_jobs,
            u.daily_jobs,
            o.status,
            p.name,
            p.share,
            p.max_active_jobs,
            p.max_daily_jobs,
            p.max_priority,
            exists (
                select
                from work.user_pauses as pause
                where pause.user_id = user_id
            ) as is_paused
        into used;
        exit when found;
        if attempt = 2 then
            perform work.check_active(null);
        end if;
        insert into work.usages (user_id, active_jobs)
        values (user_id, work.count_active(user_id))
        on conflict do nothing;
    end loop;

    if used.status <> 'active' then
        perform work.check_active(used.status);
    end if;
    if top_priority > used.max_priority then
        perform work.check_plan_priority(used.name, top_priority, used.max_priority);
    end if;
    if is_submission and used.daily_jobs > used.max_daily_jobs then
        perform ops.check_limit(
            used.name,
            'plans_max_daily_jobs',
            'The plan %s allows %s jobs a day; %s were submitted today and %s more were asked for.',
            used.daily_jobs::bigint,
            new_jobs,
            used.max_daily_jobs
        );
    end if;
    if used.active_jobs > used.max_active_jobs then
        -- The count may be too high, since no end lowers it.
        update work.usages as u
        set active_jobs = work.count_active(user_id) + new_jobs
        where u.user_id = user_id
        returning u.active_jobs into used.active_jobs;
        perform ops.check_limit(
            used.name,
            'plans_max_active_jobs',
            'The plan %s allows %s jobs to wait or run at once; %s do and %s more were asked for.',
            used.active_jobs::bigint,
            new_jobs,
            used.max_active_jobs
        );
    end if;
    is_paused := used.is_paused;
    step := work.step(used.share);
end
$$;
comment on function work.charge_jobs(uuid, bigint, integer, boolean) is
    'Charges jobs that are about to wait to their owner, or refuses; says whether the owner is paused and how far the owner''s turns lie apart.';

create function work.count_active(owner uuid)
returns bigint
language sql
stable
return (
    select count(*)
    from work.jobs as j
    where j.user_id = owner
        and j.status in ('pending', 'validating', 'queued', 'running')
);
comment on function work.count_active(uuid) is
    'How many jobs of a user wait or run.';
