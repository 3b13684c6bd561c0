-- The core of every submission, of any kind: charge, job, line, in one transaction. A kind's own submit calls it and puts the
-- specification beside, so no job comes into being without one. Nobody else may call it.
-- depends: 0045.charge-jobs

set local role renderstore_owner;

create function work.link_needs(
    user_id uuid,
    job_id uuid,
    needs_job_ids uuid[],
    on_failure work.dependency_rule
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    asked constant work.batch_size := coalesce(cardinality(needs_job_ids), 0);
    linked bigint;
begin
    insert into work.dependencies (user_id, job_id, needs_job_id, on_failure)
    select distinct user_id, job_id, listed.id, coalesce(on_failure, 'cancel')
    from unnest(needs_job_ids) as listed (id);
    get diagnostics linked = row_count;
    perform work.renew(array[user_id], array[job_id], work.is_stranger(user_id));
    -- Whoever ends one of them at this moment does not see the link: the sweep looks again.
    insert into work.leftovers (user_id, job_id)
    select j.user_id, j.id
    from work.jobs as j
    where j.user_id = user_id and j.id = job_id and j.needs_left > 0;
    return linked;
end
$$;
comment on function work.link_needs(uuid, uuid, uuid[], work.dependency_rule) is
    'How many links were made from a job, which the caller has locked, to those that it needs.';

create function work.check_new_job(status text, outcomes integer)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if status not in ('pending', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = format('A new job is queued or pending, not %s.', status);
    elsif outcomes > 0 then
        raise exception using
            errcode = 'RS005',
            message = 'A new job says what it is to do, not what becomes of it: the database keeps that, and makes the id.';
    end if;
end
$$;
comment on function work.check_new_job(text, integer) is
    'Refuses an insert into a kind''s view that says where the job stands, or how many other things that become of it.';

-- An insert into a view asks it with its user's rights.
grant execute on function work.check_new_job(text, integer)
to renderstore_app, renderstore_admin;

create function work.submit(
    user_id uuid,
    kind work.job_kind,
    priority integer default 5,
    labels text[] default '{}',
    max_failures integer default 3,
    backoff_s integer default 10,
    estimated_s integer default null,
    due_at timestamptz default null,
    auto_cancel_at timestamptz default null,
    idempotency_key text default null,
    needs_job_ids uuid[] default null,
    on_failure work.dependency_rule default 'cancel',
    is_unchecked boolean default false,
    out id uuid,
    out is_new boolean,
    out queued_at timestamptz
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_variable
declare
    has_needs constant boolean := coalesce(cardinality(needs_job_ids), 0) > 0;
    sorted text[] := labels;
    became work.job_status := 'queued';
    charged record;
    lane record;
begin
    if idempotency_key is not null then
        -- It orders two submissions of one key.
        perform work.lock_owner(user_id);
        select j.id, false, j.queued_at into id, is_new, queued_at
        from work.jobs as j
        where j.user_id = user_id and j.idempotency_key = idempotency_key;
        if found then
            return;
        end if;
    end if;
    if labels <> '{}' then
        sorted := work.sorted_labels(labels);
        perform work.check_labels(sorted);
    end if;
    charged := work.charge_jobs(user_id, 1, priority, true);
    if is_unchecked or has_needs or due_at > now() then
        became := 'pending';
    end if;

    insert into work.jobs as j (
        user_id,
        kind,
        status,
        priority,
        labels,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        is_unchecked
    )
    values (
        user_id,
        kind,
        became,
        priority,
        sorted,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        is_unchecked
    )
    returning j.id, true, j.queued_at into id, is_new, queued_at;
    if has_needs then
        perform work.link_needs(user_id, id, needs_job_ids, on_failure);
        return;
    elsif became <> 'queued' then
        return;
    elsif charged.is_paused then
        perform work.enter_line(array[user_id], array[id], false, false);
        return;
    end if;

    select
        l.id,
        l.turn,
        not l.is_paused
        and exists (
            select
            from work.waits as w
            where w.expires_at > clock_timestamp()
        ) as is_awaited
    into lane
    from work.lanes as l
    where l.kind = kind
        and l.labels = sorted
        and l.priority = priority
        and not l.is_closing;
    if not found then
        insert into work.arrivals (user_id, job_id)
        values (user_id, id);
    else
        perform work.join_line(
            user_id,
            lane.id,
            lane.turn,
            charged.step,
            array[id],
            false
        );
    end if;
    if lane.is_awaited is not false
        or current_setting('transaction_isolation') <> 'read committed'
    then
        perform work.wake(kind, sorted, 1);
    end if;
end
$$;
comment on function work.submit(
    uuid,
    work.job_kind,
    integer,
    text[],
    integer,
    integer,
    integer,
    timestamptz,
    timestamptz,
    text,
    uuid[],
    work.dependency_rule,
    boolean
) is
    'A job just submitted for a user, without its specification; or the one that is there with this idempotency key.';

create function work.submit_many(
    user_id uuid,
    kind work.job_kind,
    jobs bigint,
    priorities integer[] default null,
    estimates_s integer[] default null,
    idempotency_keys text[] default null,
    labels text[] default '{}',
    label_lists jsonb default null,
    max_failures integer default 3,
    backoff_s integer default 10,
    due_at timestamptz default null,
    auto_cancel_at timestamptz default null
)
returns table (nth bigint, is_new boolean, id uuid, queued_at timestamptz)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_variable
declare
    charged record;
    new_ids uuid[];
    asked record;
begin
    -- It orders two submissions of one key.
    perform work.lock_owner(user_id);

    select array_agg(made.id order by made.id) into new_ids
    from (
        select ops.uuidv7() as id
        from generate_series(1, jobs)
    ) as made;
    -- What is there already, or comes twice in this call, is not made again.
    with listed as (
        select
            l.nth,
            l.priority,
            known.id is null and l.nth = l.first_nth as is_new,
            coalesce(known.id, new_ids[l.first_nth]) as id,
            coalesce(known.queued_at, now()) as queued_at
        from (
            select
                given.nth,
                given.idempotency_key,
                coalesce(given.priority, 5) as priority,
                case
                    when given.idempotency_key is null then given.nth
                    else min(given.nth) over (partition by given.idempotency_key)
                end as first_nth
            from unnest(new_ids, idempotency_keys, priorities) with ordinality
                as given (id, idempotency_key, priority, nth)
        ) as l
        -- The limit keeps it a look-up a key, whatever the statistics say.
        left join lateral (
            select k.id, k.queued_at
            from work.jobs as k
            where k.user_id = user_id and k.idempotency_key = l.idempotency_key
            limit 1
        ) as known on true
    )

    select
        count(*) filter (where listed.is_new) as jobs,
        max(listed.priority) filter (where listed.is_new) as top_priority,
        array_agg(listed.is_new order by listed.nth) as news,
        array_agg(listed.id order by listed.nth) as ids,
        array_agg(listed.queued_at order by listed.nth) as times
    into asked
    from listed;

    if asked.jobs > 0 then
        perform work.check_labels(
            array(
                select unnest(labels)
                union
                select own.label
                from jsonb_array_elements(label_lists) as lists (list)
                cross join lateral jsonb_array_elements_text(lists.list) as own (label)
            )
        );
        charged := work.charge_jobs(user_id, asked.jobs, asked.top_priority, true);
        insert into work.jobs (
            user_id,
            id,
            kind,
            status,
            priority,
            labels,
            max_failures,
            backoff_s,
            estimated_s,
            due_at,
            auto_cancel_at,
            idempotency_key
        )
        select
            user_id,
            listed.id,
            kind,
            case when due_at > now() then 'pending'::work.job_status else 'queued' end,
            coalesce(listed.priority, 5),
            work.sorted_labels(
                coalesce(
                    (
                        select array_agg(own.label)
                        from jsonb_array_elements_text(
                            label_lists -> (listed.nth - 1)::integer
                        ) as own (label)
                    ),
                    labels
                )
            ),
            max_failures,
            backoff_s,
            listed.estimated_s,
            due_at,
            auto_cancel_at,
            listed.idempotency_key
        from unnest(asked.news, new_ids, priorities, estimates_s, idempotency_keys)
            with ordinality
            as listed (is_new, id, priority, estimated_s, idempotency_key, nth)
        where listed.is_new;
        if (due_at > now()) is not true then
            perform work.enter_line(
                array_fill(user_id, array[cardinality(new_ids)]),
                new_ids,
                false,
                false
            );
        end if;
    end if;

    return query
    select
        listed.nth,
        listed.is_new,
        listed.id,
        listed.queued_at
    from unnest(asked.news, asked.ids, asked.times) with ordinality
        as listed (is_new, id, queued_at, nth);
end
$$;
comment on function work.submit_many(
    uuid,
    work.job_kind,
    bigint,
    integer[],
    integer[],
    text[],
    text[],
    jsonb,
    integer,
    integer,
    timestamptz,
    timestamptz
) is
    'Jobs just submitted for a user, without their specifications, all of them or none; a repeat of an idempotency key gives the job that is there.';
