set local role renderstore_owner;

drop function identity.bind(text, uuid, text);
