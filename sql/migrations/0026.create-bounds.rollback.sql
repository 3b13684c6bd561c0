set local role renderstore_owner;

drop function ops.json_problem(jsonb);
drop domain ops.moment;
