set local role renderstore_owner;

drop view studio.steps;
