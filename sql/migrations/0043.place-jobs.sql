-- How a job gets its place in line and loses it. Only whoever has locked a job touches its rows in work.ready and
-- work.arrivals, so a claim, which never waits for a job, waits for nobody here either.
-- depends: 0042.create-waits

set local role renderstore_owner;

create function work.step(share bigint)
returns bigint
language sql
immutable
parallel safe
return 1000000 / share;
comment on function work.step(bigint) is
    'How far a user''s turns lie apart: twice the share, half the step.';

create function work.join_line(
    user_id uuid,
    lane_id bigint,
    clock bigint,
    step bigint,
    ids uuid[],
    is_farms boolean
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    raised constant bigint := cardinality(ids) * step;
    next_turn bigint;
begin
    if is_farms then
        -- What another of the farm's transactions has locked, and what is not there, is let be.
        update work.turns as t
        set next_turn = greatest(t.next_turn, clock) + raised
        where (t.user_id, t.lane_id, t.is_farms) in (
            select k.user_id, k.lane_id, k.is_farms
            from work.turns as k
            where k.user_id = user_id and k.lane_id = lane_id and k.is_farms
            for no key update skip locked
        )
        returning t.next_turn into next_turn;
        select greatest(next_turn, max(t.next_turn) + raised, clock + raised)
        into next_turn
        from work.turns as t
        where t.user_id = user_id and t.lane_id = lane_id and not t.is_farms;
    else
        insert into work.turns as t (user_id, lane_id, is_farms, next_turn)
        values (
            user_id,
            lane_id,
            false,
            greatest(
                -- Spreads users who join at the same moment, so that a floor can lie between them.
                clock + (random() * 1000)::bigint,
                (
                    select farms.next_turn
                    from work.turns as farms
                    where farms.user_id = user_id
                        and farms.lane_id = lane_id
                        and farms.is_farms
                )
            ) + raised
        )
        on conflict on constraint turns_pkey do update
        set next_turn = greatest(excluded.next_turn, t.next_turn + raised)
        returning t.next_turn into next_turn;
    end if;
    insert into work.ready (lane_id, turn, job_id, user_id)
    select
        lane_id,
        next_turn - raised + (listed.nth - 1) * step,
        listed.id,
        user_id
    from unnest(ids) with ordinality as listed (id, nth);
end
$$;
comment on function work.join_line(uuid, bigint, bigint, bigint, uuid[], boolean) is
    'Puts jobs of one user into a lane, each at the user''s next turn, and raises that.';

-- A cached plan may come from an empty table: the settings keep it on the index.
create function work.enter_line(
    users uuid[],
    ids uuid[],
    at_head boolean,
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
    line record;
begin
    for line in
        with entering as materialized (
            select
                j.user_id,
                j.id,
                j.kind,
                j.labels,
                j.priority,
                exists (
                    select
                    from work.user_pauses as p
                    where p.user_id = j.user_id
                ) as is_paused
            from unnest(users, ids) as listed (user_id, id)
            -- The limit keeps it a look-up a job: thousands that were made just now are in no statistics.
            cross join lateral (
                select
                    k.user_id,
                    k.id,
                    k.kind,
                    k.labels,
                    k.priority
                from work.jobs as k
                where k.user_id = listed.user_id
                    and k.id = listed.id
                    and k.status = 'queued'
                limit 1
            ) as j
        ),

        -- A resume that commits at this moment does not see the job.
        noted as (
            insert into work.leftovers (user_id, job_id)
            select entering.user_id, entering.id
            from entering
            where entering.is_paused
        )

        select
            j.user_id,
            j.kind,
            j.labels,
            j.priority,
            l.id as lane_id,
            l.turn,
            l.is_paused,
            array_agg(j.id order by j.id) as ids
        from entering as j
        left join work.lanes as l
            on l.kind = j.kind
            and l.labels = j.labels
            and l.priority = j.priority
            and not l.is_closing
        where not j.is_paused
        group by j.user_id, j.kind, j.labels, j.priority, l.id
        order by j.user_id, l.id
    loop
        if line.lane_id is null then
            insert into work.arrivals (user_id, job_id)
            select line.user_id, arrived.id
            from unnest(line.ids) as arrived (id)
            on conflict do nothing;
        elsif at_head then
            -- Whoever had its turn and lost it through no fault of its own goes first.
            insert into work.ready (lane_id, turn, job_id, user_id)
            select line.lane_id, line.turn, entering.id, line.user_id
            from unnest(line.ids) as entering (id);
        else
            perform work.join_line(
                line.user_id,
                line.lane_id,
                line.turn,
                (
                    select work.step(p.share)
                    from identity.users as o
                    join identity.plans as p on p.id = o.plan_id
                    where o.id = line.user_id
                ),
                line.ids,
                is_farms
            );
        end if;
        if line.is_paused is not true then
            perform work.wake(line.kind, line.labels, cardinality(line.ids));
        end if;
    end loop;
end
$$;
comment on function work.enter_line(uuid[], uuid[], boolean, boolean) is
    'Puts queued jobs that the caller has locked into line, at their user''s next turn or at the head; notes those of paused users for the sweep.';

create function work.leave_line(users uuid[], ids uuid[])
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    gone bigint;
begin
    delete from work.ready as r
    using unnest(users, ids) as named (user_id, job_id)
    where r.user_id = named.user_id and r.job_id = named.job_id;
    -- Where two at once take the same job out, only one did.
    get diagnostics gone = row_count;
    delete from work.arrivals as a
    using unnest(users, ids) as named (user_id, job_id)
    where a.user_id = named.user_id and a.job_id = named.job_id;
    return gone;
end
$$;
comment on function work.leave_line(uuid[], uuid[]) is
    'Takes jobs that the caller has locked out of line; says how many were in it.';

create table work.duties (
    name text not null,

    constraint duties_pkey primary key (name)
);
comment on table work.duties is
    'One row a piece of work that one at a time does: whoever does it has locked the row, and others pass it over.';
comment on column work.duties.name is
    'The duty.';
comment on constraint duties_pkey on work.duties is
    'There is already a duty of this name.';

insert into work.duties (name)
values ('open lanes');

grant select on work.duties to renderstore_admin, renderstore_readonly;

create function work.take_duty(name text)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    perform
    from work.duties as d
    where d.name = name
    for update skip locked;
    return found;
end
$$;
comment on function work.take_duty(text) is
    'Whether this transaction does a duty, alone until it ends.';

create function work.open_lanes(max_rows bigint default 1000)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    arrived record;
begin
    if not work.take_duty('open lanes') then
        return 0;
    end if;
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into arrived
    from (
        select k.user_id, k.id
        from work.arrivals as a
        -- Beside it, so that no plan begins with the jobs.
        cross join lateral (
            select j.user_id, j.id
            from work.jobs as j
            where j.user_id = a.user_id and j.id = a.job_id
            for no key update skip locked
        ) as k
        order by a.user_id, a.job_id
        limit (select max_rows)
    ) as j;
    if arrived.ids is null then
        return 0;
    end if;
    with wanted as (
        select distinct j.kind, j.labels::text[] as labels, j.priority
        from unnest(arrived.users, arrived.ids) as a (user_id, job_id)
        join work.jobs as j on j.user_id = a.user_id and j.id = a.job_id
    ),

    opened as (
        insert into work.lanes (kind, labels, priority, is_paused)
        select
            wanted.kind,
            wanted.labels,
            wanted.priority,
            work.is_lane_paused(wanted.labels)
        from wanted
        where not exists (
            select
            from work.lanes as l
            where l.kind = wanted.kind
                and l.labels = wanted.labels
                and l.priority = wanted.priority
                and not l.is_closing
        )
        returning id, kind, labels
    )

    insert into work.worker_lanes (worker, lane_id)
    select w.name, opened.id
    from opened
    join work.workers as w
        on opened.kind = any(w.kinds) and opened.labels <@ w.labels;
    -- The farm's own rows: nobody else can be in a lane that nobody sees yet. A claim comes here more than once, and whoever
    -- submitted meanwhile did not see the lane either.
    insert into work.turns (user_id, lane_id, is_farms, next_turn)
    select distinct j.user_id, l.id, true, 0
    from unnest(arrived.users, arrived.ids) as a (user_id, job_id)
    join work.jobs as j on j.user_id = a.user_id and j.id = a.job_id
    join work.lanes as l
        on l.kind = j.kind
        and l.labels = j.labels
        and l.priority = j.priority
        and not l.is_closing
    where l.opened_at = now()
    on conflict on constraint turns_pkey do nothing;
    perform work.leave_line(arrived.users, arrived.ids);
    perform work.enter_line(arrived.users, arrived.ids, false, true);
    return cardinality(arrived.ids);
end
$$;
comment on function work.open_lanes(bigint) is
    'How many jobs were put in line whose lanes were not open: it opens them, and shows them to the workers that may take from them.';
