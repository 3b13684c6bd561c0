set local role renderstore_owner;

drop function work.find_submitted(text);
