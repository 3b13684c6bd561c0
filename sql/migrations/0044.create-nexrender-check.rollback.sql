set local role renderstore_owner;

drop function render.nexrender_problem(jsonb);
