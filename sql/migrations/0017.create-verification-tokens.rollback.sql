-- Loses every verification token: links already mailed cease to work.

set local role renderstore_owner;

drop table identity.verification_tokens;
