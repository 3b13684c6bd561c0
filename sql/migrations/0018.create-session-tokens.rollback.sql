-- Loses every session token: those users sign in again.

set local role renderstore_owner;

drop function identity.end_session_tokens(uuid, uuid);
drop function identity.end_session_token(uuid);
drop table identity.session_tokens;
