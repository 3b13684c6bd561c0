set local role renderstore_owner;

drop function studio.problems();
