-- Submitting a step: the core's job, its specification, its cost and its project, in one call. An insert into studio.steps is the same
-- call.
-- depends: 0095.create-steps

set local role renderstore_owner;

create function studio.specify_steps(
    owner uuid,
    project_id uuid,
    ids uuid[],
    steps studio.step_kind[],
    scene_ids uuid[],
    providers text[],
    configs jsonb[]
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    if project_id is null then
        raise exception using
            errcode = '23514',
            message = 'A step works for a project: name it.';
    end if;
    insert into studio.step_specs (
        user_id,
        job_id,
        project_id,
        scene_id,
        step,
        provider,
        config
    )
    select
        owner,
        listed.id,
        project_id,
        listed.scene_id,
        listed.step,
        listed.provider,
        coalesce(listed.config, '{}')
    from unnest(ids, steps, scene_ids, providers, configs)
        as listed (id, step, scene_id, provider, config)
    where listed.id is not null;
    insert into studio.step_costs (
        user_id,
        job_id,
        project_id,
        scene_id,
        step,
        provider
    )
    select
        owner,
        listed.id,
        project_id,
        listed.scene_id,
        listed.step,
        listed.provider
    from unnest(ids, steps, scene_ids, providers)
        as listed (id, step, scene_id, provider)
    where listed.id is not null;
    insert into studio.project_jobs (user_id, job_id, project_id)
    select owner, listed.id, project_id
    from unnest(ids) as listed (id)
    where listed.id is not null;
    perform studio.check_project_lives(owner, project_id);
    perform
    from unnest(scene_ids, ids) as listed (id, job_id)
    where listed.id is not null
        and listed.job_id is not null
        and not exists (
            select
            from studio.scenes as s
            where s.user_id = owner
                and s.id = listed.id
                and s.project_id = project_id
                and s.deleted_at is null
        );
    if found then
        raise exception using
            errcode = 'P0002',
            message = 'There is no such scene in this project, or it was deleted.';
    end if;
end
$$;
comment on function studio.specify_steps(
    uuid,
    uuid,
    uuid[],
    studio.step_kind[],
    uuid[],
    text[],
    jsonb[]
) is
    'Gives jobs just made, where an id is not null, what makes them steps of a project.';

-- Security definer: nobody writes jobs or specifications by hand.
create function studio.submit_step(
    step studio.step_kind,
    project_id uuid,
    scene_id uuid default null,
    provider text default null,
    config jsonb default '{}',
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
    validate_first boolean default false,
    user_id uuid default null,
    out owner_id uuid,
    out id uuid,
    out is_new boolean,
    out queued_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    owner_id := work.acting_owner(user_id);
    perform studio.enter_project(owner_id, project_id);
    select made.id, made.is_new, made.queued_at into id, is_new, queued_at
    from work.submit(
        owner_id,
        'step',
        priority,
        labels,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        needs_job_ids,
        on_failure,
        validate_first
    ) as made;
    if is_new then
        perform studio.specify_steps(
            owner_id,
            project_id,
            array[id],
            array[step],
            array[scene_id],
            array[provider],
            array[config]
        );
    end if;
end
$$;
comment on function studio.submit_step is
    'A step just submitted by the bound user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there. validate_first: a worker looks at it before it is queued.';

create function studio.submit_inserted_step()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    made record;
begin
    perform work.check_new_job(
        new.status::text,
        num_nonnulls(
            new.id,
            new.progress,
            new.attempt,
            new.failures,
            new.lost_leases,
            new.actual_s,
            new.provider_task_id,
            new.last_completed_part,
            new.result,
            new.tokens_in,
            new.tokens_out,
            new.cost_micros,
            new.submitted_by,
            new.held_by,
            new.lease_expires_at,
            new.exit_code,
            new.error_class,
            new.error_message,
            new.cancel_reason,
            new.queued_at,
            new.started_at,
            new.completed_at,
            new.cancel_requested_at
        )
    );
    select * into made
    from studio.submit_step(
        new.step,
        new.project_id,
        new.scene_id,
        new.provider,
        coalesce(new.config, '{}'),
        coalesce(new.priority::integer, 5),
        coalesce(new.labels::text[], '{}'),
        coalesce(new.max_failures::integer, 3),
        coalesce(new.backoff_s::integer, 10),
        new.estimated_s,
        new.due_at,
        new.auto_cancel_at,
        new.idempotency_key,
        user_id => new.user_id
    );
    select steps.* into new
    from studio.steps
    where steps.user_id = made.owner_id and steps.id = made.id;
    return new;
end
$$;
comment on function studio.submit_inserted_step() is
    'Trigger: an insert into studio.steps submits.';

create trigger steps_submit
instead of insert on studio.steps
for each row
execute function studio.submit_inserted_step();

grant execute on function studio.submit_step to renderstore_app, renderstore_admin;
grant insert on studio.steps to renderstore_app, renderstore_admin;
