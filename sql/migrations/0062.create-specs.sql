-- What a render job is to do: wide, written once, beside the narrow job under the same key.
-- depends: 0061.create-nexrender-check

set local role renderstore_owner;

-- Domains, because a table's check is read anew for each statement: 0032 says what that costs.
create domain render.project_name as text
    constraint project_name_is_short_check check (length(value) between 1 and 500);
comment on domain render.project_name is
    'What people call a project, 1 to 500 characters.';
comment on constraint project_name_is_short_check on domain render.project_name is
    'A project''s name has 1 to 500 characters.';

create domain render.output_name as text
    constraint output_name_is_short_check check (length(value) between 1 and 500);
comment on domain render.output_name is
    'What people call a result, 1 to 500 characters.';
comment on constraint output_name_is_short_check on domain render.output_name is
    'An output''s name has 1 to 500 characters.';

create domain render.project_path as text
    constraint project_path_is_path_check check (render.path_problem(value) is null);

comment on domain render.project_path is
    'The After Effects project to render.';
comment on constraint project_path_is_path_check on domain render.project_path is
    'The path of the After Effects project is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';

create domain render.template_path as text
    constraint template_path_is_path_check check (render.path_problem(value) is null);

comment on domain render.template_path is
    'The template to fill and render.';
comment on constraint template_path_is_path_check on domain render.template_path is
    'The path of the template is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';

create domain render.data_path as text
    constraint data_path_is_path_check check (render.path_problem(value) is null);

comment on domain render.data_path is
    'The data that fill the template.';
comment on constraint data_path_is_path_check on domain render.data_path is
    'The path of the data file is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';

create domain render.output_path as text
    constraint output_path_is_path_check check (render.path_problem(value) is null);

comment on domain render.output_path is
    'Where the result goes.';
comment on constraint output_path_is_path_check on domain render.output_path is
    'The path of the output is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';

create domain render.nexrender_config as jsonb
    constraint nexrender_config_is_accepted_check
        check (render.nexrender_problem(value) is null);

comment on domain render.nexrender_config is
    'A job as nexrender takes it.';
comment on constraint nexrender_config_is_accepted_check on domain render.nexrender_config is
    'nexrender would refuse this configuration, or it is larger than 1 MiB, deeper than 200 levels, or has a number of more than 100 digits; render.nexrender_problem says what is wrong.';

create table render.specs (
    user_id uuid not null,
    job_id uuid not null,
    project_name render.project_name,
    output_name render.output_name,
    project_path render.project_path,
    template_path render.template_path,
    data_path render.data_path,
    output_path render.output_path not null,
    frame_start integer,
    frame_end integer,
    frame_step integer,
    nexrender_job_id render.nexrender_job_id,
    nexrender_config render.nexrender_config,

    constraint specs_pkey primary key (user_id, job_id),
    constraint specs_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint specs_has_one_source_check
        check (num_nonnulls(project_path, template_path) = 1),
    constraint specs_data_path_has_template_check
        check (data_path is null or template_path is not null),
    constraint specs_frames_are_a_range_check
        check (num_nonnulls(frame_start, frame_end) in (0, 2)),
    constraint specs_frame_step_is_not_zero_check
        check (frame_step <> 0 and (frame_step is null or frame_start is not null)),
    constraint specs_frame_step_leads_to_end_check
        check (
            frame_start = frame_end
            or (frame_start < frame_end) = (coalesce(frame_step, 1) > 0)
        )
-- A configuration of 2 KB stays in its row as it is: to compress it costs a tenth of a submission.
) with (toast_tuple_target = 4080);

comment on table render.specs is
    'One row a render job: what it is to do. render.jobs shows it together with the job''s life.';
comment on column render.specs.user_id is
    'The user who owns the job.';
comment on column render.specs.job_id is
    'The job.';
comment on column render.specs.project_name is
    'What people call the project, 1 to 500 characters; null without a name.';
comment on column render.specs.output_name is
    'What people call the result, 1 to 500 characters; null without a name.';
comment on column render.specs.project_path is
    'The After Effects project to render; null where a template is.';
comment on column render.specs.template_path is
    'The template to fill and render; null where a project is.';
comment on column render.specs.data_path is
    'The data that fill the template; null without any.';
comment on column render.specs.output_path is
    'Where the result goes; may hold a token such as [####].';
comment on column render.specs.frame_start is
    'The first frame, which may be negative; null for the whole composition.';
comment on column render.specs.frame_end is
    'The last frame, included; null for the whole composition.';
comment on column render.specs.frame_step is
    'From a frame to the next, negative to go backwards; null for 1.';
comment on column render.specs.nexrender_job_id is
    'The job''s uid at nexrender; null where it has none.';
comment on column render.specs.nexrender_config is
    'The job as nexrender takes it; null where another program renders. render.nexrender_problem says what is wrong with one.';
comment on constraint specs_pkey on render.specs is
    'This job already has its specification.';
comment on constraint specs_user_id_job_id_fkey on render.specs is
    'There is no such job of yours to specify; still referenced: the job has a specification.';
comment on constraint specs_has_one_source_check on render.specs is
    'A render job has either a project path or a template path.';
comment on constraint specs_data_path_has_template_check on render.specs is
    'A data path belongs to a template path.';
comment on constraint specs_frames_are_a_range_check on render.specs is
    'Frames have a start and an end, or neither.';
comment on constraint specs_frame_step_is_not_zero_check on render.specs is
    'A frame step is not 0, and belongs to a start and an end.';
comment on constraint specs_frame_step_leads_to_end_check on render.specs is
    'A frame step leads from the start to the end: backwards it is negative.';

-- Serves render.jobs.find_by_id: support knows a job by its id alone.
create index specs_job_id_idx on render.specs (job_id);

-- Serves render.jobs.list_by_project.
create index specs_project_path_idx on render.specs (user_id, project_path, job_id)
    where project_path is not null;

-- Serves render.jobs.list_by_output.
create index specs_output_path_idx on render.specs (user_id, output_path, job_id);

alter table render.specs enable row level security;
alter table render.specs force row level security;

create policy specs_owner on render.specs
    to renderstore_owner
    using (true)
    with check (true);
create policy specs_own on render.specs
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy specs_held on render.specs
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = specs.user_id and j.id = specs.job_id
        )
    );
create policy specs_read on render.specs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on render.specs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create function render.lacks_specification(user_id uuid, id uuid)
returns boolean
language sql
stable
return not exists (
    select
    from render.specs as s
    where s.user_id = lacks_specification.user_id
        and s.job_id = lacks_specification.id
);
comment on function render.lacks_specification(uuid, uuid) is
    'Whether a render job has no specification: work.problems asks.';

grant execute on function render.lacks_specification(uuid, uuid)
    to renderstore_admin, renderstore_readonly;

create or replace function work.lacks_specification(
    user_id uuid,
    id uuid,
    kind work.job_kind
)
returns boolean
language sql
stable
return kind = 'render' and render.lacks_specification(user_id, id);
