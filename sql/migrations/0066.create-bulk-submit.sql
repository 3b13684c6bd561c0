-- Thousands of render jobs in one call.
-- depends: 0065.submit-render-jobs

set local role renderstore_owner;

-- Security definer: as render.submit.
create function render.submit_many(
    output_paths text[],
    template_paths text[] default null,
    project_paths text[] default null,
    data_paths text[] default null,
    project_names text[] default null,
    output_names text[] default null,
    frame_starts integer[] default null,
    frame_ends integer[] default null,
    frame_steps integer[] default null,
    nexrender_job_ids text[] default null,
    nexrender_configs jsonb[] default null,
    priorities integer[] default null,
    estimates_s integer[] default null,
    idempotency_keys text[] default null,
    labels text[] default '{}',
    label_lists jsonb default null,
    max_failures integer default 3,
    backoff_s integer default 10,
    due_at timestamptz default null,
    auto_cancel_at timestamptz default null,
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
-- Ten thousand configurations are 20 MB, which would go to disk and back on their way.
set work_mem = '64MB'
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asked constant bigint := cardinality(output_paths)::work.batch_size;
    made record;
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
        cardinality(template_paths),
        cardinality(project_paths),
        cardinality(data_paths),
        cardinality(project_names),
        cardinality(output_names),
        cardinality(frame_starts),
        cardinality(frame_ends),
        cardinality(frame_steps),
        cardinality(nexrender_job_ids),
        cardinality(nexrender_configs),
        cardinality(priorities),
        cardinality(estimates_s),
        cardinality(idempotency_keys),
        jsonb_array_length(label_lists)
    ) > asked
    then
        raise exception using
            errcode = '23514',
            message = 'Every job has an output path: no list is longer than that of the output paths.';
    end if;
    select
        array_agg(m.nth order by m.nth) as nths,
        array_agg(m.is_new order by m.nth) as news,
        array_agg(m.id order by m.nth) as ids,
        array_agg(m.queued_at order by m.nth) as times
    into made
    from work.submit_many(
        owner,
        'render',
        asked,
        priorities,
        estimates_s,
        idempotency_keys,
        labels,
        label_lists,
        max_failures,
        backoff_s,
        due_at,
        auto_cancel_at
    ) as m;

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
        listed.id,
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
            made.ids,
            made.news,
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
            is_new,
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
    where listed.is_new;

    return query
    select
        listed.nth,
        listed.is_new,
        owner,
        listed.id,
        listed.queued_at
    from unnest(made.nths, made.news, made.ids, made.times)
        as listed (nth, is_new, id, queued_at);
end
$$;
comment on function render.submit_many is
    'Render jobs just submitted by the bound user, or for the one that an administrator names, all of them or none; a repeat of an idempotency key gives the job that is there. A list that is null says nothing of any job; label_lists holds a list of labels for each.';

grant execute on function render.submit_many
    to renderstore_app, renderstore_admin;
