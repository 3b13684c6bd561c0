-- Loses every session of Auth.js: everybody signs in again.

set local role renderstore_owner;

drop function identity.end_web_sessions(uuid, uuid);
drop function identity.end_web_session(uuid);
drop function identity.may_end_sessions(uuid);
drop table identity.web_sessions;
drop function identity.note_sign_in();
