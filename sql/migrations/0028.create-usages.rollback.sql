-- Loses what each user has used today.

set local role renderstore_owner;

drop table work.usages;
