-- Loses which failures are tried again.

set local role renderstore_owner;

drop table work.error_classes;
