-- The history is append-only, for its owner too: an event changes never, and goes with its job only.
-- depends: 0053.create-render-finish

set local role renderstore_owner;

create function work.refuse_new_history()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = '42501',
        message = 'The history of a job is append-only; it goes when the job does.';
end
$$;
comment on function work.refuse_new_history() is
    'Trigger: refuses to change or take away what happened.';

-- Within a trigger it is the deletion of a job that takes its events along.
create trigger events_keep
before update or delete on work.events
for each row
when (pg_trigger_depth() = 0)
execute function work.refuse_new_history();

create trigger events_keep_all
before truncate on work.events
for each statement
execute function work.refuse_new_history();
