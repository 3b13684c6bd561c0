-- Steps: jobs that make a part of a project or a scene with a provider's help, such as its image or its voice. What one is to do stands
-- beside the job. What it cost stands apart and outlives the job, so that the cost of a project does not fall when old jobs are cleared.
-- depends: 0093.cancel-project-jobs

set local role renderstore_owner;

create type studio.step_kind as enum (
    'script',
    'image',
    'voice',
    'subtitles',
    'video',
    'other'
);
comment on type studio.step_kind is
    'What a step makes: script, image, voice, subtitles, video, other.';

create domain studio.provider as text
    constraint provider_is_short_check check (length(value) between 1 and 100);
comment on domain studio.provider is
    'Who makes something for us, such as openai, 1 to 100 characters.';
comment on constraint provider_is_short_check on domain studio.provider is
    'A provider has 1 to 100 characters.';

create domain studio.tally as bigint
    constraint tally_is_0_to_quadrillion_check
        check (value between 0 and 1000000000000000);
comment on domain studio.tally is
    'How many tokens, or millionths of money, 0 to 10^15.';
comment on constraint tally_is_0_to_quadrillion_check on domain studio.tally is
    'Tokens and cost are 0 to 1000000000000000.';

create table studio.step_specs (
    user_id uuid not null,
    job_id uuid not null,
    project_id uuid,
    scene_id uuid,
    step studio.step_kind not null,
    provider studio.provider,
    provider_task_id text,
    last_completed_part integer not null default 0,
    config jsonb not null default '{}',
    result jsonb not null default '{}',

    constraint step_specs_pkey primary key (user_id, job_id),
    constraint step_specs_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint step_specs_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete set null (project_id),
    constraint step_specs_user_id_scene_id_fkey foreign key (user_id, scene_id)
        references studio.scenes (user_id, id) on delete set null (scene_id),
    constraint step_specs_provider_task_id_is_short_check
        check (length(provider_task_id) between 1 and 500),
    constraint step_specs_last_completed_part_is_not_negative_check
        check (last_completed_part >= 0),
    constraint step_specs_config_is_object_check
        check (jsonb_typeof(config) = 'object' and ops.json_problem(config) is null),
    constraint step_specs_result_is_object_check
        check (jsonb_typeof(result) = 'object' and ops.json_problem(result) is null)
);

comment on table studio.step_specs is
    'One row a step: what it is to do, and how far it is. studio.steps shows it together with the job''s life.';
comment on column studio.step_specs.user_id is
    'The user who owns the job.';
comment on column studio.step_specs.job_id is
    'The job.';
comment on column studio.step_specs.project_id is
    'The project that it works for; null once that is purged.';
comment on column studio.step_specs.scene_id is
    'The scene that it works for; null for a step of the whole project, or once the scene is gone.';
comment on column studio.step_specs.step is
    'What it makes.';
comment on column studio.step_specs.provider is
    'Who makes it, 1 to 100 characters; null where that is open, or nobody else does.';
comment on column studio.step_specs.provider_task_id is
    'The provider''s own id of the task, as last reported: whoever takes the step over asks for it instead of paying again; null before any.';
comment on column studio.step_specs.last_completed_part is
    'How many of the step''s own parts are done, 0 before the first: whoever takes it over goes on after it. It never falls.';
comment on column studio.step_specs.config is
    'What is to be made, such as a prompt: an object of the application''s own.';
comment on column studio.step_specs.result is
    'What was made so far that is no file: an object of the worker''s own.';
comment on constraint step_specs_pkey on studio.step_specs is
    'This job already has its specification.';
comment on constraint step_specs_user_id_job_id_fkey on studio.step_specs is
    'There is no such job of yours to specify; still referenced: the job has a specification.';
comment on constraint step_specs_user_id_project_id_fkey on studio.step_specs is
    'There is no project with this id; still referenced: steps work for the project.';
comment on constraint step_specs_user_id_scene_id_fkey on studio.step_specs is
    'There is no scene with this id; still referenced: steps work for the scene.';
comment on constraint step_specs_provider_task_id_is_short_check on studio.step_specs is
    'A provider''s task id has 1 to 500 characters.';
comment on constraint step_specs_last_completed_part_is_not_negative_check
on studio.step_specs is
    'The last completed part is 0 or more.';
comment on constraint step_specs_config_is_object_check on studio.step_specs is
    'A step''s configuration is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
comment on constraint step_specs_result_is_object_check on studio.step_specs is
    'A step''s result is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

-- Serves studio.steps.find_by_id: support knows a job by its id alone.
create index step_specs_job_id_idx on studio.step_specs (job_id);

-- Serves studio.steps.list, resume and step_specs_user_id_project_id_fkey.
create index step_specs_user_id_project_id_job_id_idx
    on studio.step_specs (user_id, project_id, job_id);

-- Serves studio.steps.list_by_scene and step_specs_user_id_scene_id_fkey.
create index step_specs_user_id_scene_id_job_id_idx
    on studio.step_specs (user_id, scene_id, job_id);

create table studio.step_costs (
    user_id uuid not null,
    job_id uuid not null,
    project_id uuid,
    scene_id uuid,
    step studio.step_kind not null,
    provider studio.provider,
    tokens_in studio.tally not null default 0,
    tokens_out studio.tally not null default 0,
    cost_micros studio.tally not null default 0,
    attempt integer not null default 0,
    earlier_tokens_in studio.tally not null default 0,
    earlier_tokens_out studio.tally not null default 0,
    earlier_cost_micros studio.tally not null default 0,
    submitted_at timestamptz not null default now(),
    reported_at timestamptz,

    -- Without a foreign key to the job, which it outlives.
    constraint step_costs_pkey primary key (user_id, job_id),
    constraint step_costs_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint step_costs_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete set null (project_id),
    constraint step_costs_user_id_scene_id_fkey foreign key (user_id, scene_id)
        references studio.scenes (user_id, id) on delete set null (scene_id)
);

comment on table studio.step_costs is
    'One row a step: what it used and cost, all attempts together. It stays as long as its project or its job.';
comment on column studio.step_costs.user_id is
    'The user who owns the job.';
comment on column studio.step_costs.job_id is
    'The job, which may be cleared by now.';
comment on column studio.step_costs.project_id is
    'The project that it worked for; null once that is purged.';
comment on column studio.step_costs.scene_id is
    'The scene that it worked for; null for the whole project, or once the scene is gone.';
comment on column studio.step_costs.step is
    'What it makes.';
comment on column studio.step_costs.provider is
    'Who made it, as submitted or last reported; null where nobody said.';
comment on column studio.step_costs.tokens_in is
    'How many tokens went in, all attempts together.';
comment on column studio.step_costs.tokens_out is
    'How many tokens came out, all attempts together.';
comment on column studio.step_costs.cost_micros is
    'What it cost, all attempts together, in millionths of the currency that the application counts in.';
comment on column studio.step_costs.attempt is
    'The attempt that reported last; 0 before the first report. An earlier one reports no more.';
comment on column studio.step_costs.earlier_tokens_in is
    'The part of tokens_in of earlier attempts than that.';
comment on column studio.step_costs.earlier_tokens_out is
    'The part of tokens_out of earlier attempts than that.';
comment on column studio.step_costs.earlier_cost_micros is
    'The part of cost_micros of earlier attempts than that.';
comment on column studio.step_costs.submitted_at is
    'When the step was submitted.';
comment on column studio.step_costs.reported_at is
    'When its worker last reported; null before the first time.';
comment on constraint step_costs_pkey on studio.step_costs is
    'The cost of this job is already counted.';
comment on constraint step_costs_user_id_fkey on studio.step_costs is
    'There is no user with this id; still referenced: the user''s steps are counted.';
comment on constraint step_costs_user_id_project_id_fkey on studio.step_costs is
    'There is no project with this id; still referenced: the project''s cost is counted.';
comment on constraint step_costs_user_id_scene_id_fkey on studio.step_costs is
    'There is no scene with this id; still referenced: the scene''s cost is counted.';

-- Serves studio.steps.get_cost and list_costs: the cost of a project, and step_costs_user_id_project_id_fkey.
create index step_costs_user_id_project_id_idx
    on studio.step_costs (user_id, project_id);

-- Serves step_costs_user_id_scene_id_fkey.
create index step_costs_user_id_scene_id_idx on studio.step_costs (user_id, scene_id);

-- Serves the sweep: what worked for a project that is purged.
create index step_costs_without_project_idx on studio.step_costs (user_id, job_id)
    where project_id is null;

alter table studio.step_specs enable row level security;
alter table studio.step_specs force row level security;
alter table studio.step_costs enable row level security;
alter table studio.step_costs force row level security;

create policy step_specs_owner on studio.step_specs
    to renderstore_owner
    using (true)
    with check (true);
create policy step_specs_own on studio.step_specs
    for select
    to renderstore_app
    using (
        user_id = (select identity.current_user_id())
        and (
            project_id is null
            or project_id <> all((select studio.deleted_project_ids())::uuid[])
        )
    );
create policy step_specs_held on studio.step_specs
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = step_specs.user_id and j.id = step_specs.job_id
        )
    );
create policy step_specs_read on studio.step_specs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

create policy step_costs_owner on studio.step_costs
    to renderstore_owner
    using (true)
    with check (true);
create policy step_costs_own on studio.step_costs
    for select
    to renderstore_app
    using (
        user_id = (select identity.current_user_id())
        and (
            project_id is null
            or project_id <> all((select studio.deleted_project_ids())::uuid[])
        )
    );
create policy step_costs_held on studio.step_costs
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = step_costs.user_id and j.id = step_costs.job_id
        )
    );
create policy step_costs_read on studio.step_costs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on studio.step_specs, studio.step_costs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create function studio.lacks_specification(user_id uuid, id uuid)
returns boolean
language sql
stable
return not exists (
    select
    from studio.step_specs as s
    where s.user_id = lacks_specification.user_id
        and s.job_id = lacks_specification.id
);
comment on function studio.lacks_specification(uuid, uuid) is
    'Whether a step has no specification: work.problems asks.';

grant execute on function studio.lacks_specification(uuid, uuid)
    to renderstore_admin, renderstore_readonly;

create or replace function work.lacks_specification(
    user_id uuid,
    id uuid,
    kind work.job_kind
)
returns boolean
language sql
stable
return case kind
    when 'render' then render.lacks_specification(user_id, id)
    when 'step' then studio.lacks_specification(user_id, id)
    else false
end;

create trigger step_specs_keep
before delete on studio.step_specs
for each row
execute function work.keep_spec();

create function studio.clear_step_costs(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    cleared bigint;
begin
    delete from studio.step_costs as c
    where (c.user_id, c.job_id) in (
        select late.user_id, late.job_id
        from studio.step_costs as late
        where late.project_id is null
            and not exists (
                select
                from work.jobs as j
                where j.user_id = late.user_id and j.id = late.job_id
            )
        limit max_rows
        for update skip locked
    );
    get diagnostics cleared = row_count;
    return cleared;
end
$$;
comment on function studio.clear_step_costs(bigint) is
    'How many costs were deleted of steps whose project and whose job are gone.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (350, 'costs of what is gone', 'studio.clear_step_costs', false);
