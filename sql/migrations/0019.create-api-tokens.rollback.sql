-- Loses every API token: services cease to work.

set local role renderstore_owner;

drop table identity.api_tokens;
drop function identity.keep_revoked();
drop type identity.token_role;
