set local role renderstore_owner;

drop function media.problems();
