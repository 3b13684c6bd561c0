-- Loses what each step is to do, and what it cost.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'studio.clear_step_costs';
drop function studio.clear_step_costs(bigint);
drop trigger step_specs_keep on studio.step_specs;
create or replace function work.lacks_specification(
    user_id uuid,
    id uuid,
    kind work.job_kind
)
returns boolean
language sql
stable
return kind = 'render' and render.lacks_specification(user_id, id);
drop function studio.lacks_specification(uuid, uuid);
drop table studio.step_costs;
drop table studio.step_specs;
drop domain studio.tally;
drop domain studio.provider;
drop type studio.step_kind;
