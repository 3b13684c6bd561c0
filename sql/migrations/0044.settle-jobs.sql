-- What follows when jobs end: others waited for them, somebody listens. What waits is counted anew under its lock, in a statement
-- after it: a count can be wrong, a recount cannot. What somebody else has locked, and what is too much for now, is noted.
-- depends: 0043.place-jobs

set local role renderstore_owner;

create function work.end_channel(job_id uuid)
returns text
language sql
immutable
parallel safe
return 'renderstore_end_' || replace(job_id::text, '-', '');
comment on function work.end_channel(uuid) is
    'The channel on which the end of a watched job is announced. Everybody may listen anywhere, so a notification says nothing.';

grant execute on function work.end_channel(uuid)
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create function work.count_needs(owner uuid, job uuid)
returns bigint
language sql
stable
return (
    select count(*)
    from work.dependencies as d
    join work.jobs as needed
        on needed.user_id = d.user_id
        and needed.id = d.needs_job_id
        and needed.status <> 'completed'
    where d.user_id = owner and d.job_id = job
);
comment on function work.count_needs(uuid, uuid) is
    'How many of the jobs that a job needs are not completed.';

create function work.is_lost(owner uuid, job uuid)
returns boolean
language sql
stable
return exists (
    select
    from work.dependencies as d
    join work.jobs as needed
        on needed.user_id = d.user_id and needed.id = d.needs_job_id
    join work.jobs as j on j.user_id = d.user_id and j.id = d.job_id
    where d.user_id = owner
        and d.job_id = job
        and d.on_failure = 'cancel'
        and needed.status in ('failed', 'cancelled')
        -- Whoever asked for it again since then knew that.
        and (
            needed.completed_at > j.queued_at
            or not exists (
                select
                from work.events as e
                where e.user_id = d.user_id
                    and e.job_id = d.job_id
                    and e.before in ('failed', 'cancelled')
            )
        )
);
comment on function work.is_lost(uuid, uuid) is
    'Whether a job must be cancelled because one that it needs failed or was cancelled, and nobody has asked for it again since.';

-- work.problems asks them with its reader's rights.
grant execute on function work.count_needs(uuid, uuid), work.is_lost(uuid, uuid)
    to renderstore_admin, renderstore_readonly;

create function work.refresh(
    users uuid[],
    ids uuid[],
    is_farms boolean,
    out lost_users uuid[],
    out lost_ids uuid[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    moved record;
begin
    with seen as materialized (
        select
            j.user_id,
            j.id,
            j.status as before,
            j.needs,
            case
                when work.is_lost(j.user_id, j.id) then 'cancelled'::work.job_status
                when j.needs > 0 or j.is_unchecked or j.due_at > now()
                    then 'pending'
                else 'queued'
            end as after
        from unnest(users, ids) as listed (user_id, id)
        -- The limit keeps it a look-up a job, whatever the statistics say.
        cross join lateral (
            select
                k.user_id,
                k.id,
                k.status,
                k.is_unchecked,
                k.due_at,
                work.count_needs(k.user_id, k.id) as needs
            from work.jobs as k
            where k.user_id = listed.user_id
                and k.id = listed.id
                and k.status in ('pending', 'queued')
            limit 1
        ) as j
    ),

    changed as (
        update work.jobs as j
        set
            needs_left = seen.needs,
            status = seen.after,
            completed_at = case when seen.after = 'cancelled' then now() end,
            cancel_requested_at = case when seen.after = 'cancelled' then now() end,
            cancel_reason = case
                when seen.after = 'cancelled'
                    then 'A job that it needs did not complete.'
            end
        from seen
        where j.user_id = seen.user_id
            and j.id = seen.id
            and (j.needs_left <> seen.needs or seen.before <> seen.after)
        returning
            j.user_id,
            j.id,
            j.attempt,
            seen.before,
            j.status as after,
            j.cancel_reason,
            j.is_watched
    ),

    noted as (
        insert into work.events (user_id, job_id, attempt, before, after, actor, reason)
        select
            user_id,
            id,
            attempt,
            before,
            after,
            identity.current_actor(),
            cancel_reason
        from changed
        where before <> after
    )

    select
        array_agg(user_id) filter (where before = 'queued' and after <> 'queued')
            as left_users,
        array_agg(id) filter (where before = 'queued' and after <> 'queued') as left_ids,
        array_agg(user_id) filter (where before <> 'queued' and after = 'queued')
            as entering_users,
        array_agg(id) filter (where before <> 'queued' and after = 'queued')
            as entering_ids,
        array_agg(user_id) filter (where after = 'cancelled') as lost_users,
        array_agg(id) filter (where after = 'cancelled') as lost_ids,
        array_agg(id) filter (where after = 'cancelled' and is_watched) as watched_ids
    into moved
    from changed;
    if moved.left_ids is not null then
        perform work.leave_line(moved.left_users, moved.left_ids);
    end if;
    if moved.entering_ids is not null then
        perform work.enter_line(
            moved.entering_users,
            moved.entering_ids,
            false,
            is_farms
        );
    end if;
    perform pg_notify(work.end_channel(watched.id), '')
    from unnest(moved.watched_ids) as watched (id);
    lost_users := moved.lost_users;
    lost_ids := moved.lost_ids;
end
$$;
comment on function work.refresh(uuid[], uuid[], boolean) is
    'Looks anew at what waiting jobs, which the caller has locked, wait for: they move into line, out of it, or are cancelled. Gives the cancelled ones, whose dependants are still to be settled.';

create function work.settle(
    users uuid[],
    ids uuid[],
    is_farms boolean,
    max_rows bigint default 100
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    ended_users uuid[] := users;
    ended_ids uuid[] := ids;
    rows_left bigint := max_rows;
    taken record;
begin
    while ended_ids is not null loop
        with hanging as materialized (
            select d.user_id, d.job_id, d.needs_job_id
            from unnest(ended_users, ended_ids) as ended (user_id, id)
            join work.jobs as needed
                on needed.user_id = ended.user_id and needed.id = ended.id
            join work.dependencies as d
                on d.user_id = ended.user_id and d.needs_job_id = ended.id
            join work.jobs as j on j.user_id = d.user_id and j.id = d.job_id
            where j.status in ('pending', 'validating', 'queued')
                and case needed.status
                    when 'completed'
                        then j.needs_left <> work.count_needs(j.user_id, j.id)
                    when 'failed' then work.is_lost(j.user_id, j.id)
                    when 'cancelled' then work.is_lost(j.user_id, j.id)
                    else false
                end
            limit (select rows_left + 1)
        ),

        locked as materialized (
            select j.user_id, j.id
            from hanging
            join work.jobs as j
                on j.user_id = hanging.user_id and j.id = hanging.job_id
            where j.status in ('pending', 'queued')
            order by j.user_id, j.id
            limit (select rows_left)
            for no key update of j skip locked
        ),

        noted as (
            insert into work.leftovers (user_id, job_id)
            select distinct hanging.user_id, hanging.needs_job_id
            from hanging
            where not exists (
                select
                from locked
                where locked.user_id = hanging.user_id and locked.id = hanging.job_id
            )
        )

        select array_agg(user_id) as users, array_agg(id) as ids into taken
        from locked;
        exit when taken.ids is null;
        rows_left := rows_left - cardinality(taken.ids);
        select lost.lost_users, lost.lost_ids into ended_users, ended_ids
        from work.refresh(taken.users, taken.ids, is_farms) as lost;
    end loop;
end
$$;
comment on function work.settle(uuid[], uuid[], boolean, bigint) is
    'What follows for the dependants of jobs that ended, at most this many; the rest is noted for the sweep.';

create function work.renew(
    users uuid[],
    ids uuid[],
    is_farms boolean,
    max_rows bigint default 100
)
returns void
language sql
volatile
begin atomic
    select work.settle(lost.lost_users, lost.lost_ids, is_farms, max_rows)
    from work.refresh(users, ids, is_farms) as lost;
end;
comment on function work.renew(uuid[], uuid[], boolean, bigint) is
    'Looks anew at what waiting jobs, which the caller has locked, wait for, and settles what hangs on those that are cancelled by it.';

create function work.cancel_waiting(
    users uuid[],
    ids uuid[],
    reason text,
    is_farms boolean
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    ended record;
begin
    with seen as materialized (
        select j.user_id, j.id, j.status as before
        from unnest(users, ids) as listed (user_id, id)
        join work.jobs as j on j.user_id = listed.user_id and j.id = listed.id
        where j.status in ('pending', 'queued')
    ),

    changed as (
        update work.jobs as j
        set
            status = 'cancelled',
            completed_at = now(),
            cancel_requested_at = now(),
            cancel_reason = coalesce(reason, j.cancel_reason)
        from seen
        where j.user_id = seen.user_id and j.id = seen.id
        returning
            j.user_id,
            j.id,
            j.attempt,
            seen.before,
            j.cancel_reason,
            j.is_watched
    ),

    noted as (
        insert into work.events (user_id, job_id, attempt, before, after, actor, reason)
        select
            user_id,
            id,
            attempt,
            before,
            'cancelled',
            identity.current_actor(),
            cancel_reason
        from changed
    )

    select
        array_agg(user_id) as users,
        array_agg(id) as ids,
        array_agg(id) filter (where is_watched) as watched_ids
    into ended
    from changed;
    if ended.ids is null then
        return;
    end if;
    perform work.leave_line(ended.users, ended.ids);
    perform pg_notify(work.end_channel(watched.id), '')
    from unnest(ended.watched_ids) as watched (id);
    perform work.settle(ended.users, ended.ids, is_farms);
end
$$;
comment on function work.cancel_waiting(uuid[], uuid[], text, boolean) is
    'Cancels waiting jobs that the caller has locked, and settles what hangs on them.';
