-- Loses every account at a sign-in provider, with its tokens.

set local role renderstore_owner;

drop table identity.account_secrets;
drop table identity.accounts;
drop function identity.refuse_inactive_user();
