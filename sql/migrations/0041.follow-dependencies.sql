-- What a job waits for is counted anew under its lock whenever one of the jobs it needs ends or is deleted, or a link is
-- made: a count can be wrong, a recount cannot. Locks are taken in the order of keys, in a statement before the count.
-- depends: 0040.follow-jobs

set local role renderstore_owner;

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
    'How many of the jobs that this one needs are not completed.';

create function work.recount_needs(users uuid[], ids uuid[], waits boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    locked_users uuid[];
    locked_ids uuid[];
begin
    if waits then
        perform
        from work.jobs as j
        join unnest(users, ids) as asked (user_id, job_id)
            on j.user_id = asked.user_id and j.id = asked.job_id
        order by j.user_id, j.id
        for no key update of j;
    end if;
    select array_agg(locked.user_id), array_agg(locked.id)
    into locked_users, locked_ids
    from (
        select j.user_id, j.id
        from unnest(users, ids) as asked (user_id, job_id)
        join work.jobs as j on j.user_id = asked.user_id and j.id = asked.job_id
        for no key update of j skip locked
    ) as locked;
    insert into work.leftovers (user_id, job_id)
    select distinct j.user_id, j.id
    from unnest(users, ids) as asked (user_id, job_id)
    join work.jobs as j on j.user_id = asked.user_id and j.id = asked.job_id
    where j.id <> all (coalesce(locked_ids, '{}'));

    update work.jobs as j
    set needs_left = work.count_needs(j.user_id, j.id)
    from (
        select distinct * from unnest(locked_users, locked_ids)
    ) as locked (user_id, job_id)
    where j.user_id = locked.user_id
        and j.id = locked.job_id
        and j.needs_left <> work.count_needs(j.user_id, j.id);
end
$$;
comment on function work.recount_needs(uuid[], uuid[], boolean) is
    'Counts anew how many jobs these ones still need; what somebody else holds is waited for, or left to the sweep.';

create function work.cancel_dependants(users uuid[], ids uuid[], waits boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    lost_users uuid[];
    lost_ids uuid[];
    locked_users uuid[];
    locked_ids uuid[];
begin
    -- All that hangs on them in one go: a chain of a thousand jobs must not nest a thousand triggers.
    with recursive lost (user_id, job_id) as (
        select d.user_id, d.job_id
        from unnest(users, ids) as ended (user_id, job_id)
        join work.dependencies as d
            on d.user_id = ended.user_id and d.needs_job_id = ended.job_id
        where d.on_failure = 'cancel'
        union
        select d.user_id, d.job_id
        from lost
        join work.dependencies as d
            on d.user_id = lost.user_id and d.needs_job_id = lost.job_id
        where d.on_failure = 'cancel'
    )

    select array_agg(j.user_id), array_agg(j.id)
    into lost_users, lost_ids
    from work.jobs as j
    join lost on j.user_id = lost.user_id and j.id = lost.job_id
    where j.status in ('pending', 'validating', 'queued');

    if lost_ids is null then
        return;
    end if;
    if waits then
        perform
        from work.jobs as j
        join unnest(lost_users, lost_ids) as lost (user_id, job_id)
            on j.user_id = lost.user_id and j.id = lost.job_id
        order by j.user_id, j.id
        for no key update of j;
    end if;
    select array_agg(locked.user_id), array_agg(locked.id)
    into locked_users, locked_ids
    from (
        select j.user_id, j.id
        from unnest(lost_users, lost_ids) as lost (user_id, job_id)
        join work.jobs as j on j.user_id = lost.user_id and j.id = lost.job_id
        where j.status in ('pending', 'validating', 'queued')
        for no key update of j skip locked
    ) as locked;
    insert into work.leftovers (user_id, job_id, is_lost)
    select j.user_id, j.id, true
    from unnest(lost_users, lost_ids) as lost (user_id, job_id)
    join work.jobs as j on j.user_id = lost.user_id and j.id = lost.job_id
    where j.id <> all (coalesce(locked_ids, '{}'))
        and j.status in ('pending', 'validating', 'queued');

    if locked_ids is not null then
        update work.jobs as j
        set
            status = 'cancelled',
            cancel_reason = 'A job that it needs did not complete.'
        from unnest(locked_users, locked_ids) as lost (user_id, job_id)
        where j.user_id = lost.user_id and j.id = lost.job_id;
    end if;
end
$$;
comment on function work.cancel_dependants(uuid[], uuid[], boolean) is
    'Cancels what was to be cancelled with these jobs, and what hangs on that; what somebody else holds is waited for, or left to the sweep.';

create function work.settle_dependants(users uuid[], ids uuid[], waits boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    waiting record;
    lost record;
begin
    select array_agg(d.user_id) as users, array_agg(d.job_id) as ids into waiting
    from unnest(users, ids) as ended (user_id, job_id)
    join work.jobs as j
        on j.user_id = ended.user_id and j.id = ended.job_id and j.status = 'completed'
    join work.dependencies as d on d.user_id = j.user_id and d.needs_job_id = j.id;
    if waiting.ids is not null then
        perform work.recount_needs(waiting.users, waiting.ids, waits);
    end if;

    select array_agg(j.user_id) as users, array_agg(j.id) as ids into lost
    from unnest(users, ids) as ended (user_id, job_id)
    join work.jobs as j
        on j.user_id = ended.user_id
        and j.id = ended.job_id
        and j.status in ('failed', 'cancelled');
    if lost.ids is not null then
        perform work.cancel_dependants(lost.users, lost.ids, waits);
    end if;
end
$$;
comment on function work.settle_dependants(uuid[], uuid[], boolean) is
    'Releases or cancels what waits for jobs that have ended.';

-- Jobs are locked before usages and lanes, so who submits a job that needs others locks those first.
create function work.lock_needed(job_ids uuid[])
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    locked bigint;
begin
    if coalesce(cardinality(job_ids), 0) = 0 then
        return 0;
    end if;
    perform
    from work.jobs as j
    where j.user_id = (select identity.current_user_id()) and j.id = any(job_ids)
    order by j.id
    for no key update;
    get diagnostics locked = row_count;
    return locked;
end
$$;
comment on function work.lock_needed(uuid[]) is
    'Locks jobs of the acting user, which a job that is about to be submitted needs, and says how many there are.';

grant execute on function work.lock_needed(uuid[]) to renderstore_app;

create function work.link_jobs()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    linked record;
begin
    if not exists (
        select
        from new_links
    )
    then
        return null;
    end if;
    -- Whoever ends one of them at this moment waits, and then sees the link.
    perform
    from work.jobs as j
    join (
        select n.user_id, n.needs_job_id as job_id
        from new_links as n
        union
        select n.user_id, n.job_id
        from new_links as n
    ) as n on j.user_id = n.user_id and j.id = n.job_id
    order by j.user_id, j.id
    for no key update of j;
    update work.jobs as j
    set has_dependants = true
    from new_links as n
    where j.user_id = n.user_id and j.id = n.needs_job_id and not j.has_dependants;

    select array_agg(n.user_id) as users, array_agg(n.job_id) as ids into linked
    from new_links as n;
    if exists (
        select
        from new_links as n
        join work.jobs as j on j.user_id = n.user_id and j.id = n.job_id
        where j.status not in ('pending', 'queued')
    ) then
        raise exception using
            errcode = 'RS005',
            message = 'What a job waits for is named when it is submitted; this one has begun.';
    end if;
    perform work.recount_needs(linked.users, linked.ids, false);

    select array_agg(j.user_id) as users, array_agg(j.id) as ids into linked
    from new_links as n
    join work.jobs as j on j.user_id = n.user_id and j.id = n.needs_job_id
    where n.on_failure = 'cancel' and j.status in ('failed', 'cancelled');
    if linked.ids is not null then
        perform work.cancel_dependants(linked.users, linked.ids, false);
    end if;
    return null;
end
$$;
comment on function work.link_jobs() is
    'Trigger: a job linked to others waits for those that are not completed.';

create trigger dependencies_link
after insert on work.dependencies
referencing new table as new_links
for each statement
execute function work.link_jobs();

create function work.unlink_jobs()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    unlinked record;
begin
    select array_agg(o.user_id) as users, array_agg(o.job_id) as ids into unlinked
    from old_links as o;
    if unlinked.ids is not null then
        perform work.recount_needs(unlinked.users, unlinked.ids, false);
    end if;
    return null;
end
$$;
comment on function work.unlink_jobs() is
    'Trigger: a job waits no more for what is not linked to it any more.';

create trigger dependencies_unlink
after delete on work.dependencies
referencing old table as old_links
for each statement
execute function work.unlink_jobs();
