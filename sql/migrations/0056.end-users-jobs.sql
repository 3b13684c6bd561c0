-- A deactivated user's jobs: the sweep cancels what waits and asks what runs to stop, past rows that somebody holds.
-- depends: 0055.keep-specs

set local role renderstore_owner;

create function work.cancel_deactivated(max_rows bigint)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    users uuid[];
    ids uuid[];
begin
    -- One index a status: an enum in a list would read the whole table.
    select array_agg(ended.user_id), array_agg(ended.id) into users, ids
    from identity.users as u
    cross join lateral (
        (
            select j.user_id, j.id
            from work.jobs as j
            where j.user_id = u.id
                and j.status in ('pending', 'validating', 'queued')
                and j.cancel_requested_at is null
            limit max_rows
        )
        union all
        (
            select j.user_id, j.id
            from work.jobs as j
            where j.user_id = u.id
                and j.status = 'running'
                and j.cancel_requested_at is null
            limit max_rows
        )
    ) as ended
    where u.status = 'deactivated';
    if ids is null then
        return 0;
    end if;

    with held as materialized (
        select j.user_id, j.id
        from work.jobs as j
        join unnest(users, ids) as ended (user_id, id)
            on ended.user_id = j.user_id and ended.id = j.id
        order by j.user_id, j.id
        limit max_rows
        for no key update of j skip locked
    ),

    cancelled as (
        update work.jobs as j
        set
            cancel_requested_at = now(),
            cancel_reason = 'The user was deactivated.'
        from held
        where j.user_id = held.user_id
            and j.id = held.id
            and j.completed_at is null
            and j.cancel_requested_at is null
        returning j.id
    )

    select array_agg(cancelled.id) into ids
    from cancelled;
    return coalesce(cardinality(ids), 0);
end
$$;
comment on function work.cancel_deactivated(bigint) is
    'Cancels up to max_rows jobs of deactivated users, or asks those that run to stop, and says how many.';
