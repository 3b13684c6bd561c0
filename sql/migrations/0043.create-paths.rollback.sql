set local role renderstore_owner;

drop function render.path_problem(text);
drop function render.path_segments(text);
drop function render.path_style(text);
drop type render.path_style;
