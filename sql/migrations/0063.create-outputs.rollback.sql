-- Loses which files renders made.

set local role renderstore_owner;

drop table render.outputs;
