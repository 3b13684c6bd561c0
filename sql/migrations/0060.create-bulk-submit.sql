-- Thousands of render jobs in one statement.
-- depends: 0059.find-repeats

set local role renderstore_owner;

-- Security definer: it makes the identifiers itself, so that each job finds its specification. All rows are the acting user's.
create function render.submit_many(
    output_paths text[],
    template_paths text[],
    project_paths text[],
    data_paths text[],
    project_names text[],
    output_names text[],
    frame_starts integer[],
    frame_ends integer[],
    frame_steps integer[],
    nexrender_job_ids text[],
    nexrender_configs jsonb[],
    priorities smallint[],
    estimates_s integer[],
    idempotency_keys text[],
    labels text[],
    max_failures integer,
    backoff_s integer,
    due_at timestamptz,
    auto_cancel_at timestamptz
)
returns table (nth bigint, is_new boolean, user_id uuid, id uuid, queued_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- Ten thousand configurations are 20 MB, which would go to disk and back on their way; and a plan may come from a call with few.
set work_mem = '64MB'
set enable_nestloop = off
set enable_hashjoin = on
as $$
#variable_conflict use_column
declare
    owner constant uuid := identity.current_user_id();
    asked constant bigint := cardinality(output_paths);
    new_ids uuid[];
    made bigint;
begin
    if cardinality(template_paths) > asked
        or cardinality(project_paths) > asked
        or cardinality(data_paths) > asked
        or cardinality(project_names) > asked
        or cardinality(output_names) > asked
        or cardinality(frame_starts) > asked
        or cardinality(frame_ends) > asked
        or cardinality(frame_steps) > asked
        or cardinality(nexrender_job_ids) > asked
        or cardinality(nexrender_configs) > asked
        or cardinality(priorities) > asked
        or cardinality(estimates_s) > asked
        or cardinality(idempotency_keys) > asked
    then
        raise exception using
            errcode = '23514',
            message = 'Every job has an output path: no list is longer than that of the output paths.';
    end if;

    select array_agg(ops.uuidv7()) into new_ids
    from generate_series(1, asked);
    -- On a server before 18 identifiers of one microsecond come in any order.
    select array_agg(listed.id order by listed.id) into new_ids
    from unnest(new_ids) as listed (id);

    with job as (
        insert into work.jobs (
            user_id,
            id,
            kind,
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
            owner,
            listed.id,
            'render',
            coalesce(listed.priority, 5::smallint),
            submit_many.labels,
            submit_many.max_failures,
            submit_many.backoff_s,
            listed.estimated_s,
            submit_many.due_at,
            submit_many.auto_cancel_at,
            listed.idempotency_key
        from unnest(new_ids, priorities, estimates_s, idempotency_keys)
            as listed (id, priority, estimated_s, idempotency_key)
        -- Two callers with the same keys meet in one order.
        order by listed.idempotency_key, listed.id
        on conflict (user_id, idempotency_key) where idempotency_key is not null do nothing
        returning id
    ),

    spec as (
        insert into render.specs (
            user_id,
            job_id,
            project_name,
            output_name,
            project_path,
            template_path,
            data_path,
            output_path,
            frame_start,
            frame_end,
            frame_step,
            nexrender_job_id,
            nexrender_config
        )
        select
            owner,
            job.id,
            listed.project_name,
            listed.output_name,
            listed.project_path,
            listed.template_path,
            listed.data_path,
            listed.output_path,
            listed.frame_start,
            listed.frame_end,
            listed.frame_step,
            listed.nexrender_job_id,
            listed.nexrender_config
        from unnest(
                new_ids,
                project_names,
                output_names,
                project_paths,
                template_paths,
                data_paths,
                output_paths,
                frame_starts,
                frame_ends,
                frame_steps,
                nexrender_job_ids,
                nexrender_configs
            ) as listed (
                id,
                project_name,
                output_name,
                project_path,
                template_path,
                data_path,
                output_path,
                frame_start,
                frame_end,
                frame_step,
                nexrender_job_id,
                nexrender_config
            )
        join job on job.id = listed.id
    )

    select count(*) into made
    from job;

    return query
    select
        listed.nth,
        true,
        j.user_id,
        j.id,
        j.queued_at
    from unnest(new_ids) with ordinality as listed (id, nth)
    join work.jobs as j on j.user_id = owner and j.id = listed.id
    union all
    select
        listed.nth,
        false,
        j.user_id,
        j.id,
        j.queued_at
    from unnest(new_ids, idempotency_keys) with ordinality
        as listed (id, idempotency_key, nth)
    join work.jobs as j
        on j.user_id = owner and j.idempotency_key = listed.idempotency_key
    where made < asked and listed.id <> j.id;
end
$$;
comment on function render.submit_many is
    'Submits a render job of the acting user for each output path, all or none; lists are matched by position, and a repeat of an idempotency key gives the job that is there.';

grant execute on function render.submit_many
    to renderstore_app;
