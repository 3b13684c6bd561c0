-- How a job gets its place in line and loses it. Only whoever has locked a job touches its row in work.ready, so a claim,
-- which never waits for a job, waits for nobody here either.
-- depends: 0037.create-pauses

set local role renderstore_owner;

-- The calling statement's snapshot cannot see a lane opened just now, hence the row as the answer.
create function work.open_lane(kind work.job_kind, labels text[], priority smallint)
returns work.lanes
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    lane work.lanes;
begin
    select * into lane
    from work.lanes as l
    where l.kind = kind and l.labels = labels and l.priority = priority;
    if lane.id is null then
        insert into work.lanes (kind, labels, priority, is_paused)
        values (kind, labels, priority, work.is_lane_paused(labels))
        on conflict on constraint lanes_kind_labels_priority_key do nothing;
        select * into lane
        from work.lanes as l
        where l.kind = kind and l.labels = labels and l.priority = priority;
    end if;
    return lane;
end
$$;
comment on function work.open_lane(work.job_kind, text[], smallint) is
    'The lane for this kind, these sorted labels and this priority, opened when it is asked for the first time.';

create function work.take_turns(user_id uuid, lane work.lanes, jobs bigint, step bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    first_turn bigint;
    -- Spreads users who join at the same moment, so that a floor can lie between them.
    joined bigint := lane.turn + (random() * 1000)::bigint;
begin
    insert into work.turns as t (user_id, lane_id, next_turn)
    values (user_id, lane.id, joined + jobs * step)
    on conflict on constraint turns_pkey do update
    set next_turn = greatest(t.next_turn, joined) + jobs * step
    returning next_turn - jobs * step into first_turn;
    return first_turn;
end
$$;
comment on function work.take_turns(uuid, work.lanes, bigint, bigint) is
    'The first of as many turns of a user in a lane, one step apart; never one before the lane''s clock.';

create function work.step(share bigint)
returns bigint
language sql
immutable
parallel safe
return 1000000 / share;
comment on function work.step(bigint) is
    'How far apart the turns of a user with this share lie: twice the share, half the distance.';

-- A cached plan may come from an empty table: the settings keep it on the index.
create function work.leave_line(users uuid[], ids uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    delete from work.ready as r
    using unnest(users, ids) as gone (user_id, job_id)
    where r.user_id = gone.user_id and r.job_id = gone.job_id;
end
$$;
comment on function work.leave_line(uuid[], uuid[]) is
    'Takes jobs out of line.';

create function work.enter_line(users uuid[], ids uuid[], at_head boolean[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    job record;
    lane work.lanes;
begin
    for job in
        select
            j.user_id,
            j.id,
            j.kind,
            j.labels,
            j.priority,
            entering.at_head,
            coalesce(u.is_paused, false) as is_paused,
            work.step(p.share) as step
        from unnest(users, ids, at_head) as entering (user_id, job_id, at_head)
        join work.jobs as j on j.user_id = entering.user_id and j.id = entering.job_id
        left join work.usages as u on u.user_id = j.user_id
        join identity.users as o on o.id = j.user_id
        join identity.plans as p on p.id = o.plan_id
        where j.status = 'queued'
        order by j.user_id, j.kind, j.labels, j.priority, j.id
    loop
        -- A resume that commits at this moment does not see the job.
        if job.is_paused then
            insert into work.leftovers (user_id, job_id)
            values (job.user_id, job.id);
            continue;
        end if;
        lane = work.open_lane(job.kind, job.labels, job.priority);
        insert into work.ready (lane_id, turn, job_id, user_id)
        values (
            lane.id,
            -- Whoever had its turn and lost it through no fault of its own goes first.
            case
                when job.at_head then lane.turn
                else work.take_turns(job.user_id, lane, 1, job.step)
            end,
            job.id,
            job.user_id
        )
        on conflict on constraint ready_pkey do update
        set
            lane_id = excluded.lane_id,
            turn = excluded.turn;
    end loop;
end
$$;
comment on function work.enter_line(uuid[], uuid[], boolean[]) is
    'Gives queued jobs of users who are not paused a place in line: at the head, or at their user''s next turn.';
