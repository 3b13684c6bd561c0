set local role renderstore_owner;

drop function identity.check_session_token(bytea);
drop function identity.issue_session_token(uuid, interval);
drop function identity.rotate_api_token(uuid);
drop function identity.issue_api_token(
    text,
    identity.token_role[],
    uuid,
    text,
    uuid,
    timestamptz
);
drop function identity.new_secret(text);
