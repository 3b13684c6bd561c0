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
    cleared bigint;
begin
    with old_jobs as materialized (
        select
            old.user_id,
            old.id
        from identity.users as o
        join identity.plans as p on p.id = o.plan_id
        cross join lateral (
            select
                j.user_id,
                j.id
            from work.jobs as j
            where j.user_id = o.id
                and j.id < ops.first_uuidv7(now() - p.keep_ended_jobs_days * interval '1 day')
                and j.completed_at < now() - p.keep_ended_jobs_days * interval '1 day'
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
        ) as old
        where p.keep_ended_jobs_days is not null
        limit max_rows
    )

    delete from work.jobs as j
    using old_jobs
    where j.user_id = old_jobs.user_id and j.id = old_jobs.id;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;
comment on function work.clear_ended_jobs(bigint) is
    'Deletes up to max_rows jobs that ended longer ago than their owner''s plan keeps them, with all that hangs on them, and says how many. Call it until it says 0.';

grant execute on function work.clear_ended_jobs(bigint)
    to renderstore_worker, renderstore_admin;

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (200, 'ended jobs deleted', 'work.clear_ended_jobs', false);
