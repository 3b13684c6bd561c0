-- Loses every session of Auth.js: everybody signs in again.

set local role renderstore_owner;

drop table identity.web_sessions;
drop function identity.note_sign_in();
