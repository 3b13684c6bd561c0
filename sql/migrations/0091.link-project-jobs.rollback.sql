set local role renderstore_owner;

drop function studio.keep_for_job;
drop function studio.begin_for_job;
drop function studio.check_lease(uuid, uuid, integer);
create or replace function studio.delete_project(
    id uuid,
    user_id uuid default null,
    out deleted_at timestamptz,
    out purge_at timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform studio.lock_owner(owner);
    perform studio.lock_project(owner, id);
    perform studio.charge(owner, projects => -1);
    update studio.projects as p
    set
        deleted_at = now(),
        purge_at = now() + l.keep_deleted_days * interval '1 day'
    from identity.users as u
    join identity.plans as l on l.id = u.plan_id
    where p.user_id = owner and p.id = id and u.id = owner
    returning p.deleted_at, p.purge_at into deleted_at, purge_at;
end
$$;
drop function studio.cancel_project_jobs(uuid, text, uuid);
drop function studio.link_job(uuid, uuid, uuid, uuid[], uuid);
