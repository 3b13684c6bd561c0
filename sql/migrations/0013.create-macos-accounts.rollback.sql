-- Loses every macOS account name.

set local role renderstore_owner;

drop table identity.macos_accounts;
drop function identity.lower_name();
