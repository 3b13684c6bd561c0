-- Submitting a render job: the core's job and its specification, in one call. An insert into render.jobs is the same call.
-- depends: 0064.create-render-jobs

set local role renderstore_owner;

-- Security definer: nobody writes jobs or specifications by hand.
create function render.submit(
    output_path text,
    template_path text default null,
    project_path text default null,
    data_path text default null,
    project_name text default null,
    output_name text default null,
    frame_start integer default null,
    frame_end integer default null,
    frame_step integer default null,
    nexrender_job_id text default null,
    nexrender_config jsonb default null,
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
declare
    made record;
begin
    owner_id := work.acting_owner(user_id);
    made := work.submit(
        owner_id,
        'render',
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
    );
    id := made.id;
    is_new := made.is_new;
    queued_at := made.queued_at;
    if is_new then
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
        values (
            owner_id,
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
        );
    end if;
end
$$;
comment on function render.submit is
    'A render job just submitted by the bound user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there. validate_first: a worker looks at it before it is queued.';

create function render.submit_inserted()
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
            new.output_path_style,
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
    from render.submit(
        new.output_path,
        new.template_path,
        new.project_path,
        new.data_path,
        new.project_name,
        new.output_name,
        new.frame_start,
        new.frame_end,
        new.frame_step,
        new.nexrender_job_id,
        new.nexrender_config,
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
    select jobs.* into new
    from render.jobs
    where jobs.user_id = made.owner_id and jobs.id = made.id;
    return new;
end
$$;
comment on function render.submit_inserted() is
    'Trigger: an insert into render.jobs submits.';

create trigger jobs_submit
instead of insert on render.jobs
for each row
execute function render.submit_inserted();

grant execute on function render.submit to renderstore_app, renderstore_admin;
grant insert on render.jobs to renderstore_app, renderstore_admin;
