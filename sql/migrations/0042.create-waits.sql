-- Which workers wait for jobs at this moment. Whoever puts a job in line reads it and wakes as many as there are jobs, so that
-- a queue with no idle worker pays for no NOTIFY: that takes a lock of the whole server at commit.
-- depends: 0041.create-pauses

set local role renderstore_owner;

create table work.waits (
    worker text not null,
    kinds work.job_kind[] not null,
    labels text[] not null,
    expires_at timestamptz,

    constraint waits_pkey primary key (worker),
    constraint waits_worker_fkey foreign key (worker)
        references work.workers (name) on delete cascade
) with (fillfactor = 20);

comment on table work.waits is
    'One row a worker that has waited for jobs, and what it takes. Only work.await_jobs and work.stop_waiting write it.';
comment on column work.waits.worker is
    'The worker''s name, as jobs.held_by has it.';
comment on column work.waits.kinds is
    'The kinds of job that the worker takes.';
comment on column work.waits.labels is
    'What the worker offers.';
comment on column work.waits.expires_at is
    'When the worker is not to be woken any more, unless it says so again; null while it is not waiting.';
comment on constraint waits_pkey on work.waits is
    'This worker already waits.';
comment on constraint waits_worker_fkey on work.waits is
    'There is no worker with this name; still referenced: the worker waits for jobs.';

grant select on work.waits
    to renderstore_worker, renderstore_admin, renderstore_readonly;

create function work.wake_channel(worker text)
returns text
language sql
immutable
parallel safe
return 'renderstore_wake_' || md5(worker);
comment on function work.wake_channel(text) is
    'The channel on which a worker of this name listens. Everybody may listen anywhere, so a notification says nothing.';

-- It reads and locks nothing: a submission that stays open keeps no worker from being woken by another. Two may wake the same
-- worker; one that finds more than it can take passes it on.
create function work.wake(kind work.job_kind, labels text[], jobs bigint)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    -- An old snapshot does not see who waits by now: everybody is told.
    if current_setting('transaction_isolation') <> 'read committed' then
        perform pg_notify('renderstore_wake', '');
        return;
    end if;
    perform pg_notify(work.wake_channel(chosen.worker), '')
    from (
        select idle.worker
        from work.waits as idle
        where idle.expires_at > clock_timestamp()
            and kind = any(idle.kinds)
            and labels <@ idle.labels
        order by random()
        limit jobs
    ) as chosen;
end
$$;
comment on function work.wake(work.job_kind, text[], bigint) is
    'Wakes up to this many waiting workers that take such jobs; all of them where jobs is null.';

-- Security definer: nobody else writes work.waits, so a worker wakes and silences none but itself.
create function work.await_jobs(
    kinds work.job_kind[] default null,
    patience interval default '30 seconds'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    me constant text := work.acting_worker();
    until constant timestamptz := clock_timestamp() + least(patience, interval '1 hour');
begin
    insert into work.waits as waiting (worker, kinds, labels, expires_at)
    select
        w.name,
        coalesce(await_jobs.kinds, w.kinds),
        w.labels,
        until
    from work.workers as w
    where w.name = me
    on conflict on constraint waits_pkey do update
    set
        kinds = excluded.kinds,
        labels = excluded.labels,
        expires_at = excluded.expires_at;
    if not found then
        perform work.refuse_unregistered(me);
    end if;
end
$$;
comment on function work.await_jobs(work.job_kind[], interval) is
    'Says that the acting worker, which listens on its work.wake_channel, waits for jobs. It must claim once more after this, and again until every transaction that was open then has ended.';

create function work.stop_waiting()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update work.waits as w
    set expires_at = null
    where w.worker = work.acting_worker() and w.expires_at is not null;
end
$$;
comment on function work.stop_waiting() is
    'Says that the acting worker has found something to do.';

-- Security definer: it reads what others wait for.
create function work.wake_waiting()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
    if not exists (
        select
        from work.waits as w
        where w.expires_at > clock_timestamp()
    )
    then
        return;
    end if;
    perform work.wake(l.kind, l.labels, 1)
    from work.lanes as l
    where not l.is_paused
        and exists (
            select
            from work.ready as r
            where r.lane_id = l.id and r.turn >= l.floor
        );
end
$$;
comment on function work.wake_waiting() is
    'Wakes a waiting worker for each lane in which jobs stand: what a worker calls that was woken while it was busy, and now and then.';

create function work.refuse_unregistered(worker text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'RS012',
        message = format(
            'The worker %s is not registered: work.register says which kinds it takes and what it offers.',
            worker
        );
end
$$;
comment on function work.refuse_unregistered(text) is
    'Refuses a worker that never registered.';

grant execute on function
    work.wake_channel(text),
    work.await_jobs(work.job_kind[], interval),
    work.stop_waiting(),
    work.wake_waiting()
to renderstore_worker;
