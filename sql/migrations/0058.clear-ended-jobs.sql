-- Ended jobs go when their owner's plan keeps them no longer. They are found by their keys, which arrive in time order: no
-- index on the end of a job, which every job would pay for.
-- depends: 0057.close-lanes

set local role renderstore_owner;

create function ops.first_uuidv7(since timestamptz)
returns uuid
language sql
immutable
parallel safe
return (
    lpad(to_hex(floor(extract(epoch from since) * 1000)::bigint), 12, '0')
    || '70008000000000000000'
)::uuid;
comment on function ops.first_uuidv7(timestamptz) is
    'The lowest identifier of this millisecond: earlier ones sort before it.';

create function work.clear_ended_jobs_of(
    owner uuid,
    ended_before timestamptz,
    max_rows bigint
)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    old_ids uuid[];
begin
    select array_agg(old.id) into old_ids
    from (
        select j.id
        from work.jobs as j
        where j.user_id = owner
            and j.id < ops.first_uuidv7(ended_before)
            and j.completed_at < ended_before
            -- What waits for it in vain would be released.
            and (
                j.status = 'completed'
                or not exists (
                    select
                    from work.dependencies as d
                    join work.jobs as waiting
                        on waiting.user_id = d.user_id and waiting.id = d.job_id
                    where d.user_id = j.user_id
                        and d.needs_job_id = j.id
                        and waiting.completed_at is null
                )
            )
        order by j.id
        limit max_rows
        for update skip locked
    ) as old;
    return case
        when old_ids is null then 0
        else work.delete_free(owner, old_ids)
    end;
end
$$;
comment on function work.clear_ended_jobs_of(uuid, timestamptz, bigint) is
    'Deletes up to max_rows of a user''s jobs that ended before this, but for those that somebody holds, and says how many.';

-- Security definer: a worker deletes no jobs, save by this.
create function work.clear_ended_jobs(max_rows bigint default 1000)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    owner uuid;
    ended_before timestamptz;
    cleared bigint := 0;
begin
    -- An owner at a time: who holds the own jobs keeps nobody else's.
    for owner, ended_before in
        select o.id, old.ended_before
        from identity.users as o
        join identity.plans as p on p.id = o.plan_id
        cross join lateral (
            values (now() - p.keep_ended_jobs_days * interval '1 day')
        ) as old (ended_before)
        where exists (
            select
            from work.jobs as j
            where j.user_id = o.id
                and j.id < ops.first_uuidv7(old.ended_before)
                and j.completed_at < old.ended_before
        )
    loop
        exit when cleared >= max_rows;
        cleared := cleared
            + work.clear_ended_jobs_of(owner, ended_before, max_rows - cleared);
    end loop;
    return cleared;
end
$$;
comment on function work.clear_ended_jobs(bigint) is
    'Deletes up to max_rows jobs that ended longer ago than their owner''s plan keeps them, with all that hangs on them, but for those that somebody holds, and says how many. Call it until it says 0.';

grant execute on function work.clear_ended_jobs(bigint)
    to renderstore_worker, renderstore_admin;

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (200, 'ended jobs deleted', 'work.clear_ended_jobs', false);
