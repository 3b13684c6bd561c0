-- Loses the mark that the first administrator was made.

set local role renderstore_owner;

drop function identity.create_bootstrap_admin(text, text, text);
drop table identity.bootstraps;
