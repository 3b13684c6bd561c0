-- Loses passwords and Plex tokens.

set local role renderstore_owner;

drop table identity.user_secrets;
drop function identity.guard_user_secrets();
