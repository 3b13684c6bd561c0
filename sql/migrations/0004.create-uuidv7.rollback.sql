set local role renderstore_owner;

drop function ops.uuidv7();
