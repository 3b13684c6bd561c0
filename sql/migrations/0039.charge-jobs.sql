-- Quotas: every job that begins to wait is charged to its owner under the lock of the owner's row in work.usages, so a limit
-- is exact whoever inserts. An end charges nothing back: the count is taken anew when it meets the limit.
-- depends: 0038.place-jobs

set local role renderstore_owner;

create function work.charge_jobs(
    user_id uuid,
    new_jobs bigint,
    top_priority smallint,
    is_submission boolean,
    out is_paused boolean,
    out step bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
    today constant date := (now() at time zone 'utc')::date;
    plan record;
    used record;
begin
    loop
        update work.usages as u
        set
            active_jobs = u.active_jobs + new_jobs,
            -- A transaction that began before midnight does not bring yesterday back.
            daily_jobs = case when u.counted_on >= today then u.daily_jobs else 0 end
                + case when is_submission then new_jobs else 0 end,
            counted_on = greatest(u.counted_on, today)
        where u.user_id = user_id
        returning u.is_paused, u.active_jobs, u.daily_jobs into used;
        exit when found;
        -- The first submission of its user: two at once meet here.
        insert into work.usages (user_id, active_jobs)
        select
            user_id,
            greatest(count(*) - new_jobs, 0)
        from work.jobs as j
        where j.user_id = user_id and j.completed_at is null
        on conflict do nothing;
    end loop;

    select
        p.name,
        p.share,
        p.max_active_jobs,
        p.max_daily_jobs,
        p.max_priority,
        o.status
    into plan
    from identity.users as o
    join identity.plans as p on p.id = o.plan_id
    where o.id = user_id;

    if not found then
        raise exception using
            errcode = 'RS004',
            message = 'This user was erased.';
    end if;
    if plan.status <> 'active' then
        raise exception using
            errcode = 'RS004',
            message = format(
                'This user is %s; an administrator can reactivate the account.',
                plan.status
            );
    end if;
    if top_priority > plan.max_priority then
        raise exception using
            errcode = 'RS007',
            constraint = 'plans_max_priority',
            message = format(
                'The plan %s allows priorities up to %s; %s was asked for.',
                plan.name,
                plan.max_priority,
                top_priority
            );
    end if;
    if is_submission and used.daily_jobs > plan.max_daily_jobs then
        raise exception using
            errcode = 'RS007',
            constraint = 'plans_max_daily_jobs',
            message = format(
                'The plan %s allows %s jobs a day; %s were submitted today and %s more were asked for.',
                plan.name,
                plan.max_daily_jobs,
                used.daily_jobs - new_jobs,
                new_jobs
            );
    end if;
    if used.active_jobs > plan.max_active_jobs then
        -- The count may be too high, since no end lowers it. The new jobs are among those counted here.
        update work.usages as u
        set active_jobs = (
            select count(*)
            from work.jobs as j
            where j.user_id = user_id
                and j.status in ('pending', 'validating', 'queued')
        ) + (
            select count(*)
            from work.jobs as j
            where j.user_id = user_id and j.status = 'running'
        )
        where u.user_id = user_id
        returning u.active_jobs into used.active_jobs;
        if used.active_jobs > plan.max_active_jobs then
            raise exception using
                errcode = 'RS007',
                constraint = 'plans_max_active_jobs',
                message = format(
                    'The plan %s allows %s jobs to wait or run at once; %s do and %s more were asked for.',
                    plan.name,
                    plan.max_active_jobs,
                    used.active_jobs - new_jobs,
                    new_jobs
                );
        end if;
    end if;
    is_paused = used.is_paused;
    step = work.step(plan.share);
end
$$;
comment on function work.charge_jobs(uuid, bigint, smallint, boolean) is
    'Charges jobs that begin to wait to their owner; refused where the plan does not allow them.';

create function work.check_priority()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    plan record;
begin
    if new.status not in ('pending', 'validating', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = 'Only a waiting job can be given another priority.';
    end if;
    select p.name, p.max_priority into plan
    from identity.users as o
    join identity.plans as p on p.id = o.plan_id
    where o.id = new.user_id;
    if not found then
        raise exception using
            errcode = 'RS004',
            message = 'This user was erased.';
    end if;
    if new.priority > plan.max_priority then
        raise exception using
            errcode = 'RS007',
            constraint = 'plans_max_priority',
            message = format(
                'The plan %s allows priorities up to %s; %s was asked for.',
                plan.name,
                plan.max_priority,
                new.priority
            );
    end if;
    return new;
end
$$;
comment on function work.check_priority() is
    'Trigger: a waiting job''s priority changes within its owner''s plan.';

create trigger jobs_check_priority
before update of priority on work.jobs
for each row
when (old.priority <> new.priority)
execute function work.check_priority();
