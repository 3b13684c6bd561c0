-- Lanes that nobody uses end. A submission under way may have found one that is about to go: it is hidden first, then everybody
-- who can have found it must have ended, and what came in meanwhile moves to a new one.
-- depends: 0056.sweep-jobs

set local role renderstore_owner;

create function work.close_lanes(max_rows bigint, idle_for interval)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    stray record;
    closed bigint[];
begin
    -- Hidden by an earlier sweep: from here on nobody finds them.
    update work.lanes as l
    set gone_after = pg_snapshot_xmax(pg_current_snapshot())
    where l.id in (
        select k.id
        from work.lanes as k
        where k.is_closing and k.gone_after is null
        for update skip locked
    );

    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from (
        select j.user_id, j.id
        from work.lanes as l
        join work.ready as r on r.lane_id = l.id
        join work.jobs as j on j.user_id = r.user_id and j.id = r.job_id
        where l.is_closing
        limit max_rows
        for no key update of j skip locked
    ) as j;
    if stray.ids is not null then
        perform work.leave_line(stray.users, stray.ids);
        perform work.enter_line(stray.users, stray.ids, false, true);
    end if;

    with gone as (
        delete from work.lanes as l
        where l.id in (
            select k.id
            from work.lanes as k
            where k.is_closing
                and k.gone_after <= pg_snapshot_xmin(pg_current_snapshot())
                and not exists (
                    select
                    from work.ready as r
                    where r.lane_id = k.id
                )
            for update skip locked
        )
        returning l.id
    )

    select array_agg(gone.id) into closed
    from gone;
    delete from work.turns as t
    where t.lane_id = any(closed);

    with hidden as (
        update work.lanes as l
        set is_closing = true
        where l.id in (
            select k.id
            from work.lanes as k
            where not k.is_closing
                and greatest(k.moved_at, k.opened_at) < now() - idle_for
                and not exists (
                    select
                    from work.ready as r
                    where r.lane_id = k.id
                )
            limit max_rows
            for update skip locked
        )
        returning l.id
    )

    delete from work.worker_lanes as m
    using hidden
    where m.lane_id = hidden.id;
    return coalesce(cardinality(closed), 0);
end
$$;
comment on function work.close_lanes(bigint, interval) is
    'How many lanes ended that nobody had used for so long; it hides those whose time has come.';

create function work.close_idle_lanes(max_rows bigint)
returns bigint
language sql
volatile
begin atomic
    select work.close_lanes(max_rows, interval '1 hour');
end;
comment on function work.close_idle_lanes(bigint) is
    'How many lanes ended that nobody had used for an hour.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (190, 'lanes closed', 'work.close_idle_lanes', false);
