set local role renderstore_owner;

drop function identity.note_token_use(bytea);
drop function identity.bind_token(bytea, identity.token_role, uuid);
