-- Loses what every render job is to do.

set local role renderstore_owner;

drop table render.specs;
drop domain render.output_name;
drop domain render.project_name;
