-- Loses all projects.

set local role renderstore_owner;

drop function studio.deleted_project_ids();
drop table studio.projects;
drop function studio.guard_project();
