-- Loses every account at a sign-in provider.

set local role renderstore_owner;

drop table identity.accounts;
drop function identity.refuse_inactive_user();
