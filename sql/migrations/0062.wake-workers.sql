-- Waking: as many waiting workers as there are new jobs that they take, one notification each. A worker that is woken while
-- it is busy passes it on with work.wake_waiting, so none is lost.
-- depends: 0061.create-waits

set local role renderstore_owner;

create function work.wake(kind work.job_kind, labels text[], jobs bigint)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    worker text;
    woken bigint := 0;
begin
    -- An old snapshot does not see who waits by now: everybody is told.
    if current_setting('transaction_isolation') <> 'read committed' then
        perform pg_notify('renderstore_wake', '');
        return;
    end if;
    for worker in
        with chosen as materialized (
            select idle.worker
            from work.waits as idle
            where idle.expires_at > clock_timestamp()
                and kind = any(idle.kinds)
                and labels <@ idle.labels
            limit jobs
            for no key update skip locked
        )

        update work.waits as w
        set expires_at = null
        from chosen
        where w.worker = chosen.worker
        returning w.worker
    loop
        perform pg_notify(work.wake_channel(worker), '');
        woken = woken + 1;
    end loop;
    -- Another transaction is about to wake those that are left, but may be rolled back.
    if jobs is null or woken < jobs then
        perform pg_notify(work.wake_channel(idle.worker), '')
        from work.waits as idle
        where idle.expires_at > clock_timestamp()
            and kind = any(idle.kinds)
            and labels <@ idle.labels;
    end if;
end
$$;
comment on function work.wake(work.job_kind, text[], bigint) is
    'Wakes up to this many waiting workers that take such jobs; all of them where jobs is null.';

create function work.wake_for_ready()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    line record;
begin
    if current_setting('transaction_isolation') = 'read committed'
        and not exists (
            select
            from work.waits as w
            where w.expires_at > clock_timestamp()
        )
    then
        return null;
    end if;
    for line in
        select
            l.kind,
            l.labels,
            count(*) as jobs
        from new_ready as r
        join work.lanes as l on l.id = r.lane_id
        where not l.is_paused
        group by l.kind, l.labels
    loop
        perform work.wake(line.kind, line.labels, line.jobs);
    end loop;
    return null;
end
$$;
comment on function work.wake_for_ready() is
    'Trigger: what comes into line wakes workers that wait for it.';

create trigger ready_wake
after insert on work.ready
referencing new table as new_ready
for each statement
execute function work.wake_for_ready();

-- A job that is lifted to where claims look, or that moves into another lane.
create trigger ready_wake_for_moved
after update on work.ready
referencing new table as new_ready
for each statement
execute function work.wake_for_ready();

-- Security definer: who resumes a lane writes no waits.
create function work.wake_for_lane()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform work.wake(new.kind, new.labels, null);
    return null;
end
$$;
comment on function work.wake_for_lane() is
    'Trigger: a lane that is resumed wakes workers that wait for its jobs.';

create trigger lanes_wake
after update of is_paused on work.lanes
for each row
when (old.is_paused and not new.is_paused)
execute function work.wake_for_lane();

-- Security definer: it wakes others.
create function work.wake_waiting()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    line record;
begin
    if not exists (
        select
        from work.waits as w
        where w.expires_at > clock_timestamp()
    )
    then
        return;
    end if;
    for line in
        select
            l.kind,
            l.labels
        from work.lanes as l
        where not l.is_paused
            and exists (
                select
                from work.ready as r
                where r.lane_id = l.id and r.turn >= l.floor
            )
    loop
        perform work.wake(line.kind, line.labels, 1);
    end loop;
end
$$;
comment on function work.wake_waiting() is
    'Wakes a waiting worker for each lane in which jobs stand: what a worker calls that was woken while it was busy, and now and then.';

grant execute on function work.wake_waiting() to renderstore_worker;
