set local role renderstore_owner;

drop function identity.bind(text, uuid, text);
drop function identity.check_here(uuid);
