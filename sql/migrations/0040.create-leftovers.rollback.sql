-- Loses what was passed over.

set local role renderstore_owner;

drop table work.reports;
drop type work.outcome;
drop table work.leftovers;
