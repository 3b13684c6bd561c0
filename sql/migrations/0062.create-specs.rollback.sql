-- Loses what each render job is to do.

set local role renderstore_owner;

create or replace function work.lacks_specification(
    user_id uuid,
    id uuid,
    kind work.job_kind
)
returns boolean
language sql
stable
return false;
drop function render.lacks_specification(uuid, uuid);
drop table render.specs;
drop domain render.nexrender_config;
drop domain render.output_path;
drop domain render.data_path;
drop domain render.template_path;
drop domain render.project_path;
drop domain render.output_name;
drop domain render.project_name;
