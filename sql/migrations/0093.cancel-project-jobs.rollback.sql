-- Loses the sweep's part; the migration writes it again.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'studio.end_late_jobs';
drop function studio.end_late_jobs(bigint);
drop index studio.projects_deleted_at_idx;
create or replace function studio.end_jobs(owner uuid, project_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    null;
end
$$;
drop function studio.cancel_jobs(uuid, text, uuid);
