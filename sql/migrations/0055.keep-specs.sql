-- A job keeps its specification: it goes with the job only, and never to another one.
-- depends: 0054.keep-events

set local role renderstore_owner;

create function render.refuse_lost_spec()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'RS009',
        message = 'A render job needs its specification; delete the job, and it goes too.';
end
$$;
comment on function render.refuse_lost_spec() is
    'Trigger: refuses to delete a specification whose job stays.';

-- Within a trigger it is the deletion of the job.
create trigger specs_keep
before delete on render.specs
for each row
when (pg_trigger_depth() = 0)
execute function render.refuse_lost_spec();

create trigger specs_keep_key
before update of user_id, job_id on render.specs
for each row
when (old.user_id <> new.user_id or old.job_id <> new.job_id)
execute function work.refuse_new_key();
