-- Deactivating a user ends what waits for that user in the queue; what runs is asked to stop.
-- depends: 0055.keep-specs

set local role renderstore_owner;

-- Security definer: whoever may deactivate a user ends the jobs with it.
create function work.cancel_deactivated_users_jobs()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    ended uuid[];
begin
    select array_agg(after.id) into ended
    from after
    join before on before.id = after.id
    where after.status = 'deactivated' and before.status <> 'deactivated';
    if ended is null then
        return null;
    end if;

    -- Jobs before usages, as everywhere. A submission that was under way holds the usages, and is seen after it.
    perform
    from work.jobs as j
    where j.user_id = any(ended)
        and j.status in ('pending', 'validating', 'queued', 'running')
    order by j.user_id, j.id
    for no key update;
    perform
    from work.usages as u
    where u.user_id = any(ended)
    order by u.user_id
    for no key update;
    update work.jobs as j
    set
        cancel_requested_at = now(),
        cancel_reason = 'The user was deactivated.'
    where j.user_id = any(ended)
        and j.status in ('pending', 'validating', 'queued', 'running')
        and j.cancel_requested_at is null;
    return null;
end
$$;
comment on function work.cancel_deactivated_users_jobs() is
    'Trigger: cancels what waits of users who were just deactivated, and asks what runs to stop.';

create trigger users_cancel_jobs
after update on identity.users
referencing old table as before new table as after
for each statement
execute function work.cancel_deactivated_users_jobs();
