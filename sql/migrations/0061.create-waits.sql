-- Which workers wait for jobs at this moment. Whoever puts a job in line reads it and wakes as many as there are jobs, so that
-- a queue with no idle worker pays for no NOTIFY: that takes a lock of the whole server at commit.
-- depends: 0060.create-bulk-submit

set local role renderstore_owner;

create table work.waits (
    worker text not null,
    kinds work.job_kind[] not null,
    labels text[] not null,
    expires_at timestamptz,

    constraint waits_pkey primary key (worker),
    constraint waits_worker_is_short_check check (length(worker) between 1 and 250),
    constraint waits_labels_are_few_check
        check (
            cardinality(labels) <= 100
            and array_position(labels, null) is null
            and octet_length(array_to_string(labels, '')) <= 10000
        )
) with (fillfactor = 20);

comment on table work.waits is
    'One row a worker that has waited for jobs, and what it takes. Only work.await_jobs, work.stop_waiting and work.wake write it.';
comment on column work.waits.worker is
    'The worker''s name, as jobs.held_by has it.';
comment on column work.waits.kinds is
    'The kinds of job that the worker takes.';
comment on column work.waits.labels is
    'What the worker offers.';
comment on column work.waits.expires_at is
    'When the worker is not to be woken any more, unless it says so again; null while it is not waiting, or was woken.';
comment on constraint waits_pkey on work.waits is
    'This worker already waits.';
comment on constraint waits_worker_is_short_check on work.waits is
    'A worker''s name has 1 to 250 characters.';
comment on constraint waits_labels_are_few_check on work.waits is
    'A worker offers at most 100 labels, of 10000 bytes together, and none of them is null.';

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

-- Security definer: nobody else writes work.waits, so a worker wakes and silences none but itself.
create function work.await_jobs(
    labels text[] default null,
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
    me constant text := work.current_worker();
    until constant timestamptz := clock_timestamp() + patience;
    offered_labels text[];
    offered_kinds work.job_kind[];
begin
    select
        coalesce(await_jobs.labels, w.labels, '{}'),
        coalesce(await_jobs.kinds, w.kinds, enum_range(null::work.job_kind))
    into offered_labels, offered_kinds
    from (select) as asked
    left join work.workers as w on w.name = me;

    insert into work.waits (worker, kinds, labels, expires_at)
    values (me, offered_kinds, offered_labels, until)
    on conflict on constraint waits_pkey do nothing;
    if found then
        return;
    end if;
    -- Who has locked the row wakes this worker with its commit, or leaves it waiting: no reason to wait for that.
    update work.waits as w
    set
        kinds = offered_kinds,
        labels = offered_labels,
        expires_at = until
    where w.worker in (
        select mine.worker
        from work.waits as mine
        where mine.worker = me
        for no key update skip locked
    );
end
$$;
comment on function work.await_jobs(text[], work.job_kind[], interval) is
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
    where w.worker in (
        select mine.worker
        from work.waits as mine
        where mine.worker = work.current_worker() and mine.expires_at is not null
        for no key update skip locked
    );
end
$$;
comment on function work.stop_waiting() is
    'Says that the acting worker has found something to do.';

grant execute on function
    work.wake_channel(text),
    work.await_jobs(text[], work.job_kind[], interval),
    work.stop_waiting()
to renderstore_worker;
