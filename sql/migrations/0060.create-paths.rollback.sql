set local role renderstore_owner;

drop function render.path_problem(text);
drop function render.has_long_name(text, render.path_style);
drop function render.uri_problem(text);
drop function render.windows_problem(text);
drop function render.relative_problem(text);
drop function render.uri_names(text);
drop function render.path_style(text);
drop type render.path_style;
