set local role renderstore_owner;

drop function studio.purge_project(uuid, uuid);
drop function studio.restore_project(uuid, uuid);
drop function studio.delete_project(uuid, uuid);
drop function studio.end_jobs(uuid, uuid);
drop function studio.create_project(text, text, jsonb, uuid);
drop function studio.lock_project(uuid, uuid, boolean);
