-- Loses which jobs work for which projects.

set local role renderstore_owner;

drop function studio.unlink_jobs(uuid, uuid[], uuid);
drop function studio.link_jobs(uuid, uuid[], uuid);
drop function studio.check_project_lives(uuid, uuid);
drop function studio.enter_project(uuid, uuid);
drop table studio.project_jobs;
