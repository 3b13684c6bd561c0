-- Loses which files the renders made.

set local role renderstore_owner;

drop table render.outputs;
