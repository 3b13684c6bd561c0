-- Loses every session token: those users sign in again.

set local role renderstore_owner;

drop table identity.session_tokens;
