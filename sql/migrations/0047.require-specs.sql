-- A render job without its specification cannot be committed. The question is asked once a statement; only jobs that came
-- without one wait in work.unspecified for the end of the transaction.
-- depends: 0046.create-specs

set local role renderstore_owner;

create table work.unspecified (
    user_id uuid not null,
    job_id uuid not null,
    kind work.job_kind not null,

    constraint unspecified_pkey primary key (user_id, job_id)
);

comment on table work.unspecified is
    'Jobs whose specification must still come before the commit: empty at every commit.';
comment on column work.unspecified.user_id is
    'The user who owns the job.';
comment on column work.unspecified.job_id is
    'The job.';
comment on column work.unspecified.kind is
    'The job''s kind, which says where its specification belongs.';
comment on constraint unspecified_pkey on work.unspecified is
    'This job''s specification is already asked for.';

alter table work.unspecified enable row level security;
alter table work.unspecified force row level security;

create policy unspecified_owner on work.unspecified
    to renderstore_owner
    using (true)
    with check (true);
create policy unspecified_read on work.unspecified
    for select
    to renderstore_worker, renderstore_admin, renderstore_readonly
    using (true);

grant select on work.unspecified
    to renderstore_worker, renderstore_admin, renderstore_readonly;

create function render.ask_for_specs()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
-- What calls it may have switched it off for its own statements.
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    insert into work.unspecified (user_id, job_id, kind)
    select n.user_id, n.id, n.kind
    from new_jobs as n
    where n.kind = 'render'
        and not exists (
            select
            from render.specs as s
            where s.user_id = n.user_id and s.job_id = n.id
        );
    return null;
end
$$;
comment on function render.ask_for_specs() is
    'Trigger: notes render jobs that came without their specification.';

create trigger jobs_ask_for_specs
after insert on work.jobs
referencing new table as new_jobs
for each statement
execute function render.ask_for_specs();

create function render.refuse_unspecified()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
    if exists (
            select
            from work.jobs as j
            where j.user_id = new.user_id and j.id = new.job_id
        )
        and not exists (
            select
            from render.specs as s
            where s.user_id = new.user_id and s.job_id = new.job_id
        )
    then
        raise exception using
            errcode = 'RS009',
            message = 'A render job needs its specification: a row in render.specs in the same transaction.';
    end if;
    delete from work.unspecified as u
    where u.user_id = new.user_id and u.job_id = new.job_id;
    return null;
end
$$;
comment on function render.refuse_unspecified() is
    'Trigger: at the commit every render job has its specification.';

create constraint trigger unspecified_refuse
after insert on work.unspecified
deferrable initially deferred
for each row
when (new.kind = 'render')
execute function render.refuse_unspecified();
comment on trigger unspecified_refuse on work.unspecified is
    'A render job needs its specification: a row in render.specs in the same transaction.';
