-- Downloads: the second kind of job, one a playlist. What one is to do stands beside the job, as for every kind.
-- depends: 0110.decide-requests

set local role renderstore_owner;

create domain media.playlist_url as text
    constraint playlist_url_is_https_check check (
        length(value) <= 2000
        and value
        ~ (
            '^https://([A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])'
            || '(:[0-9]{1,5})?([/?][\u0021-\u007e]*)?$'
        )
    );
comment on domain media.playlist_url is
    'Where a playlist is found: https, without a user''s name, up to 2000 printable characters.';
comment on constraint playlist_url_is_https_check on domain media.playlist_url is
    'A playlist''s URL begins with https:// and a host, names no user, and has at most 2000 characters, all printable ASCII.';

create table media.download_specs (
    user_id uuid not null,
    job_id uuid not null,
    playlist_url media.playlist_url not null,
    playlist_title text,
    plex_collection_id text,
    options jsonb not null default '{}',

    constraint download_specs_pkey primary key (user_id, job_id),
    constraint download_specs_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint download_specs_playlist_title_is_short_check
        check (length(playlist_title) between 1 and 500),
    constraint download_specs_plex_collection_id_is_short_check
        check (length(plex_collection_id) between 1 and 100),
    constraint download_specs_options_are_object_check
        check (jsonb_typeof(options) = 'object' and ops.json_problem(options) is null)
);

comment on table media.download_specs is
    'One row a download: what it is to do. media.downloads shows it together with the job''s life.';
comment on column media.download_specs.user_id is
    'The user who owns the job.';
comment on column media.download_specs.job_id is
    'The job.';
comment on column media.download_specs.playlist_url is
    'Where the playlist is found.';
comment on column media.download_specs.playlist_title is
    'What the playlist is called, 1 to 500 characters: as its user said, or as a worker found; null where nobody has.';
comment on column media.download_specs.plex_collection_id is
    'The collection in Plex that its files belong to, 1 to 100 characters; null without one.';
comment on column media.download_specs.options is
    'What the worker should mind, such as a format: an object of the application''s own.';
comment on constraint download_specs_pkey on media.download_specs is
    'This job already has its specification.';
comment on constraint download_specs_user_id_job_id_fkey on media.download_specs is
    'There is no such job of yours to specify; still referenced: the job has a specification.';
comment on constraint download_specs_playlist_title_is_short_check
on media.download_specs is
    'A playlist''s title has 1 to 500 characters.';
comment on constraint download_specs_plex_collection_id_is_short_check
on media.download_specs is
    'The id of a collection in Plex has 1 to 100 characters.';
comment on constraint download_specs_options_are_object_check
on media.download_specs is
    'A download''s options are a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

-- Serves media.downloads.find_by_id: support knows a job by its id alone.
create index download_specs_job_id_idx on media.download_specs (job_id);

alter table media.download_specs enable row level security;
alter table media.download_specs force row level security;

create policy download_specs_owner on media.download_specs
    to renderstore_owner
    using (true)
    with check (true);
create policy download_specs_own on media.download_specs
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy download_specs_held on media.download_specs
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = download_specs.user_id and j.id = download_specs.job_id
        )
    );
create policy download_specs_read on media.download_specs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on media.download_specs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create trigger download_specs_keep
before delete on media.download_specs
for each row
execute function work.keep_spec();

create function media.lacks_specification(user_id uuid, id uuid)
returns boolean
language sql
stable
return not exists (
    select
    from media.download_specs as s
    where s.user_id = lacks_specification.user_id
        and s.job_id = lacks_specification.id
);
comment on function media.lacks_specification(uuid, uuid) is
    'Whether a download has no specification: work.problems asks.';

grant execute on function media.lacks_specification(uuid, uuid)
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
    when 'download' then media.lacks_specification(user_id, id)
    when 'step' then studio.lacks_specification(user_id, id)
end;
