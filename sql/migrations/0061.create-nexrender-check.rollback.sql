set local role renderstore_owner;

drop domain render.nexrender_job_id;
drop function render.nexrender_problem(jsonb);
drop function render.is_plain(jsonb);
drop function render.nexrender_action_problem(jsonb, text);
drop function render.nexrender_asset_problem(jsonb, integer);
drop function render.is_folder_name(text);
drop function render.is_truthy(jsonb);
