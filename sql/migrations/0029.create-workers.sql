-- The programs that run jobs. Shared: a worker serves every user. It says which kinds it takes; no default means all of them.
-- depends: 0028.create-labels

set local role renderstore_owner;

create table work.workers (
    name text not null,
    kinds work.job_kind[] not null,
    labels text[] not null default '{}',
    version text,
    registered_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    stopped_at timestamptz,

    constraint workers_pkey primary key (name),
    constraint workers_name_is_short_check
        check (length(name) between 1 and 200 and name !~ '[[:cntrl:]]'),
    constraint workers_kinds_are_named_check
        check (cardinality(kinds) >= 1 and array_position(kinds, null) is null),
    constraint workers_labels_are_few_check
        check (
            cardinality(labels) <= 100
            and array_position(labels, null) is null
            and octet_length(array_to_string(labels, '')) <= 10000
        ),
    constraint workers_version_is_short_check check (length(version) between 1 and 200)
) with (fillfactor = 50);

comment on table work.workers is
    'One row a worker, under the name with which it enters its scope.';
comment on column work.workers.name is
    'The worker''s name, 1 to 200 characters; jobs.held_by has it.';
comment on column work.workers.kinds is
    'The kinds of job that the worker takes.';
comment on column work.workers.labels is
    'What the worker offers, such as gpu or aftereffects-25; it takes jobs that ask for nothing else.';
comment on column work.workers.version is
    'The version of the worker''s program, in its own words; null where it says none.';
comment on column work.workers.registered_at is
    'When the worker last registered.';
comment on column work.workers.seen_at is
    'When the worker was last heard of.';
comment on column work.workers.stopped_at is
    'When the worker said that it stops; null while it works.';
comment on constraint workers_pkey on work.workers is
    'There is already a worker with this name.';
comment on constraint workers_name_is_short_check on work.workers is
    'A worker''s name has 1 to 200 characters and no control characters.';
comment on constraint workers_kinds_are_named_check on work.workers is
    'A worker names the kinds of job that it takes, one or more: render, download, step.';
comment on constraint workers_labels_are_few_check on work.workers is
    'A worker offers at most 100 labels, of 10000 bytes together, and none of them is null.';
comment on constraint workers_version_is_short_check on work.workers is
    'A worker''s version has 1 to 200 characters.';

grant select on work.workers
    to renderstore_worker, renderstore_admin, renderstore_readonly;
grant update (seen_at, stopped_at) on work.workers
    to renderstore_worker, renderstore_admin;
grant delete on work.workers to renderstore_admin;

create function work.current_worker()
returns text
language sql
stable
parallel safe
return case
    when starts_with(current_setting('renderstore.actor', true), 'worker:')
        then substr(current_setting('renderstore.actor', true), 8)
    else identity.current_actor()
end;

comment on function work.current_worker() is
    'The name under which the acting worker holds jobs: that of its scope, or its token or login.';

grant execute on function work.current_worker() to renderstore_worker;
