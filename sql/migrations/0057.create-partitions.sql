-- Events and logs by the month: a partition a month is made ahead, and dropped whole when no plan keeps jobs that old. A month
-- that the default partition has rows of already stays there: moving them would stop the queue.
-- depends: 0056.end-users-jobs

set local role renderstore_owner;

create function ops.month_bound(month date)
returns timestamptz
language sql
immutable
parallel safe
return month::timestamp at time zone 'utc';
comment on function ops.month_bound(date) is
    'When a month begins, in UTC: the bound of its partition.';

-- Security definer: who looks after the database need not own it.
create function ops.make_partitions(months_ahead bigint default 3)
returns setof text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'utc'
as $$
declare
    parent text;
    month date;
    name text;
    is_taken boolean;
begin
    perform pg_advisory_xact_lock(1919249009);
    foreach parent in array array['events', 'logs'] loop
        for month in
            select m::date
            from generate_series(
                date_trunc('month', now()),
                date_trunc('month', now()) + months_ahead * interval '1 month',
                interval '1 month'
            ) as m
        loop
            name = parent || to_char(month, '_YYYY_MM');
            continue when to_regclass('work.' || name) is not null;
            execute format(
                'select exists (select from work.%I where %I >= $1 and %2$I < $2)',
                parent || '_default',
                case parent when 'events' then 'happened_at' else 'written_at' end
            )
            into is_taken
            using ops.month_bound(month), ops.month_bound((month + interval '1 month')::date);
            continue when is_taken;

            execute format(
                'create table work.%I (like work.%I including defaults including constraints including comments)',
                name,
                parent
            );
            execute format('comment on table work.%I is %L', name, 'One month of work.' || parent || '.');
            -- Partitions are reached through their parent only.
            execute format('alter table work.%I enable row level security', name);
            execute format('alter table work.%I force row level security', name);
            execute format(
                'create policy %I on work.%I to renderstore_owner using (true) with check (true)',
                name || '_owner',
                name
            );
            -- Attached, not made in place: writers of the other months go on.
            execute format(
                'alter table work.%I attach partition work.%I for values from (%L) to (%L)',
                parent,
                name,
                ops.month_bound(month),
                ops.month_bound((month + interval '1 month')::date)
            );
            return next name;
        end loop;
    end loop;
end
$$;
comment on function ops.make_partitions(bigint) is
    'Makes the partitions of this month and the coming ones for events and logs, and gives their names. Again and again at no harm.';

create function ops.drop_partitions()
returns setof text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'utc'
as $$
declare
    oldest date;
    old record;
    is_needed boolean;
begin
    perform pg_advisory_xact_lock(1919249009);
    -- Null where a plan keeps its jobs for ever.
    select date_trunc('month', now() - max(coalesce(p.keep_ended_jobs_days, 1000000)) * interval '1 day')::date
    into oldest
    from identity.plans as p;
    for old in
        select
            parent.relname as parent,
            child.relname as name
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as parent on parent.oid = i.inhparent
        join pg_catalog.pg_class as child on child.oid = i.inhrelid
        where parent.oid in ('work.events'::regclass, 'work.logs'::regclass)
            and child.relname ~ '_[0-9]{4}_[0-9]{2}$'
            and to_date(right(child.relname, 7), 'YYYY_MM') < oldest
        order by child.relname
    loop
        -- A job that is still there keeps its history and its log, however old.
        execute format(
            'select exists (
                select
                from work.%I as old
                join work.jobs as j on j.user_id = old.user_id and j.id = old.job_id
            )',
            old.name
        )
        into is_needed;
        continue when is_needed;
        execute format('drop table work.%I', old.name);
        return next old.name;
    end loop;
end
$$;
comment on function ops.drop_partitions() is
    'Drops the partitions of events and logs that are older than any plan keeps ended jobs, and gives their names.';

grant execute on function ops.make_partitions(bigint), ops.drop_partitions()
    to renderstore_worker, renderstore_admin;
