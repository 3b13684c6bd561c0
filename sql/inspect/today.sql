-- What changed today, and by whom: what became of jobs, what was submitted and declared, and what the trail has. Workers count
-- together; people, tokens and the sweep each. Of the last 200,000 transitions, 100,000 entries and 20,000 submissions a status.
\ir jobs.psql
\if :sees_farm
    \ir events.psql
    with midnight as materialized (
        select
            date_trunc('day', now()) as at,
            (lpad(to_hex((extract(epoch from date_trunc('day', now())) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid as first_id
    ),

    changes (actor, what, changed, at) as (
        select
            case when actor ^@ 'worker:' then 'workers' else actor end,
            'jobs became ' || after,
            count(*),
            max(happened_at)
        from work.events
        where id > :events_after
            and happened_at >= date_trunc('day', now())
        group by 1, 2
        union all
        select
            submitted.submitted_by,
            'jobs submitted',
            count(*),
            max(submitted.queued_at)
        from (
            (select submitted_by, queued_at from work.jobs where status = 'pending' and id >= (select first_id from midnight) order by status desc, id desc limit 20000)
            union all
            (select submitted_by, queued_at from work.jobs where status = 'validating' and id >= (select first_id from midnight) order by status desc, id desc limit 20000)
            union all
            (select submitted_by, queued_at from work.jobs where status = 'queued' and id >= (select first_id from midnight) order by status desc, id desc limit 20000)
            union all
            (select submitted_by, queued_at from work.jobs where status = 'running' and id >= (select first_id from midnight) order by status desc, id desc limit 20000)
            union all
            (select submitted_by, queued_at from work.jobs where status = 'completed' and id >= (select first_id from midnight) order by status desc, id desc limit 20000)
            union all
            (select submitted_by, queued_at from work.jobs where status = 'failed' and id >= (select first_id from midnight) order by status desc, id desc limit 20000)
            union all
            (select submitted_by, queued_at from work.jobs where status = 'cancelled' and id >= (select first_id from midnight) order by status desc, id desc limit 20000)
        ) as submitted
        group by submitted.submitted_by
        union all
        select
            case when latest.actor ^@ 'worker:' then 'workers' else latest.actor end,
            split_part(latest.table_name, '.', 2) || ': ' || latest.operation,
            count(*),
            max(latest.happened_at)
        from (
            select
                actor,
                table_name,
                operation,
                happened_at
            from audit.entries
            where happened_at >= date_trunc('day', now())
            order by happened_at desc, id desc
            limit 100000
        ) as latest
        group by 1, 2
        union all
        select
            case when declared_by ^@ 'worker:' then 'workers' else declared_by end,
            'labels declared',
            count(*),
            max(declared_at)
        from work.labels
        where declared_at >= date_trunc('day', now())
        group by 1
        union all
        select
            'workers',
            'workers registered',
            count(*),
            max(registered_at)
        from work.workers
        where registered_at >= date_trunc('day', now())
        having count(*) > 0
    )

    select
        case when length(said.actor) > 33 then left(said.actor, 32) || '…' else said.actor end as who,
        case when length(said.what) > 23 then left(said.what, 22) || '…' else said.what end as what,
        said.changed as rows,
        to_char(said.at, 'HH24:MI') as last
    from (
        select
            coalesce(split_part(most.actor, ':', 1) || ':' || users.email, most.actor) as actor,
            most.what,
            most.changed,
            most.at
        from (
            select
                actor,
                what,
                changed,
                at
            from changes
            -- A hundred jobs of a person say less than one pause of the farm.
            order by what ^@ 'jobs', changed desc, actor, what
            limit 60
        ) as most
        left join identity.users on users.id::text = substring(most.actor from '^(?:user|admin):([0-9a-f-]{36})$')
    ) as said
    order by said.what ^@ 'jobs', said.changed desc, said.actor, said.what;
    \ir empty.psql
    \if :is_empty
        \echo 'Nothing has changed since midnight.'
    \endif
    \unset is_empty
    \unset events_after
\endif
\unset sees_jobs
\unset sees_farm
