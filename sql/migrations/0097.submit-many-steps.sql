-- Thousands of steps in one call, and those of a scene one after the other.
-- depends: 0096.submit-steps

set local role renderstore_owner;

-- What waits for others is made with a time to come, so that it stands in no line before its links are there.
create function studio.hold_steps(
    owner uuid,
    ids uuid[],
    needs_lists jsonb,
    due_at timestamptz,
    on_failure work.dependency_rule
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owners constant uuid[] := array_fill(owner, array[cardinality(ids)]);
begin
    insert into work.dependencies (user_id, job_id, needs_job_id, on_failure)
    select distinct owner, listed.id, needed.id::uuid, coalesce(on_failure, 'cancel')
    from rows from (unnest(ids), jsonb_array_elements(needs_lists)) as listed (id, needs)
    cross join lateral jsonb_array_elements_text(listed.needs) as needed (id);
    update work.jobs as j
    set due_at = due_at
    where j.user_id = owner and j.id = any(ids);
    perform work.renew(owners, ids, work.is_stranger(owner));
    -- Whoever ends one that was there before does not see the link at this moment: the sweep looks again.
    insert into work.leftovers (user_id, job_id)
    select distinct d.user_id, d.job_id
    from work.dependencies as d
    join work.jobs as needed
        on needed.user_id = d.user_id and needed.id = d.needs_job_id
    where d.user_id = owner
        and d.job_id = any(ids)
        and d.needs_job_id <> all(ids)
        and needed.status <> 'completed';
end
$$;
comment on function studio.hold_steps(
    uuid,
    uuid[],
    jsonb,
    timestamptz,
    work.dependency_rule
) is
    'Jobs just made wait for others, each for those of its own list.';

-- Security definer: as studio.submit_step.
create function studio.submit_steps(
    steps studio.step_kind[],
    project_id uuid,
    scene_ids uuid[] default null,
    providers text[] default null,
    configs jsonb[] default null,
    priorities integer[] default null,
    estimates_s integer[] default null,
    idempotency_keys text[] default null,
    labels text[] default '{}',
    label_lists jsonb default null,
    max_failures integer default 3,
    backoff_s integer default 10,
    due_at timestamptz default null,
    auto_cancel_at timestamptz default null,
    in_order boolean default false,
    needs_job_ids uuid[] default null,
    on_failure work.dependency_rule default 'cancel',
    user_id uuid default null
)
returns table (
    nth bigint,
    is_new boolean,
    owner_id uuid,
    id uuid,
    queued_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set work_mem = '64MB'
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asked constant bigint := coalesce(cardinality(steps), 0)::work.batch_size;
    has_needs constant boolean := coalesce(cardinality(needs_job_ids), 0) > 0;
    all_ids uuid[] := array_fill(null::uuid, array[asked::integer]);
    all_news boolean[] := array_fill(false, array[asked::integer]);
    all_times timestamptz[] := array_fill(null::timestamptz, array[asked::integer]);
    afters bigint[];
    part record;
    made record;
    held record;
begin
    if jsonb_typeof(label_lists) <> 'array'
        or jsonb_path_exists(
            label_lists,
            'strict $[*] ? (@.type() != "array" || exists(@[*] ? (@.type() != "string")))'
        )
    then
        raise exception using
            errcode = '23514',
            message = 'label_lists is a list that holds, for each job, a list of labels.';
    elsif greatest(
        cardinality(scene_ids),
        cardinality(providers),
        cardinality(configs),
        cardinality(priorities),
        cardinality(estimates_s),
        cardinality(idempotency_keys),
        jsonb_array_length(label_lists)
    ) > asked
    then
        raise exception using
            errcode = '23514',
            message = 'No list is longer than that of the steps.';
    elsif asked = 0 then
        return;
    end if;
    perform studio.enter_project(owner, project_id);

    -- The step of the same scene that each waits for; 0 for none.
    select array_agg(l.after order by l.nth) into afters
    from (
        select
            listed.nth,
            case
                when in_order
                    then lag(listed.nth, 1, 0::bigint) over (
                        partition by listed.scene_id
                        order by listed.nth
                    )
                else 0
            end as after
        from unnest(steps, scene_ids) with ordinality as listed (step, scene_id, nth)
    ) as l;

    -- First what waits for nothing, then the rest, whose keys are later ones.
    for part in
        select
            l.is_held,
            array_agg(l.nth order by l.nth) as nths,
            array_agg(l.priority order by l.nth) as priorities,
            array_agg(l.estimate_s order by l.nth) as estimates_s,
            array_agg(l.idempotency_key order by l.nth) as idempotency_keys,
            jsonb_agg(
                coalesce(label_lists -> (l.nth - 1)::integer, to_jsonb(labels))
                order by l.nth
            ) as label_lists
        from (
            select
                listed.*,
                listed.after > 0 or has_needs as is_held
            from unnest(afters, priorities, estimates_s, idempotency_keys)
                with ordinality
                as listed (after, priority, estimate_s, idempotency_key, nth)
        ) as l
        group by l.is_held
        order by l.is_held
    loop
        for made in
            select
                part.nths[m.nth] as nth,
                m.is_new,
                m.id,
                m.queued_at
            from work.submit_many(
                owner,
                'step',
                cardinality(part.nths),
                part.priorities,
                part.estimates_s,
                part.idempotency_keys,
                labels,
                case when label_lists is not null then part.label_lists end,
                max_failures,
                backoff_s,
                case
                    when part.is_held and (due_at > now()) is not true
                        then now() + interval '1 day'
                    else due_at
                end,
                auto_cancel_at
            ) as m
        loop
            all_ids[made.nth] := made.id;
            all_news[made.nth] := made.is_new;
            all_times[made.nth] := made.queued_at;
        end loop;
    end loop;

    perform studio.specify_steps(
        owner,
        project_id,
        array(
            select case when listed.is_new then listed.id end
            from unnest(all_ids, all_news) with ordinality as listed (id, is_new, nth)
            order by listed.nth
        ),
        steps,
        scene_ids,
        providers,
        configs
    );

    select
        array_agg(l.id order by l.nth) as ids,
        jsonb_agg(
            case
                when l.after > 0 then jsonb_build_array(all_ids[l.after])
                else to_jsonb(needs_job_ids)
            end
            order by l.nth
        ) as needs_lists
    into held
    from unnest(all_ids, all_news, afters) with ordinality
        as l (id, is_new, after, nth)
    where l.is_new and (l.after > 0 or has_needs);
    if held.ids is not null then
        perform studio.hold_steps(
            owner,
            held.ids,
            held.needs_lists,
            due_at,
            on_failure
        );
    end if;

    return query
    select
        listed.nth,
        listed.is_new,
        owner,
        listed.id,
        listed.queued_at
    from unnest(all_ids, all_news, all_times) with ordinality
        as listed (id, is_new, queued_at, nth);
end
$$;
comment on function studio.submit_steps is
    'Steps just submitted by the bound user, or for the one that an administrator names, all of them or none; a repeat of an idempotency key gives the job that is there. in_order: each waits for the one before it of its scene, the first of each scene for needs_job_ids.';

grant execute on function studio.submit_steps
    to renderstore_app, renderstore_admin;
