-- The files that a render made, given with its finish.
-- depends: 0062.create-specs

set local role renderstore_owner;

create table render.outputs (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    job_id uuid not null,
    attempt integer not null,
    path text not null,
    size_bytes bigint,
    media_type text,
    created_at timestamptz not null default now(),

    constraint outputs_pkey primary key (user_id, id),
    constraint outputs_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint outputs_user_id_job_id_path_key unique (user_id, job_id, path),
    constraint outputs_path_is_path_check check (render.path_problem(path) is null),
    constraint outputs_size_bytes_is_not_negative_check check (size_bytes >= 0),
    constraint outputs_media_type_is_media_type_check
        check (media_type ~ '^[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}$')
);

comment on table render.outputs is
    'One row a file that a render job made.';
comment on column render.outputs.user_id is
    'The user who owns the job.';
comment on column render.outputs.id is
    'The row''s identifier, made by the database.';
comment on column render.outputs.job_id is
    'The job.';
comment on column render.outputs.attempt is
    'The attempt that made the file.';
comment on column render.outputs.path is
    'Where the file lies.';
comment on column render.outputs.size_bytes is
    'The file''s size in bytes; null where it is not known.';
comment on column render.outputs.media_type is
    'What the file holds, such as video/quicktime; null where it is not known.';
comment on column render.outputs.created_at is
    'When the file was reported.';
comment on constraint outputs_pkey on render.outputs is
    'There is already an output with this id.';
comment on constraint outputs_user_id_job_id_fkey on render.outputs is
    'There is no job with this id; still referenced: the job made files.';
comment on constraint outputs_user_id_job_id_path_key on render.outputs is
    'The job already made a file at this path.';
comment on constraint outputs_path_is_path_check on render.outputs is
    'The path of a file is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';
comment on constraint outputs_size_bytes_is_not_negative_check on render.outputs is
    'A file''s size is 0 bytes or more.';
comment on constraint outputs_media_type_is_media_type_check on render.outputs is
    'A media type looks like video/quicktime, in lower case.';

alter table render.outputs enable row level security;
alter table render.outputs force row level security;

create policy outputs_owner on render.outputs
    to renderstore_owner
    using (true)
    with check (true);
create policy outputs_own on render.outputs
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy outputs_held on render.outputs
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = outputs.user_id and j.id = outputs.job_id
        )
    );
create policy outputs_read on render.outputs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on render.outputs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
